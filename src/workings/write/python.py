"""A program as Python: NumPy calls in the user's names, in a text that stands alone.

It computes exactly what the graph means, since an op's meaning is the NumPy call that is written here. See
`workings.write.statements` for which value gets a line, and `workings.write.expressions` for its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workings.graph import Graph, Node, Program, Role
from workings.graph.layouts import UNKNOWN, Layouts
from workings.graph.names import RESERVED, Names, identifier
from workings.write.expressions import Expression, literal
from workings.write.literals import INLINE, Spelled, name_of, spelled, typed
from workings.write.loop import every_node, write_loops
from workings.write.page import Page
from workings.write.statements import compose, only_start, plan
from workings.write.step import StepLines
from workings.write.written import Written

__all__ = ["write_python", "write_python_function"]

FORWARD, BACKWARD = range(2)


def write_python(program: Program) -> Written:
    """The training run as a Python program that needs nothing but NumPy.

    It has a function `train(<carry>, <data>, <settings>, losses, first, last)` that runs the steps from
    `first` up to `last`, puts the loss before step i into `losses[i]`, and returns the carry and the step it
    reached; and a main part with the start values and the data that runs it. Arrays of more than 16 elements
    lie in `arrays`. A large constant of the net is an argument after the data.

    Raises `UnsupportedError` for an op that has no spelling in Python.
    """
    steps, constants = _steps(program)
    names, inputs = steps[0].names, steps[0].inputs
    page = Page()
    start = (*program.start(), *program.data.values(), *program.settings.values())
    values = [_value(node, value) for node, value in zip(program.inputs, start, strict=True)]
    carried, fed = len(program.carry), len(program.carry) + len(program.data)
    shared = {name: value for one in constants for name, value in one.given.items()}
    groups = [
        ("Start values", inputs[:carried]),
        ("Data", inputs[carried:fed]),
        ("Constants of the net", tuple(shared)),
        ("Settings", inputs[fed:]),
    ]
    shown = {
        name: (spelled(value) if np.ndim(value) else Spelled(typed(value.item(), value.dtype)), value)
        for name, value in {**dict(zip(inputs, values, strict=True)), **shared}.items()
    }
    arrays = {name: value for name, (text, value) in shown.items() if text is None}
    arguments = [name for _, members in groups for name in members]
    results = [names[c.input] for c in program.carry]
    page.docstring(*_about(program, inputs[carried:fed], names))
    page.gap()
    page.preamble([n for step in steps for graph in step.graphs for n in every_node(graph)], path=bool(arrays))
    used: set[str] = set()
    for step in steps:
        write_loops(page, step.program.step, step.names, step.known, used)
    if len(steps) == 1:
        _open_train(page, arguments, results)
        constants[0].write(page)
        page.line(f"for step in {_numbers(program)}(first, last):", 4)
        steps[0].write(page, 8)
    else:
        titles = [Names(RESERVED | {*names.values(), *inputs}).give(f"batch_of_{step.rows}") for step in steps]
        for step, title, one in zip(steps, titles, constants, strict=True):
            step.write_function(page, title, [*arguments, "step"], one.write)
            page.gap(2)
        _open_train(page, arguments, results)
        page.line(f"for step in {_numbers(program)}(first, last):", 4)
        page.line(f"# the last of the {program.batches:,} batches of an epoch is smaller", 8)
        page.line(f"advance = {titles[0]} if (step + 1) % {program.batches} else {titles[1]}", 8)
        page.listed(f"losses[step], leave, {', '.join(results)} = advance(", [*arguments, "step"], ")", 8)
        page.line("if leave:", 8)
        page.listed("return ", [*results, "step + 1"], "", 12, ("(", ")"))
        page.gap()
    page.listed("return ", [*results, "last"], "", 4, ("(", ")"))
    page.gap(2)
    texts = {name: text or Spelled(f'start["{name}"]') for name, (text, _) in shown.items()}
    _write_main(page, program, groups, texts, bool(arrays))
    return Written(page.text, arrays, page.nodes, "train", tuple(shared))


def _steps(program: Program) -> tuple[list[StepLines], list[_Constants]]:
    """The step, that of the last batch of an epoch if it is another, and the constants of each."""
    steps, constants = [StepLines(program)], []
    constants.append(_Constants(steps[0].graphs))
    if program.final is not None:
        graph = program.final.step
        own = {graph.names[n]: n for n in graph.nodes if n.is_constant and n in graph.names}
        taken = Names(RESERVED | set(graph.names.values()) | set(steps[0].names.values()))
        # a constant that depends on the number of rows is not that of the other batches, and no loop is
        renamed = {
            own[name]: taken.give(name)
            for name, value in constants[0].given.items()
            if name in own and not np.array_equal(own[name].value, value)
        }
        renamed |= {n: taken.give(graph.names[n]) for n in graph.nodes if n.op.results is not None}
        steps.append(StepLines(program.final, renamed))
        constants.append(_Constants(steps[1].graphs))
    return steps, constants


def _numbers(program: Program) -> str:
    """What counts the steps: NumPy's numbers, where the program computes with them."""
    return "range" if program.counter is None and program.feed is None else "np.arange"


