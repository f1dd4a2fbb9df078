"""From gradients to the next parameters: clipped, accumulated, by the optimizer's rule, and averaged."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Carry, Node, Role, call, constant, input_node
from workings.trace.trace import Trace, bind, trace_function
from workings.train.arguments import nearest
from workings.train.checks import check_rate, check_setting
from workings.train.optimizers import Optimizer

__all__ = ["Nudging", "Updates", "fitting", "matching"]


@dataclass(frozen=True)
class Nudging:
    """What happens to gradients and parameters beside the optimizer's rule.

    clip_value   each element of a gradient is held between −clip_value and clip_value
    clip_norm    gradients are scaled down together where their norm is larger: g ← g · min(1, clip_norm / ‖g‖)
    accumulate   so many steps share one update, by the mean of their gradients
    average      a moving average of the parameters is kept: a ← average · a + (1 − average) · w
    rates        factors of the learning rate, by name of the parameter or a pattern such as "layers.0.*"
    frozen       names or patterns of the parameters that are not trained
    """

    clip_value: float | None = None
    clip_norm: float | None = None
    accumulate: int = 1
    average: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    frozen: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.settings()
        if isinstance(self.frozen, str):
            raise ArgumentError(
                f"frozen is {self.frozen!r}, a name and not a list of them", fix=f"frozen=[{self.frozen!r}]"
            )
        if not isinstance(self.rates, Mapping):
            raise ArgumentError(f"rates is {self.rates!r}, and not a dict of factors", fix='rates={"layers.0.*": 0.1}')
        count = self.accumulate
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise ArgumentError(f"accumulate is {count!r}; it is a number of steps, 1 or more", fix="accumulate=4")
        for name, factor in self.rates.items():
            check_rate(f"the factor of {name}", factor, "it multiplies the learning rate")

    def settings(self) -> dict[str, float]:
        """The numbers that can be changed while training goes on."""
        given = {name: getattr(self, name) for name in ("clip_value", "clip_norm", "average")}
        return {name: check_setting(name, value) for name, value in given.items() if value is not None}


def matching(patterns: Iterable[str], names: Sequence[str], what: str) -> dict[str, list[str]]:
    """For each pattern the names that it means. Raises `ArgumentError` for one that means none."""
    found = {pattern: [n for n in names if fnmatch.fnmatchcase(n, pattern)] for pattern in patterns}
    for pattern, matched in found.items():
        if not matched:
            within = any(n.startswith(f"{pattern}.") for n in names)
            raise ArgumentError(
                f"{what} has {pattern!r}, and no parameter is called so",
                fix=f"'{pattern}.*' for those within it" if within else nearest(pattern, names),
            )
    return found


class _Rule(NamedTuple):
    """The optimizer's rule for one parameter, and what it keeps beside it."""

    trace: Trace
    states: Mapping[str, Node]
    starts: Mapping[str, Any]


