"""Compiled code on disk, so that what was compiled once starts at once.

The files are machine code that will be run. So the folder must be the user's own, and nobody else may be able to write
into it; a file carries a digest of its name and of what it holds, and is taken for missing if it is not whole.
Nothing here raises: where there is no such folder, or no room, all is as without a cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["Cache", "folder_of", "key_of", "user_cache"]

MOST = 256 * 2**20

_FORMAT = b"workings code 1\n"
_ENTRY = re.compile(r"[0-9a-f]{64}\.code")
_PART = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{16}\.part")
_ABANDONED = 3600.0  # seconds after which what a process was writing is taken for left behind


def key_of(*parts: bytes) -> str:
    """What tells any two lists of parts apart: SHA-256."""
    found = hashlib.sha256()
    for part in parts:
        found.update(b"%d:" % len(part))
        found.update(part)
    return found.hexdigest()


class Cache:
    """The files of one folder, of at most so many bytes together: those that were not used for longest go first.

    Any number of processes may use it at once: a file is there whole or not at all.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self.folder = folder
        self.most = most

    def get(self, key: str) -> bytes | None:
        """What was kept under a key; None if there is nothing, or nothing that may be run."""
        path = self.folder / f"{key}.code"
        try:
            if not _private(os.stat(self.folder), stat.S_ISDIR):
                return None
            with open(path, "rb", opener=_without_links) as file:
                if not _private(os.fstat(file.fileno()), stat.S_ISREG):
                    return None
                content = file.read()
            head = len(_FORMAT) + hashlib.sha256().digest_size
            if content[:head] != _head(key, content[head:]):
                return None
        except OSError:
            return None
        with contextlib.suppress(OSError):  # a folder that can only be read is as good
            os.utime(path)  # it was used now
        return content[head:]

    def put(self, key: str, code: bytes) -> None:
        """Keep this under a key, in one move, and let go of what is too much."""
        content = _head(key, code) + code
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if len(content) > self.most or not _private(os.stat(self.folder), stat.S_ISDIR):
                return
            part = self.folder / f"{key}.{os.urandom(8).hex()}.part"
            try:
                with open(part, "xb", opener=_readable_by_oneself) as file:
                    file.write(content)
                os.replace(part, self.folder / f"{key}.code")
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            self._prune()
        except OSError:
            pass

    def _prune(self) -> None:
        entries: list[tuple[float, int, str]] = []
        for entry in os.scandir(self.folder):
            # the folder may hold what is none of ours
            if _ENTRY.fullmatch(entry.name):
                found = entry.stat(follow_symlinks=False)
                entries.append((found.st_mtime, found.st_size, entry.path))
            elif _PART.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > _ABANDONED:
                os.unlink(entry.path)
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.most:
                break
            os.unlink(path)
            total -= size


def user_cache() -> Cache | None:
    """The cache of the user who runs this; None where none is wanted, or there is no place for it."""
    folder = folder_of(os.environ)
    return None if folder is None else Cache(folder)


def folder_of(environment: Mapping[str, str]) -> Path | None:
    """`WORKINGS_CACHE`, where an empty one means none, or the folder `workings` where the system keeps caches."""
    named = environment.get("WORKINGS_CACHE")
    try:
        if named is not None:
            return Path(named).expanduser().absolute() if named else None
        if sys.platform == "win32":
            local = environment.get("LOCALAPPDATA")
            return Path(local) / "workings" / "cache" if local else None
        shared = Path(environment.get("XDG_CACHE_HOME", ""))
        if shared.is_absolute():
            return shared / "workings"
        return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "workings"
    except (RuntimeError, OSError):  # a user without a home, a folder that is gone
        return None


def _head(key: str, code: bytes) -> bytes:
    return _FORMAT + hashlib.sha256(b"".join((_FORMAT, key.encode(), b"\n", code))).digest()


def _private(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    """Whether this is of that kind, belongs to the user, and cannot be written to by others."""
    if not kind(found.st_mode):
        return False
    # Windows has no such bits; a folder in the user's own is the user's own there
    return os.name != "posix" or (found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _readable_by_oneself(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
