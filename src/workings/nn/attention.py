"""Attention: each row of a sequence takes from the others what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError, DtypeError
from workings.graph import Operators
from workings.nn.initial import Initial, Rng, generator, glorot_uniform
from workings.nn.linear import Linear
from workings.nn.module import Module, check_axis_size, check_whole, refuse
from workings.nn.position import rotary
from workings.ops.functions import softmax
from workings.trace.frames import user_origin
from workings.trace.trees import static

__all__ = ["MultiHeadAttention", "attention"]


def attention(query: Any, key: Any, value: Any, mask: Any = None) -> Any:
    """softmax(query · keyᵀ / √size) · value: for each query the mean of the values, weighted by how its key fits.

    query   (…, time, size)
    key     (…, other time, size)
    value   (…, other time, any size)
    mask    what may be looked at: truth values that broadcast to (…, time, other time); None: everything

    What is masked has the score −10⁹, so that its weight is exactly 0; where all is masked, the weights are equal
    (PyTorch's are nan).

    >>> one = np.ones((1, 2, 4))
    >>> attention(one, one, np.array([[[1.0], [3.0]]])).ravel().tolist()
    [2.0, 2.0]

    Source: Vaswani et al., Attention is all you need (2017), eq. 1.
    """
    scores = query @ np.swapaxes(key, -1, -2) * np.shape(query)[-1] ** -0.5
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    weights = softmax(scores)
    return weights @ value


@dataclass(init=False, eq=False, repr=False)
class MultiHeadAttention(Module):
    """Attention in several heads side by side, each on its own part of the features.

    query, key, value, output   `Linear(size → size)`; PyTorch stacks the first three
    heads                       how many; `size` is a multiple of it
    causal                      whether a row sees only itself and what is before it
    rotary                      whether queries and keys are turned by their positions, see the function `rotary`

    Called with x of shape (batch, time, size), it attends to x itself. `context`, of shape (batch, other time, size),
    is attended to in its place. `lengths`, of shape (batch,), says how many rows of what is attended to are there; the
    others are padding. The result has the shape of x.

    >>> layer = MultiHeadAttention(8, heads=2, causal=True)
    >>> layer(np.zeros((3, 5, 8), np.float32)).shape
    (3, 5, 8)

    Source: Vaswani et al., Attention is all you need (2017), section 3.2.2.
    """

    size: int = static()
    heads: int = static()
    causal: bool = static()
    rotary: bool = static()
    query: Linear
    key: Linear
    value: Linear
    output: Linear

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        causal: bool = False,
        rotary: bool = False,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        check_whole("MultiHeadAttention", size=size, heads=heads)
        if size % heads:
            raise ArgumentError(
                f"MultiHeadAttention: {size} features do not divide into {heads} heads",
                where=user_origin(),
                fix=f"heads={max(h for h in range(1, heads) if size % h == 0)}",
            )
        if rotary and size // heads % 2:
            raise ArgumentError(
                f"MultiHeadAttention: a head has {size // heads} features, and rotary ones come in pairs",
                where=user_origin(),
                fix="a size that is an even multiple of heads",
            )
        rng = generator(rng)
        self.size, self.heads, self.causal, self.rotary = size, heads, causal, rotary
        self.query, self.key, self.value, self.output = (
            Linear(size, size, bias=bias, initial=initial, rng=rng, dtype=dtype) for _ in range(4)
        )

    def __call__(self, x: Any, context: Any = None, *, lengths: Any = None) -> Any:
        form = f"(batch, time, {self.size})"
        check_axis_size(self, x, self.size, least=3, form=form)
        if context is None:
            context = x
        else:
            check_axis_size(self, context, self.size, least=3, form=form)
        query = self.split(self.query(x))
        key = self.split(self.key(context))
        value = self.split(self.value(context))
        if self.rotary:
            query, key = rotary(query), rotary(key)
        mixed = attention(query, key, value, self.mask(np.shape(x), np.shape(context), lengths))
        joined = np.reshape(np.swapaxes(mixed, -3, -2), np.shape(x))
        return self.output(joined)

    def split(self, x: Any) -> Any:
        """The features of each head: (batch, time, size) becomes (batch, heads, time, size / heads)."""
        *rows, time, _ = np.shape(x)
        parted = np.reshape(x, (*rows, time, self.heads, self.size // self.heads))
        return np.swapaxes(parted, -3, -2)

    def mask(self, shape: tuple[int, ...], context: tuple[int, ...], lengths: Any) -> Any:
        """What each row may look at: (time, other time), with lengths (batch, 1, 1 or time, other time), or None."""
        time, other = shape[-2], context[-2]
        seen: Any = np.tri(time, other, dtype=bool) if self.causal else None
        if lengths is None:
            return seen
        lengths = lengths if isinstance(lengths, Operators) else np.asarray(lengths)
        if lengths.shape != context[:-2]:
            refuse(
                self, f"wants lengths of shape {context[:-2]}, and got {lengths.shape}", "one length for each sequence"
            )
        if lengths.dtype.kind not in "iu":
            refuse(
                self, f"wants lengths that are whole numbers, and got {lengths.dtype}", "an array of ints", DtypeError
            )
        there = np.arange(other) < lengths[..., None, None, None]
        return there if seen is None else there & seen

    def __repr__(self) -> str:
        options = "".join(f", {name}" for name in ("causal", "rotary") if getattr(self, name))
        return f"MultiHeadAttention({self.size}, {self.heads} heads{options})"
