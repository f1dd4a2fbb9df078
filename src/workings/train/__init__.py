"""Training: the program of a step, the loop around it, and the run it makes."""

from workings.train.events import Event, Listener, Progressed, Reason, Started, Stopped
from workings.train.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Muon, NAdam, Optimizer, RMSProp
from workings.train.program import Built, build
from workings.train.run import Run
from workings.train.train import prepare, train

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Built",
    "Event",
    "Lion",
    "Listener",
    "Muon",
    "NAdam",
    "Optimizer",
    "Progressed",
    "RMSProp",
    "Reason",
    "Run",
    "Started",
    "Stopped",
    "build",
    "prepare",
    "train",
]
