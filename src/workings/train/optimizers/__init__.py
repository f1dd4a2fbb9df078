"""Optimizers: update rules written in NumPy, and traced like any function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workings.train.checks import check_number, check_rate, check_setting
from workings.train.names import by_name
from workings.train.optimizers.adam import Adam, AdamW, NAdam
from workings.train.optimizers.adaptive import Adagrad, RMSProp
from workings.train.optimizers.lion import Lion
from workings.train.optimizers.muon import Muon
from workings.train.optimizers.optimizer import Optimizer
from workings.train.optimizers.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RMSProp",
    "check_number",
    "check_rate",
    "check_setting",
    "optimizer_of",
]

# each by the name it can be asked for by
OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = {
    rule.__name__.lower(): rule for rule in (SGD, Adam, AdamW, NAdam, RMSProp, Adagrad, Lion, Muon)
}


def optimizer_of(name: str) -> Optimizer:
    """The optimizer of this name, with its usual settings.

    >>> optimizer_of("sgd")
    SGD(learning_rate=0.01, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0)

    Raises `ArgumentError` with the nearest names where there is none.
    """
    return by_name("optimizer", name, OPTIMIZERS)()
