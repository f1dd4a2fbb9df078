"""The allow-list: each handler takes NumPy's arguments, and every function of NumPy is either in it or refused."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import workings as wk
from workings import PromotionWarning, RefusedError
from workings.graph import evaluate
from workings.trace.functions import FUNCTIONS, UFUNCS
from workings.trace.methods import METHODS
from workings.trace.refused import METHOD_FIXES

_VARIADIC = {np.atleast_1d, np.atleast_2d, np.broadcast_arrays, np.result_type, np.where}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_handler_takes_the_arguments_of_numpy_in_its_order(function) -> None:
    if function in _VARIADIC:
        return
    theirs = list(inspect.signature(function).parameters.values())
    ours = list(inspect.signature(FUNCTIONS[function]).parameters.values())
    by_place = [p.name for p in theirs if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert [p.name for p in ours if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(by_place)] == by_place
    takes_any = any(p.kind is p.VAR_KEYWORD for p in ours)
    missing = {p.name for p in theirs if p.kind is not p.VAR_KEYWORD} - {p.name for p in ours}
    assert takes_any or not missing


def _reached(module) -> list:
    names = [name for name in dir(module) if not name.startswith("_")]
    return [f for f in (getattr(module, name, None) for name in names) if hasattr(f, "_implementation")]


@pytest.mark.parametrize("module", [np, np.linalg, np.fft], ids=lambda m: m.__name__)
def test_every_function_that_numpy_dispatches_is_allowed_or_refused_with_a_fix(module) -> None:
    x = np.ones((2, 2))
    for function in _reached(module):
        if function in FUNCTIONS:
            continue

        def call(v, f=function):
            return v.__array_function__(f, (), (v,), {})

        with pytest.raises(RefusedError) as caught:
            wk.trace(call, x)
        assert function.__name__ in caught.value.problem
        assert caught.value.fix


def test_every_ufunc_of_numpy_is_allowed_or_refused_with_a_fix() -> None:
    x = np.ones(2)
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    assert set(UFUNCS) <= ufuncs
    for ufunc in ufuncs - set(UFUNCS):
        with pytest.raises(RefusedError, match=ufunc.__name__) as caught:
            wk.trace(lambda v, u=ufunc: u(*[v] * u.nin), x)
        assert caught.value.fix


def test_every_method_of_an_array_is_allowed_or_refused_with_a_fix() -> None:
    x = np.ones((2, 2))
    own = {"shape", "dtype", "ndim", "size", "T", "mT", "real", "itemsize", "nbytes"}
    for name in (n for n in dir(np.ndarray) if not n.startswith("_")):
        if name in METHODS or name in own:
            continue

        def use(v, n=name):
            found = getattr(v, n)
            return found() if callable(found) else found

        with pytest.raises(RefusedError, match=name) as caught:
            wk.trace(use, x)
        assert caught.value.fix
    assert not set(METHOD_FIXES) & set(METHODS)


def test_a_value_that_becomes_wider_is_a_warning_at_its_line() -> None:
    def attention(q, k):
        scores = q @ k.T
        return scores / np.sqrt(64)

    q = np.ones((2, 4), np.float32)
    with pytest.warns(PromotionWarning, match="scores is float32 and becomes float64") as caught:
        graph = wk.trace(attention, q, q)
    assert [w.lineno for w in caught] == [attention.__code__.co_firstlineno + 2]  # once, though traced twice
    assert caught[0].filename == __file__
    assert graph.outputs[0].dtype == np.float64


def test_python_numbers_promote_nothing() -> None:
    def net(x, w):
        h = np.maximum(x @ w, 0) / 64**0.5 + 1 - np.float32(2)
        return np.where(h > 0.5, h, 0).mean() * 2

    x = np.ones((2, 2), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wk.trace(net, x, x).outputs[0].dtype == np.float32


def test_errors_of_the_users_own_keep_a_short_traceback() -> None:
    def net(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        wk.trace(net, 1.0)
    assert caught.value.__cause__ is None
    assert caught.traceback[-1].name == "net"
    assert len(caught.traceback) <= 6


def test_an_attribute_that_a_python_number_lacks() -> None:
    with pytest.raises(AttributeError, match=r"x is a Python float, which has no attribute 'sum'; np\.sum\(x\)"):
        wk.trace(lambda x: x.sum(), 0.5)
    assert wk.trace(lambda x: x.sum(), np.float64(0.5)).outputs[0].shape == ()


# ── every allowed function, on many forms of arguments ──

_X, _M, _S = np.array([1.5, -2.0]), np.array([[1.0, 2.0], [3.0, 4.5]]), np.float64(1.25)
_VALUES = {
    "x": _X,
    "m": _M,
    "s": _S,
    "i": np.int64(1),
    "b": np.array([True, False]),
    "n": np.array([1, 0]),
    "q": np.array([1.5, 2.0], np.float32),
    "u": np.array([200, 3], np.uint8),
}
_FORMS = """
f(x) f(m) f(s) f(i) f(b) f(n) f(q) f(u) f(x,x) f(P,x) f(x,P) f(m,x) f(m,m) f(x,m) f(P,P,x) f(b,x,P) f(b,q,2.5) f([x,x])
f([m,m],1) f([m,m],-1) f([m,P]) f(s,s) f(P,s) f(s,P) f(m,0) f(m,1) f(m,-1) f(m,(0,1)) f(m,0,1) f(x,n) f(m,n,1) f(x,i)
f(x,2) f(x,0.5) f(m,(2,2)) f(x,-1,1) f(x,None,1) f(q,2) f(q,0.5) f(n,2) f(n,2.5) f(u,2) f(u,2.5) f(b,b) f(q,S) f(2,q)
f(m,(1,0)) f(m[None],0) f(m,2,0) f(m,keepdims=True) f(m,axis=1,keepdims=True) f(m,axis=(0,1)) f(x,ddof=1) f(m,axis=-1)
"""
_ALLOWED = {
    **{f"np.{f.__name__}": f for f in (*FUNCTIONS, *UFUNCS)},
    **{f".{name}": (lambda a, *r, n=name, **k: getattr(a, n)(*r, **k)) for name in METHODS},
}


def _flat(value) -> list:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("name", _ALLOWED)
def test_an_allowed_function_gives_what_numpy_gives_or_is_refused(name: str) -> None:
    function = _ALLOWED[name]
    for form in _FORMS.split():
        code = compile(form, form, "eval")

        def call(x, m, s, i, b, n, q, u, code=code):
            return eval(code, {"f": function, "P": _X + 1, "S": np.float64(2), **locals()})

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                expected = _flat(call(**_VALUES))
                graph = wk.trace(call, **_VALUES)
            except Exception:
                continue  # NumPy refuses it, or we do
            found = evaluate(graph, list(_VALUES.values()))
        expected = [v for v in expected if isinstance(v, (np.ndarray, np.generic, float, int)) and v is not True]
        if not any(isinstance(v, (np.ndarray, np.generic)) for v in expected):
            continue
        assert len(found) == len(expected), form
        for a, b in zip(map(np.asarray, found), map(np.asarray, expected), strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype), form
            digits = 8 * float(np.finfo(b.dtype).eps) if b.dtype.kind == "f" else 0
            np.testing.assert_allclose(a, b, rtol=digits, err_msg=form)
