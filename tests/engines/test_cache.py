"""Compiled code on disk: the same bits without compiling, and never run unless it is whole and the user's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workings
from tests.write import programs
from tests.write.programs import arguments
from workings.engines import NativeEngine, compile_function
from workings.engines.native import jit
from workings.engines.native.cache import Cache, folder_of, key_of
from workings.graph import Graph, call, constant, input_node

KEY = key_of(b"some module")
posix = pytest.mark.skipif(os.name != "posix", reason="owners and permissions are those of POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = tmp_path / "deep" / "cache"
    monkeypatch.setenv("WORKINGS_CACHE", str(where))
    return where


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were compiled."""
    texts: list[str] = []
    real = jit._compiled

    def counted(text: str) -> bytes:
        texts.append(text)
        return real(text)

    monkeypatch.setattr(jit, "_compiled", counted)
    return texts


def _trained(make: Callable[[], Any]) -> list[bytes]:
    p = make()
    losses = np.zeros(p.steps)
    carry, _ = NativeEngine(p).run(p.start(), *arguments(p), losses, 0, p.steps)
    return [losses.tobytes(), *(value.tobytes() for value in carry)]


def _square() -> Any:
    x = input_node("x", (3,), "float64")
    return compile_function(Graph([x], [call("square", x)]), "native")(np.arange(3.0))[0].tolist()


@pytest.mark.parametrize("make", [programs.neuron, programs.mlp])
def test_what_was_compiled_once_is_found(make: Any, folder: Path, compiled: list[str]) -> None:
    first = _trained(make)
    assert len(compiled) == len(list(folder.iterdir())) == 1
    assert _trained(make) == first
    assert len(compiled) == 1


def test_the_text_is_written_only_to_be_compiled(folder: Path) -> None:
    def never() -> str:
        raise AssertionError("it is in the cache")

    kinds = "ptr, ptr, i64, i64, i64, i64, ptr, ptr"
    text = f"define i64 @{jit.ENTRY}({kinds}) {{\n  ret i64 7\n}}\n"
    nothing = (0,) * 8
    assert jit.Compiled(b"seven", lambda: text)(*nothing) == 7
    assert jit.Compiled(b"seven", never)(*nothing) == 7


def test_another_process_finds_it(folder: Path, compiled: list[str]) -> None:
    script = "import tests.engines.test_cache as t; assert t._square() == [0.0, 1.0, 4.0]"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
    assert _square() == [0.0, 1.0, 4.0]
    assert compiled == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:30],
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        lambda content: content.replace(b"workings code 1", b"workings code 0"),
        lambda content: bytes(len(content)),
    ],
)
def test_what_is_damaged_is_compiled_again(damage: Callable[[bytes], bytes], folder: Path, compiled: list[str]) -> None:
    _square()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    assert _square() == [0.0, 1.0, 4.0]
    assert len(compiled) == 2
    assert path.read_bytes() == whole
    _square()
    assert len(compiled) == 2


def test_what_lies_under_another_name_is_not_taken(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put(KEY, b"code")
    other = key_of(b"another module")
    (cache.folder / f"{KEY}.code").rename(cache.folder / f"{other}.code")
    assert cache.get(other) is None
    (cache.folder / f"{other}.code").rename(cache.folder / f"{KEY}.code")
    assert cache.get(KEY) == b"code"


@pytest.mark.parametrize("change", ["version", "writers", "cpu", "features", "triple", "llvmlite", "llvm"])
def test_another_version_or_machine_has_another_key(
    change: str, folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []

    def kept(*parts: bytes) -> str:
        keys.append(key_of(*parts))
        return keys[-1]

    monkeypatch.setattr(jit, "key_of", kept)
    _square()
    _square()
    with monkeypatch.context() as changed:
        if change == "version":
            changed.setattr(workings, "__version__", "0.0.1")
            changed.setattr(jit, "_writers", jit._writers.__wrapped__)
        elif change == "writers":
            changed.setattr(jit, "_writers", lambda: b"others")
        else:
            host, machine = jit._host(), jit._machine
            changed.setattr(jit, "_host", lambda: host._replace(**{change: "another"}))
            changed.setattr(jit, "_machine", lambda: machine_of(host, changed, machine))
        _square()
    assert keys[0] == keys[1] != keys[2]
    assert len(compiled) == 2


def machine_of(host: Any, changed: pytest.MonkeyPatch, machine: Callable[[], Any]) -> Any:
    """The real machine, while another one is spoken of."""
    with changed.context() as back:
        back.setattr(jit, "_host", lambda: host)
        return machine()


def test_every_part_of_a_program_is_part_of_its_key(folder: Path, compiled: list[str]) -> None:
    x, y = input_node("x", (3,), "float64"), input_node("y", (3,), "float64")
    graphs = [
        Graph([x, y], [call("add", x, y)]),
        Graph([y, x], [call("subtract", x, y)]),
        Graph([x, y], [call("subtract", x, y)]),
        *(Graph([x, y], [x + constant(value) * y]) for value in (0.0, -0.0, 1.0, 1.0 + 2**-52, np.nan, -np.nan)),
    ]
    a, b = np.array([1.0, 2.0, 3.0]), np.array([-0.0, 0.5, 7.0])
    for graph in graphs:
        compile_function(graph, "native")(a, b)
    assert len(compiled) == len(graphs)
    for graph in graphs:
        found = compile_function(graph, "native")(a, b)[0]
        np.testing.assert_array_equal(found, compile_function(graph, "reference")(a, b)[0])
    assert len(compiled) == len(graphs)


def test_names_like_those_of_copies_are_told_apart(folder: Path) -> None:
    """A buffer's name says nothing: `h.2` may be the user's, or the second `h`."""
    h, other = (input_node(name, (), "float64") for name in ("h", "h.2"))
    again = input_node("h", (), "float64")
    first = Graph([h, again, other], [call("subtract", again, other)])
    second = Graph([h, again, other], [call("subtract", other, again)])
    for graph, expected in ((first, -1.0), (second, 1.0)):
        assert compile_function(graph, "native")(1.0, 2.0, 3.0) == (expected,)


def test_a_long_chain(folder: Path) -> None:
    x = node = input_node("x", (), "float64")
    for _ in range(3000):
        node = node + 1.0
    assert compile_function(Graph([x], [node]), "native")(0.0) == (3000.0,)
    assert len(list(folder.iterdir())) == 1


# ── many at once ──

WRITER = """
import sys
from pathlib import Path
from workings.engines.native.cache import Cache, key_of
cache = Cache(Path(sys.argv[1]), most=200_000)
for turn in range(150):
    for n in range(5):
        key, code = key_of(b"%d" % n), bytes([n]) * 30_000
        cache.put(key, code)
        assert cache.get(key) in (None, code)
"""


def test_many_write_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder)]) for _ in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    cache = Cache(folder)
    for n in range(5):
        assert cache.get(key_of(b"%d" % n)) == bytes([n]) * 30_000
    assert len(list(folder.iterdir())) == 5


