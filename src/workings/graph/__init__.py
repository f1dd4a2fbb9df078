"""The graph: nodes in static single assignment, graphs, programs, ops and what they mean."""

from workings.graph.evaluate import evaluate, evaluate_node, every_value
from workings.graph.graph import Graph, reachable, substitute
from workings.graph.node import Because, Node, Role, call, constant, input_node, provenance, remake
from workings.graph.op import Op, lookup, register, registered
from workings.graph.operators import Operators
from workings.graph.origin import Origin
from workings.graph.program import Carry, Program
from workings.graph.verify import verify

__all__ = [
    "Because",
    "Carry",
    "Graph",
    "Node",
    "Op",
    "Operators",
    "Origin",
    "Program",
    "Role",
    "call",
    "constant",
    "evaluate",
    "evaluate_node",
    "every_value",
    "input_node",
    "lookup",
    "provenance",
    "reachable",
    "register",
    "registered",
    "remake",
    "substitute",
    "verify",
]
