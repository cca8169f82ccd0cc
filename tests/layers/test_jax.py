"""The layers on JAX: values, gradients, dropout, fit and saved models equal those on TensorFlow."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import jax_parity
import pytest
from layer_material import LOOPS

TESTS = Path(__file__).resolve().parents[1]

# No layer needs these on JAX, and Keras would take seconds to import them.
ALONE = """
import runpy, sys
sys.modules |= dict.fromkeys(["tensorflow", "sklearn", "matplotlib"])
runpy.run_module("jax_parity", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is not installed: pip install 'keras-forecast[jax]'",
)
def test_jax_equals_tensorflow(tmp_path: Path) -> None:
    assert set(jax_parity.CASES) == set(LOOPS) - {"DeepTransitionCell"}
    jax_parity.save(tmp_path)
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(TESTS)}
    environment["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # to compile takes longer than to run
    done = subprocess.run(
        [sys.executable, "-c", ALONE, tmp_path],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("backend") == "jax"
    assert found.pop("its loss after a fit with dropout") < 1
    assert {case: error for case, error in found.items() if not error < 1e-5} == {}
