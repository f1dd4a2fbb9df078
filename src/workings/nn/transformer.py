"""The transformer's block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.nn.attention import MultiHeadAttention
from workings.nn.initial import Initial, Rng, generator, glorot_uniform
from workings.nn.linear import Linear
from workings.nn.module import Module, check_axis_size, check_whole
from workings.nn.normalization import LayerNorm
from workings.ops.functions import gelu
from workings.trace.trees import static

__all__ = ["TransformerBlock"]


@dataclass(init=False, eq=False, repr=False)
class TransformerBlock(Module):
    """x + attention(norm(x)), and to that feed(norm(·)) is added: what is learned is added to what came.

    The norms come first (pre-norm), so that the way through the sums is free. `attention` is a `MultiHeadAttention`
    with its options `causal` and `rotary`; the feed-forward part is two `Linear` layers, of `hidden` features in
    between (4 · size if left out), and an activation.

    The input and the result have shape (batch, time, size); `lengths` is as in `MultiHeadAttention`.

    >>> block = TransformerBlock(8, heads=2, causal=True)
    >>> block(np.zeros((3, 5, 8), np.float32)).shape
    (3, 5, 8)

    Source: Vaswani et al., Attention is all you need (2017); pre-norm by Xiong et al., On layer normalization in the
    transformer architecture (2020), figure 1 b.
    """

    size: int = static()
    activation: Callable[[Any], Any] = static()
    attention_norm: LayerNorm
    attention: MultiHeadAttention
    feed_norm: LayerNorm
    widen: Linear
    narrow: Linear

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        hidden: int | None = None,
        causal: bool = False,
        rotary: bool = False,
        activation: Callable[[Any], Any] = gelu,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        check_whole("TransformerBlock", size=size, heads=heads, **({} if hidden is None else {"hidden": hidden}))
        rng, wide = generator(rng), 4 * size if hidden is None else hidden
        self.size, self.activation = size, activation
        self.attention_norm = LayerNorm(size, dtype=dtype)
        self.attention = MultiHeadAttention(
            size, heads, causal=causal, rotary=rotary, bias=bias, initial=initial, rng=rng, dtype=dtype
        )
        self.feed_norm = LayerNorm(size, dtype=dtype)
        self.widen = Linear(size, wide, bias=bias, initial=initial, rng=rng, dtype=dtype)
        self.narrow = Linear(wide, size, bias=bias, initial=initial, rng=rng, dtype=dtype)

    def __call__(self, x: Any, *, lengths: Any = None) -> Any:
        check_axis_size(self, x, self.size, least=3, form=f"(batch, time, {self.size})")
        normal = self.attention_norm(x)
        attended = self.attention(normal, lengths=lengths)
        x = x + attended
        normal = self.feed_norm(x)
        wide = self.widen(normal)
        hidden = self.activation(wide)
        fed = self.narrow(hidden)
        return x + fed
