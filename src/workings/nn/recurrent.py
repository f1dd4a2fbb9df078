"""Recurrent layers: a state that goes through a sequence, row by row, as one loop of the graph (`wk.scan`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.nn.initial import Initial, Rng, generator, glorot_uniform, orthogonal
from workings.nn.module import Module, check_axis_size, check_whole, refuse
from workings.ops.functions import sigmoid
from workings.trace import scan
from workings.trace.trees import static

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Module):
    """What the recurrent layers share: the input's part of every turn at once, then the loop over time."""

    inputs: int
    size: int
    last: bool
    weight: Any
    bias: Any

    def run(self, x: Any, start: Any = None) -> tuple[Any, Any]:
        """The states of all turns, (batch, time, size), and what is carried on after the last of them.

        `start` is what is carried into the first turn, as another call of `run` gave it; None: all 0.
        """
        check_axis_size(self, x, self.inputs, least=3, form=f"(batch, time, {self.inputs})")
        if np.ndim(x) != 3:
            refuse(self, f"wants (batch, time, {self.inputs}), and got {np.shape(x)}", "three axes")
        given = x @ self.weight + self.bias
        if start is None:
            start = self.nothing(np.zeros((np.shape(x)[0], self.size), given.dtype))
        carried, rows = scan(self.turn, start, np.swapaxes(given, 0, 1))
        return np.swapaxes(rows, 0, 1), carried

    def __call__(self, x: Any, start: Any = None) -> Any:
        states, _ = self.run(x, start)
        return states[:, -1] if self.last else states

    def nothing(self, zeros: Any) -> Any:
        """What is carried into the first turn."""
        return zeros

    def turn(self, carried: Any, given: Any) -> tuple[Any, Any]:
        """One row: what is carried on, and the state that is given out."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inputs} → {self.size}{', last=True' if self.last else ''})"

    def _start(
        self, inputs: int, size: int, last: bool, gates: int, initial: Initial, rng: np.random.Generator, dtype: Any
    ) -> None:
        check_whole(type(self).__name__, inputs=inputs, size=size)
        self.inputs, self.size, self.last = inputs, size, last
        self.weight = np.concatenate([initial((inputs, size), rng, dtype) for _ in range(gates)], axis=1)
        self.recurrent = np.concatenate([orthogonal((size, size), rng, dtype) for _ in range(gates)], axis=1)
        self.bias = np.zeros(gates * size, dtype)


@dataclass(init=False, eq=False, repr=False)
class RNN(_Recurrent):
    """h ← activation(x · weight + h · recurrent + bias), for one row x of the sequence after the other.

    weight     (inputs, size), drawn by `initial`
    recurrent  (size, size), starts orthogonal
    bias       (size,), starts at 0; it stands for the sum of PyTorch's two

    The input has shape (batch, time, inputs). The result holds all states h, (batch, time, size), or with `last=True`
    the last alone, (batch, size). `run` gives what is carried on as well, to continue from there.

    >>> layer = RNN(3, 4)
    >>> layer(np.zeros((2, 5, 3), np.float32)).shape
    (2, 5, 4)

    Source: Elman, Finding structure in time (1990).
    """

    inputs: int = static()
    size: int = static()
    last: bool = static()
    activation: Callable[[Any], Any] = static()
    weight: Any
    recurrent: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        last: bool = False,
        activation: Callable[[Any], Any] = np.tanh,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._start(inputs, size, last, 1, initial, generator(rng), dtype)
        self.activation = activation

    def turn(self, carried: Any, given: Any) -> tuple[Any, Any]:
        h = self.activation(given + carried @ self.recurrent)
        return h, h


@dataclass(init=False, eq=False, repr=False)
class GRU(_Recurrent):
    """A recurrent layer with gates that say what of its state is kept, and what of it is asked.

        r = sigmoid(x·W_r + h·U_r + b_r),   z = sigmoid(x·W_z + h·U_z + b_z)
        n = tanh(x·W_n + b_n + r · (h·U_n + c)),   h ← (1 − z) · n + z · h

    weight          (inputs, 3 · size): W_r, W_z and W_n side by side, in PyTorch's order
    recurrent       (size, 3 · size): U_r, U_z and U_n, each starts orthogonal
    bias            (3 · size,): b_r, b_z and b_n; it stands for the sums of PyTorch's two
    candidate_bias  (size,): c, the one of PyTorch's second biases that is no sum

    Called as `RNN`.

    >>> layer = GRU(3, 4, last=True)
    >>> layer(np.zeros((2, 5, 3), np.float32)).shape
    (2, 4)

    Source: Cho et al., Learning phrase representations using RNN encoder–decoder (2014); with the reset gate after the
    product, as in cuDNN and PyTorch.
    """

    inputs: int = static()
    size: int = static()
    last: bool = static()
    weight: Any
    recurrent: Any
    bias: Any
    candidate_bias: Any

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        last: bool = False,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._start(inputs, size, last, 3, initial, generator(rng), dtype)
        self.candidate_bias = np.zeros(size, dtype)

    def turn(self, carried: Any, given: Any) -> tuple[Any, Any]:
        n = self.size
        asked = carried @ self.recurrent
        gates = sigmoid(given[:, : 2 * n] + asked[:, : 2 * n])
        reset, keep = gates[:, :n], gates[:, n:]
        candidate = np.tanh(given[:, 2 * n :] + reset * (asked[:, 2 * n :] + self.candidate_bias))
        h = (1 - keep) * candidate + keep * carried
        return h, h


@dataclass(init=False, eq=False, repr=False)
class LSTM(_Recurrent):
    """A recurrent layer with a cell c that is added to, and gates that say what goes in, stays and comes out.

        i, f, o = sigmoid(x·W + h·U + b) for each,   g = tanh(x·W_g + h·U_g + b_g)
        c ← f · c + i · g,   h ← o · tanh(c)

    weight     (inputs, 4 · size): W_i, W_f, W_g and W_o side by side, in PyTorch's order
    recurrent  (size, 4 · size): U_i, U_f, U_g and U_o, each starts orthogonal
    bias       (4 · size,): starts at 0, and at 1 for f, so that the cell keeps at first; the sum of PyTorch's two

    Called as `RNN`; what `run` carries is the pair (h, c).

    >>> layer = LSTM(3, 4)
    >>> states, (h, c) = layer.run(np.zeros((2, 5, 3), np.float32))
    >>> states.shape, h.shape, c.shape
    ((2, 5, 4), (2, 4), (2, 4))

    Source: Hochreiter and Schmidhuber, Long short-term memory (1997); the forget gate and its bias by Gers, Schmidhuber
    and Cummins, Learning to forget (2000).
    """

    inputs: int = static()
    size: int = static()
    last: bool = static()
    weight: Any
    recurrent: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        last: bool = False,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._start(inputs, size, last, 4, initial, generator(rng), dtype)
        self.bias[size : 2 * size] = 1

    def nothing(self, zeros: Any) -> Any:
        return zeros, zeros

    def turn(self, carried: Any, given: Any) -> tuple[Any, Any]:
        n = self.size
        h, c = carried
        total = given + h @ self.recurrent
        gates = sigmoid(total[:, : 2 * n])
        write, keep = gates[:, :n], gates[:, n:]
        c = keep * c + write * np.tanh(total[:, 2 * n : 3 * n])
        h = sigmoid(total[:, 3 * n :]) * np.tanh(c)
        return (h, c), h
