"""Trees of arguments: taken apart, put together, named."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict, namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError
from workings.trace.trees import flatten, leaf_names, rebuild, state, states, static

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    w: Any
    n: int = 3


@dataclasses.dataclass(slots=True)
class Layer:
    w: Any
    stride: int = static(default=2)
    mean: Any = state(default_factory=dict)


class Special(list):
    pass


@pytest.mark.parametrize(
    "tree",
    [
        {"b": 1.0, "a": [2.0, (3.0, None)]},
        Pair(1.0, {"x": 2}),
        Frozen(np.float64(2.0)),
        Layer(1.0, 3, {"x": 2.0}),
        OrderedDict(z=1.0, a=2.0),
        defaultdict(list, w=1.0),
        Special([1.0, 2.0]),
        {1: 2.0, (0, 1): 3.0},
        [],
        "name",
        None,
        True,
    ],
)
def test_apart_and_together(tree) -> None:
    leaves = dict(flatten(tree))
    again = rebuild(tree, lambda path, _: leaves[path])
    assert again == tree
    assert type(again) is type(tree)
    if isinstance(tree, dict):
        assert list(again) == list(tree)


def test_order_and_paths() -> None:
    tree = {"b": 1.0, "a": [2.0, Pair(3.0, Frozen(4.0))]}
    assert list(flatten(tree)) == [
        (("b",), 1.0),
        (("a", "0"), 2.0),
        (("a", "1", "a"), 3.0),
        (("a", "1", "b", "w"), 4.0),
        (("a", "1", "b", "n"), 3),
    ]
    assert leaf_names([path for path, _ in flatten(tree)]) == ["b", "a.0", "a", "w", "n"]


def test_mappings_that_cannot_be_written_become_dicts() -> None:
    assert rebuild(MappingProxyType({"w": 1.0}), lambda _, leaf: leaf * 2) == {"w": 2.0}
    assert wk.grad(lambda p: p["w"] ** 2)(MappingProxyType({"w": 3.0})) == {"w": 6.0}


def test_what_is_no_tree() -> None:
    with pytest.raises(ArgumentError, match="written alike"):
        wk.grad(lambda p: p[1] * p["1"])({1: 2.0, "1": 3.0})
    round_and_round: list[Any] = [1.0]
    round_and_round.append(round_and_round)
    with pytest.raises(ArgumentError, match="holds itself"):
        wk.grad(lambda p: p[0])(round_and_round)
    with pytest.raises(ArgumentError, match="is a set"):
        wk.trace(lambda p: p["s"], {"s": {1.0}})


def test_the_arguments_stay_as_they_were() -> None:
    p: dict[str, Any] = {"w": 1.0, "layers": [np.ones(2)]}
    layers = p["layers"]

    def f(p):
        p["w"] = p["w"] * 2
        p["layers"].append(p["w"])
        return p["w"] * p["layers"][0].sum()

    assert wk.grad(f)(p)["w"] == 4.0
    assert p["w"] == 1.0
    assert p["layers"] is layers
    assert len(layers) == 1


def test_static_fields_are_no_part_of_a_tree_and_states_are_known() -> None:
    tree = [Layer(1.0, 3, {"x": 2.0}), Layer({"a": 3.0})]
    assert [path for path, _ in flatten(tree)] == [("0", "w"), ("0", "mean", "x"), ("1", "w", "a")]
    assert states(tree) == {("0", "mean", "x")}
