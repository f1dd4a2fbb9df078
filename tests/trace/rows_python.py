# ruff: noqa: RUF005, UP031 (old ways are traced too)
"""Python's own constructs over traced values: branches, built-in functions, containers, strings, calls."""

import contextlib
import dataclasses
import functools
from collections import namedtuple

import numpy as np

from tests.trace.rows import M, S, Table, V
from workings import ArgumentError, MutationError, NumberNeededError, RefusedError

TABLE = Table()
same, refused = TABLE.same, TABLE.refused

# ── branches ──


@refused(NumberNeededError, "`if` needs the number of x[0] > 0", "np.where(condition, a, b)")
def if_statement(x):
    if x[0] > 0:  # here
        return x
    return -x


@refused(NumberNeededError, "`while`")
def while_statement(x):
    while x.sum() > 1:  # here
        x = x / 2
    return x


@refused(NumberNeededError, "`and`", "& |")
def and_of_conditions(x):
    return np.where(x[0] > 0 and x[1] > 0, x, 0.0)  # here


@refused(NumberNeededError, "`or`")
def or_of_values(x):
    return x[0] or x[1]  # here


@refused(NumberNeededError, "`not`")
def not_of_a_condition(x):
    return x * (not x[0])  # here


@refused(NumberNeededError, "the chain of comparisons 0 < x < 1")
def chained_comparison(x):
    return np.where(0 < x < 1, x, 0.0)  # here


@refused(NumberNeededError, "`assert`")
def assertion(x):
    assert np.all(x > -10)  # here
    return x


@refused(NumberNeededError, "`if`")
def conditional_expression(x):
    return x if x.sum() > 0 else -x  # here


@refused(NumberNeededError, "`if`")
def match_guard(x):
    match x.ndim:
        case 1 if x[0] > 0:  # here
            return x
    return -x


@refused(NumberNeededError, "`if`")
def comprehension_with_a_condition(x):
    return sum(v for v in x if v > 0)  # here


@same(V)
def branches_on_what_is_known(x):
    if x.ndim == 1 and x.shape[0] > 2 and len(x) == 3 and x is not None:
        x = x * 2
    while x.ndim < 3:
        x = x[None]
    return x


# ── built-in functions ──


@refused(NumberNeededError, "float()", ".astype(float)")
def to_float(x):
    return x * float(x[0])  # here


@refused(NumberNeededError, "int()", ".astype(int)")
def to_int(x):
    return x * int(x[0])  # here


@refused(NumberNeededError, "bool()")
def to_bool(x):
    return x * bool(x[0])  # here


@refused(NumberNeededError, "complex()")
def to_complex(x):
    return x * complex(x[0]).real  # here


@refused(NumberNeededError, "round()", "np.rint")
def rounded(x):
    return round(x[0])  # here


@refused(NumberNeededError, "max()", "np.maximum")
def python_max(x):
    return max(x[0], x[1])  # here


@refused(NumberNeededError, "min()", "np.min")
def python_min(x):
    return min(x)  # here


@refused(NumberNeededError, "sorted()")
def python_sorted(x):
    return sorted(x)[0]  # here


@refused(NumberNeededError, "any()", "np.any")
def python_any(x):
    return x * any(x > 0)  # here


@refused(NumberNeededError, "all()", "np.all")
def python_all(x):
    return x * all(x > 0)  # here


@refused(NumberNeededError, "range()", "a plain int")
def python_range(x):
    return sum(x[0] for _ in range(np.argmax(x)))  # here


@refused(NumberNeededError, "`in`", "np.any(x == item)")
def membership(x):
    return x * (1.0 in x)  # here


@refused(NumberNeededError, "`if`")
def membership_in_a_list(x):
    return x * (x[0] in [1.0, 2.0])  # here


@refused(NumberNeededError, "set")
def membership_in_a_set(x):
    return x * (x[0] in {1.0, 2.0})  # here


@refused(NumberNeededError, "float64()", "NumPy")
def numpy_scalar_of_a_value(x):
    return np.float64(x[0]) * 2  # here


@same(V, M)
def sums_and_loops(x, m):
    total = sum(x) + sum(v * v for v in x) + sum(row[0] for row in m)
    for i, (a, b) in enumerate(zip(x, reversed(x), strict=True)):
        total = total + i * a * b
    first, *rest = x
    (a, b, c), _ = m
    return total, first, *rest, a * b - c, abs(x), pow(x, 3), pow(2, x), x.__len__() * x, list(map(np.tanh, x))[1]


@same(V, S)
def powers(x, s):
    return x**2, x**3, x**-1, x**0.5 * 0, 2**x, x**0, x**1, s**2, s**s, np.power(x, 3), x**2.0, abs(x) ** s, 2.0**s


@refused(RefusedError, "over and over", "a plain int", arguments=(V, np.int64(2)))
def list_repetition(x, n):
    return sum([1.0, 2.0] * n)  # here


@same(V)
def lists_as_arrays(x):
    return [1.0, 2.0, 3.0] + x, x * [1, 2, 3], (1.0, 2.0, 3.0) - x, x / (4, 5, 6), x @ [1.0, 0.0, 2.0], x == [0.5, 1, 2]


