"""What two calls would do differently, what leaves a trace, and what is caught on the way."""

import contextlib
import itertools
import random
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import workings as wk
from tests.trace.rows import S, Table, V
from workings import EscapedError, MutationError, NumberNeededError, RefusedError, UnstableError

TABLE = Table()
same, refused = TABLE.same, TABLE.refused

RNG = np.random.default_rng(0)
COINS = random.Random(0)
COUNTER = itertools.count()
KEPT = []
STATE = {"calls": 0, "scale": 2.0, "history": []}
TOTAL = 0
PARAMETER = wk.parameter(0.5, name="w")
CONSTANT = wk.constant(3.0, name="c")

# ── not the same twice ──


@refused(UnstableError, "between two calls", "pass them as an argument")
def stray_noise(x):
    return x + RNG.normal(size=3)  # here


@refused(UnstableError, "between two calls")
def stray_number(x):
    scale = RNG.random()
    return x * scale  # here


@refused(UnstableError, "an array of shape (3,)")
def stray_dropout(x):
    keep = RNG.random(3) > 0.5 if RNG.random() < 2 else None
    return np.where(keep, x, RNG.random(3))  # here


@refused(UnstableError, "between two calls")
def global_random_numbers(x):
    return x * np.random.rand()  # here


@refused(UnstableError, "RNG", "every call", place=False)
def a_coin_that_may_fall_the_same_way(x):
    return x if RNG.random() < 2 else -x


@refused(UnstableError, "COINS", place=False)
def a_coin_of_the_standard_library(x):
    COINS.random()
    return x * 2


class Holder:
    """Generators where a function can reach them, though they are no globals of its own."""

    rng = np.random.default_rng(0)

    def __init__(self):
        self.coins = random.Random(0)
        self.parts = {"drop": [np.random.RandomState(0)]}

    def method(self, x):
        return x if self.coins.random() < 2 else -x

    def __call__(self, x):
        return x if self.parts["drop"][0].random() < 2 else -x


HOLDER = Holder()
DRAW, NORMAL = random.Random(0).random, np.random.default_rng(0).normal
ELSEWHERE = types.ModuleType("elsewhere")
exec("import random\nrng = random.Random(0)\ndef coin(x):\n    return x if rng.random() < 2 else -x", vars(ELSEWHERE))


@refused(UnstableError, "Holder.rng", place=False)
def a_coin_of_a_class(x):
    return x if Holder.rng.random() < 2 else -x


@refused(UnstableError, "HOLDER.coins", place=False)
def a_coin_of_an_object(x):
    return x if HOLDER.coins.random() < 2 else -x


@refused(UnstableError, "HOLDER.parts['drop'][0]", place=False)
def a_coin_of_what_is_called(x):
    return HOLDER(x) * 2


@refused(UnstableError, "ELSEWHERE.rng", place=False)
def a_coin_of_another_module(x):
    return x if ELSEWHERE.rng.random() < 2 else -x


@refused(UnstableError, "rng", place=False)
def a_coin_in_a_function_of_another_module(x):
    return [ELSEWHERE.coin(v) for v in [x]]


@refused(UnstableError, "DRAW", place=False)
def a_coin_that_is_a_method(x):
    return x if DRAW() < 2 else -x


TABLE.refused(UnstableError, "self.coins", place=False)(HOLDER.method)


@refused(UnstableError, "NORMAL", place=False)
def noise_of_a_method(x):
    return x if NORMAL() < 100 else -x


@refused(UnstableError, "holder.coins", arguments=(V, HOLDER), place=False)
def a_coin_of_an_argument(x, holder):
    return x if holder.coins.random() < 2 else -x


@refused(UnstableError, "random", place=False)
def a_shuffle_that_does_not_show(x):
    random.random()
    return x * 2


@same(V)
def noise_from_a_seed_of_its_own(x):
    return x + np.random.default_rng(3).normal(size=3)


@refused(UnstableError, "the number")
def clock(x):
    return x * time.perf_counter()  # here


@refused(UnstableError, "the number")
def counter(x):
    return x * next(COUNTER)  # here


@refused(UnstableError, "the number")
def counter_in_a_dict(x):
    STATE["calls"] += 1
    return x * STATE["calls"]  # here


@refused(UnstableError, "the number")
def counter_in_a_global(x):
    global TOTAL
    TOTAL += 1
    return x + TOTAL  # here


