"""The benchmark beside peers: budgets, two codes that must agree, taking up a run, tables.

No peer is installed here; what stands in their place forecasts in this process.
"""

from __future__ import annotations

import json
import sys
from multiprocessing import TimeoutError

import numpy as np
import pandas as pd
import pytest
from benchmark_material import HOURLY, counted, write

import peers  # isort: skip
import peers_deep  # isort: skip
import peers_statistical as statistical  # isort: skip
from ledger import Ledger  # isort: skip
from panels import read  # isort: skip
from peers_contenders import CONTENDERS, Contender, ContenderError, Place, forecast  # isort: skip
from peers_measure import Task  # isort: skip
from peers_results import Results, markdown, table  # isort: skip
from peers_scores import Disagreement, difference, losses, losses_of_utilsforecast  # isort: skip

TASK = Task("x", "m4_hourly", "", "", horizon=3, season=2, freq="h", max_seconds=7.0,
            cap_seconds=10.0)  # fmt: skip

# Budgets ------------------------------------------------------------------------------------------


class SlowPool:
    """Does jobs one after the other, each in some seconds of a clock of its own."""

    def __init__(self, seconds: float, monkeypatch) -> None:
        self.seconds, self.now, self.ended = seconds, 100.0, False
        monkeypatch.setattr(statistical.time, "monotonic", lambda: self.now)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.ended = True

    def imap_unordered(self, work, jobs):
        self.jobs = iter([(work, job) for job in jobs])
        return self

    def next(self, timeout):
        if timeout < self.seconds:
            raise TimeoutError
        self.now += self.seconds
        work, job = next(self.jobs)
        return work(job)


def marked(model, season, horizon, job):
    """Forecasts that say whose they are: 1 of the model, -1 of the seasonal naive."""
    assert (season, horizon) == (2, 3)
    number, values = job
    sign = -1.0 if model == "SeasonalNaive" else 1.0
    return number, sign * values[-1] * np.arange(1, 4)


@pytest.mark.parametrize(("seconds", "done"), [(2.5, 4), (0.1, 6), (11.0, 0)])
def test_series_that_are_not_done_by_the_cap_are_forecast_naively(monkeypatch, seconds, done):
    pool = SlowPool(seconds, monkeypatch)
    monkeypatch.setattr(statistical, "started", lambda task: pool)
    monkeypatch.setattr(statistical, "one", marked)
    names = ["e", "b", "a", "c", "f", "d"]
    frame = pd.DataFrame({
        "unique_id": np.repeat(names, 5), "ds": np.tile(pd.date_range("2020", periods=5, freq="h"),
                                                        6),
        "y": np.repeat(np.arange(1.0, 7.0), 5),
    })  # fmt: skip
    made, words = statistical.prepared("AutoETS", TASK)(frame)(None)
    assert pool.ended and f"{done} of 6 series in time" in words
    assert ("seasonal naive" in words) == (done < 6)
    wide = made.groupby("unique_id", sort=False)["forecast"].agg(list)
    assert list(wide.index) == names
    first = np.array([row[0] for row in wide])
    assert (np.abs(first) == np.arange(1.0, 7.0)).all() and (first > 0).sum() == done
    assert made["ds"].iloc[0] == pd.Timestamp("2020-01-01 05:00") and len(made) == 18


def test_arima_approximates_where_r_does():
    assert statistical.settings("AutoETS", 24, 900) == {"season_length": 24}
    found = [statistical.settings("AutoARIMA", season, steps)["approximation"]
             for season, steps in ((24, 60), (1, 151), (12, 150))]  # fmt: skip
    assert found == [True, True, False]


def test_networks_of_peers_have_the_limit_of_seconds():
    assert peers_deep.quiet(TASK)["max_time"] == {"seconds": 7.0}


# Two codes ----------------------------------------------------------------------------------------


def test_losses_that_agree_to_rounding_pass():
    ours = {"mae": np.array([1.0, np.nan, 0.0]), "mase": np.array([0.5, 2.0, 3.0])}
    theirs = {"mae": ours["mae"], "mase": ours["mase"] * (1 + 2e-15)}
    assert 0 < difference(ours, theirs) < 1e-14


