"""`workings` trains a neural net and shows its workings.

The code you read, the formula you read and the numbers you see are the run itself.

>>> import workings as wk
>>> def loss(w, x, expected):
...     y = w * x
...     return (y - expected) ** 2
>>> wk.grad(loss)(0.5, 1.0, 2.0)
np.float64(-3.0)

Names are imported when they are first used, so that `import workings` costs no more than NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from workings.errors import (
    ArgumentError,
    CheckpointError,
    DtypeError,
    EscapedError,
    GradientError,
    GraphError,
    MissingExtraError,
    ModelFileError,
    MutationError,
    NonFiniteError,
    NumberNeededError,
    ParseError,
    PromotionWarning,
    RefusedError,
    ShapeError,
    TraceError,
    UnstableError,
    UnsupportedError,
    WorkingsError,
)
from workings.lazy import attached

if TYPE_CHECKING:
    from workings import functions, nn, random
    from workings.draw import draw
    from workings.engines import jit
    from workings.explain import Derivation, explain
    from workings.graph import Graph, Program
    from workings.random import training
    from workings.trace import (
        check_gradient,
        constant,
        grad,
        gradient,
        hessian,
        jvp,
        parameter,
        scan,
        trace,
        value_and_grad,
    )
    from workings.train import (
        SGD,
        Adagrad,
        Adam,
        AdamW,
        Checkpoints,
        EarlyStopping,
        EpochEnded,
        History,
        JsonLines,
        Lion,
        Muon,
        NAdam,
        Optimizer,
        Progressed,
        RangeTest,
        Reason,
        RMSProp,
        Run,
        Saved,
        Started,
        Stopped,
        data,
        find_learning_rate,
        fit,
        load,
        metrics,
        schedules,
        train,
    )

__version__ = "0.1.0"

# where each public name comes from, and which modules are public under a name of their own
_HOMES = {
    "Adagrad": "workings.train",
    "Adam": "workings.train",
    "AdamW": "workings.train",
    "Checkpoints": "workings.train",
    "Derivation": "workings.explain",
    "EarlyStopping": "workings.train",
    "EpochEnded": "workings.train",
    "Graph": "workings.graph",
    "History": "workings.train",
    "JsonLines": "workings.train",
    "Lion": "workings.train",
    "Muon": "workings.train",
    "NAdam": "workings.train",
    "Optimizer": "workings.train",
    "Program": "workings.graph",
    "Progressed": "workings.train",
    "RMSProp": "workings.train",
    "RangeTest": "workings.train",
    "Reason": "workings.train",
    "Run": "workings.train",
    "SGD": "workings.train",
    "Saved": "workings.train",
    "Started": "workings.train",
    "Stopped": "workings.train",
    "check_gradient": "workings.trace",
    "constant": "workings.trace",
    "draw": "workings.draw",
    "explain": "workings.explain",
    "find_learning_rate": "workings.train",
    "fit": "workings.train",
    "grad": "workings.trace",
    "gradient": "workings.trace",
    "hessian": "workings.trace",
    "jit": "workings.engines",
    "jvp": "workings.trace",
    "load": "workings.train",
    "parameter": "workings.trace",
    "scan": "workings.trace",
    "trace": "workings.trace",
    "train": "workings.train",
    "training": "workings.random",
    "value_and_grad": "workings.trace",
}
_MODULES = {
    "data": "workings.train.data",
    "functions": "workings.functions",
    "metrics": "workings.train.metrics",
    "nn": "workings.nn",
    "random": "workings.random",
    "schedules": "workings.train.schedules",
}

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "ArgumentError",
    "CheckpointError",
    "Checkpoints",
    "Derivation",
    "DtypeError",
    "EarlyStopping",
    "EpochEnded",
    "EscapedError",
    "GradientError",
    "Graph",
    "GraphError",
    "History",
    "JsonLines",
    "Lion",
    "MissingExtraError",
    "ModelFileError",
    "Muon",
    "MutationError",
    "NAdam",
    "NonFiniteError",
    "NumberNeededError",
    "Optimizer",
    "ParseError",
    "Program",
    "Progressed",
    "PromotionWarning",
    "RMSProp",
    "RangeTest",
    "Reason",
    "RefusedError",
    "Run",
    "Saved",
    "ShapeError",
    "Started",
    "Stopped",
    "TraceError",
    "UnstableError",
    "UnsupportedError",
    "WorkingsError",
    "__version__",
    "check_gradient",
    "constant",
    "data",
    "draw",
    "explain",
    "find_learning_rate",
    "fit",
    "functions",
    "grad",
    "gradient",
    "hessian",
    "jit",
    "jvp",
    "load",
    "metrics",
    "nn",
    "parameter",
    "random",
    "scan",
    "schedules",
    "trace",
    "train",
    "training",
    "value_and_grad",
]


def _show() -> None:
    """From here on values show their formulas, and graphs and runs their pictures where a notebook asks for them."""
    display = importlib.import_module("workings.graph.display")
    if display.hooks.html is None:
        display.hooks.line = lambda node: importlib.import_module("workings.write.text").display(node)
        display.hooks.markdown = lambda value: importlib.import_module("workings.notebook").markdown(value)
        display.hooks.html = lambda what: importlib.import_module("workings.notebook").html(what)


def __dir__() -> list[str]:
    return sorted(__all__)


__getattr__ = attached(__name__, _HOMES, _MODULES, _show)