@refused(UnstableError, "more values")
def another_layer_in_every_call(x):
    STATE["history"].append(0)
    for _ in STATE["history"]:
        x = np.tanh(x)  # here
    return x


@refused(UnstableError, "between two calls")
def another_function_in_every_call(x):
    STATE["scale"] = -STATE["scale"]
    return np.sin(x) if STATE["scale"] > 0 else np.cos(x)  # here


@refused(UnstableError, "returns", place=False)
def another_form_in_every_call(x):
    STATE["calls"] += 1
    return {"loss": x, "call": str(STATE["calls"])}


@same(V)
def captured_values_that_stay(x):
    STATE["seen"] = x.shape
    return x * 3.0 + len(STATE["seen"])


# ── leaving the trace ──


@refused(EscapedError, "that trace is over", "return the value")
def uses_what_an_earlier_call_left(x):
    KEPT.append(x * 2)
    return x + KEPT[0]  # here


LEFT = []
wk.trace(lambda v: LEFT.append(v * 2) or v, V)


@refused(EscapedError, "that trace is over")
def uses_what_another_trace_left(x):
    return np.tanh(LEFT[0])  # here


@refused(EscapedError, "that trace is over")
def asks_what_another_trace_left_for_its_number(x):
    return x * float(LEFT[0][0])  # here


@refused(EscapedError, "that trace is over")
def branches_on_what_another_trace_left(x):
    return x if LEFT[0].all() else -x  # here


@refused(EscapedError, "w, which depends on a parameter", "pass it as an argument", "w.value")
def captured_parameter(x):
    return x * PARAMETER  # here


@refused(EscapedError, "depends on a parameter")
def captured_value_of_a_parameter(x):
    twice = PARAMETER * 2
    return x + twice  # here


@same(V)
def captured_constant(x):
    return x * CONSTANT + CONSTANT * 2


@same(V)
def captured_parameter_by_its_value(x):
    return x * PARAMETER.value + float(PARAMETER)


@refused(RefusedError, "another thread", "call the function directly")
def in_a_thread(x):
    with ThreadPoolExecutor(1) as pool:
        (y,) = pool.map(square, [x])
    return y


def square(v):
    return v * v  # here


@refused(RefusedError, "another thread", place=False)
def in_a_thread_whose_error_is_lost(x):
    found = [x]

    def work():
        try:
            found.append(np.tanh(x))
        except TypeError:
            found.append(0.0)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return x * found[-1]


# ── caught on the way ──


@refused(NumberNeededError, "float()")
def caught_float(x):
    try:
        scale = float(x[0])  # here
    except TypeError:
        scale = 0.0
    return x * scale


@refused(NumberNeededError, "`if`")
def caught_branch(x):
    try:
        if x[0] > 0:  # here
            return x
    except Exception:
        pass
    return -x


@refused(RefusedError, "asarray()")
def caught_conversion(x):
    try:
        x = np.asarray(x)  # here
    except Exception:
        x = 0.0
    return x + np.zeros(3)


@refused(MutationError, "x = x + …")
def caught_writing(x):
    with contextlib.suppress(TypeError):
        x += 1  # here
    return x * 2


@refused(NumberNeededError, "float()")
def caught_and_raised_as_another(x):
    try:
        float(x[0])  # here
    except TypeError:
        raise ValueError("a bad x") from None


@refused(ValueError, "three values", arguments=(V[:2],), place=False)
def raises_an_error_of_its_own(x):
    if x.shape != (3,):
        error = ValueError(f"x should have three values, not {x.size}")
        error.fix = "x of shape (3,)"
        raise error
    return x


@same(V)
def catches_an_error_that_plain_arrays_raise_too(x):
    try:
        return x @ np.ones((2, 2))
    except ValueError:
        return x * 2


@same(V)
def asks_for_an_attribute_that_arrays_lack(x):
    try:
        return x.detach()
    except AttributeError:
        return getattr(x, "cpu", x) * 2


@same(S)
def iterates_over_a_scalar(s):
    try:
        return sum(s)
    except TypeError:
        return s * 2


# ── gradients inside ──


@same(V)
def gradient_inside(x):
    return wk.grad(lambda v: (v**3).sum())(x) * 2.0


@same(S)
def gradient_of_a_closure(s):
    return wk.grad(lambda y: s * y**2)(2.0) + s
