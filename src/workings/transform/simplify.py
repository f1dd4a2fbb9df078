"""Simplification: one walk over the graph that folds constants, applies rules, and shares equal nodes.

What is no longer used falls away by itself, since a graph holds only what its outputs need.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from workings.graph import Graph, Node, call, constant, evaluate_node, provenance, remake
from workings.graph.layouts import CONTIGUOUS, UNKNOWN, Layout, Layouts
from workings.ops.control import result
from workings.transform.join import joined_loops, rebuilt
from workings.transform.rules import EXACT, PATTERNS, STRUCTURE, Pattern, Structure

__all__ = ["Note", "Simplified", "matches", "simplify"]

_OPERATORS: Mapping[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.USub: "negative",
}
_COMMUTE = frozenset({"add", "multiply"})
_MOST_REWRITES = 32  # of one node; rules only ever shorten or sort, so this is never met


class Note(NamedTuple):
    """One simplification: `before` became `after`, because of `reason`."""

    before: Node
    after: Node
    reason: str
    tag: str


class Simplified(NamedTuple):
    """A simplified graph, what was done in words, and where each old node went."""

    graph: Graph
    notes: tuple[Note, ...]
    moved: Mapping[Node, Node]


def simplify(graph: Graph, *, algebra: bool = False, inputs: Layout | Layouts = UNKNOWN) -> Simplified:
    """The graph with its rules applied, constants folded, equal nodes shared and unused ones gone.

    Without `algebra` every bit of every output stays as it was, save the sign of a nan. With it, formulas
    become as a person would write them, and may differ by rounding, and where a value is 0, inf or nan.
    `inputs` says how the arrays given to the graph will lie in memory: on this depends in which order a sum
    is taken, and so which rules keep its bits. Loops that go the same way become one, make only what is used of
    them, and are simplified inside.
    """
    lies = inputs if isinstance(inputs, Layouts) else Layouts(graph.inputs, inputs)
    joined, moved = joined_loops(graph)
    done = _simplified(joined, None if algebra else lies)
    notes, where = done.notes, {**done.moved, **{old: done.moved.get(node, node) for old, node in moved.items()}}
    while True:  # a loop that turned out to need less may leave another one more than is used
        joined, moved = joined_loops(done.graph)
        if not moved:
            return Simplified(done.graph, notes, where)
        done = _simplified(joined, None if algebra else lies)
        notes += done.notes
        then = {**done.moved, **{old: done.moved.get(node, node) for old, node in moved.items()}}
        where = {old: then.get(node, node) for old, node in where.items()}


def _simplified(graph: Graph, known: Layouts | None) -> Simplified:
    """One walk over the graph."""
    new: dict[Node, Node] = {node: node for node in graph.inputs}
    shared: dict[Any, Node] = {_identity(node): node for node in graph.inputs}
    notes: list[Note] = []
    numbers: dict[Node, list[int]] = {}  # where the results of loops went
    titles = _later_names(graph)
    latest = -1
    for node in graph.nodes[len(graph.inputs) :]:
        parts = tuple(new[i] for i in node.inputs)
        because = node.because and node.because.moved(new)
        current = node
        # a node behind a new one is made anew too, so that the user's order stays
        behind = node.serial < latest and not node.is_constant
        if node.inputs and node.inputs[0] in numbers:
            number = numbers[node.inputs[0]][node.attributes["index"]]
            with provenance(node.origin, node.scope, because):
                current = result(parts[0], number, titles.get(node) or node.name)
        elif parts != node.inputs or because is not node.because or behind or node in titles:
            current = remake(node, parts, because=because, name=titles.get(node))
        if node.op.results is not None:
            current, moved = _inside(current, known, notes)
            if current is not node:
                numbers[node] = moved
        current = _reduce(current, known, notes, shared)
        new[node] = shared.setdefault(_identity(current), current)
        latest = max(latest, new[node].serial)
    return Simplified(Graph(graph.inputs, [new[o] for o in graph.outputs], name=graph.name), tuple(notes), new)


def _inside(node: Node, known: Layouts | None, notes: list[Note]) -> tuple[Node, list[int]]:
    """The loop with its body simplified and each row once, and where its results went, by their numbers."""
    carry = node.attributes["carry"]
    node = rebuilt(node, node.inputs, range(carry), node.attributes["body"].outputs)
    lies = UNKNOWN if known is None else known.within(node)
    simple = simplify(node.attributes["body"], algebra=known is None, inputs=lies)
    notes.extend(simple.notes)
    carried, rows = simple.graph.outputs[:carry], list(dict.fromkeys(simple.graph.outputs[carry:]))
    numbers = [*range(carry), *(carry + rows.index(row) for row in simple.graph.outputs[carry:])]
    return rebuilt(node, node.inputs, range(carry), [*carried, *rows]), numbers


def _later_names(graph: Graph) -> dict[Node, str]:
    """Names for nodes without one, where an equal node that the user made later has a name."""
    first: dict[Node, Node] = {}
    seen: dict[Any, Node] = {}
    titles: dict[Node, str] = {}
    given = set(graph.inputs)  # what a graph is cut off at need not be an input node
    for node in graph.nodes:
        leaf = node.is_input or node in given
        op, inputs, attributes, dtype = (None, (), node, None) if leaf else _identity(node)
        same = seen.setdefault((op, tuple(first[i] for i in inputs), attributes, dtype), node)
        first[node] = same
        if node.name is not None and same.name is None and not same.is_constant and same.because is None:
            titles.setdefault(same, node.name)
    return titles


def _reduce(node: Node, known: Layouts | None, notes: list[Note], shared: dict[Any, Node]) -> Node:
    """Apply rules to one node, whose inputs are simplified already, until none fits."""
    for _ in range(_MOST_REWRITES):
        folded = _fold(node)
        if folded is not None:
            return folded
        step = _rewrite(node, known, shared)
        if step is None:
            return node
        place = len(notes)
        notes.append(step)
        made = [n for n in _made_between(step.after, node) if n is not step.after]
        for inner in made:  # the parts that a rule made anew are simplified in their turn
            simpler = _reduce(inner, known, notes, shared)
            simpler = shared.setdefault(_identity(simpler), simpler)
            if simpler is not inner:
                after = remake(step.after, tuple(simpler if i is inner else i for i in step.after.inputs))
                step = notes[place] = step._replace(after=after)
        if step.after.serial < node.serial:
            return step.after
        node = step.after
    return node


def _made_between(after: Node, before: Node) -> list[Node]:
    return [i for i in dict.fromkeys(after.inputs) if i.serial > before.serial and not i.is_constant]


def _fold(node: Node) -> Node | None:
    """The value of an op on constants alone, as a constant, where it is not larger than what it is made from."""
    if not node.inputs or not all(i.is_constant for i in node.inputs) or node.op.results is not None:
        return None
    if node.size > max(1, *(i.size for i in node.inputs)):
        return None
    with np.errstate(all="ignore"):
        value = evaluate_node(node, [i.value for i in node.inputs])
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        return None  # a constant is C-contiguous, and NumPy adds in the order of memory
    with provenance(node.origin, node.scope, node.because):
        return constant(value, node.dtype, name=node.name)


def _identity(node: Node) -> Any:
    """What two nodes have in common exactly if they hold the same value."""
    if node.is_input:
        return node
    attributes = tuple((key, _key(value)) for key, value in sorted(node.attributes.items()))
    return node.op, node.inputs, attributes, node.dtype


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes() if value.nbytes <= 4096 else id(value)
    if isinstance(value, tuple):
        return tuple(_key(v) for v in value)
    if isinstance(value, Graph):
        return _form_of(value)
    if isinstance(value, (slice, float)):
        return type(value), repr(value)  # repr tells −0.0 from 0.0, and nan from nothing
    return type(value), value


def _form_of(graph: Graph) -> Any:
    """What two graphs have in common exactly if they mean the same."""
    number = {node: k for k, node in enumerate(graph.nodes)}
    given = [(node.shape, node.dtype) for node in graph.inputs]
    made = []
    for node in graph.nodes[len(graph.inputs) :]:
        op, inputs, attributes, dtype = _identity(node)
        made.append((op, tuple(number[i] for i in inputs), attributes, dtype))
    return tuple(given), tuple(made), tuple(number[node] for node in graph.outputs)


# ── patterns ────────────────────────────────────────────────────────────────────────────────────────────────


class _Form(NamedTuple):
    """A pattern, read: a name, a number, or an op of parts. `places` is the order in which parts are compared:
    names, which fit anything, last."""

    name: str = ""
    number: float | None = None
    op: str = ""
    parts: tuple[_Form, ...] = ()
    places: tuple[int, ...] = ()


@cache
def _read(text: str) -> _Form:
    return _form(ast.parse(text, mode="eval").body)


def _form(tree: ast.expr) -> _Form:
    number = _number_of(tree)
    if number is not None:
        return _Form(number=number)
    match tree:
        case ast.Name(name):
            return _Form(name=name)
        case ast.BinOp(left, ast.Pow(), ast.Constant(2)):
            op, trees = "square", [left]
        case ast.BinOp(left, sign, right):
            op, trees = _OPERATORS[type(sign)], [left, right]
        case ast.UnaryOp(sign, operand):
            op, trees = _OPERATORS[type(sign)], [operand]
        case ast.Call(ast.Name(op), trees):
            pass
        case _:
            raise ValueError(f"{ast.unparse(tree)} is no pattern")
    parts = tuple(map(_form, trees))
    return _Form(op=op, parts=parts, places=tuple(sorted(range(len(parts)), key=lambda k: parts[k].name != "")))


def _number_of(tree: ast.expr) -> float | None:
    match tree:
        case ast.Constant(int() | float() as number):
            return number
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return -number
    return None


@cache
def _patterns_for(op: str) -> tuple[Pattern, ...]:
    return tuple(p for p in PATTERNS if _read(p.before).op == op)


@cache
def _structures_for(op: str) -> tuple[Any, ...]:
    return tuple(s for s in STRUCTURE if s.op == op)


def matches(pattern: str, node: Node) -> dict[str, Node] | None:
    """What the names of the pattern stand for, if the node has its form; None if it has not."""
    return _match(_read(pattern), node, {})


def _match(form: _Form, node: Node, found: dict[str, Node]) -> dict[str, Node] | None:
    if form.op:
        if node.op.name != form.op:
            return None
        inputs = node.inputs
        result = _match_all(form, inputs, found)
        if result is None and form.op in _COMMUTE:
            result = _match_all(form, inputs[::-1], found)
        return result
    if form.number is not None:
        return found if node.is_constant and node.is_literal(form.number) else None
    if form.name in found:
        return found if _identity(found[form.name]) == _identity(node) else None
    if form.name in ("m", "n") and not (node.is_constant and node.shape == ()):
        return None
    return {**found, form.name: node}


def _match_all(form: _Form, inputs: Sequence[Node], found: dict[str, Node]) -> dict[str, Node] | None:
    result: dict[str, Node] | None = found
    for place in form.places:
        result = _match(form.parts[place], inputs[place], result)
        if result is None:
            return None
    return result


def _build(form: _Form, found: Mapping[str, Node], dtype: np.dtype, shared: dict[Any, Node]) -> Node:
    if form.op:
        return call(form.op, *(_build(part, found, dtype, shared) for part in form.parts))
    if form.number is None:
        return found[form.name]
    made = constant(form.number, dtype)
    return shared.setdefault(_identity(made), made)


def _rewrite(node: Node, known: Layouts | None, shared: dict[Any, Node]) -> Note | None:
    """The first rule that fits the node, applied; None if none fits, or would change its shape or dtype, or
    (unless `known` is None, for algebra) might change its bits or how it lies in memory."""
    # the parts of what a rule makes are not the whole derivative that the node was
    because = node.because and node.because._replace(of=None)
    with provenance(node.origin, node.scope, because):
        for structure in _structures_for(node.op.name):
            if known is None or structure.tag == EXACT:
                after = structure.apply(node)
                if after is not None and (known is None or _structure_lies_alike(structure, node, after, known)):
                    return Note(node, _named(after, node), structure.reason, structure.tag)
        for rule in _patterns_for(node.op.name):
            if known is not None and rule.tag != EXACT:
                continue
            found = matches(rule.before, node)
            if found is None or not _fitting(rule, found):
                continue
            after = _build(_read(rule.after), found, node.dtype, shared)
            if after.is_constant and after.shape != node.shape:
                after = call("broadcast_to", after, shape=node.shape)
            if (after.shape, after.dtype) != (node.shape, node.dtype) or _identity(after) == _identity(node):
                continue
            if known is None or _pattern_lies_alike(rule, found, node, after, known):
                return Note(node, _named(after, node), rule.reason, rule.tag)
    return None


def _fitting(rule: Pattern, found: Mapping[str, Node]) -> bool:
    """Signs are turned among floats alone: −x of an unsigned or of the least integer is not what it says."""
    return rule.after in found or all(node.dtype.kind == "f" for node in found.values())


def _pattern_lies_alike(rule: Pattern, found: Mapping[str, Node], before: Node, after: Node, known: Layouts) -> bool:
    """Whether what a rule makes certainly lies in memory as what it replaces.

    A ufunc lays out its result in the order of its inputs, without gaps and without repeats.
    """
    if _both_row_by_row(before, after, known):
        return True
    arrays = {name for name in found if found[name].ndim}
    if not arrays <= _names_of(_read(rule.after)):
        return False  # the choice of `where` had its part in the order
    if all(known.compact(found[name]) for name in arrays):
        return True
    return len(arrays) == 1 and rule.after not in arrays


def _structure_lies_alike(structure: Structure, before: Node, after: Node, known: Layouts) -> bool:
    if structure.keeps_layout or _both_row_by_row(before, after, known):
        return True
    return before.op.name == "astype" and known.compact(after)  # a copy of what has no gaps lies as it does


def _both_row_by_row(before: Node, after: Node, known: Layouts) -> bool:
    return before.ndim == 0 or (known[before] == CONTIGUOUS and known[after] == CONTIGUOUS)


def _names_of(form: _Form) -> set[str]:
    names, todo = set(), [form]
    while todo:
        part = todo.pop()
        names.add(part.name)
        todo.extend(part.parts)
    return names


def _named(after: Node, before: Node) -> Node:
    """A node that a rule made takes the name and the reason of the one it replaces."""
    if after.serial < before.serial or after.is_constant:
        return after
    if before.name is None and before.because is after.because:
        return after
    with provenance(before.origin, before.scope, before.because):
        return call(after.op.name, *after.inputs, label=before.name, **after.attributes)
