"""The chain rule along paths: products of slopes, simplified with reasons, with the numbers put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from workings.explain.local import Slope
from workings.explain.product import gather, rewritten
from workings.explain.setting import Setting
from workings.explain.steps import Chain, Line, Words
from workings.graph import Node, reachable
from workings.write.maths import Leaf, by_formula, expression
from workings.write.text import text
from workings.write.tree import Differential, Number, Plus, Product, Rate, Symbol, Tree

__all__ = ["chain_along", "count_paths", "list_paths", "sum_over"]

# a formula longer than this is not written out in full: it would be no easier to read
LONGEST = 110
# paths are counted up to here: their number grows beyond any bound
UNCOUNTED = 10**12


def count_paths(setting: Setting, start: Node) -> int:
    """In how many ways `start` reaches the loss, counted without listing them."""
    ways: dict[Node, int] = {start: 1}
    for node in setting.forward:
        if node in setting.active and node not in setting.wrt:
            ways[node] = min(UNCOUNTED, sum(ways.get(i, 0) for i in dict.fromkeys(node.inputs)))
    return ways.get(setting.loss, 0)


def list_paths(setting: Setting, start: Node) -> list[tuple[Node, ...]]:
    """Every path from the loss to `start`, each from the loss on. For settings with few paths."""
    reaching = {start}
    for node in setting.forward:
        if node in setting.active and node not in setting.wrt and any(i in reaching for i in node.inputs):
            reaching.add(node)
    paths: list[tuple[Node, ...]] = []
    todo: list[tuple[Node, ...]] = [(setting.loss,)] if setting.loss in reaching else []
    while todo:
        path = todo.pop()
        if path[-1] is start:
            paths.append(path)
            continue
        todo.extend((*path, i) for i in reversed(list(dict.fromkeys(path[-1].inputs))) if i in reaching)
    return paths


def chain_along(setting: Setting, links: Mapping[tuple[Node, Node], Slope], path: tuple[Node, ...]) -> Chain:
    """dloss/dw along one path: the product of its links, simplified, and its value."""
    left: Rate | Differential = setting.derivative(path[-1])
    pairs = list(pairwise(path))
    rates = tuple(setting.rate(top, bottom) for top, bottom in pairs)
    raw = [links[pair].formula for pair in pairs]
    lines: list[Line] = []
    if len(pairs) > 1:
        lines.append(Line(Product(rates, "chain")))
    if raw:
        trees = tuple(by_formula(node, setting.known) for node in raw)
        lines.append(Line(trees[0] if len(trees) == 1 else Product(trees, "chain")))
        formula = raw[0]
        for node in raw[1:]:
            formula = formula * node
    else:  # the loss is the parameter itself
        formula = setting.adjoints[setting.loss]
        lines.append(Line(by_formula(formula, setting.known), ("it is the loss itself",)))
    more, formula, leaf = simplified(setting, formula, text(lines[-1].tree))
    return _finished(setting, left, [*lines, *more], formula, leaf, path)


def sum_over(setting: Setting, chains: Sequence[Chain]) -> Chain:
    """dloss/dw: the sum of what the paths contribute, simplified, and its value."""
    left = chains[0].left
    total = chains[0].formula
    tree = chains[0].final
    for chain in chains[1:]:
        total = total + chain.formula
        tree = Plus(tree, chain.final)
    lines = [Line(tree, ("the paths add up",))]
    more, formula, leaf = simplified(setting, total, text(tree))
    return _finished(setting, left, [*lines, *more], formula, leaf, (setting.loss, chains[0].path[-1]))


def _finished(
    setting: Setting, left: Rate | Differential, lines: list[Line], formula: Node, leaf: Leaf, path: tuple[Node, ...]
) -> Chain:
    value = setting.evaluate(formula)
    final = by_formula(formula, leaf)
    numbers = by_formula(formula, setting.numbers(leaf))
    shown = Number(value)
    if text(numbers) not in (text(final), text(shown)):
        lines.append(Line(numbers, ("the numbers put in",)))
    if text(lines[-1].tree) != text(shown):
        lines.append(Line(shown))
    return Chain(left, tuple(lines), final, formula, value, path)


def simplified(setting: Setting, formula: Node, shown: str) -> tuple[list[Line], Node, Leaf]:
    """The lines that lead from a formula, last shown as `shown`, to the one to be read; that formula's node, and
    what it is written in.

    First with every forward value by its name; then with those that the user did not name written out, unless
    that grows too long to read.
    """
    lines: list[Line] = []
    formula, reasons = _tidied(formula, [n for n in setting.values if not n.is_constant or n.name])
    shown = _line(lines, by_formula(formula, setting.known), reasons, shown)
    unnamed = _unnamed_in(setting, formula)
    full = by_formula(formula, setting.named)
    if not unnamed or len(text(full)) > LONGEST or "…" in text(full):
        return lines, formula, setting.known
    shown = _line(lines, full, _spelled(setting, unnamed), shown)
    formula, reasons = _tidied(formula, [n for n in setting.values if setting.keeps(n)])
    _line(lines, by_formula(formula, setting.named), reasons, shown)
    return lines, formula, setting.named


def _line(lines: list[Line], tree: Tree, words: Words, shown: str) -> str:
    piece = text(tree)
    if piece != shown:
        lines.append(Line(tree, words))
    return piece


def _unnamed_in(setting: Setting, formula: Node) -> list[Node]:
    """The values without a name of the user's that a formula is made from, in computing order."""
    kept = [n for n in setting.values if setting.keeps(n)]
    return [n for n in reachable([formula], stop=kept) if n in setting.names and not setting.keeps(n)]


def _spelled(setting: Setting, nodes: Sequence[Node]) -> Words:
    if len(nodes) > 2:
        return ("values without a name of their own, written out",)
    words: list[str | Tree] = []
    for node in nodes:
        words += ["; " if words else "", setting.symbol(node), " is ", expression(node, setting.known)]
    return tuple(words)


def _tidied(formula: Node, leaves: Sequence[Node]) -> tuple[Node, Words]:
    """The formula as a person would write it, and the reasons, without those that changed nothing visible."""
    reasons: dict[str, None] = {}
    names = {leaf: f"v{i}" for i, leaf in enumerate(leaves)}
    for _ in range(4):
        before = formula
        formula, notes, stands = rewritten(formula, leaves)
        spelled = {new: names[leaf] for new, leaf in stands.items()}
        for note in notes:
            if _plain(note.before, spelled) != _plain(note.after, spelled):
                reasons[note.reason] = None
        formula, said = gather(formula, leaves)
        reasons.update(dict.fromkeys(said))
        if _plain(formula, names) == _plain(before, names):
            break
    return formula, (", ".join(reasons),) if reasons else ()


def _plain(node: Node, names: Mapping[Node, str]) -> str:
    return text(by_formula(node, lambda n: Symbol(names[n], n) if n in names else None))
