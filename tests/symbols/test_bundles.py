"""Bundles of forecasters of symbols with right hashes whose parts do not fit together."""

from __future__ import annotations

import numpy as np
import pytest
from io_samples import members, ours, with_array, with_manifest, write_members
from symbols.material import cycle_frame

import forecast as fc
from forecast.io import BundleError

FORECASTERS = {
    "chain": lambda: fc.MarkovChain(2),
    "hidden": lambda: fc.HiddenMarkovChain(2, num_starts=1),
    "network": lambda: fc.SymbolGRU(
        units=3, embedding=2, training=fc.Training(num_steps=1, num_checks=1)
    ),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Members of sound bundles."""
    found = {}
    for name, forecaster in FORECASTERS.items():
        path = tmp_path_factory.mktemp("good") / "model.kfc"
        forecaster().fit(cycle_frame(40)).save(path)
        found[name] = members(path)
    return found


def form(manifest):
    return manifest["model"]["config"]["body"]


CHANGES = [
    ("chain", lambda m: m["fitted"]["alphabet"]["fields"].update(symbols={"$tuple": ["a", "b"]}),
     "its alphabet of 2 codes is not that of its model, which has 4"),
    ("chain", lambda m: m["model"]["config"].update(start=10**6), "not among the .* of the chain"),
    ("chain", lambda m: m["fitted"].update(alphabet="abc"), "no model of symbols, or no alphabet"),
    ("chain", lambda m: m["fitted"].pop("choices"), "describes no forecaster"),
    ("chain", lambda m: m["store"].update(ids=[]), "holds no series"),
    ("chain", lambda m: m["forecaster"]["arguments"].update(order=-1), "describes no forecaster"),
    ("chain", lambda m: m["forecaster"].update({"class": "AR"}), "describes no forecaster|missing"),
    ("hidden", lambda m: m["model"]["config"].update(end=1), "its alphabet of 4 codes is not that"),
    ("hidden", lambda m: m["model"].update({"class": "ChainModel"}), "missing"),
    ("network", lambda m: form(m)["symbols"].update(num_codes=10**9), r"'weight\.0'|too large"),
    ("network", lambda m: form(m)["symbols"].update(embedding=7), r"'weight\.0'.*\(5, 7\)"),
    ("network", lambda m: form(m)["symbols"].update(embedding=None), r"'weight\.0'.*\(5, 9\)"),
    ("network", lambda m: form(m).update(symbols=None), r"'weight\.0'|describes no forecaster"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), CHANGES)
def test_a_manifest_that_does_not_fit(name, change, message, good, tmp_path):
    path = tmp_path / "model.kfc"
    write_members(path, with_manifest(good[name], change))
    with pytest.raises(BundleError, match=message):
        fc.load(path)


@pytest.mark.parametrize(
    ("name", "array", "values", "message"),
    [
        ("chain", "state/model.context", np.array([99]), "not among the .* of the chain"),
        ("chain", "state/model.gap", np.array([-1]), "a gap is not from 0"),
        ("chain", "model/successor", np.full((3, 4), 0), "missing|shape|does not fit"),
        ("chain", "steps/count", np.array([41]), "seen more symbols than steps"),
        ("hidden", "model/classes", np.full((2, 4), np.nan), "holds NaN"),
        ("hidden", "state/model.belief", np.zeros((1, 3)), "'model.belief'"),
        ("network", "model/weight.0", np.zeros((5, 3), np.float32), r"'weight\.0'"),
    ],
)
def test_arrays_that_do_not_fit(name, array, values, message, good, tmp_path):
    path = tmp_path / "model.kfc"
    write_members(path, with_array(good[name], f"{array}.npy", ours(values)))
    with pytest.raises(BundleError, match=message):
        fc.load(path)
