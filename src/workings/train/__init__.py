"""Training: the program of a step, the loop around it, and the run it makes."""

from workings.train.events import Event, Listener, Progressed, Reason, Started, Stopped
from workings.train.optimizers import SGD, Optimizer
from workings.train.program import Built, build
from workings.train.run import Run
from workings.train.train import prepare, train

__all__ = [
    "SGD",
    "Built",
    "Event",
    "Listener",
    "Optimizer",
    "Progressed",
    "Reason",
    "Run",
    "Started",
    "Stopped",
    "build",
    "prepare",
    "train",
]
