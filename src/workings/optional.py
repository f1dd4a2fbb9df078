"""Extras are imported here and nowhere else, so that a missing one is one clear error."""

from __future__ import annotations

import importlib
from types import ModuleType

from workings.errors import MissingExtraError

__all__ = ["load"]


def load(module: str, purpose: str, install: str) -> ModuleType:
    """Import `module`, or say what it is needed for and how to install it.

    >>> load("json", "an example", "pip install json").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is not None and module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package {module.split('.')[0]!r}, which is not installed", fix=install
        ) from error
