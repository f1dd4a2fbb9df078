"""Training: the program of a step, the loop around it, and the run it makes."""

from typing import TYPE_CHECKING

from workings.lazy import attached

if TYPE_CHECKING:
    from workings.train.checkpoints import Checkpoints
    from workings.train.epochs import EarlyStopping
    from workings.train.events import EpochEnded, Event, Listener, Progressed, Reason, Started, Stopped
    from workings.train.fit import fit
    from workings.train.history import History
    from workings.train.log import JsonLines
    from workings.train.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Muon, NAdam, Optimizer, RMSProp
    from workings.train.program import Built, build
    from workings.train.rates import RangeTest, find_learning_rate
    from workings.train.run import Run
    from workings.train.saved import Saved, load
    from workings.train.train import prepare, train

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Built",
    "Checkpoints",
    "EarlyStopping",
    "EpochEnded",
    "Event",
    "History",
    "JsonLines",
    "Lion",
    "Listener",
    "Muon",
    "NAdam",
    "Optimizer",
    "Progressed",
    "RMSProp",
    "RangeTest",
    "Reason",
    "Run",
    "Saved",
    "Started",
    "Stopped",
    "build",
    "find_learning_rate",
    "fit",
    "load",
    "prepare",
    "train",
]

_HOMES = {
    "SGD": "workings.train.optimizers",
    "Adagrad": "workings.train.optimizers",
    "Adam": "workings.train.optimizers",
    "AdamW": "workings.train.optimizers",
    "Built": "workings.train.program",
    "Checkpoints": "workings.train.checkpoints",
    "EarlyStopping": "workings.train.epochs",
    "EpochEnded": "workings.train.events",
    "Event": "workings.train.events",
    "History": "workings.train.history",
    "JsonLines": "workings.train.log",
    "Lion": "workings.train.optimizers",
    "Listener": "workings.train.events",
    "Muon": "workings.train.optimizers",
    "NAdam": "workings.train.optimizers",
    "Optimizer": "workings.train.optimizers",
    "Progressed": "workings.train.events",
    "RMSProp": "workings.train.optimizers",
    "RangeTest": "workings.train.rates",
    "Reason": "workings.train.events",
    "Run": "workings.train.run",
    "Saved": "workings.train.saved",
    "Started": "workings.train.events",
    "Stopped": "workings.train.events",
    "build": "workings.train.program",
    "find_learning_rate": "workings.train.rates",
    "fit": "workings.train.fit",
    "load": "workings.train.saved",
    "prepare": "workings.train.train",
    "train": "workings.train.train",
}

__getattr__ = attached(__name__, _HOMES)
