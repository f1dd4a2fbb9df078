"""Packages whose names are imported when they are first used, so that what is not needed takes no time."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

__all__ = ["attached"]


def attached(
    package: str,
    homes: Mapping[str, str],
    modules: Mapping[str, str] | None = None,
    loaded: Callable[[], None] = lambda: None,
) -> Callable[[str], Any]:
    """The `__getattr__` of a package: each name comes from the module that `homes` says, or is a module.

    `loaded` is called after each import.
    """
    here = sys.modules[package]
    found = modules or {}

    def get(name: str) -> Any:
        home = homes.get(name) or found.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(home)
        loaded()
        value = module if name in found else getattr(module, name)
        here.__dict__[name] = value
        return value

    class Package(ModuleType):
        """`workings.trace` is a function for users and a package for the import system; here the function wins."""

        def __setattr__(self, name: str, value: Any) -> None:
            if not (name in homes and isinstance(value, ModuleType)):
                super().__setattr__(name, value)

    here.__class__ = Package
    return get