class Updates:
    """How all parameters are nudged. `apply` gives the carry for gradients, always with the same inputs."""

    def __init__(
        self,
        optimizer: Optimizer,
        nudging: Nudging,
        weights: Sequence[tuple[Node, Any]],
        settings: Mapping[str, Node],
        counter: Node,
    ) -> None:
        self._optimizer = optimizer
        self._nudging = nudging
        self._weights = weights
        self._settings = settings
        self._counter = counter
        names = [node.name or "" for node, _ in weights]
        still = {n for found in matching(nudging.frozen, names, "frozen").values() for n in found}
        self.trained = [node for node, _ in weights if node.name not in still]
        if not names:
            raise ArgumentError(
                "all the numbers among the parameters are states, so there is nothing to train",
                fix="a field without state()",
            )
        if not self.trained:
            raise ArgumentError(
                f"every parameter is frozen: {', '.join(names)}", fix="frozen=[…] that leaves one to train"
            )
        self._factors: dict[str, float] = {}
        for pattern, found in matching(nudging.rates, names, "rates").items():
            self._factors |= dict.fromkeys(found, float(nudging.rates[pattern]))
        self._own = {name: node for name, node in settings.items() if name in optimizer.settings()}
        self._rules = {node: self._rule(node, start) for node, start in weights if node in self.trained}
        self._schedule = self._traced_schedule()
        self._sums = {n: self._beside("sum", n) for n in self.trained} if nudging.accumulate > 1 else {}
        self._averages = {n: self._beside("average", n) for n in self.trained} if nudging.average is not None else {}

    def _beside(self, word: str, node: Node) -> Node:
        return input_node(f"{word}_{node.name}", node.shape, node.dtype, Role.STATE)

    def _rule(self, node: Node, start: Any) -> _Rule:
        optimizer = self._optimizer
        starts = {name: np.array(value)[()] for name, value in optimizer.state(start).items()}
        states = {name: input_node(f"{name}_{node.name}", v.shape, v.dtype, Role.STATE) for name, v in starts.items()}
        # settings are Python numbers here: they take the dtype of what they meet
        rates = {**dict.fromkeys(self._own, 0.0), "step": np.int64(0)}
        rule = trace_function(optimizer.update, bind(optimizer.update, (start, start, starts, rates), {}), titled=False)
        return _Rule(rule, states, starts)

    def _traced_schedule(self) -> Trace | None:
        schedule = getattr(self._optimizer, "learning_rate", None)
        if not hasattr(schedule, "rate"):
            return None
        example = {"learning_rate": np.float64(0.0), "step": np.int64(0)}
        return trace_function(schedule.rate, example, titled=False)  # type: ignore[union-attr]

    def apply(self, gradients: Mapping[Node, Node]) -> list[Carry]:
        """What is carried on: parameters first, in their order, then what is kept beside them."""
        given = dict(gradients)
        count, due = self._counter, None
        kept: list[Carry] = []
        every = int(self._nudging.accumulate)
        if every > 1:
            count = call("floor_divide", self._counter, every, label="updates")
            due = call("equal", call("remainder", self._counter, every), every - 1, label="due")
            for node, total in self._sums.items():
                given[node] = call("add", total, given[node] / every)
                rest = call("where", due, constant(0.0, node.dtype), given[node])
                kept.append(Carry(total, rest, np.zeros(node.shape, node.dtype)[()]))
        given = self._clipped(given)
        rates = {**self._own, "step": count}
        if self._schedule is not None:
            (rate,) = self._schedule.graph(self._own["learning_rate"], count)
            rates["learning_rate"] = _labelled(rate, "rate")
        carry: list[Carry] = []
        for node, start in self._weights:
            if node not in self._rules:
                carry.append(Carry(node, node, start))
                continue
            new, states = self._nudged(node, given[node], rates, due)
            carry.append(Carry(node, new, start))
            rule = self._rules[node]
            kept += [Carry(n, states[name], rule.starts[name]) for name, n in rule.states.items()]
            if node in self._averages:
                kept.append(Carry(self._averages[node], self._averaged(node, new, due), start))
        return carry + kept

    def _clipped(self, gradients: dict[Node, Node]) -> dict[Node, Node]:
        if self._nudging.clip_value is not None:
            bound = self._settings["clip_value"]
            for node, gradient in gradients.items():
                most = _as(bound, gradient)
                gradients[node] = call("maximum", call("minimum", gradient, most), -most)
        if self._nudging.clip_norm is not None:
            total: Node | None = None
            for gradient in gradients.values():
                squares = call("square", gradient)
                one = squares if gradient.shape == () else call("sum", squares)
                total = one if total is None else total + one
            assert total is not None
            norm = call("sqrt", total, label="gradient_norm")
            scale = call("minimum", _as(self._settings["clip_norm"], norm) / (norm + 1e-6), 1.0, label="scale")
            gradients = {node: gradient * _as(scale, gradient) for node, gradient in gradients.items()}
        return gradients

    def _nudged(
        self, node: Node, gradient: Node, rates: Mapping[str, Node], due: Node | None
    ) -> tuple[Node, dict[str, Node]]:
        """The next parameter and its states, by the optimizer's rule."""
        rule = self._rules[node]
        own = dict(rates)
        factor = self._factors.get(node.name or "", 1.0)
        if factor != 1.0:
            if "learning_rate" not in own:
                raise ArgumentError(f"rates are given, and {self._optimizer!r} has no setting learning_rate")
            own["learning_rate"] = own["learning_rate"] * factor
        after = rule.trace.graph(node, gradient, *rule.states.values(), *own.values())
        new, state = _checked_update(self._optimizer, rule.trace.assemble(after), rule.states)
        fitted = {name: fitting(n, state[name], repr(self._optimizer)) for name, n in rule.states.items()}
        result = fitting(node, new, repr(self._optimizer))
        if due is None:
            return result, fitted
        chosen = {name: call("where", due, fitted[name], n) for name, n in rule.states.items()}
        return call("where", due, result, node), chosen

    def _averaged(self, node: Node, new: Node, due: Node | None) -> Node:
        before = self._averages[node]
        part = _as(self._settings["average"], before)
        after = part * before + (1 - part) * new
        return after if due is None else call("where", due, after, before)

    def averages(self) -> dict[Node, Node]:
        """For each parameter the input that is its moving average."""
        return dict(self._averages)


def _as(number: Node, like: Node) -> Node:
    return number if number.dtype == like.dtype else call("astype", number, dtype=like.dtype)


def _labelled(node: Node, label: str) -> Node:
    if node.is_input or node.name is not None:
        return node
    return call(node.op.name, *node.inputs, label=label, **node.attributes)


def _checked_update(optimizer: Optimizer, result: Any, states: Mapping[str, Node]) -> tuple[Any, Mapping[str, Any]]:
    """What an update returned: the next parameter and the next state, with every name that it had."""
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], Mapping):
        kind = "one value" if isinstance(result, Node) else type(result).__name__
        raise ArgumentError(
            f"the update of {optimizer!r} returns {kind}, and not a parameter and a state",
            fix="return parameter, {}",
        )
    new, state = result
    if set(state) != set(states):
        had, has = (", ".join(sorted(names)) or "nothing" for names in (states, state))
        raise ArgumentError(
            f"{optimizer!r} keeps {had} at the start, and {has} after an update", fix="the same names in both"
        )
    return new, state


def fitting(node: Node, new: Any, by: Any) -> Node:
    """What a carried value becomes, with the dtype it had; an error if its shape is another. `by` says what did it."""
    after = new if isinstance(new, Node) else constant(np.asarray(new, node.dtype))
    if after.shape != node.shape:
        raise ArgumentError(
            f"{by} makes {node.name} of shape {node.shape} into shape {after.shape}",
            fix="an update that keeps the shape",
        )
    return _as(after, node)