# ── where it is not used ──


def test_none_is_wanted(folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKINGS_CACHE", "")
    _square()
    _square()
    assert len(compiled) == 2
    assert not folder.exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/home/ada").absolute()
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr(sys, "platform", "linux")
    assert folder_of({}) == home / ".cache" / "workings"
    assert folder_of({"XDG_CACHE_HOME": str(home / "kept")}) == home / "kept" / "workings"
    assert folder_of({"XDG_CACHE_HOME": "kept"}) == home / ".cache" / "workings"
    assert folder_of({"XDG_CACHE_HOME": ""}) == home / ".cache" / "workings"
    assert folder_of({"WORKINGS_CACHE": str(home / "mine"), "XDG_CACHE_HOME": str(home)}) == home / "mine"
    assert folder_of({"WORKINGS_CACHE": "mine"}) == Path("mine").absolute()
    assert folder_of({"WORKINGS_CACHE": ""}) is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert folder_of({}) == home / "Library" / "Caches" / "workings"
    monkeypatch.setattr(sys, "platform", "win32")
    assert folder_of({"LOCALAPPDATA": str(home)}) == home / "workings" / "cache"
    assert folder_of({}) is None


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", homeless)
    assert folder_of({}) is None


@posix
def test_folder_and_files_are_the_users_alone(folder: Path) -> None:
    _square()
    (path,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(folder: Path, compiled: list[str], mode: int) -> None:
    _square()
    folder.chmod(mode)
    _square()
    assert len(compiled) == 2  # what lies there is not run
    (path,) = folder.iterdir()
    path.unlink()
    _square()
    assert list(folder.iterdir()) == []  # and nothing is put there


@posix
def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _square()
    monkeypatch.setattr(os, "geteuid", lambda: 1 + folder.stat().st_uid)
    _square()
    assert len(compiled) == 2


@posix
def test_a_file_that_others_may_write_to_or_that_is_a_link_is_not_used(folder: Path, compiled: list[str]) -> None:
    _square()
    (path,) = folder.iterdir()
    path.chmod(0o666)
    _square()
    assert len(compiled) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    aside = path.rename(folder.parent / "aside")
    path.symlink_to(aside)
    _square()
    assert len(compiled) == 3
    assert not path.is_symlink()


@pytest.mark.parametrize("place", ["a file", "below a file", "a file in the way"])
def test_no_room_for_it(place: str, folder: Path, compiled: list[str]) -> None:
    if place == "a file in the way":
        _square()
        (path,) = folder.iterdir()
        path.unlink()
        path.mkdir()
    else:
        (folder.parent if place == "below a file" else folder).parent.mkdir(parents=True, exist_ok=True)
        (folder.parent if place == "below a file" else folder).write_text("in the way")
    assert _square() == [0.0, 1.0, 4.0] == _square()
    assert len(compiled) == 2 + (place == "a file in the way")


@pytest.mark.parametrize("call", ["mkdir", "replace", "scandir", "utime"])
def test_a_disk_that_is_full_or_read_only(
    call: str, folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as now:
        now.setattr(os, call, full)
        assert _square() == [0.0, 1.0, 4.0] == _square()
    kept = call in ("scandir", "utime")
    assert len(compiled) == (1 if kept else 2)
    assert len(list(folder.iterdir()) if folder.exists() else []) == kept


# ── how large it grows ──


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", most=4 * 1000)
    keys = [key_of(b"%d" % n) for n in range(5)]
    other = tmp_path / "cache" / "notes.txt"
    for age, key in enumerate(keys[:4]):
        cache.put(key, bytes(900))
        os.utime(cache.folder / f"{key}.code", (age, age))
    other.write_bytes(bytes(5000))
    os.utime(other, (0, 0))
    assert cache.get(keys[0]) is not None  # used now
    cache.put(keys[4], bytes(900))
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True, True]
    cache.put(keys[1], bytes(2000))
    assert sum(path.stat().st_size for path in cache.folder.glob("*.code")) <= cache.most
    assert cache.get(keys[1]) is not None
    assert other.exists()


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", most=1000)
    cache.put(KEY, b"small")
    cache.put(key_of(b"large"), bytes(1000))
    assert cache.get(KEY) == b"small"
    assert cache.get(key_of(b"large")) is None


def test_what_a_process_left_half_written_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put(KEY, b"code")
    old, new = (cache.folder / f"{KEY}.{n:016x}.part" for n in (1, 2))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.put(KEY, b"code")
    assert not old.exists()
    assert new.exists()