@pytest.mark.parametrize(("changed", "message"), [
    ({"mae": [1.0, 2.0 + 1e-6]}, "mae of series number 1: 2.0 by our code"),
    ({"mae": [1.0, np.nan]}, "mae: ours is missing in 0 series, that of utilsforecast in 1"),
])  # fmt: skip
def test_losses_that_differ_are_refused(changed, message):
    theirs = {name: np.array(values) for name, values in changed.items()}
    with pytest.raises(Disagreement, match=message):
        difference({"mae": np.array([1.0, 2.0])}, theirs)


@pytest.fixture
def parts(tmp_path):
    """Three series of a panel of hours."""
    frame = counted({"H1": 350, "H3": 320, "H2": 330}, num_test=48)
    return read(HOURLY, write(tmp_path, HOURLY, frame), "validation")


def seasonal(parts, horizon=48, season=24) -> pd.DataFrame:
    """The last day of each series, again and again, in another order of the series."""
    rows = [
        pd.DataFrame({
            "unique_id": name,
            "ds": pd.date_range(group["ds"].iloc[-1], periods=horizon + 1, freq="h")[1:],
            "forecast": np.resize(group["y"].to_numpy()[-season:], horizon),
        })
        for name, group in parts.train.groupby("unique_id")
    ]  # fmt: skip
    return pd.concat(rows)


def test_losses_of_each_series_are_those_of_the_definition(parts):
    found = losses(seasonal(parts), "forecast", HOURLY, parts)
    for place, name in enumerate(["H1", "H3", "H2"]):
        past = parts.train.loc[parts.train["unique_id"] == name, "y"].to_numpy()
        actual = parts.held.loc[parts.held["unique_id"] == name, "y"].to_numpy()
        error = np.abs(actual - np.tile(past[-24:], 2))
        assert found["mae"][place] == pytest.approx(error.mean())
        assert found["mase"][place] == pytest.approx(
            error.mean() / np.abs(past[24:] - past[:-24]).mean())  # fmt: skip


def test_utilsforecast_agrees(parts, tmp_path):
    pytest.importorskip("utilsforecast")
    made = seasonal(parts)
    theirs = losses_of_utilsforecast(made, HOURLY, parts, sys.executable, tmp_path)
    assert set(theirs) == {"mae", "smape", "mase"}
    assert difference(losses(made, "forecast", HOURLY, parts), theirs) < 1e-12


# A run --------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Data, ledger and results of a small benchmark; contenders repeat the last day."""
    write(tmp_path, HOURLY, counted({"H1": 350, "H2": 320, "H3": 330}, num_test=48))
    monkeypatch.setattr(peers, "PATH", tmp_path / "scores.jsonl")
    monkeypatch.setattr(peers, "RESULT", tmp_path / "results" / "peers.json")
    monkeypatch.setattr(peers, "forecast", stand_in)
    stand_in.called = []
    return tmp_path


def stand_in(contender, task, place):
    if contender.name == "ESN":
        raise ContenderError("ESN failed:\nno reason")
    stand_in.called.append(contender.name)
    train = pd.read_parquet(task.train)
    assert train["ds"].max() < pd.Timestamp("2000-01-01") + pd.Timedelta(hours=350)
    seasonal(type("Parts", (), {"train": train})).to_parquet(task.forecasts)
    return {"fit s": 1.5, "predict s": 0.25, "choices": "the last day"}


def run(place, *arguments: str) -> None:
    peers.main(["--data", str(place), "--panels", "m4_hourly", "--without-peers", *arguments])


def test_a_second_call_does_what_is_missing(place, capsys):
    run(place, "--models", "SeasonalNaive")
    run(place, "--models", "SeasonalNaive", "AR")
    assert stand_in.called == ["SeasonalNaive", "AR"]
    record = json.loads((place / "results" / "peers.json").read_text())
    assert {"settings", "machine", "versions", "versions of the peers", "rows"} == set(record)
    assert record["settings"]["max_seconds"] == 60.0
    assert [row["model"] for row in record["rows"]] == ["SeasonalNaive", "AR"]
    assert record["rows"][0]["version"].startswith("keras-forecast ")
    assert "Not scored by utilsforecast" in capsys.readouterr().out


def test_rows_of_other_settings_do_not_mix(place):
    run(place, "--models", "AR")
    with pytest.raises(SystemExit, match=r"peers\.json was made with .*name another file"):
        run(place, "--models", "AR", "--max-seconds", "5")


