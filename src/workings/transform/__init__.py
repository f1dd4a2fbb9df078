"""Graph to graph: derivatives, simplification and the check of gradients."""

from workings.transform.check import GradientCheck, central_differences, check_graph
from workings.transform.forward import forward
from workings.transform.reverse import adjoints, chain, reverse
from workings.transform.rules import ALGEBRA, EXACT
from workings.transform.simplify import Note, Simplified, simplify

__all__ = [
    "ALGEBRA",
    "EXACT",
    "GradientCheck",
    "Note",
    "Simplified",
    "adjoints",
    "central_differences",
    "chain",
    "check_graph",
    "forward",
    "reverse",
    "simplify",
]
