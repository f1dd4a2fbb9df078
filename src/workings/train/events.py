"""What happens in a run, as typed records. Progress bars, notebooks and callbacks all consume these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["EpochEnded", "Event", "Listener", "Progressed", "Reason", "Started", "Stopped"]


class Reason(StrEnum):
    """Why a run stopped."""

    STEPS = "the steps are spent"
    LOSS = "the loss is below its bound"
    CHANGE = "the loss has stopped changing"
    PATIENCE = "what is watched has stopped improving"
    INTERRUPTED = "interrupted"
    NON_FINITE = "a value is not finite"


@dataclass(frozen=True)
class Started:
    """Steps `first` up to `last` are about to run on `engine`; of a model, an epoch has `epoch` of them."""

    first: int
    last: int
    engine: str
    epoch: int | None = None


@dataclass(frozen=True)
class Progressed:
    """Steps up to `step` are done; `loss` is the loss before the last of them, `seconds` the time since the start."""

    step: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class EpochEnded:
    """Epoch `epoch`, counted from 1, ended with `step`; `values` are its row of the history, by name."""

    epoch: int
    step: int
    values: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """The run came to rest at `step`, because of `reason`; `loss` is the loss before the last step."""

    step: int
    reason: Reason
    loss: float | None
    seconds: float


Event = Started | Progressed | EpochEnded | Stopped
Listener = Callable[[Event], None]
