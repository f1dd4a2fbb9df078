# ruff: noqa: E501 (a message stands on one line)
"""Every error, triggered as a user would: each entry's docstring is its whole message.

In a docstring `{here}` stands for the file and the line marked `# here`. Entries for errors of the other layers
are made the same way: a function under `@raises(TheError)`.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np

import workings as wk
import workings.ops  # the ops of the graphs below
from workings.graph import Graph, Node, Op, call, input_node, verify


@dataclass(frozen=True)
class Entry:
    """One error: its class, what triggers it, and its message with the place filled in."""

    error: type[BaseException]
    trigger: Callable[[], Any]

    @property
    def name(self) -> str:
        return self.trigger.__name__

    @property
    def message(self) -> str:
        lines, first = inspect.getsourcelines(self.trigger)
        marked = [n for n, line in enumerate(lines, start=first) if line.rstrip().endswith("# here")]
        text = inspect.cleandoc(self.trigger.__doc__ or "")
        if marked:
            text = text.replace("{here}", f"{__file__}, line {marked[-1]}")
        return text


ENTRIES: list[Entry] = []


def raises(error: type[BaseException]) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def enter(trigger: Callable[[], Any]) -> Callable[[], Any]:
        ENTRIES.append(Entry(error, trigger))
        return trigger

    return enter


def classes() -> list[type[BaseException]]:
    """The errors and warnings of `workings.errors` that must have an entry; bases that are never raised need none."""
    bases = ("WorkingsError", "TraceError")
    return [getattr(wk.errors, name) for name in wk.errors.__all__ if name not in bases]


# ── graphs ──


@raises(wk.GraphError)
def a_graph_that_breaks_the_grammar() -> None:
    """
    graph f: node y (add): recorded as float64[3], but the op gives float64[2]
    """
    x = input_node("x", (2,), float)
    y = Node(call("add", x, x).op, (x, x), {}, (3,), np.dtype(float), name="y")
    verify(Graph([x], [y]))


@raises(wk.ParseError)
def a_text_that_is_no_graph() -> None:
    """
    line 3: expected a legal node y (there is no op 'tahn'), found 'return'
    """
    Graph.parse("graph f(x: data float64)\n  y: float64 = tahn(x)\n  return y")


# ── shapes and dtypes ──


@raises(wk.ShapeError)
def shapes_that_do_not_chain() -> None:
    """
    matmul: the shapes do not chain: x has shape (100, 64), w has shape (32, 10)
      at {here}, in net:
          return x @ w  # here
                 ^^^^^
      Instead: the columns of the first must be as many as the rows of the second
    """

    def net(x, w):
        return x @ w  # here

    wk.trace(net, np.zeros((100, 64)), np.zeros((32, 10)))


@raises(wk.ShapeError)
def a_matrix_the_wrong_way_round() -> None:
    """
    matmul: the shapes do not chain: x has shape (100, 64), w has shape (10, 64)
      at {here}, in net:
          return x @ w  # here
                 ^^^^^
      Instead: x @ w.T would give (100, 10)
    """

    def net(x, w):
        return x @ w  # here

    wk.trace(net, np.zeros((100, 64)), np.zeros((10, 64)))


@raises(wk.ShapeError)
def a_carry_that_changes_its_shape() -> None:
    """
    cell is given h of shape (2,), and returns it with shape (4,)
      at {here}, in cell:
          return np.concatenate([h, h]), None  # here
                 ^^^^^^^^^^^^^^^^^^^^^^
      Instead: the same shape in every turn, or an init of shape (4,) from the start
    """

    def net(xs):
        def cell(h, x):
            return np.concatenate([h, h]), None  # here

        return wk.scan(cell, np.zeros(2), xs)[0]

    wk.trace(net, np.zeros(3))


@raises(wk.ShapeError)
def an_index_out_of_range() -> None:
    """
    index 3 is out of range along axis 0: h has shape (3,)
      at {here}, in net:
          return h[3]  # here
                 ^^^^
      Instead: an index from -3 to 2
    """

    def net(x):
        h = x * 2
        return h[3]  # here

    wk.trace(net, np.zeros(3))


@raises(wk.DtypeError)
def a_condition_without_a_comparison() -> None:
    """
    & | ^ ~ join conditions or whole numbers, and x is neither
      at {here}, in net:
          return np.where((x > 0) & x, x, 0.0)  # here
                          ^^^^^^^^^^^
      Instead: compare first, as in (x > 0) & (x < 1); the brackets are needed
    """

    def net(x):
        return np.where((x > 0) & x, x, 0.0)  # here

    wk.trace(net, np.zeros(3))


# ── tracing ──


@raises(wk.RefusedError)
def an_array_of_traced_values() -> None:
    """
    np.array() needs a plain array of numbers, and a * 2 (float64) has none while tracing
      at {here}, in loss:
          both = np.array([a * 2, b])  # here
                 ^^^^^^^^^^^^^^^^^^^^
      Instead: np.stack([a, b]), which joins values along a new axis
    """

    def loss(a, b):
        both = np.array([a * 2, b])  # here
        return both.sum()

    wk.trace(loss, 1.0, 2.0)


@raises(wk.RefusedError)
def a_function_that_is_not_traced() -> None:
    """
    np.median is not traced
      at {here}, in loss:
          return np.median(x * 2)  # here
                 ^^^^^^^^^^^^^^^^
      Instead: np.mean, or np.sort(x)[n // 2] for an odd n
    """

    def loss(x):
        return np.median(x * 2)  # here

    wk.trace(loss, np.zeros(3))


@raises(wk.NumberNeededError)
def a_plain_table_with_a_traced_index() -> None:
    """
    table[…] needs the number of i (int64[2]), which is not known while tracing
      at {here}, in loss:
          return x * table[i]  # here
                     ^^^^^^^^
      Instead: workings.functions.take(table, i)
    """

    def loss(x, i):
        table = np.arange(3.0)
        return x * table[i]  # here

    wk.trace(loss, 1.0, np.array([1, 2]))


@raises(wk.NumberNeededError)
def a_branch_on_a_traced_value() -> None:
    """
    `if` needs the number of x > 0 (bool), which is not known while tracing
      at {here}, in loss:
          if x > 0:  # here
             ^^^^^
      Instead: np.where(condition, a, b), or & | ~ between conditions in brackets
    """

    def loss(x):
        if x > 0:  # here
            return x
        return -x

    wk.grad(loss)(1.0)


@raises(wk.NumberNeededError)
def a_function_of_math() -> None:
    """
    math.sqrt() needs the number of x + 1 (float64), which is not known while tracing
      at {here}, in loss:
          return math.sqrt(x + 1)  # here
                 ^^^^^^^^^^^^^^^^
      Instead: np.sqrt
    """
    import math

    def loss(x):
        return math.sqrt(x + 1)  # here

    wk.grad(loss)(1.0)


@raises(wk.MutationError)
def writing_into_a_traced_array() -> None:
    """
    the code writes into h, which tracing cannot follow
      at {here}, in net:
          h[h < 0] = 0  # here
          ^^^^^^^^
      Instead: np.where(mask, new, old), np.concatenate or np.stack make a new array
    """

    def net(x):
        h = np.tanh(x)
        h[h < 0] = 0  # here
        return h

    wk.trace(net, np.zeros(3))


@raises(wk.MutationError)
def adding_in_place() -> None:
    """
    += writes into the array h, which tracing cannot follow
      at {here}, in net:
          h += b  # here
          ^^^^^^
      Instead: h = h + …, which makes a new one
    """

    def net(x, b):
        h = x * 2
        h += b  # here
        return h

    wk.trace(net, np.zeros(3), np.zeros(3))


@raises(wk.UnstableError)
def noise_drawn_inside() -> None:
    """
    loss does not do the same twice: an array of shape (3,) differs between two calls
      at {here}, in loss:
          return np.sum(x + noise)  # here
                        ^^^^^^^^^
      Instead: draw random numbers outside and pass them as an argument; keep no counter or clock in the function
    """
    rng = np.random.default_rng()

    def loss(x):
        noise = rng.normal(size=3)
        return np.sum(x + noise)  # here

    wk.trace(loss, np.zeros(3))


@raises(wk.EscapedError)
def a_value_kept_from_a_trace() -> None:
    """
    x * 2 was made while a function was traced, and that trace is over
      at {here}, in loss:
          return kept[0].sum()  # here
                 ^^^^^^^^^^^^^
      Instead: return the value from the traced function; do not keep it in a list or a variable outside
    """
    kept = []

    def loss(x):
        kept.append(x * 2)
        return kept[0].sum()  # here

    wk.trace(loss, np.zeros(3))


@raises(wk.EscapedError)
def a_parameter_cell_in_a_traced_function() -> None:
    """
    the traced function uses the cell w, which depends on a parameter
      at {here}, in loss:
          return w * x  # here
                 ^^^^^
      Instead: pass it as an argument, or use w.value, its number as it is now
    """
    w = wk.parameter(0.5)

    def loss(x):
        return w * x  # here

    wk.trace(loss, 1.0)


# ── gradients and arguments ──


@raises(wk.GradientError)
def a_gradient_of_no_scalar() -> None:
    """
    loss returns shape (3,); a gradient is taken of a scalar
      at {here}, in loss:
          return (w * x) ** 2  # here
                 ^^^^^^^^^^^^
      Instead: np.sum or np.mean of it
    """

    def loss(w, x):
        return (w * x) ** 2  # here

    wk.grad(loss)(0.5, np.ones(3))


@raises(wk.GradientError)
def a_gradient_with_respect_to_a_whole_number() -> None:
    """
    w is int64; only floating values have a gradient
      at {here}, in a_gradient_with_respect_to_a_whole_number:
          wk.grad(loss)(3)  # here
          ^^^^^^^^^^^^^^^^
      Instead: 1.0 in place of 1, or .astype(float)
    """

    def loss(w):
        return w**2

    wk.grad(loss)(3)  # here


@raises(wk.GradientError)
def a_parameter_that_was_changed() -> None:
    """
    loss was made from another w, before w was changed
      at {here}, in a_parameter_that_was_changed:
          wk.gradient(loss, w)  # here
          ^^^^^^^^^^^^^^^^^^^^
      Instead: compute loss again from the new w, then ask for its gradient
    """
    w = wk.parameter(0.5)
    loss = (w * 2.0 - 1.0) ** 2
    w = w - 0.01 * wk.gradient(loss, w)
    wk.gradient(loss, w)  # here


@raises(wk.GradientError)
def a_parameter_of_whole_numbers() -> None:
    """
    the parameter w is int64, and only floating values can be nudged
      at {here}, in a_parameter_of_whole_numbers:
          w = wk.parameter(1)  # here
              ^^^^^^^^^^^^^^^
      Instead: wk.parameter(1.0)
    """
    w = wk.parameter(1)  # here
    assert w


@raises(wk.ArgumentError)
def gradient_given_a_function() -> None:
    """
    wk.gradient takes a value, and loss is a function
      at {here}, in gradient_given_a_function:
          wk.gradient(loss, 0.5)  # here
          ^^^^^^^^^^^^^^^^^^^^^^
      Instead: wk.grad(loss)(…), the gradient of a function
    """

    def loss(w):
        return w**2

    wk.gradient(loss, 0.5)  # here


@raises(wk.ArgumentError)
def grad_given_a_value() -> None:
    """
    wk.grad takes a function, and loss is a value
      at {here}, in grad_given_a_value:
          wk.grad(loss)  # here
          ^^^^^^^^^^^^^
      Instead: wk.gradient(loss, w), the gradient of a value
    """
    w = wk.parameter(0.5)
    loss = w**2
    wk.grad(loss)  # here


@raises(wk.ArgumentError)
def a_function_that_returns_nothing() -> None:
    """
    loss returned nothing, in which there is no value
      at {here}:
          def loss(w):  # here
      Instead: return the value, as in `return loss`
    """

    def loss(w):  # here
        w**2

    wk.grad(loss)(0.5)


@raises(wk.ArgumentError)
def an_argument_that_is_missing() -> None:
    """
    loss(w, x) does not take these arguments: missing a required argument: 'x'
      at {here}, in an_argument_that_is_missing:
          wk.grad(loss)(0.5)  # here
          ^^^^^^^^^^^^^^^^^^
      Instead: one value for each argument
    """

    def loss(w, x):
        return w * x

    wk.grad(loss)(0.5)  # here


@raises(wk.ArgumentError)
def names_that_match_no_argument() -> None:
    """
    parameters has 'v', which is no argument of loss(w, x)
      Instead: it takes w, x
    """

    def loss(w, x):
        return (w * x) ** 2

    wk.train(loss, parameters={"v": 0.5}, data={"x": 1.0})


@raises(wk.ArgumentError)
def data_of_unequal_lengths() -> None:
    """
    the data are of unequal lengths: x has 3, t has 4 rows
      Instead: one row for each example in every array; a table that is no data can be a variable outside the loss
    """

    def loss(w, x, t):
        return np.mean((w * x - t) ** 2)

    wk.train(loss, parameters={"w": 0.5}, data={"x": np.ones(3), "t": np.ones(4)})


@raises(wk.ArgumentError)
def nan_in_the_data() -> None:
    """
    the data x is nan at [1]
      Instead: drop those rows, or fill them in
    """

    def loss(w, x):
        return np.mean((w * x) ** 2)

    wk.train(loss, parameters={"w": 0.5}, data={"x": np.array([1.0, np.nan])})


# ── training, languages, files, extras ──


@raises(wk.NonFiniteError)
def a_loss_that_is_not_finite() -> None:
    """
    step 0: loss is nan, made by log from z = -1.0
      at {here}, in loss:
          return np.log(w * x)  # here
                 ^^^^^^^^^^^^^
      Instead: workings.functions.log_softmax in place of log(softmax(x)), or a value that cannot reach 0
    """

    def loss(w, x):
        return np.log(w * x)  # here

    wk.train(loss, parameters={"w": 1.0}, data={"x": -1.0}, steps=3)


@raises(wk.UnsupportedError)
def an_op_that_mathematics_does_not_know() -> None:
    """
    the op 'wiggle' says that mathematics writes it as 'wave', which is not a known kind
      Instead: one of absolute, add, ceil, divide, einsum, equal, exp, exp2, floor, greater, greater_equal, index, less, less_equal, logical_and, logical_not, logical_or, logical_xor, loop, matmul, multiply, negative, not_equal, outer, power, prod, reciprocal, result, same, sqrt, square, subtract, sum, transpose, where, or none for a named function
    """
    from workings.write.maths import expression

    x = input_node("x", (), float)
    op = Op("wiggle", "x, wiggled", lambda inputs, attributes: ((), np.dtype(float)), np.sin, maths="wave")
    expression(Node(op, (x,), MappingProxyType({}), (), np.dtype(float), name="y"))


@raises(wk.ModelFileError)
def a_model_file_without_a_loss() -> None:
    """
    net.py has no `loss`
      Instead: def loss(w, x): …, which returns a scalar
    """
    from workings.cli.model_file import model_file

    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("net.py").write_text("parameters = {'w': 0.5}\ndata = {'x': 1.0}\n")
        with model_file("net.py", 0):
            pass


@raises(wk.MissingExtraError)
def an_extra_that_is_not_installed() -> None:
    """
    drawing hands needs the package 'workings_of_a_clock', which is not installed
      Instead: pip install 'workings[clock]'
    """
    from workings.optional import load

    load("workings_of_a_clock", "drawing hands", "pip install 'workings[clock]'")


@raises(wk.PromotionWarning)
def a_value_that_becomes_wider() -> None:
    """
    s is float32 and becomes float64 where it meets a constant (float64); a Python number keeps the dtype, as in 64 ** 0.5 for np.sqrt(64), and so does .astype(np.float32)
    """

    def scores(q, k):
        s = q @ k
        return s / np.sqrt(64)  # here

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wk.trace(scores, np.ones(4, np.float32), np.ones(4, np.float32))
