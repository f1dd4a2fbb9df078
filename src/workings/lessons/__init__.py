"""Lessons: told step by step, and carried out by the library as they are told."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["FIRST", "LESSONS", "Lesson"]


class Lesson(NamedTuple):
    """A lesson: the module and function `name` in `workings.lessons`, and what it is about."""

    name: str
    about: str

    def load(self) -> Callable[..., Any]:
        """The function that tells it on a `Stage`; its keywords are the numbers that can be set."""
        return getattr(importlib.import_module(f"workings.lessons.{self.name}"), self.name)

    def settings(self) -> dict[str, float]:
        """The numbers that can be set, and what they are if they are not.

        >>> LESSONS["one_neuron"].settings()["learning_rate"]
        0.01
        """
        found = inspect.signature(self.load()).parameters.values()
        return {p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY}


LESSONS = {lesson.name: lesson for lesson in (Lesson("one_neuron", "from y = w · x to a trained net, in ten steps"),)}

FIRST = "one_neuron"