# ── containers, strings ──


@refused(NumberNeededError, "dict key")
def as_a_dict_key(x):
    return {x[0]: 1}.get(0.5, 2) * x  # here


@refused(NumberNeededError, "set")
def as_a_member_of_a_set(x):
    return len({x[0], x[0] + 0}) * x  # here


@functools.lru_cache
def cached(v):
    return v * 2


@refused(NumberNeededError, "cached()")
def cached_function(x):
    return cached(x[0])  # here


@refused(NumberNeededError, "`if`")
def equality_of_lists(x):
    return x * ([x[0]] == [x[1]])  # here


@refused(NumberNeededError, "format '.2f'")
def formatted(x):
    label = f"{x[0]:.2f}"  # here
    return x * len(label)


@refused(NumberNeededError, "Python float")
def percent_formatted(x):
    label = "%.2f" % x[0]  # here
    return x * len(label)


@same(V)
def strings_without_a_number(x):
    label = f"{x} of {x.shape}" + str(x.dtype) + repr(x) + "%s" % x
    return x * (label != "")


@same(V)
def in_containers(x):
    layers = [x, x * 2]
    layers.append(layers[-1] + 1)
    table = {"a": x, "b": layers}
    table["c"] = table["a"] * table["b"][2]
    pair = namedtuple("Pair", "a b")(x, table["c"])
    return pair.a + pair.b + table["b"].pop()


@dataclasses.dataclass
class Net:
    w: np.ndarray
    b: float
    title: str = "net"

    def __call__(self, x):
        return self.layer(x) + self.b

    def layer(self, x):
        return np.tanh(x * self.w)

    @staticmethod
    def half(x):
        return x / 2

    @classmethod
    def twice(cls, x):
        return cls.half(x) * 4

    @property
    def squared(self):
        return self.w**2


@same(Net(V, np.float64(0.5)), V)
def dataclass_argument(net, x):
    return net(x) + net.twice(x) + net.squared


@same({"w": V, "b": [S, {"deep": M}], "none": None, "name": "net"}, (S, V))
def trees_of_arguments(p, pair):
    extra = 0.0 if p["none"] is None and p["name"] == "net" else 1.0
    return p["w"] * p["b"][0] + p["b"][1]["deep"].sum() + pair[0] * pair[1] + extra


@same(V)
def returns_a_dict(x):
    return {"loss": x.sum(), "parts": [x, (x * 2, 3.0)], "name": "run", "none": None}


@same(V)
def returns_a_dataclass(x):
    return Net(x * 2, x[0])


@same(V)
def returns_a_plain_number(x):
    return 3.0


@same(V)
def returns_a_plain_array(x):
    return np.arange(3.0), x


@same(V)
def returns_its_argument(x):
    return x


@refused(ArgumentError, "returned nothing", "return loss", place=False)
def returns_none(x):
    x * 2


@refused(ArgumentError, "returned str", place=False)
def returns_a_string(x):
    return "loss"


@refused(ArgumentError, "returned generator", place=False)
def returns_a_generator(x):
    yield x * 2


@refused(RefusedError, "array()", "np.stack")
def returns_an_array_of_objects(x):
    return np.array([x, "a"], dtype=object)  # here


@refused(MutationError, "writing into out", "np.stack")
def returns_an_object_array_filled_by_hand(x):
    out = np.empty(2, dtype=object)
    out[:] = [x[0], x[1]]  # here
    return out


# ── kinds of functions ──


def scaled(x, factor=2.0, *, shift=0.0):
    return x * factor + shift


partly = functools.partial(scaled, factor=3.0)
short = lambda x: x * x


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return 2 * function(*args, **kwargs)

    return wrapper


@doubled
def decorated(x):
    return np.sin(x)


def pieces(x):
    for i in range(3):
        yield x[i] * (i + 1)


@contextlib.contextmanager
def scope():
    yield 3.0


def factorial(x, n):
    return x if n == 0 else factorial(x, n - 1) * n


def deep(x, n):
    return np.sin(x) if n == 0 else deep(x, n - 1) + 1


@same(V)
def kinds_of_functions(x):
    def inner(y, scale=2):
        return y * scale + x

    with scope() as three:
        closed = inner(x) * three
    return (
        scaled(x, shift=1.0) + partly(x) + short(x) + decorated(x) + closed,
        sum(pieces(x)) + factorial(x[0], 5) + deep(x, 50).sum(),
        functools.reduce(lambda a, b: a * b, [x, x, x]),
        (lambda *a, **k: a[0] * k["by"])(x, by=2.0),
        Net(x, 1.0)(x),
    )


TABLE.same(V)(decorated)
TABLE.same(V, 2.0)(scaled)


@same(V)
def defaults_stay_plain(x, depth=3, scale=0.5, layers=("a", "b")):
    for _ in range(depth):
        x = np.tanh(x) * scale
    return x * len(layers)


@same(V)
def only_shapes_matter_to_loops(x):
    out = []
    for i in range(x.shape[0]):
        out.append(x[i] ** i)
    return np.stack(out), np.concatenate([np.atleast_1d(v) for v in out])
