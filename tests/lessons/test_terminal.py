"""The stage: code that is run as it is shown, paragraphs, and when it waits."""

from __future__ import annotations

import io
import itertools

import pytest

from workings.lessons.terminal import Terminal


def stage(**settings) -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    return Terminal(file, **settings), file


def test_a_cell_shows_what_the_prompt_would():
    on, file = stage()
    value = on.cell(
        """
        a = 2
        a + 1
        print("two\\nlines")
        None
        def f(b):
            return a * b
        f(3)
        """
    )
    assert value == 6
    assert file.getvalue() == (
        "    >>> a = 2\n"
        "    >>> a + 1\n"
        "    3\n"
        '    >>> print("two\\nlines")\n'
        "    two\n"
        "    lines\n"
        "    >>> None\n"
        "    >>> def f(b):\n"
        "    ...     return a * b\n"
        "    ...\n"
        "    >>> f(3)\n"
        "    6\n"
        "\n"
    )
    assert on["a"] == 2


def test_cells_share_names_and_know_their_source():
    import inspect

    on, _ = stage()
    on.cell("def f(b):\n    return b\n")
    assert on.cell("f(1)") == 1
    assert inspect.getsource(on["f"]) == "def f(b):\n    return b\n"


def test_an_error_in_a_cell_is_not_hidden():
    on, _ = stage()
    with pytest.raises(ZeroDivisionError):
        on.cell("1 / 0")


def test_paragraphs_are_wrapped_and_terms_lose_their_asterisks():
    on, file = stage(width=50)
    on.say("A *neural net* is a function: w * x is one, and " + "so is this " * 5)
    lines = file.getvalue().splitlines()
    assert lines[0] == "A neural net is a function: w * x is one, and so"
    assert max(map(len, lines)) <= 50


def waiting(height: int, keys: str = "\r") -> tuple[Terminal, io.StringIO, list[str]]:
    asked: list[str] = []
    source = itertools.cycle(keys)

    def key() -> str:
        asked.append(file.getvalue())
        return next(source)

    file = io.StringIO()
    return Terminal(file, height=height, key=key), file, asked


def test_it_waits_where_a_screen_is_full_and_never_on_an_empty_one():
    on, _, asked = waiting(height=12)
    on.turn()
    assert not asked
    for _ in range(4):
        on.show("one\ntwo")  # three rows with the empty one; three of them fit into ten
    assert len(asked) == 1
    on.turn()
    on.turn()
    assert len(asked) == 2


def test_what_is_longer_than_a_screen_is_cut_at_empty_lines():
    on, file, asked = waiting(height=12)
    on.show("\n\n".join(["1\n2\n3", "4\n5\n6", "7\n8\n9"]))
    assert len(asked) == 1
    assert "6" in asked[0]
    assert "7" not in asked[0]
    on, file, asked = waiting(height=12)
    on.show("\n".join(map(str, range(100, 130))))
    assert len(asked) == 3
    assert [n for n in range(100, 130) if str(n) in file.getvalue()] == list(range(100, 130))


@pytest.mark.parametrize("key", ["q", "\x1b"])
def test_leaving(key):
    on, file, _ = waiting(height=12, keys="?" + key)

    def lesson(on: Terminal) -> None:
        on.say("first")
        on.turn()
        on.say("second")

    assert not on.present(lesson)
    assert "first" in file.getvalue()
    assert "second" not in file.getvalue()


def test_the_end_of_the_input_leaves():
    def key() -> str:
        raise EOFError

    def lesson(on: Terminal) -> None:
        on.say("first")
        on.turn()
        on.say("second")

    assert not Terminal(io.StringIO(), height=24, key=key).present(lesson)
