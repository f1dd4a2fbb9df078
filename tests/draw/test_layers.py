"""Places of boxes in layers: what is straight, and what stands side by side."""

from __future__ import annotations

import itertools

import pytest

from workings.draw.layers import Arc, Cell, arrange

GAP = (24.0, 30.0)


def test_a_long_link_goes_straight_down_beside_boxes_of_any_width():
    # a chain of ever wider boxes, and a link from its first to its last
    cells = [Cell(60.0 + 40.0 * i, 40.0) for i in range(6)]
    arcs = [Arc(i, i + 1) for i in range(5)] + [Arc(0, 5)]
    bends = arrange(cells, arcs, GAP).bends[-1]
    assert len(bends) == 4
    assert len({x for x, _, _ in bends}) == 1


def test_the_way_through_a_net_is_straight_and_inputs_stand_beside_it():
    # each step has the one before it and an input of its own
    cells = [Cell(100.0, 40.0) for _ in range(20)]
    arcs = [Arc(i, i + 1) for i in range(9)] + [Arc(10 + i, i + 1) for i in range(9)]
    placed = arrange(cells, arcs, GAP)
    steps = placed.xs[1:10]
    assert max(steps) - min(steps) < 24.0
    assert all(placed.xs[10 + i] > placed.xs[i] for i in range(1, 9))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_stands_alone_keeps_to_its_neighbor(at):
    # two inputs of one box that is far below a wide one, and a box without any link
    cells = [Cell(80.0, 40.0), Cell(80.0, 40.0), Cell(900.0, 40.0), Cell(80.0, 40.0)]
    arcs = [Arc(0, 2), Arc(1, 2), Arc(2, 3)]
    shift = [i + (i >= at) for i in range(4)]
    cells.insert(at, Cell(60.0, 40.0))
    placed = arrange(cells, [Arc(shift[a.source], shift[a.target]) for a in arcs], GAP)
    beside = sorted(x for x, layer in zip(placed.xs, placed.layer, strict=True) if layer == 0)
    assert max(b - a for a, b in itertools.pairwise(beside)) < 250.0
