"""The tracer: from functions and cells of NumPy to graphs."""

import workings.ops  # noqa: F401  (enters the ops in the registry)
from workings.trace.cell import Cell
from workings.trace.cells import constant, gradient, parameter, part
from workings.trace.derivatives import check_gradient, grad, hessian, jvp, value_and_grad
from workings.trace.loop import scan
from workings.trace.trace import Trace, apply_graph, trace, trace_function
from workings.trace.traced import Traced
from workings.trace.value import Value

__all__ = [
    "Cell",
    "Trace",
    "Traced",
    "Value",
    "apply_graph",
    "check_gradient",
    "constant",
    "grad",
    "gradient",
    "hessian",
    "jvp",
    "parameter",
    "part",
    "scan",
    "trace",
    "trace_function",
    "value_and_grad",
]
