"""Curves of block characters."""

from __future__ import annotations

import numpy as np
import pytest

from workings.draw import curve


@pytest.mark.parametrize("count", [1, 2, 3, 50, 60, 61, 1000])
@pytest.mark.parametrize("width", [20, 72])
def test_it_fits_its_width(count, width):
    lines = curve(np.linspace(3, 1, count), width=width, height=5).split("\n")
    assert len(lines) == 7
    assert max(map(len, lines)) <= width


def test_no_peak_is_lost():
    values = np.zeros(10_000)
    values[4321] = 1.0
    assert curve(values).count("█") == 8


def test_it_stands_on_0_or_on_the_smallest():
    assert curve([2.0, 1.0], width=10, height=2).split("\n")[2].startswith("0 └")
    assert curve([-1.0, 1.0], width=10, height=2).split("\n")[2].startswith("−1 └")
    assert "█" not in curve([0.0, 0.0])


def test_numbers_far_apart():
    assert curve([-1e308, 1e308], width=20, height=2)
    assert curve([5e-324, 0.0], width=20, height=2)


@pytest.mark.parametrize("values", [[], [[1.0]], [np.nan], [1.0, np.inf]], ids=str)
def test_what_cannot_be_drawn(values):
    with pytest.raises(ValueError, match="curve"):
        curve(values)
