"""The derivative of a loop is a loop: backwards in reverse mode, forwards along a direction.

The derivative of one turn is that of its body, which is a graph as any other. What stands here is the loop around
it. The values of the forward pass that it reads are stacked up by the loop itself, which is made anew with them as
further results; `simplify` finds that the two loops go the same way, and one is left.

Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3; the form of the loop is that of JAX's scan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workings.graph import Graph, Node, Role, call, constant, input_node, provenance, reachable, remake
from workings.ops.control import Loop, call_loop, result
from workings.transform.flow import depending

__all__ = ["loop_jvp", "loop_vjp"]

Pull = Callable[[Sequence[Node], Sequence[Node], Sequence[Node]], Mapping[Node, Node]]
Push = Callable[[Sequence[Node], Sequence[Node], Sequence[Node]], Sequence["Node | None"]]


def loop_vjp(node: Node, adjoints: Mapping[int, Node], wanted: Sequence[bool], pull: Pull) -> list[Node | None]:
    """What a loop hands back to each of its inputs, where `adjoints` are those of its results by their numbers.

    A loop that goes the other way carries the adjoints of what was carried, and adds up those of what stays the
    same in every turn; those of the rows are its rows.
    """
    loop = Loop(node)
    body, carry = loop.body, loop.carry
    moving = _moving(loop, [i for i, want in zip(body.inputs, wanted, strict=True) if want and i.dtype.kind == "f"])
    felt = _felt(loop, moving, [k for k in adjoints if (body.inputs if k < carry else body.outputs)[k] in moving])
    if not felt:
        return [None] * len(node.inputs)
    carried = [k for k in felt if k < carry]
    rows = [k for k in felt if k >= carry]
    d_carried = [_beside("d_", body, body.inputs[k], body.outputs[k]) for k in carried]
    d_rows = [_beside("d_", body, body.outputs[k], body.outputs[k]) for k in rows]
    ins = [k for k, i in enumerate(body.inputs) if k >= carry and wanted[k] and i in moving]
    table = pull([body.outputs[k] for k in felt], [*d_carried, *d_rows], [body.inputs[k] for k in (*carried, *ins)])
    outer = range(carry, carry + loop.rows)
    slopes = [k for k in ins if k in outer and body.inputs[k] in table]
    added = [k for k in ins if k not in outer and body.inputs[k] in table]
    sums = [_beside("d_", body, body.inputs[k], body.inputs[k]) for k in added]
    totals = [call("add", total, _part(table[body.inputs[k]])) for total, k in zip(sums, added, strict=True)]
    turn = _Turn(loop, [*d_carried, *sums], d_rows)
    back = turn.call(
        [_or_zeros(table.get(body.inputs[k]), body.inputs[k]) for k in carried] + totals,
        [table[body.inputs[k]] for k in slopes],
        [_or_zeros(adjoints.get(k), body.outputs[k]) for k in carried] + [_zeros(body.inputs[k]) for k in added],
        [adjoints[k] for k in rows],
        f"{body.name}_backward",
        not loop.reverse,
    )
    handed: list[Node | None] = [None] * len(node.inputs)
    for number, k in enumerate((*carried, *added, *slopes)):
        handed[k] = result(back, number)
    return handed


def loop_jvp(node: Node, tangents: Sequence[Node | None], push: Push) -> dict[int, Node]:
    """How the results of a loop move, by their numbers, where its inputs move along `tangents`."""
    loop = Loop(node)
    body, carry = loop.body, loop.carry
    given = [i for i, t in zip(body.inputs, tangents, strict=True) if t is not None]
    active = _moving(loop, given)
    moving = [k for k, i in enumerate(body.inputs) if tangents[k] is not None or (k < carry and i in active)]
    directions = {k: _beside("t_", body, body.inputs[k], body.inputs[k]) for k in moving}
    pushed = push(body.outputs, [body.inputs[k] for k in moving], [directions[k] for k in moving])
    carried = [k for k in moving if k < carry]
    stacked = [k for k, t in enumerate(pushed) if k >= carry and t is not None]
    outer = range(carry, carry + loop.rows)
    rows = [k for k in moving if k in outer]
    constants = [k for k in moving if k >= outer.stop]
    along_all = {directions[k]: t for k in constants if (t := tangents[k]) is not None}
    turn = _Turn(loop, [directions[k] for k in carried], [directions[k] for k in rows], along_all)
    along = turn.call(
        [_or_zeros(pushed[k], body.outputs[k]) for k in carried],
        [t for k in stacked if (t := pushed[k]) is not None],
        [_or_zeros(tangents[k], body.inputs[k]) for k in carried],
        [t for k in rows if (t := tangents[k]) is not None],
        f"{body.name}_forward",
        loop.reverse,
    )
    return {k: result(along, number) for number, k in enumerate((*carried, *stacked))}


# ── what flows ──────────────────────────────────────────────────────────────────────────────────────────────


def _moving(loop: Loop, inputs: Sequence[Node]) -> Mapping[Node, Node]:
    """The nodes of the body that move with these inputs of it, in this turn or in a later one."""
    body, moved = loop.body, dict.fromkeys(inputs)
    while True:
        active = depending(body.outputs, list(moved))
        after = zip(body.inputs[: loop.carry], body.outputs, strict=False)
        more = [i for i, o in after if o in active and i not in moved]
        if not more:
            return active
        moved.update(dict.fromkeys(more))


def _felt(loop: Loop, moving: Mapping[Node, Node], numbers: Sequence[int]) -> list[int]:
    """The outputs of the body, by their numbers, that a derivative comes in at: these, and what is carried to them."""
    body, felt = loop.body, set(numbers)
    while True:
        leading = {body.outputs[k] for k in felt}
        for node in reversed(list(moving)):
            if node in leading:
                leading.update(i for i in node.inputs if i in moving)
        more = {k for k, i in enumerate(body.inputs[: loop.carry]) if i in leading} - felt
        if not more:
            return sorted(felt)
        felt |= more


# ── a loop beside the loop ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Turn:
    """One turn of a loop that goes along with `loop`, and reads values of its forward pass.

    `carried` and `rows` are inputs of the turn; `constants` are such inputs that stay the same, with what they are
    given.
    """

    loop: Loop
    carried: list[Node]
    rows: list[Node]
    constants: Mapping[Node, Node] = field(default_factory=dict)

    def call(
        self,
        carried: Sequence[Node],
        stacked: Sequence[Node],
        start: Sequence[Node],
        rows: Sequence[Node],
        name: str,
        reverse: bool,
    ) -> Node:
        """The loop in which a turn makes `carried` and `stacked`, from `start` and row by row of `rows`."""
        loop, node = self.loop, self.loop.node
        outputs = [*carried, *stacked]
        read = self._read(outputs)
        _, given_rows, given_constants = loop.split(loop.body.inputs)
        of_rows = dict(zip(given_rows, loop.split(node.inputs)[1], strict=True))
        of_constants = dict(zip(given_constants, loop.split(node.inputs)[2], strict=True))
        of_rows |= self._stacked([n for n in read if n not in of_rows and n not in of_constants])
        fresh = {n: input_node(_name(loop.body, n), n.shape, n.dtype, _role(n, of_constants)) for n in read}
        constants = {fresh[n]: of_constants[n] for n in read if n in of_constants} | dict(self.constants)
        gone_through = {fresh[n]: of_rows[n] for n in read if n in of_rows}
        turn = Graph([*self.carried, *self.rows, *gone_through, *constants], _renamed(outputs, fresh), name=name)
        return call_loop(
            turn,
            start,
            [*rows, *gone_through.values()],
            list(constants.values()),
            length=loop.length,
            reverse=reverse,
        )

    def _read(self, outputs: Sequence[Node]) -> list[Node]:
        """The values of the forward pass that the outputs are made from, and that are no numbers."""
        body = self.loop.body
        own = set(body.nodes)
        forward: set[Node] = set()
        fixed: set[Node] = set(self.loop.split(body.inputs)[2])  # the same in every turn, and worked out where read
        for node in body.nodes:
            if node.is_constant or (node.inputs and all(i in fixed for i in node.inputs)):
                fixed.add(node)
        found: dict[Node, None] = {}
        wanted = dict.fromkeys(outputs)
        made = reachable(outputs, stop=own - fixed)
        for node in made:
            # a loop within the body, with more results than it had, belongs to the forward pass
            inner = node.op.results is not None or node.op.name == "result"
            known = bool(node.inputs) and all(i in forward or i in fixed or i.is_constant for i in node.inputs)
            if (node in own and node not in fixed) or (inner and known and not all(i in fixed for i in node.inputs)):
                forward.add(node)
        for node in made:
            if node not in forward:
                wanted.update(dict.fromkeys(node.inputs))
        inputs = set(self.loop.split(body.inputs)[2])
        for node in made:
            if node in wanted and (node in forward or node in inputs):
                found[node] = None
        return list(found)

    def _stacked(self, nodes: Sequence[Node]) -> dict[Node, Node]:
        """Every turn's value of these nodes of the body, stacked up by the loop itself."""
        if not nodes:
            return {}
        loop, node = self.loop, self.loop.node
        body = loop.body
        there = {n: k for k, n in reversed(list(enumerate(body.outputs))) if k >= loop.carry}
        more = [n for n in nodes if n not in there]
        outputs = [*body.outputs, *more]
        there |= {n: k for k, n in enumerate(more, start=len(body.outputs))}
        with provenance(node.origin, node.scope, node.because):
            longer = node
            if more:
                carried, rows, constants = loop.split(node.inputs)
                longer = call_loop(
                    Graph(body.inputs, outputs, name=body.name),
                    carried,
                    rows,
                    constants,
                    length=loop.length,
                    reverse=loop.reverse,
                    name=node.name,
                )
            return {n: result(longer, there[n]) for n in nodes}


