"""Options and settings that all tests share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import workings.ops  # noqa: F401 (enters the ops in the registry)

# Examples are the same in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("repeatable", derandomize=True, database=None, **_COMMON)
settings.register_profile("explore", max_examples=1000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Compiled code is kept for this session, and the user's own cache is left alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKINGS_CACHE"] = folder
        return (yield)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the files of tests/golden anew, to be read and reviewed as text",
    )


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are to be written instead of compared."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that draws the same in every run."""
    return np.random.default_rng(20240229)
