"""The benchmark of patterns: its series, its rows, and what is kept of a run."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from benchmark_material import ROOT  # noqa: F401 (makes the scripts importable)

import forecast as fc
from forecast.patterns.trials import Trial

import pattern_data  # isort: skip
import patterns  # isort: skip
import symbol_series  # isort: skip

HOUR = pd.Timedelta("1h")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files in the layout of the real ones, around a change of the clock in Melbourne."""
    place, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(2)
    hours = pd.date_range("2016-09-25 14:00", periods=24 * 12, freq="h")  # the clock moves on 2nd
    counts = pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": hours, "y": rng.poisson(30.0, len(hours)) + 1.0})
         for name in ("South", "North")]
    ).drop(index=30)  # fmt: skip
    halves = pd.date_range("2013-09-29 14:00", periods=48 * 150, freq="30min")
    load = rng.uniform(3000, 6000, len(halves))
    power = pd.DataFrame({"unique_id": "VIC", "ds": halves, "y": load})
    power["temperature"] = 15 + 8 * np.sin(np.arange(len(halves)) / 24 * np.pi) + load / 3000
    power["holiday"] = halves.day == 1
    for name, frame in (("pedestrian", counts), ("vic_elec", power)):
        (place / name).mkdir()
        frame.to_parquet(place / name / "data.parquet")
    return place


def test_days_of_pedestrians_are_whole(folder):
    days = pattern_data.pedestrian_days(folder)
    assert set(days.groupby("unique_id").size()) == {24}
    # of 12 days two are cut by an hour that is missing and by one that the clock leaves out
    assert days["unique_id"].nunique() == 2 * 10
    assert days["ds"].dt.hour.iloc[0] == 0
    np.testing.assert_allclose(days.groupby("unique_id")["share"].mean(), 1.0)
    assert set(days.loc[days["ds"].dt.day == 26, "weekday"]) == {"Mon"}


def test_weeks_of_load_are_whole_and_their_levels_alike(folder):
    weeks = pattern_data.weather_weeks(folder)
    assert set(weeks.groupby("unique_id").size()) == {168}
    assert (
        weeks.groupby("unique_id")["ds"].agg(lambda ds: ds.max() - ds.min()) == 167 * HOUR
    ).all()
    shares = weeks["level"].value_counts(normalize=True)
    assert list(shares.sort_index().index) == ["1", "2", "3", "4", "5"]
    assert shares.between(0.17, 0.23).all()


def test_weather_is_told_by_the_limits_of_its_training_part(folder):
    case = symbol_series.weather_of_melbourne(folder)
    assert set(case.train["unique_id"]) == {"2013Q3", "2013Q4"}
    assert set(case.new["unique_id"]) == {"2014Q1"}
    words = case.train["y"].str.split(expand=True)
    for column in (0, 1):
        assert words[column].value_counts(normalize=True).between(0.3, 0.37).all()


def test_rows_say_what_the_network_saves(folder):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"unique_id": np.repeat(range(60), 4), "ds": np.tile(range(4), 60)})
    frame["label"] = np.repeat(["up", "down"], 120)
    slope = np.where(frame["label"] == "up", 1.0, -1.0) * (frame["ds"] - 1.5)
    frame["y"] = slope + rng.normal(size=len(frame)) * 0.1
    network = fc.SeriesClassifier("Dense", units=2, training=fc.Training(num_steps=2, num_checks=1))
    found = fc.compare_held_out(network, frame, test_share=0.5)
    said = patterns.regression_on_values(frame, found.trial, "y", "label")
    more = patterns.beside(found, "logistic regression on the values", said)
    rows = {row["model"]: row for row in patterns.rows_of("made up", more)}
    assert rows["logistic regression on the values"]["score"] == 1.0
    assert rows[network.name]["score"] == found.table["accuracy"][network.name]
    assert "saved" not in rows[network.name]
    rare, own = found.by_series["most frequent class"], found.by_series[network.name]
    beside = rows["most frequent class"]
    assert beside["saved"] == pytest.approx(1 - own.mean() / rare.mean())
    assert (beside["held out"], beside["test"], beside["steps"]) == (30, "McNemar's exact test", 2)


def test_what_is_usual_is_counted_among_the_learned_steps():
    frame = pd.DataFrame({"unique_id": list("aabbcc"), "hour": list("010101"), "day": "Mon"})
    frame["level"] = ["x", "y", "x", "x", "y", "y"]
    trial = Trial("n", "labels", np.array(["c"]), np.zeros(2), np.arange(2), np.zeros(2), {},
                  ("x", "y"))  # fmt: skip
    found = patterns.usual(frame, trial, ["hour", "day"], "level")
    np.testing.assert_allclose(found, [[1.0, 0.0], [0.5, 0.5]])


def test_a_pattern_that_is_run_takes_the_place_of_what_was_kept(tmp_path, monkeypatch, capsys):
    path, scores = tmp_path / "found.json", iter([0.5, 0.25, 0.75])

    def rows(folder, training):
        yield {"model": "network", "simple": False, "test": "-", "score": next(scores)}
        yield {"model": "line", "simple": True, "test": "paired", "score": 1.0, "saved": 0.5,
               "interval": [0.4, 0.6]}  # fmt: skip

    monkeypatch.setattr(patterns, "PATTERNS", {"first": rows, "second": rows})
    options = ["--data", str(tmp_path), "--output", str(path)]
    patterns.main(options)
    patterns.main([*options, "--pattern", "first"])
    kept = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["pattern"] for row in kept] == ["first", "first", "second", "second"]
    assert [row["score"] for row in kept] == [0.75, 1.0, 0.25, 1.0]
    assert "+40.0% to +60.0%" in capsys.readouterr().out


def test_a_missing_folder_is_named(capsys):
    with pytest.raises(SystemExit):
        patterns.main(["--data", "nowhere"])
    assert "--data" in capsys.readouterr().err
