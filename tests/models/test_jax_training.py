"""Training on JAX: it learns as on TensorFlow, and goes on from a checkpoint bit for bit."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.long
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is not installed: pip install 'keras-forecast[jax]'",
)
def test_a_training_on_jax_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    found = {}
    for backend in ("jax", "tensorflow"):
        folder = tmp_path / backend
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, TESTS / "jax_training.py", folder],
            env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(TESTS)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found[backend] = json.loads(done.stdout)
    on_jax = found["jax"]
    assert on_jax["backend"] == "jax" and on_jax["broken"]
    assert on_jax["same weights"] and on_jax["same losses"]
    expected = found["tensorflow"]["losses"]
    assert on_jax["losses"] == pytest.approx(expected, rel=1e-3)
