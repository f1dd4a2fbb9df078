"""Runs and their pages, each made once."""

from __future__ import annotations

import functools

import workings as wk
from docs import screens

__all__ = ["NETS", "page_of", "run_of"]

NETS = {"neuron": (screens.neuron, 200), "paths": (screens.several_paths, 20), "layers": (screens.four_layers, 12)}


@functools.cache
def run_of(name: str) -> wk.Run:
    return NETS[name][0]()


@functools.cache
def page_of(name: str) -> str:
    """The text of the run's page."""
    return run_of(name).page(NETS[name][1], progress=False).html