def _open_train(page: Page, arguments: Sequence[str], results: Sequence[str]) -> None:
    page.listed("def train(", [*arguments, "losses", "first", "last"], "):")
    page.docstring(
        f"Run the steps from `first` up to `last`; return {_listing([*results, 'the step reached'])}.",
        "The loss before each step goes into `losses`.",
        indent=4,
    )


def write_python_function(graph: Graph, name: str | None = None, *, names: Mapping[Node, str] | None = None) -> Written:
    """A graph as a Python function of its inputs that returns its outputs.

    One output is returned as it is, several as a tuple. A large constant is an argument after the inputs.
    `names` are those of a document that the function stands beside, if it is to use them; the graph's otherwise.
    Raises `UnsupportedError` for an op that has no spelling in Python.
    """
    names = names or graph.names
    loops = {names[node] for node in graph.nodes if node.op.results is not None}
    function = Names(RESERVED | loops).give(name or graph.name)
    constants = _Constants({graph: names})
    section: dict[Node, int] = {}
    for node in graph.nodes:
        derived = node.because is not None or any(section[i] for i in node.inputs)
        section[node] = BACKWARD if derived and not node.is_constant else FORWARD
    alone = graph.outputs[0] if len(graph.outputs) == 1 and graph.outputs[0].name is None else None
    layout = plan(graph, section, [o for o in graph.outputs if o is not alone])
    known = Layouts(graph.inputs, UNKNOWN)
    statements, pending = compose(layout, _plain(names), known)
    page = Page()
    inputs = [names[node] for node in graph.inputs]
    outputs = [_shown(node, pending, names).text for node in graph.outputs]
    page.preamble(every_node(graph), path=False)
    write_loops(page, graph, names, known, set())
    page.listed(f"def {function}(", [*inputs, *constants.given], "):")
    constants.write(page)
    both = {section[s.node] for s in statements} == {FORWARD, BACKWARD}
    for number, comment in ((FORWARD, "# Forward pass"), (BACKWARD, "# Backward pass")):
        part = [s for s in statements if section[s.node] == number]
        if both:
            page.gap()
            page.line(comment, 4)
        for statement in part:
            page.statement(statement, ", ".join("_" if n is None else names[n] for n in statement.targets), 4)
    page.gap()
    page.listed("return ", outputs, "", 4, ("(", ")"))
    return Written(page.text, constants.given, page.nodes, function, tuple(constants.given))


def _plain(names: Mapping[Node, str]) -> Callable[[Node, Node], str | None]:
    return lambda node, user: names.get(node)


