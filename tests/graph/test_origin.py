"""How a place in the user's code is quoted."""

from __future__ import annotations

import linecache

from workings.graph import Origin


def quoted(line: str, column: int, end: int) -> list[str]:
    linecache.cache["<quoted>"] = (len(line), None, [line], "<quoted>")
    return str(Origin("<quoted>", 1, column, end)).splitlines()


def test_the_expression_is_marked() -> None:
    assert quoted("    y = w * x + b\n", 8, 13) == ["<quoted>, line 1:", "    y = w * x + b", "        ^^^^^"]


def test_columns_count_bytes_and_the_marker_characters() -> None:
    line = "θ = φ * ψ"
    assert quoted(line, 5, len(line.encode())) == ["<quoted>, line 1:", "    θ = φ * ψ", "        ^^^^^"]


def test_a_whole_line_is_not_marked() -> None:
    assert quoted("f(x)", 0, 4) == ["<quoted>, line 1:", "    f(x)"]


def test_a_long_line_is_cut_to_what_is_meant() -> None:
    line = "y = " + " + ".join(f"x{i}" for i in range(300)) + " + bad(x)"
    _, text, marker = quoted(line, len(line) - 6, len(line))
    assert len(text) <= 4 + 121
    assert text.startswith("    …")
    assert text[len(marker) - 6 : len(marker)] == "bad(x)"
    assert marker.strip() == "^^^^^^"


def test_the_start_of_a_long_line_stays() -> None:
    line = "bad(x) + " + " + ".join(f"x{i}" for i in range(300))
    _, text, marker = quoted(line, 0, 6)
    assert text.startswith("    bad(x) + x0")
    assert text.endswith("…")
    assert marker == "    ^^^^^^"
