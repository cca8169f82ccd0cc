"""Calibration per step ahead, against loops over the rows of a backtest frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.evaluation.calibration import ForecastColumns, calibration
from forecast.evaluation.calibration_picture import plot_calibration

HORIZON = 3


@pytest.fixture
def cv():
    """Two models at five origins of four series, mixed in order, some values missing."""
    rng = np.random.default_rng(4)
    rows = [
        {"unique_id": name, "ds": cutoff + step, "cutoff": cutoff}
        for name in "abcd"
        for cutoff in range(10, 15)
        for step in range(1, HORIZON + 1)
    ]
    frame = pd.DataFrame(rows)
    frame["y"] = np.where(rng.random(len(frame)) < 0.2, np.nan, rng.normal(size=len(frame)))
    for model, scale in (("AR", 1.0), ("LSTM-2", 2.0)):
        frame[model] = 0.1
        for level, width in ((80, 0.8), (97.5, 1.7)):
            spread = scale * width * rng.uniform(0.7, 1.3, len(frame))
            frame[f"{model}-lo-{level:g}"], frame[f"{model}-hi-{level:g}"] = -spread, spread + 0.1
    frame["AR-crps"] = np.where(frame["y"].isna(), np.nan, rng.gamma(2.0, size=len(frame)))
    return frame.sample(frac=1.0, random_state=2).reset_index(drop=True)


def test_equals_a_loop_over_the_rows(cv):
    found = calibration(cv).set_index(["model", "step"])
    assert list(found.columns) == [
        "count", "coverage 80 %", "width 80 %", "coverage 97.5 %", "width 97.5 %", "CRPS",
    ]  # fmt: skip
    assert found.index.tolist() == [(m, s) for m in ("AR", "LSTM-2") for s in (1, 2, 3)]
    for (model, step), row in found.iterrows():
        part = cv[(cv["ds"] - cv["cutoff"] == step) & cv["y"].notna()]
        assert row["count"] == len(part)
        for level in ("80", "97.5"):
            low, high = part[f"{model}-lo-{level}"], part[f"{model}-hi-{level}"]
            inside = [a <= y <= b for a, y, b in zip(low, part["y"], high, strict=True)]
            assert row[f"coverage {level} %"] == pytest.approx(100 * np.mean(inside))
            assert row[f"width {level} %"] == pytest.approx((high - low).mean())
        wanted = part["AR-crps"].mean() if model == "AR" else np.nan
        assert row["CRPS"] == pytest.approx(wanted, nan_ok=True)


def test_a_model_without_a_level_has_none(cv):
    found = calibration(cv.drop(columns=["LSTM-2-lo-80", "LSTM-2-hi-80"]))
    missing = found.loc[found["model"] == "LSTM-2", ["coverage 80 %", "width 80 %"]]
    assert missing.isna().all(axis=None)
    assert found["coverage 97.5 %"].notna().all()


def test_a_step_without_any_value_is_kept_and_empty(cv):
    cv.loc[cv["ds"] - cv["cutoff"] == 2, "y"] = np.nan
    found = calibration(cv.drop(columns="AR-crps")).query("step == 2")
    assert found["count"].tolist() == [0, 0] and "CRPS" not in found
    assert found[["coverage 80 %", "width 80 %"]].isna().all(axis=None)


def test_other_names_libraries_and_channels(cv):
    wanted = calibration(cv)
    renamed = cv.rename(columns={"unique_id": "shop", "ds": "day", "y": "sales"})
    named = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    pd.testing.assert_frame_equal(calibration(renamed, **named), wanted)
    polars = pytest.importorskip("polars")
    columns = {name: cv[name].to_numpy() for name in cv.columns}
    pd.testing.assert_frame_equal(calibration(polars.DataFrame(columns)), wanted)
    pd.testing.assert_frame_equal(calibration(cv.set_index(["unique_id", "ds"])), wanted)
    doubled = pd.concat([cv.assign(channel=name) for name in ("u", "v")], ignore_index=True)
    found = calibration(doubled)
    np.testing.assert_array_equal(found["count"], 2 * wanted["count"])
    np.testing.assert_allclose(found["width 80 %"], wanted["width 80 %"])


def test_a_backtest_is_read_as_it_comes():
    df = fc.load_dataset("sunspots")
    cv = fc.cross_validation([fc.AR(lags=9), fc.Naive()], df, 4, n_windows=10, level=[50, 90])
    found = fc.calibration(cv)
    assert found["model"].tolist() == ["AR"] * 4 + ["Naive"] * 4
    assert (found["count"] == 10).all()
    assert (found["coverage 90 %"] >= found["coverage 50 %"]).all()


def test_what_cannot_be_calibrated_is_refused(cv):
    with pytest.raises(ValueError, match=r"the frame has no column 'cutoff'; it has unique_id"):
        calibration(cv.drop(columns="cutoff"))
    with pytest.raises(ValueError, match=r"no column 'sales'; .* target_col= where they are named"):
        calibration(cv, target_col="sales")
    bare = cv[["unique_id", "ds", "cutoff", "y", "AR"]]
    for frame in (bare, cv.iloc[:0]):
        with pytest.raises(ValueError, match=r"nothing to calibrate: .* level=\[80, 95\]"):
            calibration(frame)


def test_a_path_is_no_frame():
    with pytest.raises(TypeError, match=r"give pd.read_parquet\(path\)\. Got 'cv.parquet'"):
        calibration("cv.parquet")


def test_columns_are_told_by_their_names():
    names = ["y", "A-lo-5", "A-lo-5-lo-80", "A-lo-5-hi-80", "B", "B-crps", "A-lo-5-lo-99.9"]
    assert ForecastColumns.of(names) == ForecastColumns(("A-lo-5", "B"), (5.0, 80.0, 99.9))


def test_the_picture_shows_every_model_level_and_score(cv):
    pytest.importorskip("matplotlib")
    left, middle, right = plot_calibration(cv).axes
    titles = [axes.get_title(loc="left") for axes in (left, middle, right)]
    assert titles == [
        "Coverage per step ahead, %", "Width per step ahead", "CRPS per step ahead",
    ]  # fmt: skip
    wanted = calibration(cv).query("model == 'AR'")
    drawn = [line.get_ydata() for line in left.lines if len(line.get_xdata()) == HORIZON]
    assert any(np.array_equal(each, wanted["coverage 80 %"]) for each in drawn)
    assert len(left.collections) == 2  # a band a level
    for axes, measure in ((left, "coverage"), (middle, "width")):  # one kind of line for a level
        for level, line in (("80", "--"), ("97.5", "-")):
            kinds = {
                each.get_linestyle()
                for each in axes.lines
                if np.array_equal(each.get_ydata(), wanted[f"{measure} {level} %"])
            }
            assert kinds == {line}
    assert middle.get_ylim()[1] > 1.1 * max(
        max(line.get_ydata(), default=0) for line in middle.lines
    )
    band = left.collections[-1].get_paths()[0].get_extents()
    counts = calibration(cv).groupby("step")["count"].max()
    assert 80 - band.y0 == pytest.approx(1.96 * np.sqrt(1600 / counts.min()), rel=1e-6)
    assert [text.get_text() for text in middle.get_legend().get_texts()] == ["97.5 %", "80 %"]
    assert "LSTM-2" in [text.get_text() for text in middle.texts]


def test_the_picture_of_scores_alone_or_intervals_alone(cv):
    pytest.importorskip("matplotlib")
    scores = cv[["unique_id", "ds", "cutoff", "y", "AR", "AR-crps"]]
    assert [axes.get_title(loc="left") for axes in plot_calibration(scores).axes] == [
        "CRPS per step ahead"
    ]
    assert len(plot_calibration(cv.drop(columns="AR-crps")).axes) == 2
