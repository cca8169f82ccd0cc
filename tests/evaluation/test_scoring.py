"""Scores of backtest frames: M4's published ones, group-bys, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast as fc

M4 = {  # published: sMAPE, MASE, OWA of the organisers' forecasts, and the season of the MASE
    "hourly": (
        24,
        {
            "Naive2": (18.383, 2.395, 1.000),
            "SES": (18.094, 2.385, 0.990),
            "Naive": (43.003, 11.608, 3.593),
            "sNaive": (13.912, 1.193, 0.627),
        },
    ),
    "weekly": (
        1,
        {
            "Naive2": (9.161, 2.777, 1.000),
            "SES": (9.012, 2.685, 0.975),
            "Naive": (9.161, 2.777, 1.000),
            "sNaive": (9.161, 2.777, 1.000),
        },
    ),
}


@pytest.mark.parametrize("name", M4)
def test_organisers_forecasts_score_as_published(name: str, shared_data: Path) -> None:
    season, published = M4[name]
    data = pd.read_parquet(shared_data / "m4" / f"{name}.parquet")
    data["unique_id"] = data["unique_id"].astype(str)
    test = data[data["split"] == "test"].copy()
    test["step"] = test.groupby("unique_id").cumcount() + 1
    theirs = pd.read_parquet(shared_data / "m4" / "organisers_forecasts.parquet")
    frame = test.merge(theirs.rename(columns={"ds": "step"}), on=["unique_id", "step"])
    assert len(frame) == len(test)
    frame = frame[["unique_id", "ds", "y", *published]]
    scores = fc.score(
        frame, ["sMAPE", "MASE", "OWA"], train_df=data, season_length=season, freq=1
    ).set_index("model")
    for model, wanted in published.items():
        np.testing.assert_allclose(scores.loc[model], wanted, atol=6e-4, err_msg=model)


def ragged() -> pd.DataFrame:
    """Three series, two or one cutoffs at moments of their own, two steps; some gaps."""
    generator = np.random.default_rng(5)
    cutoffs = {"a": (10, 12), "b": (10, 12), "c": (7,)}
    rows = [(key, end + step, end) for key, ends in cutoffs.items() for end in ends
            for step in (1, 2)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "cutoff"])
    frame["y"] = generator.normal(10.0, 2.0, len(frame))
    frame.loc[[1, 6], "y"] = np.nan
    for model in ("AR", "Naive2"):
        frame[model] = generator.normal(10.0, 2.0, len(frame))
        for level, reach in ((80, 1.5), (95, 3.0)):
            frame[f"{model}-lo-{level}"] = frame[model] - reach
            frame[f"{model}-hi-{level}"] = frame[model] + reach
    return frame


def history() -> pd.DataFrame:
    generator = np.random.default_rng(6)
    return pd.concat(
        pd.DataFrame({"unique_id": key, "ds": np.arange(15), "y": generator.normal(10.0, 2.0, 15)})
        for key in "cab"
    )


def test_all_scores_of_everything_equal_plain_means() -> None:
    frame, known = ragged(), history()
    row = fc.score(frame, train_df=known, season_length=2).set_index("model").loc["AR"]
    error = frame["y"] - frame["AR"]
    forecasts, keys = ["unique_id", "cutoff"], frame["unique_id"]

    def nested(values: pd.Series) -> float:
        by_forecast = values.groupby([frame[name] for name in forecasts]).mean()
        return by_forecast.groupby("unique_id").mean().mean()

    assert row["MAE"] == pytest.approx(nested(error.abs()))
    assert row["RMSE"] == pytest.approx(np.sqrt(nested(error**2)))
    cutoff = frame.groupby("unique_id")["cutoff"].min()
    q, s = {}, {}
    for key, part in known.groupby("unique_id"):
        before = part.loc[part["ds"] <= cutoff[key], "y"].to_numpy()
        q[key] = np.abs(before[2:] - before[:-2]).mean()
        s[key] = ((before[2:] - before[:-2]) ** 2).mean()
    scale = keys.map(q)
    assert row["MASE"] == pytest.approx(nested(error.abs() / scale))
    squared = (error**2 / keys.map(s)).groupby([keys, frame["cutoff"]]).mean()
    assert row["RMSSE"] == pytest.approx(np.sqrt(squared.groupby("unique_id").mean()).mean())
    seen = frame["y"].notna()
    assert row["ND"] == pytest.approx(error.abs().sum() / frame.loc[seen, "y"].abs().sum())
    inside = 100.0 * frame["y"].between(frame["AR-lo-80"], frame["AR-hi-80"]).where(seen)
    assert row["coverage 80 %"] == pytest.approx(nested(inside))
    score = fc.interval_score(frame["y"], frame["AR-lo-95"], frame["AR-hi-95"], 95, axis=())
    assert row["MSIS 95 %"] == pytest.approx(nested(score / scale))
    names = ["AR-lo-95", "AR-lo-80", "AR", "AR-hi-80", "AR-hi-95"]
    crps = fc.crps_from_quantiles(frame[names], [0.025, 0.1, 0.5, 0.9, 0.975], frame["y"])
    assert row["CRPS"] == pytest.approx(nested(pd.Series(crps)))


def test_owa_divides_averages_by_those_of_naive2() -> None:
    scores = fc.score(ragged(), train_df=history(), season_length=1).set_index("model")
    ar, naive2 = scores.loc["AR"], scores.loc["Naive2"]
    expected = fc.owa(ar["sMAPE"], ar["MASE"], naive2["sMAPE"], naive2["MASE"])
    assert ar["OWA"] == pytest.approx(expected)
    assert naive2["OWA"] == 1.0


def test_per_series_step_and_cutoff_equal_group_bys() -> None:
    frame = ragged()
    frame["step"] = frame["ds"] - frame["cutoff"]
    frame["error"] = (frame["y"] - frame["AR"]).abs()
    steps = fc.score(frame[ragged().columns], "MAE", by="step", models=["AR"])
    expected = frame.groupby(["step", "unique_id"])["error"].mean().groupby("step").mean()
    assert list(steps.columns) == ["step", "model", "MAE"]
    np.testing.assert_allclose(steps["MAE"], expected)
    series = fc.score(frame[ragged().columns], "MAE", by="series", models=["AR"])
    each = frame.groupby(["unique_id", "cutoff"])["error"].mean()
    assert list(series["unique_id"]) == ["a", "b", "c"]
    np.testing.assert_allclose(series["MAE"], each.groupby("unique_id").mean())
    cutoffs = fc.score(frame[ragged().columns], "MAE", by="cutoff", models=["AR"])
    assert list(cutoffs["cutoff"]) == [7, 10, 12]
    np.testing.assert_allclose(cutoffs["MAE"], each.groupby("cutoff").mean())
    both = fc.score(frame[ragged().columns], "MAE", by=["series", "cutoff"], models=["AR"])
    np.testing.assert_allclose(both["MAE"], each)
    rows = fc.score(frame[ragged().columns], "MAE", by=("series", "cutoff", "step"), models="AR")
    np.testing.assert_allclose(rows["MAE"], frame["error"])


def test_own_metrics_are_a_statistic_and_an_aggregation() -> None:
    frame = ragged()
    bias = fc.Metric("bias", lambda rows: rows.actual - rows.forecast)
    median = fc.Metric(
        "median", lambda rows: np.abs(rows.actual - rows.forecast), fc.Aggregation(np.nanmedian)
    )
    found = fc.score(frame.dropna(), [bias, median], by="series", models=["AR"])
    error = frame["y"] - frame["AR"]
    assert found["bias"][2] == pytest.approx(error[8:].mean())
    assert found["median"][2] == pytest.approx(error[8:].abs().median())


def test_every_frame_library_and_row_order_gives_the_same_scores() -> None:
    import polars as pl

    expected = fc.score(ragged(), by="series")
    shuffled = ragged().sample(frac=1.0, random_state=1)
    found = fc.score(shuffled, by="series").sort_values(["model", "unique_id"], ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)
    pd.testing.assert_frame_equal(
        fc.score(pl.from_pandas(ragged()), by="series"), expected, check_dtype=False
    )


def test_pinball_has_a_column_a_quantile() -> None:
    found = fc.score(ragged(), ["pinball", "wQL"], models=["AR"])
    names = [f"pinball {q}" for q in ("0.025", "0.1", "0.5", "0.9", "0.975")]
    assert list(found.columns) == ["model", *names, "wQL"]
    frame = ragged()
    seen = frame.dropna()
    losses = [fc.pinball(seen["y"], seen[name], q, axis=()) for name, q in
              (("AR-lo-80", 0.1), ("AR", 0.5), ("AR-hi-80", 0.9))]  # fmt: skip
    three = fc.score(frame.drop(columns=[n for n in frame if "95" in n]), "wQL", models=["AR"])
    expected = 2 * np.mean([loss.sum() for loss in losses]) / seen["y"].abs().sum()
    assert three["wQL"][0] == pytest.approx(expected)


def test_crps_of_sample_paths_is_used_where_every_model_has_it() -> None:
    frame = ragged().assign(**{"AR-crps": 2.0, "Naive2-crps": 3.0})
    assert list(fc.score(frame, "CRPS")["CRPS"]) == [2.0, 3.0]
    mixed = fc.score(frame.drop(columns="AR-crps"), "CRPS")
    pd.testing.assert_frame_equal(mixed, fc.score(ragged(), "CRPS"))


def test_channels_are_series_of_their_own() -> None:
    generator = np.random.default_rng(0)
    df = pd.DataFrame(
        {"unique_id": "a", "ds": np.arange(60), "u": generator.normal(size=60).cumsum(),
         "v": generator.normal(size=60)}
    )  # fmt: skip
    cv = fc.cross_validation(fc.VAR(lags=1), df, horizon=2, n_windows=3, target_col=["u", "v"])
    found = fc.score(cv, ["MAE", "MASE"], by="series", train_df=df, season_length=1)
    assert list(found["channel"]) == ["u", "v"]
    before = df["u"].to_numpy()[:54]
    assert found["MAE"][0] / found["MASE"][0] == pytest.approx(np.abs(np.diff(before)).mean())


def test_scores_equal_those_of_a_comparison() -> None:
    df = fc.load_dataset("co2").tail(400)
    result = fc.compare([], df, horizon=4, n_windows=3)
    found = fc.score(result.to_frame(), train_df=df, season_length=1).set_index("model")
    table = result.table.set_index("model")
    for name in ("MAE", "RMSE", "sMAPE", "coverage 80 %", "CRPS"):
        np.testing.assert_allclose(found.loc[table.index, name], table[name])


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"metrics": "MSE"}, "metric is 'MSE'; it must be one of MAE"),
        ({}, {"metrics": "MASE"}, "give train_df="),
        ({}, {"by": "month"}, "by is 'month'; it must be None or of 'series'"),
        ({}, {"models": ["LSTM"]}, "models names 'LSTM'; the frame's forecasts are AR, Naive2"),
        ({"y": None}, {}, "has no column 'y'"),
        ({"cutoff": None}, {"by": "cutoff"}, "by='cutoff' needs a column 'cutoff'"),
        ({"Naive2": None}, {"metrics": "OWA", "train_df": "history"}, "no column 'Naive2'"),
        ({"unique_id": "z"}, {"train_df": "history"}, "train_df has no series 'z'"),
        ({"cutoff": -3}, {"train_df": "history"}, "no row of series 'a' up to its first cutoff"),
    ],
)
def test_what_is_missing_is_said(change: dict, arguments: dict, message: str) -> None:
    frame = ragged()
    for name, value in change.items():
        frame = frame.drop(columns=name) if value is None else frame.assign(**{name: value})
    if "train_df" in arguments:
        arguments = {**arguments, "train_df": history()}
    with pytest.raises(ValueError, match=message):
        fc.score(frame, **arguments)


def test_intervals_that_are_asked_for_must_be_there() -> None:
    plain = ragged()[["unique_id", "ds", "cutoff", "y", "AR"]]
    assert list(fc.score(plain).columns) == ["model", "MAE", "RMSE", "sMAPE", "ND", "NRMSE"]
    with pytest.raises(ValueError, match=r"coverage needs intervals.*level=\[80, 95\]"):
        fc.score(plain, "coverage")
    with pytest.raises(ValueError, match="no rows"):
        fc.score(plain.iloc[:0])
    with pytest.raises(TypeError, match="frame of cross_validation is expected"):
        fc.score("cv.parquet")