def _part(adjoint: Node) -> Node:
    """The share of one turn in a derivative, which is not the derivative with respect to anything by itself."""
    if adjoint.because is None or adjoint.because.of is None:
        return adjoint
    return remake(adjoint, adjoint.inputs, because=adjoint.because._replace(of=None))


def _renamed(outputs: Sequence[Node], fresh: Mapping[Node, Node]) -> list[Node]:
    """The outputs made from the fresh inputs, with derivatives called by the names of what they are of."""
    new: dict[Node, Node] = dict(fresh)
    for node in reachable(outputs, stop=fresh):
        if node in new:
            continue
        inputs = tuple(new.get(i, i) for i in node.inputs)
        because = node.because and node.because.moved(new)
        of = node.because.of if node.because else None
        name = f"d_{of.name}" if node.name is None and of is not None and of.name is not None else None
        if inputs != node.inputs or because is not node.because or name is not None:
            new[node] = remake(node, inputs, because=because, name=name)
    return [new.get(node, node) for node in outputs]


def _name(body: Graph, node: Node) -> str:
    return node.name or body.names.get(node) or "z"


def _beside(prefix: str, body: Graph, called: Node, like: Node) -> Node:
    return input_node(prefix + _name(body, called), like.shape, like.dtype, Role.STATE)


def _role(node: Node, constants: Mapping[Node, Node]) -> Role:
    return Role.CONSTANT if node in constants else Role.DATA


def _zeros(node: Node) -> Node:
    zero = constant(0, node.dtype)
    return call("broadcast_to", zero, shape=node.shape) if node.shape else zero


def _or_zeros(found: Node | None, node: Node) -> Node:
    return _zeros(node) if found is None else found
