"""Bundles with right hashes whose parts do not fit together: refused before they cost anything."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import operator
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from io_samples import long_frame, members, ours, with_array, with_manifest, write_members

import forecast as fc
from forecast.archive.archive import open_archive, to_json
from forecast.io import BundleError, load, save
from forecast.models.network import NetworkModel

TRAINING = fc.Training(num_steps=2, num_checks=1)
FORECASTERS = {
    "AR": lambda: fc.AR(lags=2),
    "ETS": lambda: fc.ETS(),
    "VAR": lambda: fc.VAR(lags=2),
    "Naive": lambda: fc.Naive(),
    "PooledAR": lambda: fc.PooledAR(lags=2),
    "Pipeline": lambda: fc.Pipeline([fc.StandardScaler(), fc.Difference(), fc.AR(lags=2)]),
    "Combine": lambda: fc.Combine([fc.AR(lags=2), fc.Naive()], method="weighted"),
    "LSTM": lambda: fc.LSTMForecaster(
        units=3, num_layers=2, design=fc.NetworkDesign(linear="highway"), training=TRAINING
    ),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """Members of sound bundles."""
    found = {}
    for name, forecaster in FORECASTERS.items():
        path = tmp_path_factory.mktemp("good") / "model.kfc"
        save(forecaster().fit(long_frame(), horizon=3), path)
        found[name] = members(path)
    save(seen_in_own_scales(load(path)), path)  # the last one, the LSTM
    return found | {"scaled": members(path)}


def seen_in_own_scales(forecaster):
    """The network with a scale for each of its two series."""
    fitted, model = forecaster.fitted_, forecaster.fitted_.model
    highway = model.highway.seen_in(np.array([[0.0, 0.0], [50.0, 3.0], [48.0, 4.0]]))
    estimate = replace(fitted.estimate, model=NetworkModel(highway, model.body, model.head))
    forecaster.fitted_ = replace(fitted, estimate=estimate)
    return forecaster


def refuse(path, message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match=message):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()


def array_of(content, name) -> np.ndarray:
    return np.load(io.BytesIO(content[f"{name}.npy"]))


# Arrays that do not fit ---------------------------------------------------------------------------

SHAPES = [
    ("AR", "model/coefficients", lambda a: a[:1], r"its model needs floating.* of shape \(2, 2\)"),
    ("AR", "model/coefficients", lambda a: a[:, :1], r"floating-point numbers of shape \(2, 2\)"),
    ("AR", "model/lags", lambda a: a.astype(float), r"float64 .* needs whole numbers"),
    ("AR", "model/deterministic", lambda a: a[:, :0], r"of shape \(2, 0\); .* \(2, 1\)"),
    ("AR", "model/centres", lambda a: a * np.nan, "'centres' of its model holds NaN or infinity"),
    ("AR", "model/variances", lambda a: a + np.inf, "'variances' of its model holds NaN or infin"),
    ("AR", "state/model.window", lambda a: a[:1], r"needs floating-point .* \(2, 2\)"),
    ("AR", "state/model.series", lambda a: a + 1, "'model.series' points beyond its 2 series"),
    ("AR", "state/model.series", lambda a: a - 2, "'model.series' points beyond its 2 series"),
    ("AR", "state/record.error_sum", lambda a: a.astype(int), "needs floating-point numbers"),
    ("AR", "steps/count", lambda a: a + 1000, "seen more values than steps"),
    ("AR", "steps/clock", lambda a: a[:, None], r"\(2, 1\); its model needs whole"),
    ("AR", "store/ends", lambda a: a[:1], r"of shape \(1,\); .* \(2,\)"),
    ("AR", "store/ends", lambda a: a * 0 + np.iinfo(np.int64).min, "one of its times is missing"),
    ("AR", "store/ends", lambda a: a * 0 + 2**62, r"in the year 148108; .* years 1 to 9999"),
    ("AR", "fitted/until", lambda a: a * 0 - 2**62, r"in the year -144169; .* years 1 to 9999"),
    ("AR", "calibration/pool", lambda a: a[:0], "its residuals of the shapes"),
    ("AR", "calibration/pool", lambda a: a * np.nan, "its residuals hold NaN"),
    ("AR", "calibration/by_step", lambda a: a[:, :0], "its residuals of the shapes"),
    ("AR", "estimate/fell_back", lambda a: np.array([2]), "short series .* are not among its 2"),
    ("ETS", "model/smoothing", lambda a: a[:, :3], r"\(2, 3\); its model needs .* \(2, 4\)"),
    ("ETS", "model/season", lambda a: a[:, :0], "its model needs"),
    ("ETS", "model/multiplicative", lambda a: a.astype(float), "its model needs truth values"),
    ("VAR", "model/coefficients", lambda a: a[:1], "1 systems of 1 channels, not 2"),
    ("VAR", "model/covariances", lambda a: a[:, :, 0], "its model needs"),
    ("PooledAR", "model/member0.coefficients", lambda a: np.concatenate([a, a, a]), "sets of coe"),
    ("Pipeline", "model/active", lambda a: a[:1], r"needs truth values of shape \(2, 2\)"),
    ("Pipeline", "model/parameter0.scale", lambda a: a[:1], "not one row for each of 2 series"),
    ("Pipeline", "state/model.inner.window", lambda a: a[:, :1], "its model needs"),
    ("Combine", "model/weights", lambda a: a[:1], "2 weights are expected"),
    ("Combine", "model/member0.coefficients", lambda a: a[:1], "its model needs"),
    ("LSTM", "model/weight.1", lambda a: a[:1], r"'weight.1' .* \(3, 12\)"),
    ("LSTM", "model/weight.3", lambda a: a.T, r"'weight.3' .* \(3, 12\)"),
    ("LSTM", "model/weight.4", lambda a: a * np.nan, r"'weight\.4' of its model holds NaN"),
    ("LSTM", "model/highway.coefficients", lambda a: a[0], "'coefficients' is .* shape"),
    ("scaled", "model/highway.scales", lambda a: a[:, :1], r"'highway.scales' is .* shape"),
    ("scaled", "model/highway.scales", lambda a: a[:2], r"'highway.scales' is .* shape"),
    ("scaled", "model/highway.scales", lambda a: a - 1.0, "units .* must be at least 0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "array", "change", "message"), SHAPES)
def test_arrays_that_do_not_fit(name, array, change, message, good, tmp_path):
    data = ours(change(array_of(good[name], array)))
    path = write_members(tmp_path / "m.kfc", with_array(good[name], f"{array}.npy", data))
    refuse(path, message)


def test_readouts_of_other_series_than_those_of_the_fit(tmp_path):
    forecaster = fc.ESNForecaster(units=3).fit(long_frame(), horizon=3)
    body = forecaster.fitted_.model.body
    body.departures = np.zeros((7, len(body.coefficients)))
    with pytest.raises(BundleError, match=r"'departures' is .* of shape \(7, .*; .* shape \(2, "):
        save(forecaster, tmp_path / "m.kfc")


@pytest.mark.parametrize("name", [*FORECASTERS, "scaled"])
def test_every_array_is_needed_and_no_other_is_let_in(name, good, tmp_path):
    content = good[name]
    arrays = [member for member in content if member.endswith(".npy")]
    arrays = [array for array in arrays if array != "model/weights.npy"]  # without them: the median
    for array in arrays:
        changed = with_manifest(content, lambda m, array=array: m["arrays"].pop(array))
        changed = {key: data for key, data in changed.items() if key != array}
        refuse(
            write_members(tmp_path / "m.kfc", changed), "missing|in one of both|describes no|exp"
        )
    for more in ("model/more", "model/weight.99", "state/model.more", "store/more", "more",
                 "calibration/more", "estimate/more", "fitted/more", "steps/more"):  # fmt: skip
        changed = with_array(content, f"{more}.npy", ours(np.zeros(2)))
        refuse(write_members(tmp_path / "m.kfc", changed), "more|weight")


def test_layers_without_end_are_not_compiled(good, tmp_path):
    content = good["LSTM"]
    many = {f"model/member{index}.weight.0.npy": ours(np.zeros(1)) for index in range(500)}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in many.items()}
    changed = with_manifest(content, lambda manifest: manifest["arrays"].update(hashes))
    refuse(write_members(tmp_path / "m.kfc", changed | many), "508 weights, more than 500")


def test_an_array_that_claims_more_than_the_file_holds_takes_no_memory(good, tmp_path):
    big = ours(np.zeros(0)).replace(b"(0,), }", b"(10**9), }")
    refuse(write_members(tmp_path / "m.kfc", with_array(good["AR"], "steps/clock.npy", big)), "npy")


# Numbers out of their range -----------------------------------------------------------------------

BILLION = 10**9
NUMBERS = [
    ("LSTM", lambda m: m["model"]["config"]["body"].update(units=BILLION), "weight.0|too large"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(units=10_000), r"weight.0.*40000"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(num_layers=100_000), "from 1 to 64"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(num_layers=9), "do not fit its 8"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(num_features=9), r"weight.0.*\(9, 12\)"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(units=True), "units is True, not"),
    ("LSTM", lambda m: m["model"]["config"]["body"].update(layer="Lambda"), r"weight.0.*\(5, 0\)"),
    ("LSTM", lambda m: m["model"]["config"]["body"]["options"].update(
        activation={"class_name": "Lambda", "config": {}}), "unknown options"),
    ("LSTM", lambda m: m["model"]["config"]["body"]["options"].update(unroll=1), "unknown options"),
    ("AR", lambda m: m["model"]["config"].update(num_slots=BILLION), "too large|'ages'"),
    ("AR", lambda m: m["model"]["config"].update(num_slots=50_000), r"'ages' .*50000"),
    ("AR", lambda m: m["model"]["config"].update(period=BILLION), "too large|'deterministic'"),
    ("AR", lambda m: m["model"]["config"].update(trend="x"), "its trend is 'x'"),
    ("AR", lambda m: m["forecaster"]["arguments"].update(lags=BILLION), "settings are too large"),
    ("AR", lambda m: m["fitted"].update(horizon=BILLION), "horizon is 1000000000, not a whole"),
    ("AR", lambda m: m["fitted"].update(horizon=100_001), "horizon is 100001, not a whole"),
    ("AR", lambda m: m["fitted"].update(horizon=0), "horizon is 0, not a whole number from 1 to"),
    ("AR", lambda m: m["fitted"].update(horizon=2.0), r"horizon is 2\.0, not a whole"),
    ("AR", lambda m: m["fitted"].update(ids=[], ), "holds no series"),
    ("AR", lambda m: m["fitted"]["calibration"].update(default_scale={"$float": "nan"}), "NaN"),
    ("Pipeline", lambda m: m["model"]["config"].update(memories=[0, BILLION]), "its model needs"),
    ("Combine", lambda m: m["model"]["config"].update(block_length=BILLION), "too large|residuals"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), NUMBERS)
def test_numbers_out_of_range(name, change, message, good, tmp_path):
    refuse(write_members(tmp_path / "m.kfc", with_manifest(good[name], change)), message)


# Entries of the manifest --------------------------------------------------------------------------


def ways(value, way=()):
    """The way to every object of a manifest, as keys."""
    if isinstance(value, dict):
        yield way
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in items:
        if isinstance(entry, dict | list):
            yield from ways(entry, (*way, key))


# Versions of libraries, learning curves and settled choices have keys of their own.
FREE = {("libraries",), ("fitted", "estimate", "history"), ("fitted", "estimate", "settled")}


@pytest.mark.parametrize("name", FORECASTERS)
def test_an_unknown_key_is_refused_at_every_level(name, good, tmp_path):
    found = list(ways(json.loads(good[name]["manifest.json"])))
    assert len(found) > 10
    for way in found:
        if way[:3] in FREE or way[:1] in FREE:
            continue
        manifest = json.loads(good[name]["manifest.json"])
        functools.reduce(operator.getitem, way, manifest)["unknown"] = 1
        write_members(tmp_path / "m.kfc", good[name] | {"manifest.json": to_json(manifest)})
        with pytest.raises(BundleError):
            load(tmp_path / "m.kfc")
            pytest.fail(f"an unknown key was let in at {way}")


def test_a_zone_is_no_path(good, tmp_path):
    """pandas would open the file that such a name stands for."""
    for zone in ("dateutil//etc/passwd", "dateutil/../../etc/passwd", "/etc/passwd", "../x", 3):
        changed = with_manifest(
            good["AR"], lambda m, zone=zone: m["times"]["store/ends"].update(zone=zone)
        )
        refuse(write_members(tmp_path / "m.kfc", changed), "unknown kind 'datetime'")


def test_a_forecaster_whose_numbers_are_none_is_not_saved(tmp_path):
    forecaster = fc.AR(lags=2).fit(long_frame())
    model = forecaster.fitted_.model
    broken = type(model)(model.form, replace(model.parameters, centres=np.full(2, np.nan)))
    forecaster.fitted_ = replace(
        forecaster.fitted_, estimate=replace(forecaster.fitted_.estimate, model=broken)
    )
    with pytest.raises(BundleError, match="'centres' of its model holds NaN or infinity"):
        forecaster.save(tmp_path / "model.kfc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FORECASTERS)
def test_what_is_loaded_is_saved_as_the_same_bytes(name, good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good[name])
    load(path).save(tmp_path / "again.kfc")
    assert (tmp_path / "again.kfc").read_bytes() == path.read_bytes()
    with open_archive(path) as archive:
        assert set(archive.manifest["times"]) == {"fitted/starts", "fitted/until", "store/ends"}
