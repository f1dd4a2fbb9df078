"""A value that the user named keeps its name where it is shared with an equal one that came before it."""

from __future__ import annotations

import workings as wk
from workings.graph import verify
from workings.transform import simplify


def f(w, x):
    z = (w * x - 1) ** 2
    y = w * x
    return z + y


def test_the_name_moves_to_the_node_that_stays():
    graph = verify(simplify(wk.trace(f, 0.5, 1.0)).graph)
    assert str(graph).splitlines()[1:] == [
        "  y: float64 = multiply(w, x)",
        "  %z_2: float64 = subtract(y, 1:float64)",
        "  z: float64 = square(%z_2)",
        "  f: float64 = add(z, y)",
        "  return f",
    ]
