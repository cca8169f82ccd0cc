"""Several seeds of one model: losses are averaged, never forecasts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from evaluation.synthetic import make_comparison

from forecast.evaluation import Backtest, Comparison
from forecast.evaluation.formatting import protocol_sentence

SEEDS = ("LSTM-seed-1", "LSTM-seed-2")


@pytest.fixture(scope="module")
def result() -> Comparison:
    plain = make_comparison(num_series=3)
    generator = np.random.default_rng(0)
    noise = {name: plain.backtest.frame["LSTM"] + generator.normal(0.0, 0.4, 360) for name in SEEDS}
    return _with(plain, plain.backtest, noise)


def _with(plain: Comparison, backtest: Backtest, columns: dict) -> Comparison:
    changed = dataclasses.replace(
        backtest, frame=backtest.frame.assign(**columns), replicates={"LSTM": SEEDS}
    )
    return dataclasses.replace(plain, backtest=changed)


def test_errors_are_means_over_seeds(result: Comparison) -> None:
    backtest, frame = result.backtest, result.backtest.frame
    each = np.stack([(frame["y"] - frame[name]).abs() for name in ("LSTM", *SEEDS)])
    assert np.nanmean(backtest.absolute_errors("LSTM")) == pytest.approx(each.mean())
    assert np.nanmean(backtest.squared_errors("LSTM")) == pytest.approx((each**2).mean())
    size = np.stack([frame["y"].abs() + frame[name].abs() for name in ("LSTM", *SEEDS)])
    assert np.nanmean(backtest.percentage_errors("LSTM")) == pytest.approx(
        (200 * each / size).mean()
    )
    row = result.table.set_index("model").loc["LSTM"]
    assert row["MAE"] == pytest.approx(each.mean())
    assert row["RMSE"] == pytest.approx(np.sqrt((each**2).mean()))
    mean_forecast = (frame["y"] - frame[["LSTM", *SEEDS]].mean(axis=1)).abs().mean()
    assert mean_forecast < row["MAE"]


def test_everything_is_built_on_them(result: Comparison) -> None:
    plain = make_comparison(num_series=3)
    assert result.score("LSTM") != plain.score("LSTM")
    assert result.score("AR") == plain.score("AR")
    assert result.score("LSTM") == pytest.approx(result.backtest.seed_scores("LSTM").mean())
    assert result.by_step["LSTM"].mean() == pytest.approx(result.score("LSTM"))
    assert result.test("LSTM", "AR").difference == pytest.approx(
        result.score("LSTM") - result.score("AR")
    )
    assert set(result.table["model"]) == set(plain.table["model"])


def test_the_spread_over_seeds_is_told(result: Comparison) -> None:
    spread = result.seed_spread
    scores = result.backtest.seed_scores("LSTM")
    assert spread.to_dict("records") == [
        {
            "model": "LSTM",
            "seeds": 3,
            "MASE": scores.mean(),
            "standard deviation": scores.std(ddof=1),
            "lowest": scores.min(),
            "highest": scores.max(),
        }
    ]
    assert make_comparison().seed_spread.empty


def test_intervals_of_seeds_count_where_there_are_any(result: Comparison) -> None:
    plain = make_comparison(num_series=3)
    np.testing.assert_array_equal(
        result.backtest.covered("LSTM", 80), plain.backtest.covered("LSTM", 80)
    )
    frame = result.backtest.frame
    reaches = {"lo-80": 1.0, "hi-80": 2.0, "lo-95": 2.0, "hi-95": 3.0}
    ends = {f"{name}-{end}": frame["y"] + r for name in SEEDS for end, r in reaches.items()}
    wider = _with(result, result.backtest, ends)
    own = plain.backtest.covered("LSTM", 80)  # no interval of another seed holds the actual
    np.testing.assert_allclose(wider.backtest.covered("LSTM", 80), own / 3)
    assert wider.table.set_index("model")["CRPS"]["LSTM"] > 0


def test_head_of_the_table_names_the_seeds(result: Comparison) -> None:
    assert "seeds" not in protocol_sentence(make_comparison(num_series=3))
    assert protocol_sentence(result).endswith("Losses averaged over 3 seeds: LSTM.")


def test_replicates_that_are_missing_or_double_are_refused(result: Comparison) -> None:
    backtest = result.backtest
    for replicates, message in (
        ({"LSTM": ("LSTM-seed-9",)}, "no column 'LSTM-seed-9'"),
        ({"GRU": SEEDS}, "replicates are given of 'GRU', which is no alias"),
        ({"LSTM": ("AR",)}, "replicate 'AR' of LSTM comes twice"),
        ({"LSTM": (*SEEDS, SEEDS[0])}, "replicate 'LSTM-seed-1' of LSTM comes twice"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(backtest, replicates=replicates)
    frame = backtest.frame.copy()
    frame.loc[7, SEEDS[1]] = np.nan
    with pytest.raises(ValueError, match=r"LSTM-seed-2 has no forecast \(NaN\) for series 'S0'"):
        dataclasses.replace(backtest, frame=frame)


def test_crps_of_paths_is_averaged_over_seeds() -> None:
    plain = make_comparison()
    scores = {f"{alias}-crps": 1.0 for alias in plain.backtest.aliases}
    frame = plain.backtest.frame.assign(**scores, **{"LSTM-seed-1": 0.0, "LSTM-seed-1-crps": 3.0})
    backtest = dataclasses.replace(
        plain.backtest, frame=frame, replicates={"LSTM": ("LSTM-seed-1",)}
    )
    table = dataclasses.replace(plain, backtest=backtest).table.set_index("model")
    assert table["CRPS"]["LSTM"] == 2.0 and table["CRPS"]["AR"] == 1.0
