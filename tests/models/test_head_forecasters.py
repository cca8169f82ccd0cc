"""Forecasters with heads and blocks: what they say, draw, keep, refuse."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from io_samples import members, with_manifest, write_members

import forecast as fc
from forecast.archive.errors import BundleError

TRAINING = fc.Training(num_steps=40, num_checks=2)


def frame_of(values, names="abcdefghijkl") -> pd.DataFrame:
    num_series, num_steps = values.shape
    ids = np.repeat(list(names[:num_series]), num_steps)
    return pd.DataFrame(
        {"unique_id": ids, "ds": np.tile(np.arange(num_steps), num_series), "y": values.ravel()}
    )


def processes(num_steps: int = 160):
    """Twelve series of `y' = 0.7 y + e`, e standard normal: every forecast's law is known."""
    noise = np.random.default_rng(1).standard_normal((12, num_steps))
    values = np.zeros_like(noise)
    for step in range(1, num_steps):
        values[:, step] = 0.7 * values[:, step - 1] + noise[:, step]
    return values


COUNTS = np.random.default_rng(2).negative_binomial(2.0, 2.0 / (2.0 + 4.0), (6, 90)).astype(float)


def network(head, **options) -> fc.RNNForecaster:
    design = fc.NetworkDesign(head=head, **options)
    return fc.RNNForecaster(units=4, season_length=1, training=TRAINING, design=design)


@pytest.fixture(scope="module")
def normal():
    return network("normal").fit(frame_of(processes()), horizon=4)


@pytest.fixture(scope="module")
def joint():
    return network("normal", block_length=None).fit(frame_of(processes()), horizon=4)


@pytest.fixture(scope="module")
def counts():
    return network("negative_binomial").fit(frame_of(COUNTS), horizon=3)


@pytest.fixture(scope="module")
def blocks():
    return network("huber", linear="highway", block_length=None).fit(frame_of(COUNTS), horizon=3)


def test_paths_spread_as_the_process_says(normal):
    """`sd[h] = sqrt(1 + 0.49 + 0.49^2 + ...)`, and the mean goes `0.7^h y`."""
    paths = normal.sample(4, num_paths=400, seed=1)
    found = paths.groupby(["unique_id", "ds"])["y"].agg(["mean", "std"])
    known = np.sqrt(np.cumsum(0.49 ** np.arange(4)))
    spread = found["std"].unstack().mean().to_numpy()
    np.testing.assert_allclose(spread, known, rtol=0.15)
    last = processes()[:, -1]
    np.testing.assert_allclose(found["mean"].unstack().to_numpy()[:, 0], 0.7 * last, atol=0.5)
    assert "head Normal()" in normal.choices_


@pytest.mark.parametrize("name", ["normal", "joint"])
def test_intervals_of_the_head_are_as_wide_as_the_process_says(name, request):
    fitted = request.getfixturevalue(name)
    found = fitted.predict(4, level=80, intervals="paths")
    width = (found["RNN-hi-80"] - found["RNN-lo-80"]).groupby(found["ds"]).mean()
    known = 2 * 1.2816 * np.sqrt(np.cumsum(0.49 ** np.arange(4)))
    np.testing.assert_allclose(width, known, rtol=0.15)
    paths = fitted.sample(4, num_paths=500).groupby(["unique_id", "ds"])["y"].quantile(0.9)
    np.testing.assert_allclose(found["RNN-hi-80"], paths.to_numpy(), rtol=1e-12)
    past = fitted.predict(4, level=80)
    assert not np.allclose(found["RNN-hi-80"], past["RNN-hi-80"])


