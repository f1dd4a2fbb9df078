"""Written programs: read as text, run alone, and held against the graph they were written from."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.write import programs
from tests.write.programs import arguments, assemble
from workings.engines import NumpyEngine, ReferenceEngine
from workings.errors import ArgumentError, UnsupportedError
from workings.graph import Graph, Op, Origin, Program, Role, call, constant, input_node
from workings.graph.names import RESERVED
from workings.ops import lacking
from workings.write import Written, write_python, write_python_function
from workings.write.written import packed

GOLDEN = Path(__file__).parents[1] / "golden" / "python"


@pytest.mark.parametrize("name", programs.ALL)
def test_golden(name: str, update_goldens: bool) -> None:
    source = write_python(programs.ALL[name]()).source
    path = GOLDEN / f"{name}.py"
    if update_goldens:
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


def test_a_program_runs_alone_and_gives_the_same_bits(tmp_path: Path) -> None:
    """Each program is started as a program in an interpreter that has NumPy and not this package."""
    for name, make in programs.ALL.items():
        write_python(make()).save(tmp_path / f"{name}.py")
    check = f"""
import json, runpy, sys, warnings
warnings.simplefilter("ignore")
found = {{}}
for name in {list(programs.ALL)}:
    result = runpy.run_path(name + ".py", run_name="__main__")
    carry = [result[n].tobytes().hex() for n in json.loads(sys.argv[1])[name]]
    found[name] = [result["losses"][: result["step"]].tobytes().hex(), carry]
assert "workings" not in sys.modules
print("FOUND" + json.dumps(found))
"""
    carried = {name: [c.name for c in make().carry] for name, make in programs.ALL.items()}
    # -I leaves out the paths of this process, so that only what is installed is found
    done = subprocess.run(
        [sys.executable, "-I", "-c", check, json.dumps(carried)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.split("FOUND")[1])
    for name, make in programs.ALL.items():
        p = make()
        losses = np.empty(p.steps, p.loss.dtype)
        carry, step = ReferenceEngine(p).run(p.start(), *arguments(p), losses, 0, p.steps)
        assert found[name][0] == losses[:step].tobytes().hex(), name
        assert found[name][1] == [value.tobytes().hex() for value in carry], name


def test_nothing_of_the_package_is_in_the_text() -> None:
    for make in programs.ALL.values():
        assert "workings" not in write_python(make()).source.lower()


def test_each_line_that_computes_a_node_knows_it() -> None:
    written = write_python(programs.neuron())
    lines = written.source.splitlines()
    shown = {lines[number - 1].strip(): node.name or node.op.name for number, node in written.lines.items()}
    assert shown == {
        "y = w * x": "y",
        "z = y - expected": "subtract",
        "loss = np.square(z)": "loss",
        "d_z = 2 * z": "multiply",
        "d_w = d_z * x": "multiply",
        "w = w - learning_rate * d_w": "subtract",
    }


def _body(p: Program) -> list[str]:
    source = write_python(p).source
    loop = source.split("    for step in range(first, last):\n")[1].split('if __name__ == "__main__":')[0]
    return [line.strip() for line in loop.splitlines() if line.strip() and not line.strip().startswith("#")]


def test_a_gradient_that_has_another_name_gets_its_own() -> None:
    body = _body(programs.with_bias())
    assert "d_b = d_z_2" in body
    assert "b = b - learning_rate * d_b" in body


def test_a_gradient_that_is_a_number_or_the_data() -> None:
    def loss(w, b, x):
        return call("add", w * x, b, label="loss")

    body = _body(programs.program(loss, {"w": 1.0, "b": 0.0}, {"x": 2.0}))
    assert "d_w = x" in body
    assert "w = w - learning_rate * d_w" in body
    # times 1 disappears, and with it the gradient of b
    assert "b = b - learning_rate" in body


def test_an_update_waits_where_the_old_value_is_still_read() -> None:
    body = _body(programs.tangled())
    order = ["w_next = w - rate * d_w", "d_next = 0.5 * d + w", "c = c + w_next * d", "d = d_next", "w = w_next"]
    assert [line for line in body if line in order] == order
    assert "a, b = b, a" in body


def test_an_update_that_is_the_value_itself_writes_nothing() -> None:
    w = input_node("w", (), "float64", Role.PARAMETER)
    kept = input_node("kept", (), "float64", Role.STATE)
    loss = call("square", w, label="loss")
    p = assemble(
        [loss, constant(True), constant(False)],
        [(w, w - 0.1 * (2 * w), 1.0), (kept, kept, 2.0)],
        {},
        {},
        {},
        steps=3,
    )
    source = write_python(p).source
    assert "kept = kept" not in source
    assert "Leave" not in source
    assert source.count("return") == 2  # the docstring says it once


def test_a_check_reads_the_value_before_it_is_replaced() -> None:
    body = _body(programs.settled())
    assert body.index("stop = np.absolute(loss_before - loss) < 0.0001") < body.index("loss_before = loss")


def test_names_of_the_users_cannot_break_out() -> None:
    w = input_node('w"""\nimport os', (), "float64", Role.PARAMETER)
    x = input_node("print", (), "float64", Role.DATA)
    file = input_node("file", (20,), "float64", Role.DATA)
    loss = call("square", w * x - call("sum", file), label='loss"""; raise SystemExit #')
    p = assemble(
        [loss, call("isfinite", loss), constant(False)],
        [(w, w - 0.1 * loss, 0.5)],
        {x: 1.0, file: np.linspace(0, 1, 20)},
        {},
        {},
        steps=3,
        name='"""\nimport os\n"""',
    )
    source = write_python(p).source
    tree = ast.parse(source)
    assert [type(part).__name__ for part in tree.body] == ["Expr", "ImportFrom", "Import", "FunctionDef", "If"]
    losses = np.empty(3)
    NumpyEngine(p).run(p.start(), *arguments(p), losses, 0, 3)
    assert np.isfinite(losses).all()


