"""The derivation of a gradient as a document: steps computed from the graph, and their renderings."""

from workings.explain.cells import explain
from workings.explain.derive import derive
from workings.explain.program import derive_step
from workings.explain.steps import Derivation

__all__ = ["Derivation", "derive", "derive_step", "explain"]
