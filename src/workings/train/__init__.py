"""Training: the program of a step, the loop around it, and the run it makes."""

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