def test_the_steps_of_a_block_go_together(joint):
    """The sum of four steps spreads as the process says: sqrt(sum_k (1 + ... + 0.7^k)^2)."""
    assert joint.fitted_.model.block_length == 4 and "blocks of the horizon" in joint.choices_
    paths = joint.sample(4, num_paths=400, seed=1)
    spread = paths.groupby(["unique_id", "ds"])["y"].std().unstack().mean().to_numpy()
    np.testing.assert_allclose(spread, np.sqrt(np.cumsum(0.49 ** np.arange(4))), rtol=0.15)
    sums = paths.groupby(["unique_id", "path"])["y"].sum().unstack().std(axis=1).mean()
    known = np.sqrt((np.cumsum(0.7 ** np.arange(4)) ** 2).sum())
    assert sums == pytest.approx(known, rel=0.15) and known > 1.2 * np.sqrt((spread**2).sum())
    assert joint.sample(7, 2)["y"].notna().all()


def test_the_point_forecast_is_the_median_of_the_first_step(normal):
    paths = normal.sample(1, num_paths=2001, seed=3).groupby("unique_id")["y"].median()
    points = normal.predict(1).set_index("unique_id")["RNN"]
    np.testing.assert_allclose(paths, points, atol=0.1)


def test_paths_do_not_depend_on_company(normal):
    frame = frame_of(processes())
    whole = normal.sample(3, 5, seed=2).query("unique_id == 'c'")["y"].to_numpy()
    alone = normal.clone()
    alone.__dict__.update(vars(normal))
    alone.condition(frame[frame["unique_id"] == "c"])
    np.testing.assert_allclose(alone.sample(3, 5, seed=2)["y"], whole, rtol=1e-4, atol=1e-4)


def test_counts_are_whole_numbers_as_large_as_those_seen(counts):
    paths = counts.sample(3, num_paths=300, seed=0)["y"]
    assert (paths == np.round(paths)).all() and (paths >= 0).all()
    assert paths.mean() == pytest.approx(COUNTS.mean(), rel=0.25)
    assert paths.var() == pytest.approx(COUNTS.var(), rel=0.5)
    points = counts.predict(2)["RNN"]
    np.testing.assert_allclose(points, np.round(points), atol=1e-9)


def test_blocks_of_the_horizon(blocks):
    assert blocks.fitted_.model.block_length == 3 and "blocks of the horizon" in blocks.choices_
    long = blocks.predict(8, level=80)
    short = blocks.predict(2)
    steps = long.groupby("unique_id").cumcount() < 2
    np.testing.assert_array_equal(long.loc[steps, "RNN"], short["RNN"])
    assert (long["RNN-hi-80"] > long["RNN-lo-80"]).all()
    assert np.isfinite(blocks.sample(7, 3)["y"]).all()


@pytest.mark.parametrize("name", ["normal", "counts", "blocks", "joint"])
def test_bundles_bring_heads_back_bit_for_bit(name, request, tmp_path):
    fitted = request.getfixturevalue(name)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert repr(loaded) == repr(fitted) and loaded.fitted_.model.head == fitted.fitted_.model.head
    for call in (lambda f: f.predict(5, 80), lambda f: f.sample(5, 3, seed=1)):
        pd.testing.assert_frame_equal(call(loaded), call(fitted), check_exact=True)


def another_head(manifest):
    manifest["model"]["config"]["head"] = {"$dataclass": "Poisson", "fields": {}}


def more_outputs(manifest):
    manifest["model"]["config"]["body"]["num_outputs"] = 3


def no_head(manifest):
    manifest["model"]["config"]["head"] = {"$dataclass": "Training", "fields": {}}


def other_levels(manifest):
    head = {"$dataclass": "Quantiles", "fields": {"levels": {"$tuple": [0.9, 0.1]}}}
    manifest["model"]["config"]["head"] = head


def endless_block(manifest):
    manifest["model"]["config"]["body"]["num_outputs"] = 2**40


def another_class(manifest):
    manifest["model"]["config"]["head"] = {"$dataclass": "Head", "fields": {}}


@pytest.mark.parametrize(
    "change", [another_head, more_outputs, no_head, other_levels, endless_block, another_class]
)
def test_a_manifest_with_another_head_is_refused(change, normal, tmp_path):
    normal.save(tmp_path / "model.kfc")
    content = with_manifest(members(tmp_path / "model.kfc"), change)
    assert json.loads(content["manifest.json"])
    with pytest.raises(BundleError):
        fc.load(write_members(tmp_path / "changed.kfc", content))


