"""The catalogue of errors: each is triggered, its whole message compared, and none is left out."""

from __future__ import annotations

import inspect

import pytest

import workings as wk
from tests.errors.catalogue import ENTRIES, Entry, classes


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_the_whole_message(entry: Entry) -> None:
    assert entry.message, f"{entry.name} has no message in its docstring"
    with pytest.raises(entry.error) as caught:
        entry.trigger()
    assert type(caught.value) is entry.error
    assert str(caught.value) == entry.message


@pytest.mark.parametrize("error", classes(), ids=lambda e: e.__name__)
def test_every_error_has_an_entry_and_a_docstring(error: type[BaseException]) -> None:
    assert any(entry.error is error for entry in ENTRIES), f"{error.__name__} has no entry in tests/errors/catalogue.py"
    text = inspect.getdoc(error) or ""
    assert len(text) > 40
    assert any(word in text for word in ("Fix:", "Example:", "Cause:")), f"{error.__name__} does not say what to do"


def test_every_message_says_what_to_write_instead() -> None:
    # a graph made by hand, or a text, is not the user's net; there the message says what was expected
    for entry in ENTRIES:
        if entry.error not in (wk.GraphError, wk.ParseError, wk.PromotionWarning):
            assert "\n  Instead: " in entry.message, entry.name


def test_the_tree_of_errors() -> None:
    for name in wk.errors.__all__:
        error = getattr(wk.errors, name)
        assert getattr(wk, name) is error
        assert name in (wk.errors.__doc__ or "") or name == "PromotionWarning"
        if name != "PromotionWarning":
            assert issubclass(error, wk.WorkingsError)
    pairs = {
        wk.ShapeError: (ValueError, IndexError),
        wk.DtypeError: TypeError,
        wk.TraceError: TypeError,
        wk.GradientError: ValueError,
        wk.UnsupportedError: NotImplementedError,
        wk.ArgumentError: ValueError,
        wk.NonFiniteError: ArithmeticError,
        wk.MissingExtraError: ImportError,
        wk.ParseError: ValueError,
        wk.ModelFileError: ValueError,
        wk.CheckpointError: ValueError,
    }
    for error, builtin in pairs.items():
        for kind in builtin if isinstance(builtin, tuple) else (builtin,):
            assert issubclass(error, kind)


def test_an_error_without_place_or_fix() -> None:
    assert str(wk.ShapeError("the shapes differ")) == "the shapes differ"
    assert str(wk.ShapeError("the shapes differ", fix="a\nb")) == "the shapes differ\n  Instead: a\n  b"
    error = wk.NonFiniteError("inf")
    assert (error.run, error.step, error.node, error.values) == (None, None, None, None)
