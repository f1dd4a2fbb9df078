"""Graph to graph: derivatives, simplification, the check of gradients, and whether rows are kept apart."""

from workings.transform.check import GradientCheck, central_differences, check_graph
from workings.transform.forward import forward
from workings.transform.reverse import adjoints, chain, reverse
from workings.transform.rows import Rows, in_blocks, rows
from workings.transform.rules import ALGEBRA, EXACT
from workings.transform.simplify import Note, Simplified, simplify

__all__ = [
    "ALGEBRA",
    "EXACT",
    "GradientCheck",
    "Note",
    "Rows",
    "Simplified",
    "adjoints",
    "central_differences",
    "chain",
    "check_graph",
    "forward",
    "in_blocks",
    "reverse",
    "rows",
    "simplify",
]
