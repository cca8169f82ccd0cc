"""The accuracy benchmark: what it reads and how it scores.

Files are made here, in the layout of the real ones; nothing of the real test parts is scored.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from benchmark_material import HOURLY, SMALL, counted, named_splits, write

import forecast as fc

import scores  # isort: skip
from panels import PANELS, Panel, Parts, read  # isort: skip


def windows_panel(**changes) -> Panel:
    source = {"freq": None, "measure": "MSE", "num_windows": None, "standardise": True}
    return replace(SMALL, **source, **changes)


# Reading ------------------------------------------------------------------------------------------


def test_the_test_part_is_the_last_horizon_of_every_series(tmp_path):
    frame = counted({"x": 30, "w": 21}, num_test=4)
    parts = read(SMALL, write(tmp_path, SMALL, frame))
    assert parts.train.groupby("unique_id").size().to_dict() == {"x": 26, "w": 17}
    assert list(parts.held["unique_id"]) == ["x"] * 4 + ["w"] * 4
    assert list(parts.held["y"][:4]) == list(frame["y"][26:30])
    assert parts.held["ds"].iloc[0] == pd.Timestamp("2000-01-01") + pd.Timedelta(days=26)
    assert not len(parts.between)


def test_validation_holds_out_the_end_of_the_training_part_and_reads_no_test(tmp_path):
    frame = counted({"x": 30, "w": 21}, num_test=4)
    poisoned = frame.assign(y=frame["y"].where(frame["split"] != "test", np.inf))
    parts = read(SMALL, write(tmp_path, SMALL, poisoned), "validation")
    assert parts.train.groupby("unique_id").size().to_dict() == {"x": 22, "w": 13}
    assert list(parts.held["y"][4:]) == list(frame["y"][30 + 13 : 30 + 17])


def test_several_origins_reach_back_before_the_steps_called_test(tmp_path):
    panel, frame = replace(SMALL, num_windows=3, stride=5), counted({"x": 60}, num_test=4)
    held = read(panel, write(tmp_path, panel, frame)).held
    assert list(held["y"]) == list(frame["y"][46:60])
    earlier = read(panel, tmp_path, "validation")
    assert list(earlier.held["y"]) == list(frame["y"][32:46])
    assert list(earlier.train["y"]) == list(frame["y"][:32])


def test_parts_of_the_source_are_standardised_by_the_training_part(tmp_path):
    frame, panel = named_splits({"train": 50, "val": 20, "test": 15, "unused": 5}), windows_panel()
    parts = read(panel, write(tmp_path, panel, frame))
    for name, rows in frame.groupby("unique_id"):
        values = rows["y"].to_numpy()
        expected = (values - values[:50].mean()) / np.sqrt(np.mean(values[:50] ** 2) -
                                                           values[:50].mean() ** 2)  # fmt: skip
        for part, place in ((parts.train, slice(50)), (parts.between, slice(50, 70)),
                            (parts.held, slice(70, 85))):  # fmt: skip
            np.testing.assert_allclose(part.loc[part["unique_id"] == name, "y"], expected[place])
    earlier = read(panel, tmp_path, "validation")
    assert list(earlier.held["y"]) == list(parts.between["y"])
    assert not len(earlier.between)


def test_another_column_is_the_target(tmp_path):
    panel = replace(SMALL, column="y_filled")
    frame = counted({"x": 30}, num_test=4).assign(y_filled=np.arange(30.0))
    assert list(read(panel, write(tmp_path, panel, frame)).held["y"]) == [26.0, 27.0, 28.0, 29.0]


def test_files_that_are_not_the_benchmarks_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data"):
        read(SMALL, tmp_path)
    write(tmp_path, SMALL, counted({"x": 30}, num_test=5))
    with pytest.raises(
        ValueError, match=r"'x' of a\.parquet: the rows called test are not its last"
    ):
        read(SMALL, tmp_path)
    write(tmp_path, SMALL, counted({"x": 30, "w": 8}, num_test=4))
    with pytest.raises(ValueError, match=r"no step before the 4 .*\['w'\]"):
        read(SMALL, tmp_path, "validation")
    with pytest.raises(ValueError, match="part must be"):
        read(SMALL, tmp_path, "train")


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_is_there_and_splits_as_it_says(name, shared_data):
    panel = PANELS[name]
    parts = read(panel, shared_data, "validation")
    held = parts.held.groupby("unique_id").size()
    assert set(held) == {panel.num_held or 2880}
    assert set(parts.train["unique_id"]) == set(held.index)
    assert np.isfinite(parts.known["y"]).all()


# Scoring ------------------------------------------------------------------------------------------


def test_one_origin_is_scored_like_the_organisers_do(tmp_path):
    frame = counted({"H1": 300, "H2": 260}, num_test=48)
    parts = read(HOURLY, write(tmp_path, HOURLY, frame))
    model = fc.SeasonalNaive(season_length=24).fit(parts.train, horizon=48)
    found = scores.score(model, HOURLY, parts, "test")
    smapes, mases = [], []
    for _, rows in frame.groupby("unique_id", observed=True):
        past, future = np.split(rows["y"].to_numpy(), [-48])
        made = np.tile(past[-24:], 2)
        error = np.abs(future - made)
        smapes.append(np.mean(200 * error / (future + made)))
        mases.append(np.mean(error) / np.mean(np.abs(past[24:] - past[:-24])))
    assert found["sMAPE"] == pytest.approx(np.mean(smapes))
    assert found["MASE"] == pytest.approx(np.mean(mases))
    assert found["OWA"] == pytest.approx((np.mean(smapes) / 18.383 + np.mean(mases) / 2.395) / 2)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_without_published_denominators_naive2_scores_one(tmp_path, part):
    panel = replace(SMALL, measure="OWA", season=1)
    frame = counted({"x": 40, "w": 31}, num_test=4)
    parts = read(panel, write(tmp_path, panel, frame), part)
    model = fc.Naive().fit(parts.train, horizon=4)
    assert scores.score(model, panel, parts, part)["OWA"] == pytest.approx(1.0)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("model", [fc.AR(lags=[1, 2, 5]), fc.SeasonalNaive(season_length=6)])
def test_windows_are_scored_as_if_predicted_one_by_one(tmp_path, monkeypatch, model, stride):
    monkeypatch.setattr(scores, "_CHUNK_VALUES", 4 * 2 * 4)  # chunks of 4 windows
    panel = windows_panel(stride=stride)
    frame = named_splits({"train": 90, "val": 17, "test": 18, "unused": 3})
    parts = read(panel, write(tmp_path, panel, frame))
    model.fit(parts.train, horizon=4)
    found = scores.score(model, panel, parts, "test")
    wide = pd.concat([parts.known, parts.held]).pivot(index="ds", columns="unique_id", values="y")
    wide = wide[["b", "a"]]
    errors = []
    for origin in range(107, 125 - 4 + 1, stride):
        history = wide.iloc[:origin].reset_index().melt("ds", value_name="y")
        made = model.predict(4, df=history)
        made = made.pivot(index="ds", columns="unique_id", values=model.name)[["b", "a"]]
        errors.append(wide.iloc[origin : origin + 4].to_numpy() - made.to_numpy())
    assert found["windows"] == len(errors) == (15 if stride == 1 else 5)
    assert found["MSE"] == pytest.approx(np.mean(np.square(errors)))
    assert found["MAE"] == pytest.approx(np.mean(np.abs(errors)))
    known = wide.iloc[:107].to_numpy()
    denominators = np.abs(known[3:] - known[:-3]).mean(axis=0)
    assert found["MASE"] == pytest.approx(np.mean(np.abs(errors) / denominators))


def test_a_panel_of_windows_has_no_gap(tmp_path):
    panel = windows_panel()
    frame = named_splits({"train": 50, "val": 20, "test": 15})
    parts = read(panel, write(tmp_path, panel, frame.drop(index=55)))
    model = fc.Naive().fit(parts.train, horizon=4)
    with pytest.raises(ValueError, match="a value at every step"):
        scores.score(model, panel, parts, "test")


def test_a_missing_forecast_is_not_left_out_of_the_mean(tmp_path):
    parts = read(SMALL, write(tmp_path, SMALL, counted({"x": 30}, num_test=4)))
    model = fc.Naive().fit(parts.train, horizon=4)
    moved = parts.held["ds"].shift(-1, fill_value=pd.Timestamp("2001-01-01"))
    late = Parts(parts.train, parts.between, parts.held.assign(ds=moved))
    with pytest.raises(ValueError, match="Naive gave no finite forecast at 1 held steps"):
        scores.score(model, SMALL, late, "test")
