"""What happens in a run, as typed records. Progress bars, notebooks and callbacks all consume these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Event", "Listener", "Progressed", "Reason", "Started", "Stopped"]


class Reason(StrEnum):
    """Why a run stopped."""

    STEPS = "the steps are spent"
    LOSS = "the loss is below its bound"
    CHANGE = "the loss has stopped changing"
    INTERRUPTED = "interrupted"
    NON_FINITE = "a value is not finite"


@dataclass(frozen=True)
class Started:
    """Steps `first` up to `last` are about to run on `engine`."""

    first: int
    last: int
    engine: str


@dataclass(frozen=True)
class Progressed:
    """Steps up to `step` are done; `loss` is the loss before the last of them, `seconds` the time since the start."""

    step: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """The run came to rest at `step`, because of `reason`; `loss` is the loss before the last step."""

    step: int
    reason: Reason
    loss: float | None
    seconds: float


Event = Started | Progressed | Stopped
Listener = Callable[[Event], None]
