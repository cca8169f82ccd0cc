"""The benchmark beside peers on panels of several origins: histories, states, dates, budgets.

No peer is installed here; what stands in their place forecasts in this process.
"""

from __future__ import annotations

import json
from dataclasses import replace
from multiprocessing import TimeoutError
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from benchmark_material import SMALL, named_splits, write

import forecast as fc

import peers  # isort: skip
import peers_origins  # isort: skip
import peers_ours  # isort: skip
import peers_statistical as statistical  # isort: skip
from catalogue import ALL_PANELS, every  # isort: skip
from losses import losses_of  # isort: skip
from panels import read  # isort: skip
from peers_contenders import CONTENDERS  # isort: skip
from peers_labels import labelled  # isort: skip
from peers_measure import Task  # isort: skip
from peers_scores import score_origins  # isort: skip
from peers_travel import received, sent  # isort: skip
from scores import score, windows  # isort: skip

ARGUMENTS = SimpleNamespace(max_seconds=1.0, cap_seconds=10.0, cores=2, seed=0)
AR, PEER = (next(one for one in CONTENDERS if one.is_peer == peer and (peer or one.name == "AR"))
            for peer in (False, True))  # fmt: skip


@pytest.fixture(params=[3, 1], ids=["stride 3", "stride 1"])
def panel(request, monkeypatch):
    """Two series, origins after a part that is not learned from."""
    made = replace(SMALL, freq=None, num_windows=None, stride=request.param)
    monkeypatch.setitem(ALL_PANELS, "small", made)
    return made


@pytest.fixture
def parts(panel, tmp_path):
    return read(panel, write(tmp_path, panel, named_splits({"train": 90, "val": 17, "test": 60})))


@pytest.fixture
def model(parts, panel):
    return fc.AR(lags=2).fit(parts.train, horizon=panel.horizon)


# Histories ----------------------------------------------------------------------------------------


def test_a_history_ends_before_its_origin(panel, parts, monkeypatch):
    monkeypatch.setattr(peers_origins, "LONGEST", 25)
    past, future = (make(panel, parts).groupby("unique_id", sort=False)
                    for make in (peers_origins.histories, peers_origins.futures))  # fmt: skip
    stride = 3 if panel.stride == 3 else 24
    assert list(past.groups) == list(future.groups) and len(past) == 2 * len(
        range(0, 57, stride))  # fmt: skip
    rows = pd.concat([parts.known, parts.held])
    for label, history in past:
        name, number = label.split("@")
        known = 107 + int(number) * stride
        values = rows.loc[rows["unique_id"] == name, "y"].to_numpy()
        np.testing.assert_array_equal(history["y"], values[known - 25 : known])
        np.testing.assert_array_equal(
            future.get_group(label)["y"], values[known : known + panel.horizon])  # fmt: skip
        assert history["ds"].max() < future.get_group(label)["ds"].min()


def test_only_origins_one_step_apart_are_thinned():
    assert [every(ALL_PANELS[name], 2_785) for name in ("etth1_96", "us_births")] == [24, 1]
    assert every(ALL_PANELS["etth1_96"], 24) == 1


# Scores -------------------------------------------------------------------------------------------


def test_ours_forecast_as_in_the_other_benchmarks(panel, parts, model, tmp_path, monkeypatch):
    expected = losses_of(model, panel, parts, "test")[:: every(panel, 57)]
    monkeypatch.setattr(peers_ours, "made", lambda *_: fc.AR(lags=2))
    task = sent(AR, "small", parts, ARGUMENTS, tmp_path)
    frames = (pd.read_parquet(path).astype({"unique_id": object})
              for path in (task.train, task.histories))  # fmt: skip
    made, words = peers_ours.prepared(task)(next(frames))(next(frames))
    made.to_parquet(task.forecasts)
    found = score_origins(received(task, parts), panel, parts)
    assert found["MASE"] == pytest.approx(expected.mean(), rel=1e-9)
    assert found["windows"] == len(expected) and "lags 1-2" in words


def test_frames_are_scored_as_windows_are(panel, parts, model):
    pairs = [pair for pair in zip(*map(np.concatenate, zip(*windows(model, panel, parts),
                                                           strict=True)), strict=True)]  # fmt: skip
    chosen = pairs[:: every(panel, len(pairs))]
    made = peers_origins.futures(panel, parts)
    made["forecast"] = np.concatenate([forecast.ravel() for _, forecast in chosen])
    found = score_origins(made.drop(columns="y"), panel, parts)
    if every(panel, len(pairs)) == 1:
        assert found == pytest.approx(score(model, panel, parts, "test"), rel=1e-12)
    with pytest.raises(ValueError, match="no finite forecast at 4 held steps, the first of series "
                                         "'b@0'"):  # fmt: skip
        score_origins(made.iloc[4:], panel, parts)