def test_two_names_that_python_reads_as_one() -> None:
    a, b = input_node("\ufb01", (), "float64"), input_node("fi", (), "float64")
    graph = Graph([a, b], [a - b])
    assert write_python_function(graph).source.endswith("def f(fi, fi_2):\n    return fi - fi_2\n")


def test_every_function_of_a_preamble_is_a_reserved_name() -> None:
    assert set(lacking.__all__) - {"getitem", "put"} <= RESERVED


def test_an_op_without_a_spelling_is_an_error_with_its_line() -> None:
    strange = Op("strange", "x, somehow", lambda i, a: (i[0].shape, i[0].dtype), lambda x: x)
    x = input_node("x", (), "float64")
    made = call("square", x)
    node = type(made)(strange, (x,), {}, (), x.dtype, name="y", origin=Origin("net.py", 3))
    with pytest.raises(UnsupportedError) as caught:
        write_python_function(Graph([x], [node]))
    assert str(caught.value) == (
        "the op 'strange' of y has no spelling in Python\n"
        "  at net.py, line 3\n"
        "  Instead: write the net without it, or run it with engine='reference'"
    )


def test_saving(tmp_path: Path) -> None:
    written = write_python(programs.mlp())
    path = tmp_path / "digits.py"
    assert written.save(path) == [path, tmp_path / "digits.npz"]
    assert path.read_text(encoding="utf-8") == written.source
    with np.load(tmp_path / "digits.npz") as arrays:
        assert set(arrays) == {"w1", "w2", "x", "t"}
        assert arrays["x"].tobytes() == written.arrays["x"].tobytes()
    first = (tmp_path / "digits.npz").read_bytes()
    written.save(path)
    assert (tmp_path / "digits.npz").read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["digits.npz", "digits.py"]
    assert write_python(programs.neuron()).save(tmp_path / "neuron.py") == [tmp_path / "neuron.py"]


def test_saving_over_a_file_that_cannot_be_written_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "taken.py").mkdir()
    with pytest.raises(IsADirectoryError):
        write_python(programs.neuron()).save(tmp_path / "taken.py")
    assert [p.name for p in tmp_path.iterdir()] == ["taken.py"]


def test_a_program_cannot_be_saved_as_its_own_arrays(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot hold a program"):
        Written("").save(tmp_path / "program.npz")


@pytest.mark.parametrize("kind", ["arrays", "text", "run"])
def test_a_file_of_the_users_beside_the_program_is_left_as_it_is(kind: str, tmp_path: Path) -> None:
    beside = tmp_path / "digits.npz"
    if kind == "arrays":
        np.savez(beside, x=np.arange(3.0))
    elif kind == "text":
        beside.write_text("notes")
    else:
        beside.write_bytes(packed({"losses": np.ones(3)}))
    before = beside.read_bytes()
    with pytest.raises(ArgumentError, match="was not written for a program; it is left as it is"):
        write_python(programs.mlp()).save(tmp_path / "digits.py")
    assert beside.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["digits.npz"]
    # a program without arrays has no need of that name
    write_python(programs.neuron()).save(tmp_path / "digits.py")
    assert beside.read_bytes() == before


def test_saving_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "real" / "neuron.py")
    written = write_python(programs.neuron())
    for _ in range(2):  # what the link leads to is missing at first, and replaced then
        written.save(link)
        assert link.is_symlink()
        assert (tmp_path / "real" / "neuron.py").read_text(encoding="utf-8") == written.source
    assert [p.name for p in (tmp_path / "real").iterdir()] == ["neuron.py"]


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    null = Path("/dev/null")
    if not null.exists():
        pytest.skip("needs a device")
    assert write_python(programs.neuron()).save(null) == [null]
    assert null.is_char_device()
    with pytest.raises(ArgumentError, match="reads arrays from a file beside it"):
        write_python(programs.mlp()).save(null)
    link = tmp_path / "nowhere.py"
    link.symlink_to(null)
    write_python(programs.neuron()).save(link)
    assert link.is_symlink()


def test_a_chain_of_a_hundred_thousand_nodes() -> None:
    x = input_node("x", (), "float64")
    y = x
    for _ in range(100_000):
        y = y * 0.5 + 1
    graph = Graph([x], [y])
    written = write_python_function(graph)
    assert max(map(len, written.source.splitlines())) <= 120
    ast.parse("\n".join(written.source.splitlines()[:50]))