def test_arguments_follow_scikit_learn(normal):
    twin = normal.clone().set_params(design__head="student_t")
    assert twin.design == fc.NetworkDesign(head="student_t")
    assert normal.design.head == "normal" and twin.get_params()["design__block_length"] == 1
    assert network("squared").point == "mean" and network("huber").point == "median"


# What is refused ----------------------------------------------------------------------------------


def test_designs_that_mean_nothing():
    with pytest.raises(ValueError, match=r"`head` must be one of absolute, .*; got 'gauss'"):
        fc.NetworkDesign(head="gauss")
    for length in (0, -2, 1.5, True):
        with pytest.raises(ValueError, match=r"`block_length` must be a whole number of at least"):
            fc.NetworkDesign(block_length=length)
    with pytest.raises(ValueError, match=r"a weighted sum of point forecasts: take linear='high"):
        fc.NetworkDesign(head="poisson", linear="combined")
    assert not fc.NetworkDesign(head="normal").is_combined and fc.NetworkDesign().is_combined


@pytest.mark.parametrize(("value", "shown"), [(-1.0, "-1"), (2.5, r"2\.5")])
def test_what_is_no_count_is_refused_before_the_training(value, shown):
    frame = frame_of(COUNTS).rename(columns={"y": "sold"})
    frame.loc[frame["unique_id"].eq("c") & frame["ds"].eq(7), "sold"] = value
    message = rf"whole numbers of at least 0: series 'c' holds {shown} \(column 'sold'\)"
    with pytest.raises(ValueError, match=message):
        network("poisson").fit(frame, target_col="sold")
    pipe = fc.Pipeline([fc.Difference(), network("poisson")])
    with pytest.raises(ValueError, match=r"series 'a' holds -\d+ \(after the transforms\)"):
        pipe.fit(frame_of(COUNTS))


def test_newer_rows_that_are_no_counts_change_nothing(counts):
    before = counts.store_
    rows = frame_of(np.full((6, 2), 1.5)).assign(ds=lambda rows: rows["ds"] + 90)
    with pytest.raises(ValueError, match=r"series 'a' holds 1\.5 \(column 'y'\)"):
        counts.update(rows)
    assert counts.store_ is before


def test_counts_under_a_density_are_said_so():
    short = fc.Training(num_steps=1, num_checks=1)
    fitted = network("quantiles").set_params(training=short).fit(frame_of(COUNTS), horizon=2)
    assert "all values are counts (mean 4" in fitted.choices_
    assert "'negative_binomial' are made" in fitted.choices_


@pytest.mark.parametrize("name", ["normal", "blocks"])
def test_what_cannot_learn_from_newer_rows_says_why(name, request):
    fitted = request.getfixturevalue(name)
    before = fitted.fitted_, fitted.store_
    ends = fitted.store_.ends
    rows = pd.DataFrame({"unique_id": fitted.store_.ids, "ds": ends + 1, "y": 2.0})
    with pytest.raises(ValueError, match=r"cannot learn from newer rows: its gradient steps are"):
        fitted.update(rows, learn=True)
    assert (fitted.fitted_, fitted.store_) == before


def test_counts_are_not_exported(counts, tmp_path):
    with pytest.raises(ValueError, match=r"medians of the head NegativeBinomial\(\) have no eq"):
        counts.export(tmp_path / "1")
    assert not list(tmp_path.iterdir())


def test_a_pipeline_draws_from_the_head_of_its_last_step(normal):
    """The paths of a scaled series are those of the series, scaled: nothing else is added."""
    values = 1000.0 + 50.0 * processes()
    pipe = fc.Pipeline([fc.StandardScaler(), network("normal")]).fit(frame_of(values), horizon=3)
    paths = pipe.sample(3, num_paths=300, seed=1)
    spread = paths.groupby(["unique_id", "ds"])["y"].std().unstack().mean().to_numpy() / 50.0
    np.testing.assert_allclose(spread, np.sqrt(np.cumsum(0.49 ** np.arange(3))), rtol=0.15)