def test_each_look_at_a_test_part_is_in_the_ledger_and_none_is_repeated(place):
    run(place, "--models", "AR")
    (place / "results" / "peers.json").unlink()
    with pytest.raises(SystemExit, match="scored with AR already"):
        run(place, "--models", "AR")
    run(place, "--models", "AR", "--again", "the file was lost")
    lines = Ledger(place / "scores.jsonl").lines()
    assert [(line["model"], line["count"], line.get("note")) for line in lines] == [
        ("AR", 1, None), ("AR", 2, "the file was lost")]  # fmt: skip
    assert set(lines[0]["scores"]) == {"sMAPE", "MASE", "OWA", "largest"}


def test_validation_leaves_no_trace(place):
    run(place, "--models", "AR", "--part", "validation", "--series", "2")
    assert not (place / "scores.jsonl").exists() and not (place / "results").exists()
    with pytest.raises(SystemExit):
        run(place, "--models", "AR", "--series", "2")


def test_a_failure_stops_no_other_and_is_said(place, capsys):
    with pytest.raises(SystemExit, match="1 failed"):
        run(place, "--models", "ESN", "LSTM", "--part", "validation")
    assert stand_in.called == ["LSTM"] and "no reason" in capsys.readouterr().out


def test_codes_that_disagree_end_the_run(place, monkeypatch):
    def other(forecasts, panel, parts, python, folder):
        return {name: 1.01 * values for name, values in losses(
            forecasts, "forecast", panel, parts).items()}  # fmt: skip

    monkeypatch.setattr(peers, "losses_of_utilsforecast", other)
    monkeypatch.setattr(type(peers.PEERS), "python", lambda self: "python")
    monkeypatch.setattr(type(peers.PEERS), "versions", lambda self, python: {})
    with pytest.raises(SystemExit, match="mae of series number 0"):
        peers.main(["--data", str(place), "--panels", "m4_hourly", "--models", "AR"])
    assert not (place / "results").exists()


def test_ours_run_in_a_process(parts, tmp_path):
    train = tmp_path / "train.parquet"
    parts.train.to_parquet(train)
    task = Task("SeasonalNaive", "m4_hourly", str(train), str(tmp_path / "made.parquet"), 48, 24,
                "h", 1.0, 1.0)  # fmt: skip
    here = Place(None, None, peers.Version("no git", True), tmp_path)
    found = forecast(CONTENDERS[0], task, here)
    assert found["fit s"] > 0 and found["choices"] == "season 24"
    made = pd.read_parquet(task.forecasts).astype({"unique_id": object})
    expected = losses(seasonal(parts), "forecast", HOURLY, parts)
    np.testing.assert_allclose(losses(made, "forecast", HOURLY, parts)["mae"], expected["mae"])
    with pytest.raises(ContenderError, match=r"(?s)nobody failed:.*KeyError: .nobody"):
        forecast(Contender("nobody", "peers_ours.py", "keras-forecast"),
                 Task(**{**vars(task), "contender": "nobody"}), here)  # fmt: skip


# Tables -------------------------------------------------------------------------------------------


def row(panel, model, score, **more):
    return {"panel": panel, "model": model, "MASE": score, "sMAPE": 10 * score, "fit s": 2.0,
            "predict s": 0.5, "version": "x 1", "choices": "all", **more}  # fmt: skip


ROWS = [row("tourism_monthly", "A", 1.5), row("m4_hourly", "B", 1.25, OWA=0.5),
        row("m4_hourly", "A", 0.75, OWA=0.625)]  # fmt: skip


def test_the_table_has_the_best_of_each_panel_first():
    lines = table(ROWS, "validation").splitlines()
    assert "no test part was read" in lines[0]
    assert [line.split()[:2] for line in lines[2:]] == [
        ["m4_hourly", "A"], ["m4_hourly", "B"], ["tourism_monthly", "A"]]  # fmt: skip


def test_the_lowest_scores_are_bold_in_markdown():
    assert markdown(ROWS).splitlines() == [
        "| model | m4_hourly OWA | m4_hourly MASE | m4_hourly sMAPE | m4_hourly s "
        "| tourism_monthly MASE | tourism_monthly sMAPE | tourism_monthly s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| A | 0.625 | **0.750** | **7.50** | 2.5 | **1.500** | **15.00** | 2.5 |",
        "| B | **0.500** | 1.250 | 12.50 | 2.5 |  |  |  |",
    ]


def test_without_a_file_nothing_is_kept():
    results = Results.opened(None, {})
    results.add(ROWS[0], None)
    assert results.has("tourism_monthly", "A") and not results.has("m4_hourly", "B")
