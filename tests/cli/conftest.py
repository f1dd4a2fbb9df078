"""Model files to try commands on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

NET = """\
def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


parameters = {"w": 0.5}
data = {"x": 1.0, "expected": 2.0}
"""


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a model file: `write_model(text)`; the neuron if no text is given."""

    def write(text: str = NET, name: str = "net.py") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