def _shown(node: Node, pending: Mapping[Node, Expression], names: Mapping[Node, str]) -> Expression:
    """A node where nothing else stands beside it."""
    if node in pending:
        return pending[node]
    return Expression(names[node], reads=frozenset([node])) if node in names else literal(node)


class _Constants:
    """The array constants of graphs: short ones are written out, long ones are arguments, by their names."""

    def __init__(self, graphs: Mapping[Graph, Mapping[Node, str]]) -> None:
        self.written: dict[str, Spelled] = {}
        self.given: dict[str, np.ndarray] = {}
        for graph, names in graphs.items():
            for node in graph.nodes:
                users = graph.users[node]
                if users and all(only_start(node, user) for user in users):
                    continue
                if node.is_constant and node.shape != ():
                    text = spelled(node.value)
                    if text is None:
                        self.given[names[node]] = node.value
                    else:
                        self.written[names[node]] = text

    def write(self, page: Page) -> None:
        for name, text in self.written.items():
            page.listed(f"{name} = {text.before}", text.items, text.after, 4)


# ── the main part ───────────────────────────────────────────────────────────────────────────────────────────


def _value(node: Node, value: Any) -> Any:
    """A value as the program takes it: a NumPy scalar, or an array that lies row by row."""
    if node.shape == ():
        return node.dtype.type(np.asarray(value).item())
    return np.array(value, dtype=node.dtype, order="C")


def _listing(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def _about(program: Program, data: Sequence[str], names: Mapping[Node, str]) -> tuple[str, str]:
    """The docstring of the program."""
    loss = identifier(program.loss.name or program.step.name)
    trained = [names[c.input] for c in program.carry if c.input.role is Role.PARAMETER]
    steps = f"{program.steps} step{'' if program.steps == 1 else 's'}"
    first = f"How `{loss}` is trained: {steps} of gradient descent."
    given = f", given {_listing(data)}" if data else ""
    return first, (
        f"The parameters are {_listing(trained)}{given}. "
        if len(trained) != 1
        else f"The parameter is {trained[0]}{given}. "
    ) + (
        "Each step computes the loss, then its derivative with respect to each parameter, and nudges "
        "the parameters so that the loss goes down."
    )


def _write_main(
    page: Page,
    program: Program,
    groups: Sequence[tuple[str, Sequence[str]]],
    texts: Mapping[str, Spelled],
    beside: bool,
) -> None:
    """The part that runs when the text is started as a program; `beside` says that it has an .npz."""
    names = program.step.names
    page.line('if __name__ == "__main__":')
    if beside:
        page.line('start = np.load(Path(__file__).with_suffix(".npz"))', 4)
    for title, members in groups:
        if members:
            page.gap()
            page.line(f"# {title}", 4)
        for name in members:
            page.listed(f"{name} = {texts[name].before}", texts[name].items, texts[name].after, 4)
    page.gap()
    dtype = "" if program.loss.dtype == np.float64 else f", dtype={name_of(program.loss.dtype)}"
    page.line(f"losses = np.empty({program.steps}{dtype})", 4)
    results = [*(names[c.input] for c in program.carry), "step"]
    arguments = [name for _, members in groups for name in members]
    arguments += ["losses", "0", str(program.steps)]
    if sum(len(name) + 2 for name in results) < 60:
        page.listed(f"{', '.join(results)} = train(", arguments, ")", 4)
    else:
        page.line("(", 4)
        page.rows(results, 8)
        page.line(") = train(", 4)
        page.rows(arguments, 8)
        page.line(")", 4)
    if program.steps > 0:
        page.line('print(f"step 0: loss {losses[0]}")', 4)
        page.line('print(f"step {step - 1}: loss {losses[step - 1]}")', 4)
    for carry in program.carry:
        if carry.input.role is Role.PARAMETER and carry.input.size <= INLINE:
            page.line(f'print("{names[carry.input]} =", {names[carry.input]})', 4)
