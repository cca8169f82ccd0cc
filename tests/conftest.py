"""Settings that every test runs under: quiet TensorFlow on the CPU, reproducible hypothesis."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports TensorFlow: conftest is the first file that pytest reads.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLBACKEND", "Agg")

# Timings of a shared machine say nothing about the code: no deadline, no "too slow" check.
# `make test-all` takes the thorough profile.
for profile, num_examples in (("keras-forecast", 40), ("thorough", 100)):
    settings.register_profile(
        profile,
        max_examples=num_examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("keras-forecast")

# What takes longest comes first, so that test processes side by side end together. While one is in
# the notebooks, the other keeps the fits that the contracts share.
FIRST = [
    "test_notebooks.py",
    "test_contracts.py",
    "test_streaming_laws.py",
    "test_forecaster_contracts.py",
    "test_learning_contracts.py",
    "test_doctests.py",
    "test_docs.py",
    "test_splits.py",
    "test_cli.py",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files for processes side by side (`--no-loadscope-reorder` keeps to it)."""
    if hasattr(config, "workerinput"):
        rank = {name: place for place, name in enumerate(FIRST)}
        items.sort(key=lambda item: rank.get(item.path.name, len(FIRST)))


def pytest_collection_finish() -> None:
    """Take what is there for good, TensorFlow and all tests, out of the garbage collection."""
    gc.collect()
    gc.freeze()


SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real series beside the repository; the test is skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder ../shared/data with the real series is not beside this repository")
    return SHARED_DATA
