"""Sample paths of a backtest: those of `sample` at each origin, scored step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from backtesting.frames import series

import forecast as fc

FRAME = pd.concat([series("b", 90, 1), series("a", 90, 2)], ignore_index=True)
SHORT = FRAME.drop(columns=["z", "price"])


def crps(draws: np.ndarray, actual: float) -> float:
    """E|X - y| less half of the mean distance of two different draws."""
    number = len(draws)
    pairs = np.abs(draws[:, None] - draws[None]).sum() / (number * (number - 1))
    return np.abs(draws - actual).mean() - pairs / 2


def scored(fitted, frame, cv, horizon, gap, num_paths, seed) -> list[float]:
    """The scores of the paths of `sample`, standing at each cutoff in turn."""
    found = []
    keys = ["unique_id", "channel"] if "channel" in cv else ["unique_id"]
    for cutoff, rows in cv.groupby("cutoff", sort=False):
        fitted.condition(frame[frame["ds"] <= cutoff])
        target = "y" if "channel" not in cv else fitted.layout_.columns.target
        paths = fitted.sample(gap + horizon, num_paths, seed=seed)
        for _, row in rows.iterrows():
            mine = paths[paths["ds"] == row["ds"]]
            for key in keys:
                mine = mine[mine[key] == row[key]]
            assert len(mine) == num_paths
            found.append(crps(mine[target].to_numpy(), row[target]))
    return found


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("make", [
    lambda: fc.AR(lags=3, season_length=7), lambda: fc.PooledAR(lags=3, season_length=7),
    lambda: fc.SeasonalNaive(season_length=7),
])  # fmt: skip
def test_paths_are_those_of_sample_at_each_origin(make, gap):
    forecaster, options = make(), {"n_windows": 3, "step_size": 4, "gap": gap}
    first = fc.cross_validation(fc.Naive(), SHORT, 3, **options)["cutoff"].min()
    fitted = forecaster.fit(SHORT[SHORT["ds"] <= first], 3 + gap)
    cv = fc.cross_validation(fitted, SHORT, 3, use_fitted=True, num_paths=6, seed=4, **options)
    wanted = scored(fitted, SHORT, cv, 3, gap, 6, 4)
    np.testing.assert_allclose(cv[f"{fitted.name}-crps"], wanted, rtol=1e-8, atol=1e-10)


def test_channels_are_drawn_together():
    frame, columns = FRAME.drop(columns="price"), {"target_col": ["y", "z"]}
    fitted = fc.VAR(lags=1).fit(frame[frame["ds"] <= frame["ds"].max() - pd.Timedelta(days=12)],
                                3, **columns)  # fmt: skip
    cv = fc.cross_validation(fitted, frame, 3, n_windows=4, use_fitted=True, num_paths=5, **columns)
    wanted = scored(fitted, frame, cv, 3, 0, 5, 0)
    np.testing.assert_allclose(cv["VAR-crps"], wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("most", [1, 7, 13])
def test_scores_do_not_depend_on_how_many_paths_are_rolled_out_at_once(monkeypatch, most):
    frame, columns = FRAME.drop(columns="price"), {"target_col": ["y", "z"]}
    options = {"n_windows": 2, "num_paths": 4, **columns}
    both = [fc.VAR(lags=1), fc.AR(lags=2, season_length=1)]
    whole = fc.cross_validation(both, frame, 3, **options)
    monkeypatch.setattr("forecast.sampled._MOST_PATHS", most)
    pd.testing.assert_frame_equal(whole, fc.cross_validation(both, frame, 3, **options))


def test_a_missing_value_has_no_score():
    frame = SHORT.assign(y=SHORT["y"].where(SHORT.index % 11 != 87 % 11))
    cv = fc.cross_validation(fc.Naive(), frame, 5, n_windows=2, num_paths=3)
    assert cv["y"].isna().any()
    np.testing.assert_array_equal(cv["y"].isna(), cv["Naive-crps"].isna())


def test_the_seed_decides_the_scores_and_nothing_else():
    first, second, again = (
        fc.cross_validation(fc.Naive(), SHORT, 3, n_windows=2, num_paths=3, seed=seed)
        for seed in (0, 1, 0)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert (first["Naive-crps"] != second["Naive-crps"]).any()
    pd.testing.assert_frame_equal(
        first.drop(columns="Naive-crps"), second.drop(columns="Naive-crps"), check_exact=True
    )


@pytest.mark.parametrize(("options", "words"), [
    ({"num_paths": 0}, "`num_paths` must be a whole number of at least 1; got 0"),
    ({"num_paths": 2.5}, "`num_paths` must be a whole number of at least 1; got 2.5"),
    ({"num_paths": 3, "seed": -1}, "`seed` must be a whole number of at least 0; got -1"),
])  # fmt: skip
def test_numbers_that_sample_would_refuse_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        fc.cross_validation(fc.Naive(), SHORT, 3, n_windows=2, **options)


def test_a_score_does_not_replace_another_column():
    both = [fc.Naive(), fc.Drift(alias="Naive-crps")]
    with pytest.raises(ValueError, match="column 'Naive-crps' would stand twice"):
        fc.cross_validation(both, SHORT, 3, n_windows=2, num_paths=3)
