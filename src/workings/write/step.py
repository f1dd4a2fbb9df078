"""The body of the loop: forward pass, backward pass, update and checks of one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workings.graph import Carry, Graph, Node, Program, Role
from workings.graph.layouts import Layouts
from workings.graph.names import RESERVED, Names
from workings.write.expressions import ATOM, Expression, literal
from workings.write.page import Page
from workings.write.statements import Statement, arrange, compose, plan

__all__ = ["StepLines"]

FORWARD, BACKWARD, UPDATE, CHECKS = range(4)


class StepLines:
    """The body of the loop, or of a function that is called in the loop. What a line is called, and where it may
    stand, depends on what is read later.

    `feed` are the lines that take the batch of the step from the data, and `inputs` the names of all that a step is
    given: the carry, all the data, the settings.
    """

    def __init__(self, program: Program, renamed: Mapping[Node, str] | None = None) -> None:
        graph = program.step
        self.program = program
        self.names = {**graph.names, **(renamed or {})}
        self.known = Layouts(graph.inputs)
        self.free = Names(RESERVED | set(self.names.values()))
        self.feed, self.feed_names = self._batch()
        self.inputs = tuple(self.feed_names.get(node) or self.names[node] for node in program.inputs)
        # a gradient that no update asks for is not computed
        computed = set(graph.nodes)
        self.gradients = {p: g for p, g in program.gradients.items() if g in computed}
        gradients = list(self.gradients.values())
        outputs = [c.output for c in program.carry]
        self.section = arrange([program.loss], gradients, outputs, [program.finite, program.stop])
        self.finite, self.finite_joints = self._parts(program.finite, "logical_and")
        self.stop, self.stop_joints = self._parts(program.stop, "logical_or")
        self.joints = frozenset(self.finite_joints) | frozenset(self.stop_joints)
        self.aliases, self.alias_of = self._gradient_names()
        self.feeds = self._feeds()
        self.plan = plan(graph, self.section, [program.loss, *gradients, *outputs], self.joints)
        self.direct: dict[Node, Carry] = {}
        self.own: dict[Node, str] = {}
        self.waiting: dict[Node, str] = {}
        self._settle()

    @property
    def graphs(self) -> dict[Graph, Mapping[Node, str]]:
        """The graphs of a step, with the names in each."""
        feed = self.program.feed
        return {self.program.step: self.names, **({feed: self.feed_names} if feed is not None else {})}

    @property
    def rows(self) -> int:
        """How many rows of the data a step sees."""
        return next((node.shape[0] for node in self.program.data_inputs if node.shape), 0)

    def _batch(self) -> tuple[list[Statement], dict[Node, str]]:
        """The lines of the feed, and the names in it: a batch has that of the step's input."""
        feed, program = self.program.feed, self.program
        if feed is None:
            return [], {}
        handed = set(feed.inputs)
        names = {node: self.names[own] for node, own in zip(feed.outputs, program.data_inputs, strict=True)}
        for node, name in feed.names.items():
            if node not in names:
                names[node] = "step" if node.role is Role.COUNTER else self.free.give(name)
        drawn = [node for node in feed.outputs if node not in handed]
        layout = plan(feed, dict.fromkeys(feed.nodes, FORWARD), drawn)
        statements, _ = compose(layout, lambda node, user: names.get(node), Layouts(feed.inputs))
        return statements, names

    def _parts(self, root: Node, op: str) -> tuple[list[Node], list[Node]]:
        """The conditions that make up `root`, and the nodes that only join them."""
        users = self.program.step.users
        parts, joints, todo = [], [], [root]
        while todo:
            node = todo.pop()
            taken = sum(u.inputs.count(node) for u in users[node])
            private = self.section[node] == CHECKS and taken == (0 if node is root else 1)
            if node.op.name == op and node.shape == () and node.name is None and private:
                joints.append(node)
                todo.extend(reversed(node.inputs))
            else:
                parts.append(node)
        return parts, joints

    def _gradient_names(self) -> tuple[dict[Node, dict[Node, str]], list[tuple[str, Node]]]:
        """What the update calls a gradient: `d_w`, also where the backward pass has another name for it."""
        called: dict[Node, dict[Node, str]] = {}
        extra = []
        for parameter, gradient in self.gradients.items():
            if gradient.because is not None and gradient.because.of is parameter and gradient in self.names:
                called.setdefault(gradient, {})[parameter] = self.names[gradient]
            else:
                name = self.free.give(f"d_{self.names[parameter]}")
                called.setdefault(gradient, {})[parameter] = name
                extra.append((name, gradient))
        return called, extra

    def _feeds(self) -> dict[Node, Node]:
        """For each node of the update a parameter that it goes into."""
        feeds = {c.output: c.input for c in self.program.carry if c.input.role is Role.PARAMETER}
        for node in reversed(self.program.step.nodes):
            if node in feeds:
                for i in node.inputs:
                    feeds.setdefault(i, feeds[node])
        return feeds

    def _name(self, node: Node, user: Node) -> str | None:
        if node in self.aliases and self.section[user] >= UPDATE:
            called = self.aliases[node]
            return called.get(self.feeds.get(user, user)) or next(iter(called.values()))
        if node in self.own:
            return self.own[node]
        return self.names.get(node)

    def _settle(self) -> None:
        """Assign an update to the name of what it replaces, wherever the old value is not read any more."""
        for carry in self.program.carry:
            node = carry.output
            if node is not carry.input and self._is_update(node):
                self.direct.setdefault(node, carry)
        while True:
            self._name_updates()
            self.statements, self.pending = compose(self.plan, self._name, self.known)
            refused = self._refused()
            if not refused:
                break
            for node in refused:
                del self.direct[node]

    def _is_update(self, node: Node) -> bool:
        return self.section[node] == UPDATE and not node.is_constant and not node.is_input

    def _name_updates(self) -> None:
        """`w` for an update that replaces `w` at once, `w_next` for one that has to wait."""
        for carry in self.program.carry:
            node = carry.output
            if node in self.direct:
                self.own[node] = self.names[self.direct[node].input]
            elif self._is_update(node) and node.name is None:
                if node not in self.waiting:
                    self.waiting[node] = self.free.give(f"{self.names[carry.input]}_next")
                self.own[node] = self.waiting[node]
            else:
                self.own.pop(node, None)

    def _refused(self) -> list[Node]:
        """The updates after which the old value is still read, or the new one before it is laid out anew."""
        at: dict[Node, int] = {}
        last_read: dict[Node, int] = {}
        for k, statement in enumerate(self.statements):
            at.update({node: k for node in (statement.node, *statement.results) if node is not None})
            last_read.update(dict.fromkeys(statement.expression.reads, k))
        end = len(self.statements)
        for part in (*self.finite, *self.stop):
            last_read.update(dict.fromkeys(self._part(part).reads, end))
        for carry in self.program.carry:
            if self.direct.get(carry.output) is not carry and carry.output is not carry.input:
                last_read[carry.output] = end
        return [
            node
            for node, carry in self.direct.items()
            if last_read.get(carry.input, -1) > at[node]
            or (not self.known.certain(node) and last_read.get(node, -1) > at[node])
        ]

    def _part(self, node: Node) -> Expression:
        if node in self.pending:
            return self.pending[node]
        called = self._name(node, node)
        return literal(node) if called is None else Expression(called, reads=frozenset([node]))

    def _laid_out(self, text: str, node: Node) -> str:
        """A new value of the carry as a NumPy scalar, or an array that lies row by row."""
        if self.known.certain(node):
            return text
        return f"np.ascontiguousarray({text})" if node.ndim else f"{text}[()]"

    # ── text ──

    def write(self, page: Page, indent: int) -> None:
        """The body of the loop, which is left by returning what is carried and the step reached."""
        conditions, copies, late = self._write(page, indent, f"losses[step] = {self._part(self.program.loss).text}")
        finite, stop = conditions
        if not finite and not stop and not late:
            page.gap()
            return
        if late:
            if finite:
                page.condition("finite = ", finite, "and", "", indent)
            if stop:
                page.condition("stop = ", stop, "or", "", indent)
            self._write_copies(page, copies, indent)
            finite, stop = ["finite"] if finite else [], ["stop"] if stop else []
        carried = [self.names[c.input] for c in self.program.carry]
        for before, parts, word, comment in (
            ("if not ", finite, "and", "# Leave when a value is no longer finite"),
            ("if ", stop, "or", "# Leave when a stop condition is met"),
        ):
            if parts:
                page.gap()
                page.line(comment, indent)
                page.condition(before, parts, word, ":", indent)
                page.listed("return ", [*carried, "step + 1"], "", indent + 4, ("(", ")"))
        page.gap()

    def write_function(
        self, page: Page, name: str, arguments: Sequence[str], write_constants: Callable[[Page], None]
    ) -> None:
        """The step as a function of what it is given, which returns the loss, whether to leave, and the carry."""
        page.listed(f"def {name}(", arguments, "):")
        page.docstring(
            f"One step on {self.rows:,} rows: return the loss, whether to leave the loop, and what is carried on.",
            indent=4,
        )
        write_constants(page)
        (finite, stop), copies, late = self._write(page, 4)
        page.gap()
        page.line(
            "# Leave the loop when a value is no longer finite" + (", or a stop condition is met" if stop else ""), 4
        )
        page.condition("leave = not ", finite or ["True"], "and", "", 4)
        if stop:
            page.condition("leave = leave or ", stop, "or", "", 4)
        if late:
            self._write_copies(page, copies, 4)
        carried = [self.names[c.input] for c in self.program.carry]
        page.listed("return ", [self._part(self.program.loss).text, "leave", *carried], "", 4, ("(", ")"))

    def _write(
        self, page: Page, indent: int, record: str = ""
    ) -> tuple[tuple[list[str], list[str]], list[tuple[str, str, Node]], bool]:
        """All but the leaving: the conditions (finite, stop), and what is still to be assigned after them."""
        by_section: dict[int, list[Statement]] = {n: [] for n in range(4)}
        for statement in self.statements:
            by_section[self.section[statement.node]].append(statement)
        if self.feed:
            page.line("# The batch", indent)
            for statement in self.feed:
                page.line(f"{self.feed_names[statement.node]} = {statement.expression.text}", indent)
            page.gap()
        page.line("# Forward pass", indent)
        self._write_forward(page, by_section[FORWARD], indent)
        if record:
            page.line(record, indent)
        self._write_backward(page, by_section[BACKWARD], indent)
        copies = self._copies()
        late = self._checks_read_old(by_section[CHECKS], copies)
        if by_section[UPDATE] or (copies and not late):
            page.gap()
            page.line("# Nudge each parameter against its gradient", indent)
            self._write_all(page, by_section[UPDATE], indent)
        if not late:
            self._write_copies(page, copies, indent)
        finite = [self._part(p).text for p in self.finite if not p.is_literal(1)]
        stop = [self._part(p).text for p in self.stop if not p.is_literal(0)]
        late = late and bool(copies)
        if by_section[CHECKS] or late:
            page.gap()
            page.line("# Check the values before they are handed on to the next step", indent)
            self._write_all(page, by_section[CHECKS], indent)
        return (finite, stop), copies, late

    def _write_all(self, page: Page, statements: Sequence[Statement], indent: int) -> None:
        for statement in statements:
            node = statement.node
            name = ", ".join("_" if n is None else self.own.get(n) or self.names[n] for n in statement.targets)
            if node in self.direct and not self.known.certain(node):
                expression = statement.expression
                text = expression.text if node.ndim else expression.at(ATOM)
                statement = statement._replace(expression=expression._replace(text=self._laid_out(text, node)))
            page.statement(statement, name, indent)

    def _write_forward(self, page: Page, statements: Sequence[Statement], indent: int) -> None:
        """The forward pass, where the lines of each layer follow its name."""
        names = [c.name for c in self.program.carry if c.input.role is Role.PARAMETER]
        modules = {name[:i] for name in names for i, letter in enumerate(name) if letter == "."}
        before: str | None = None
        for statement in statements:
            top = statement.node.scope[0] if statement.node.scope else ""
            layer = top if top in modules or ("." in top and top.rpartition(".")[0] in modules) else None
            if layer is None and before is not None:
                page.gap()
            elif layer is not None and layer != before:
                page.line(f"# {layer}", indent)
            before = layer
            self._write_all(page, [statement], indent)

    def _write_backward(self, page: Page, statements: Sequence[Statement], indent: int) -> None:
        waiting = list(self.alias_of)
        if not statements and not waiting:
            return
        page.gap()
        page.line(self._backward_comment(statements), indent)
        for statement in statements:
            self._write_all(page, [statement], indent)
            for name, gradient in [w for w in waiting if w[1] is statement.node]:
                page.line(f"{name} = {self.names[gradient]}", indent, gradient)
                waiting.remove((name, gradient))
        for name, gradient in waiting:
            page.line(f"{name} = {self._part(gradient).text}", indent, gradient)

    def _backward_comment(self, statements: Sequence[Statement]) -> str:
        """A comment that says what `d_y` means, by the first one of a value that is there to be seen."""
        loss = self._part(self.program.loss).text
        shown = {*self.program.step.inputs, *(s.node for s in self.statements)}
        for node in (s.node for s in statements):
            of = node.because.of if node.because else None
            if of is None or of not in shown:
                continue
            derivative, value = self.names[node], self.names[of]
            if derivative == f"d_{value}":
                return f"# Backward pass: {derivative} is the derivative of {loss} with respect to {value}"
        return "# Backward pass"

    def _copies(self) -> list[tuple[str, str, Node]]:
        """What is handed to the next step by an assignment alone: the name, the new value, and its node."""
        copies = []
        for carry in self.program.carry:
            node, name = carry.output, self.names[carry.input]
            if node is carry.input or self.direct.get(node) is carry:
                continue
            copies.append((name, self._laid_out(self._part(node).text, node), node))
        return copies

    def _checks_read_old(self, statements: Sequence[Statement], copies: Sequence[tuple[str, str, Node]]) -> bool:
        names = {name for name, _, _ in copies}
        old = {c.input for c in self.program.carry if self.names[c.input] in names}
        reads = [s.expression.reads for s in statements]
        reads += [self._part(p).reads for p in (*self.finite, *self.stop)]
        return any(old & r for r in reads)

    def _write_copies(self, page: Page, copies: Sequence[tuple[str, str, Node]], indent: int) -> None:
        """One after the other where no value is lost by it, and else all at once."""
        inputs = {self.names[c.input]: c.input for c in self.program.carry}
        waiting = list(copies)
        while waiting:
            for copy in waiting:
                name = copy[0]
                if not any(other is not copy and other[2] is inputs[name] for other in waiting):
                    page.line(f"{name} = {copy[1]}", indent, copy[2])
                    waiting.remove(copy)
                    break
            else:
                page.line(f"{', '.join(c[0] for c in waiting)} = {', '.join(c[1] for c in waiting)}", indent)
                return
