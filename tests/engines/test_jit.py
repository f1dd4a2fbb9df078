"""`jit`: one trace for each kind of arguments, and the same bits as the function itself."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError, NumberNeededError, RefusedError

ENGINES = ["numpy", "reference"]


class Counted:
    """A function that counts how often it is run; a trace runs it twice."""

    def __init__(self, f):
        self.f, self.runs = f, 0

    @property
    def traces(self):
        return self.runs / 2

    def __call__(self, *args, **kwargs):
        self.runs += 1
        return self.f(*args, **kwargs)


def net(w, b, x):
    h = np.tanh(x @ w + b)
    return np.sum(h**2, axis=0), {"mean": np.mean(h), "all": [h, 1.0]}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_bits_of_the_function_itself(dtype, engine):
    rng = np.random.default_rng(0)
    w, b, x = (rng.normal(size=s).astype(dtype) for s in ((3, 4), 4, (7, 3)))
    sums, rest = wk.jit(net, engine=engine)(w, b, x)
    expected, others = net(w, b, x)
    assert sums.tobytes() == expected.tobytes()
    assert sums.dtype == dtype
    assert rest["mean"] == others["mean"]
    assert rest["all"][0].tobytes() == others["all"][0].tobytes()


def test_one_trace_for_each_shape_and_dtype():
    f = Counted(lambda x: x * 2)
    jitted = wk.jit(f)
    for x in (1.0, 2.5, np.float64(3.0), np.array(4.0)):
        assert jitted(x) == 2 * x
    assert f.traces == 3  # what is a number of Python, of NumPy, or an array, is of three kinds
    jitted(np.float32(1.0))
    jitted(1)
    assert f.traces == 5
    for n in (1, 2, 1, 2):
        assert jitted(np.ones(n)).tolist() == [2.0] * n
    assert f.traces == 7
    assert jitted(np.ones((2, 1)).T).tolist() == [[2.0, 2.0]]


def test_arrays_of_any_layout():
    x = np.arange(12.0).reshape(3, 4)
    f = wk.jit(lambda x: np.sum(x, axis=0))
    for same in (x, np.asfortranarray(x), x[::-1][::-1]):
        assert f(same).tolist() == x.sum(axis=0).tolist()


class Kind(enum.Enum):
    A = 1
    B = 2


class Mutable:
    def __init__(self, factor):
        self.factor = factor

    def __repr__(self):
        return "Mutable"


POWERS = [2, 2.0, np.float64(2), np.int64(2)]


@pytest.mark.filterwarnings("ignore::workings.PromotionWarning")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("x", [np.array([2**40]), np.array([1.5, 3.0], np.float32), np.array([True, False])], ids=str)
@pytest.mark.parametrize("exponent", POWERS, ids=repr)
def test_a_power_of_two_has_the_dtype_it_has_in_numpy(exponent, x, engine):
    for function in (lambda x: x**exponent, lambda x: np.power(x, exponent)):
        found, expected = wk.jit(function, engine=engine)(x), function(x)
        assert (found.tolist(), found.dtype) == (expected.tolist(), expected.dtype)


@pytest.mark.filterwarnings("ignore::workings.PromotionWarning")
def test_the_type_of_a_number_is_part_of_its_kind():
    x = np.ones(2, np.float32)
    f = wk.jit(lambda x, s: x * s)
    kinds = [f(x, s).dtype for s in (2.0, np.float64(2), np.array(2.0), 2.0, 2)]
    assert kinds == [np.float32, np.float64, np.float64, np.float32, np.float32]
    branches = wk.jit(lambda x: x * 2 if isinstance(x, np.ndarray) else x * 3)
    assert [float(branches(v)) for v in (np.array(1.0), 1.0, np.float64(1.0), np.array(1.0))] == [2.0, 3.0, 3.0, 2.0]


@dataclass
class Powers:
    by: float

    def __post_init__(self):
        self.k = 2
        self.table = np.ones(2)


@dataclass
class Named:
    by: float

    def __post_init__(self):
        self.k = 2


@pytest.mark.parametrize("kind", [Powers, Named])
def test_what_a_dataclass_holds_beside_its_fields(kind):
    f = Counted(lambda c, x: x * c.by * c.k + (c.table if kind is Powers else 0.0))
    jitted = wk.jit(f)
    c = kind(3.0)
    assert np.all(jitted(c, 1.0) == 6.0 + (kind is Powers))
    c.k = 5
    assert np.all(jitted(c, 1.0) == 15.0 + (kind is Powers))
    if kind is Powers:
        c.table = np.zeros(2)
        assert np.all(jitted(c, 1.0) == 15.0)
    else:
        jitted(c, 2.0)
        assert f.traces == 2


def test_a_python_int_that_is_no_int64():
    f = wk.jit(lambda x: x * 2.0)
    for small in (False, True):
        if small:
            assert f(3) == 6.0  # now the kind is known
        with pytest.raises(wk.DtypeError, match="does not fit int64") as caught:
            f(2**63)
        assert "float(x)" in str(caught.value)
        assert caught.value.where is not None
        assert caught.value.where.file == __file__
    with pytest.raises(wk.DtypeError, match="x does not fit int64"):
        wk.trace(lambda x: x, -(10**400))


def test_the_place_asked_for_has_no_part_in_the_dtype():
    x = np.array([1.5, 2.5], np.float32)
    f = wk.jit(lambda x, s: np.where(s > 1, x, 2.0))
    assert f(x, 2.0).dtype == np.float32
    assert (f(x, 2.0).tolist(), f(x, 0.5).tolist()) == ([1.5, 2.5], [2.0, 2.0])
    assert wk.grad(lambda x, s: np.sum(np.where(s > 1, x, 2.0)))(x, 2.0).tolist() == [1.0, 1.0]
    assert wk.jit(lambda x, i: x[i])(x, 1) == 2.5


@pytest.mark.parametrize("engine", ENGINES)
def test_whole_numbers_that_do_not_fit_the_dtype(engine):
    x = np.array([1, 200], np.uint8)
    for function in (lambda x: (x == 300, x > -1, x < 2**70, x / -1), lambda x: (x >= 2**64, 300 / x)):
        for found, expected in zip(wk.jit(function, engine=engine)(x), function(x), strict=True):
            assert (found.tolist(), found.dtype) == (expected.tolist(), expected.dtype)
    assert wk.jit(lambda x, s: x / s, engine=engine)(x, -1).tolist() == [-1.0, -200.0]


@dataclass
class Scale:
    by: Any
    kind: str = "times"


Pair = namedtuple("Pair", "a b")

STATICS: dict[str, tuple[Any, list[Any]]] = {
    "text": (lambda s, x: x * len(s), ["a", "bb"]),
    "flag": (lambda s, x: x if s else -x, [True, False]),
    "none": (lambda s, x: x if s is None else x * s, [None, "a" * 0 or 3.0]),
    "flag or number": (lambda s, x: x * s, [True, 1, 1.0]),
    "enum": (lambda s, x: x * s.value, [Kind.A, Kind.B]),
    "function": (lambda s, x: s(x), [np.sin, np.cos, wk.functions.relu, lambda v: v * 3]),
    "type": (lambda s, x: x.astype(s), [np.float32, np.float64]),
    "dtype": (lambda s, x: x.astype(s), [np.dtype("f4"), np.dtype("f8")]),
    "path": (lambda s, x: x * len(s.name), [PurePosixPath("a/b"), PurePosixPath("a/bcd")]),
    "mutable": (lambda s, x: x * s.factor, [Mutable(2.0), Mutable(3.0)]),
    "array within an object": (
        lambda s, x: x * np.sum(s.factor),
        [Mutable(np.arange(5000.0)), Mutable(np.where(np.arange(5000) == 2500, 0.0, np.arange(5000.0)))],
    ),
    "tree": (lambda s, x: x * s["a"] * len(s["k"]), [{"a": 2.0, "k": "u"}, {"a": 2.0, "k": "uv"}]),
    "keys": (lambda s, x: x * next(iter(s.values())), [{"a": 2.0, "b": 3.0}, {"b": 3.0, "a": 2.0}, {0: 2.0}]),
    "form": (lambda s, x: x * len(s), [[], (), [1.0], (1.0, 2.0), [[1.0], 2.0, 3.0]]),
    "list or tuple": (lambda s, x: x * (2 if isinstance(s, list) else 3), [[1.0], (1.0,)]),
    "namedtuple": (lambda s, x: x * s[0] + len(s), [Pair(1.0, 2.0), (1.0, 2.0, 3.0)]),
    "dataclass": (lambda s, x: x * s.by if s.kind == "times" else x + s.by, [Scale(2.0), Scale(2.0, "plus")]),
    "slice": (lambda s, x: x + np.sum(np.arange(9.0)[s]), [slice(0, 3), slice(0, 4), slice(None, None, 2)]),
    "range": (lambda s, x: x + sum(s), [range(3), range(4)]),
    "bytes": (lambda s, x: x * len(s), [b"a", b"ab"]),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", STATICS)
def test_what_is_no_number_tells_kinds_apart(case, engine):
    f, values = STATICS[case]
    jitted = wk.jit(f, engine=engine)
    for _ in range(2):
        for value in values:
            expected = f(value, np.float64(1.5))
            result = jitted(value, np.float64(1.5))
            assert (result, np.asarray(result).dtype) == (expected, np.asarray(expected).dtype)


def test_an_object_that_changes_is_looked_at_anew():
    f = wk.jit(lambda c, x: x * c.factor)
    c = Mutable(2.0)
    assert f(c, 1.0) == 2.0
    c.factor = 5.0
    assert f(c, 1.0) == 5.0


def test_a_method_reads_its_object_as_it_is():
    class Net:
        w = 2.0

        @wk.jit
        def __call__(self, x):
            return self.w * x

    net = Net()
    assert net(3.0) == 6.0
    net.w = 4.0
    assert net(3.0) == 12.0


def test_plain_values_are_traced_once():
    f = Counted(lambda s, x: x * len(s))
    jitted = wk.jit(f)
    for _ in range(3):
        jitted("ab", 1.0)
    assert f.traces == 1


def test_keywords_defaults_and_the_rest():
    @wk.jit
    def f(x, *more, power=2, **rest):
        return x**power + sum(more) + rest.get("shift", 0.0)

    assert f(3.0) == 9.0
    assert f(x=3.0) == 9.0
    assert f(3.0, power=3) == 27.0
    assert f(3.0, 1.0, 2.0) == 12.0
    assert f(3.0, shift=0.5) == 9.5
    assert f(3.0, shift=1.5) == 10.5


def test_inside_what_is_traced_and_around_it():
    cube = wk.jit(lambda x: x**3)
    assert wk.grad(cube)(2.0) == 12.0
    assert wk.jit(wk.grad(lambda x: x**3))(2.0) == 12.0
    assert wk.grad(wk.grad(cube))(2.0) == 12.0
    assert wk.jit(wk.jit(cube))(2.0) == 8.0
    assert wk.jit(lambda x: cube(x) + 1.0)(2.0) == 9.0
    assert wk.jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    graph = wk.trace(lambda x: cube(x) * 2.0, 1.0)
    assert [n.op.name for n in graph.nodes if n.inputs] == ["power", "multiply"]
    run = wk.train(wk.jit(lambda w: (w - 1.0) ** 2), {"w": 0.5}, optimizer=wk.SGD(0.5), steps=1)
    assert run.parameters["w"] == 1.0


def test_on_cells_it_keeps_their_workings():
    w = wk.parameter(2.0)
    y = wk.jit(lambda x: x**3)(w)
    assert float(y) == 8.0
    assert float(wk.gradient(y, w)) == 12.0


def test_its_source_is_what_runs():
    @wk.jit(engine="numpy")
    def area(width, height):
        """The area."""
        return width * height

    assert "area = width * height" in area.source(2.0, 3.0)
    assert area.__name__ == "area"
    assert area.__doc__ == "The area."
    plain = wk.jit(lambda width: width + 1.0, engine="reference")
    assert "add(width, 1.0" in plain.source(2.0)


def test_the_arguments_are_left_alone():
    x = np.arange(3.0)
    wk.jit(lambda x: x * 2)(x)
    assert x.tolist() == [0.0, 1.0, 2.0]


def test_inf_and_nan_without_a_word():
    assert wk.jit(lambda x: 1.0 / x)(0.0) == np.inf
    assert np.isnan(wk.jit(lambda x: x - x)(np.inf))


def test_many_kinds():
    f = Counted(lambda s, x: x * len(s))
    jitted = wk.jit(f)
    for n in range(300):
        assert jitted("a" * n, 1.0) == n
    assert f.traces == 300
    jitted("a" * 299, 1.0)
    assert f.traces == 300
    assert jitted("", 1.0) == 0  # the oldest was let go, and comes back
    assert f.traces == 301


def test_errors():
    for bad, problem in ((3, "wk.jit takes a function, not int"), (wk.parameter(1.0, "w"), "not Cell")):
        with pytest.raises(ArgumentError, match=problem):
            wk.jit(bad)
    with pytest.raises(ArgumentError) as caught:
        wk.jit(engine="numpie")
    assert str(caught.value) == (
        "there is no engine 'numpie'; there are 'auto', 'native', 'numpy' and 'reference'\n  Instead: engine='numpy'"
    )
    with pytest.raises(NumberNeededError):
        wk.jit(lambda x: x if x > 0 else -x)(1.0)
    with pytest.raises(RefusedError):
        wk.jit(lambda x: np.array([x, x]))(1.0)
    with pytest.raises(ArgumentError, match="does not take these arguments"):
        wk.jit(lambda x: x)(1.0, 2.0)
    with pytest.raises(wk.ShapeError):
        wk.jit(lambda x, y: x + y)(np.ones(2), np.ones(3))