def test_a_history_that_leaves_a_gap_is_refused(model, parts):
    ends = parts.train.groupby("unique_id", sort=False)["ds"].last().to_dict()
    late = parts.held.assign(unique_id=[labelled(name, 0) for name in parts.held["unique_id"]])
    with pytest.raises(ValueError, match="steps between it and the fit are missing"):
        peers_ours.from_origins(model, ends, late, 4)


# A run --------------------------------------------------------------------------------------------


def test_counted_steps_are_hours_for_peers_only(tmp_path):
    parts = peers.read_named("henon", Path(), "validation")
    task = sent(PEER, "henon", parts, ARGUMENTS, tmp_path)
    history = pd.read_parquet(task.histories)
    assert task.freq == "h" and pd.read_parquet(task.train)["ds"].iloc[3].hour == 3
    ends = history.groupby("unique_id", sort=False)["ds"].max()
    made = pd.concat([
        pd.DataFrame({"unique_id": label, "forecast": 0.5,
                      "ds": pd.date_range(end, periods=6, freq="h")[1:]})
        for label, end in ends.items()
    ])  # fmt: skip
    made.to_parquet(task.forecasts)
    found = score_origins(received(task, parts), ALL_PANELS["henon"], parts)
    error = np.abs(parts.held["y"].to_numpy().reshape(-1, 5)[::5] - 0.5)
    assert found["MAE"] == pytest.approx(error.mean()) and found["windows"] == 20
    ours = sent(AR, "henon", parts, ARGUMENTS, tmp_path)
    assert pd.read_parquet(ours.train)["ds"].iloc[3] == 3


def test_panels_that_are_not_public_are_not_counted(panel, parts, tmp_path, monkeypatch):
    def stand_in(contender, task, place):
        last = pd.read_parquet(task.histories).groupby("unique_id", sort=False).last()
        made = last.loc[last.index.repeat(4)].rename(columns={"y": "forecast"})
        made["ds"] += np.tile(pd.to_timedelta(np.arange(1, 5), unit="h"), len(last))
        made.reset_index().to_parquet(task.forecasts)
        return {"fit s": 1.5, "predict s": 0.25, "choices": "the last value"}

    monkeypatch.setattr(peers, "PATH", tmp_path / "scores.jsonl")
    monkeypatch.setattr(peers, "forecast", stand_in)
    made = tmp_path / "made.json"
    peers.main(["--panels", "small", "--models", "AR", "--without-peers", "--data", str(tmp_path),
                "--output", str(made)])  # fmt: skip
    naive = fc.Naive().fit(parts.train, horizon=4)
    expected = losses_of(naive, panel, parts, "test")[:: every(panel, 57)]
    (row,) = json.loads(made.read_text())["rows"]
    assert (row["MASE"], row["windows"]) == (pytest.approx(expected.mean()), len(expected))
    assert row["largest difference"] is None and not (tmp_path / "scores.jsonl").exists()


# Budgets ------------------------------------------------------------------------------------------


class Model:
    """Forecasts the last value of any history."""

    def forward(self, y, h):
        return {"mean": np.repeat(y[-1], h)}


class Pool:
    """Does so many jobs."""

    def __init__(self, done: int) -> None:
        self.left, self.ended = done, 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.ended += 1

    def imap_unordered(self, work, jobs):
        self.jobs = iter([(work, job) for job in jobs])
        return self

    def next(self, timeout):
        if self.left == 0:
            raise TimeoutError
        self.left -= 1
        work, job = next(self.jobs)
        return work(job)


@pytest.mark.parametrize(("num_jobs", "done"), [(1, 0), (4, 2), (20, 6)])
def test_histories_that_are_not_done_by_the_cap_are_forecast_naively(monkeypatch, num_jobs, done):
    pool = Pool(num_jobs)
    monkeypatch.setattr(statistical, "started", lambda task: pool)
    monkeypatch.setattr(statistical, "fitted", lambda model, season, job: (job[0], Model()))
    monkeypatch.setattr(statistical, "one", lambda *job: (job[3][0], np.repeat(-1.0, 3)))
    hours = pd.date_range("2020", periods=5, freq="h")
    train = pd.concat([pd.DataFrame({"unique_id": name, "ds": hours, "y": 1.0}) for name in "ba"])
    histories = pd.concat([
        pd.DataFrame({"unique_id": labelled(name, number), "ds": hours, "y": 2.0 + number})
        for number in range(3) for name in "ba"
    ])  # fmt: skip
    task = Task("x", "small", "", "", 3, 2, "h", 7.0, 10.0, histories="there")
    made, words = statistical.prepared("AutoETS", task)(train)(histories)
    assert pool.ended == 1 and f"{done} of 6 histories in time" in words
    first = made.groupby("unique_id", sort=False)["forecast"].first()
    assert list(first.index) == ["b@0", "a@0", "b@1", "a@1", "b@2", "a@2"]
    assert (first > 0).sum() == done
    assert set(first[first > 0].index) <= {label for label in first.index
                                           if first[label] == 2 + int(label[-1])}  # fmt: skip
