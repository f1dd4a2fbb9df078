"""What each op means, said a second time and independently of the op's record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

__all__ = ["oracle"]


def _getitem(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    whole = list(key)
    places = [place for place, part in enumerate(key) if part == "array"]
    for place, index in zip(places, indices, strict=True):
        whole[place] = index
    return x[tuple(whole)]


def _put(values: Any, *indices: Any, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
    # which place each value goes to: index an array of places
    places = _getitem(np.arange(int(np.prod(shape))).reshape(shape), *indices, key=key)
    flat = np.zeros(int(np.prod(shape)), np.asarray(values).dtype)
    for place, value in zip(np.ravel(places), np.ravel(values), strict=True):
        flat[place] += value
    return flat.reshape(shape)


_OWN: dict[str, Callable[..., Any]] = {
    "erf": scipy.special.erf,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "getitem": _getitem,
    "put": _put,
    "stop_gradient": lambda x: x,
    "astype": lambda x, dtype: np.asarray(x).astype(dtype)[()],
    "concatenate": lambda *parts, axis: np.concatenate(parts, axis),
    "stack": lambda *parts, axis: np.stack(parts, axis),
}


def oracle(name: str) -> Callable[..., Any]:
    """The function of NumPy or SciPy that the op `name` stands for."""
    return _OWN[name] if name in _OWN else getattr(np, name)
