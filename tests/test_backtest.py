"""A backtest: what may be reused, what is chosen before the first cutoff, what is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc


def seasonal_frame(num_series: int = 2, steps: int = 96) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    parts = []
    for index in range(num_series):
        cycle = 10 * np.sin(2 * np.pi * (np.arange(steps) + index) / 12)
        values = 50 + cycle + generator.standard_normal(steps)
        times = pd.date_range("2010", periods=steps, freq="MS")
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times, "y": values}))
    return pd.concat(parts, ignore_index=True)


def test_a_forecaster_that_has_learned_the_test_part_is_refused_whatever_its_state() -> None:
    frame = seasonal_frame()
    fitted = fc.PooledAR().fit(frame, horizon=6)
    for history in (frame, frame.groupby("unique_id").head(40), frame[frame["unique_id"] == "s0"]):
        fitted.condition(history)
        with pytest.raises(ValueError, match="has learned from series 's0' until 2017-12-01"):
            fc.cross_validation(fitted, frame, 6, n_windows=3, use_fitted=True)


def test_a_forecaster_fitted_before_the_first_cutoff_is_used_as_it_is() -> None:
    frame = seasonal_frame()
    fitted = fc.AR(lags=3).fit(frame.groupby("unique_id").head(78), horizon=6)
    used = fc.cross_validation(fitted, frame, 6, n_windows=3, use_fitted=True)
    fresh = fc.cross_validation(fc.AR(lags=3), frame, 6, n_windows=3, refit=False)
    pd.testing.assert_frame_equal(used, fresh)


def test_two_forecasters_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two forecasters are called 'AR'"):
        fc.cross_validation([fc.AR(), fc.AR(lags=2)], seasonal_frame(), 6)


def test_refitting_at_every_second_origin_lies_between_once_and_always() -> None:
    frame, made = seasonal_frame(), {}
    for refit in (True, False, 2):
        made[refit] = fc.cross_validation(fc.AR(lags=3), frame, 6, n_windows=4, refit=refit)["AR"]
    origin = np.tile(np.repeat(np.arange(4), 12), 1)
    np.testing.assert_allclose(made[2][origin == 0], made[False][origin == 0])
    np.testing.assert_allclose(made[2][origin == 2], made[True][origin == 2])
    assert not np.allclose(made[2][origin == 3], made[True][origin == 3])


def test_a_weak_baseline_of_the_user_does_not_replace_the_default_one() -> None:
    frame = seasonal_frame()
    with pytest.raises(ValueError, match="two forecasters are called 'PooledAR'"):
        fc.compare([fc.PooledAR(lags=1, season_length=1)], frame, horizon=6, n_windows=3)
    weak = fc.PooledAR(lags=1, season_length=1, alias="weak")
    result = fc.compare([weak], frame, horizon=6, n_windows=8)
    assert {"PooledAR", "weak"} <= set(result.table["model"])


def test_the_reference_is_chosen_on_one_scale() -> None:
    """A linear model of season 1 is scored by the comparison's season, like all others."""
    frame = seasonal_frame(steps=120)
    weak = fc.AR(lags=1, season_length=1, alias="weak")
    result = fc.compare([weak], frame, horizon=12, n_windows=3)
    assert result.reference != "weak"


def test_forecasts_of_zero_for_counts_are_not_called_cut() -> None:
    counts = np.random.default_rng(5).poisson(0.3, 120).astype(float)
    result = fc.compare([], pd.Series(counts, name="z"), horizon=4, n_windows=8)
    assert not any(flag.startswith(("Naive:", "SeasonalNaive:")) for flag in result.material.flags)


def test_series_that_end_apart_are_noted() -> None:
    frame = seasonal_frame()
    shorter = frame.drop(frame.index[90:96])
    notes = fc.compare([], shorter, horizon=6, n_windows=2).material.notes
    assert any("Series end at different times" in note for note in notes)
    notes = fc.compare([], frame, horizon=6, n_windows=2).material.notes
    assert not any("different times" in note for note in notes)


def test_a_network_that_is_refitted_is_given_steps_to_stop_by() -> None:
    seen = []

    class Stops(fc.Naive):
        closed_form = False

        def _estimate(self, task):
            seen.append(task.ahead is not None)
            return super()._estimate(task)

    fc.cross_validation(Stops(), seasonal_frame(), horizon=4, n_windows=3, refit=True)
    assert seen == [True, False] * 3


@pytest.mark.parametrize("most", [None, 40])
def test_no_choice_of_a_comparison_comes_from_after_its_moment(most) -> None:
    """Season, scale, reference and what each forecaster chose stand, whatever comes later."""
    frame = seasonal_frame(num_series=3)
    first = frame["ds"].min()
    begins_late = (frame["unique_id"] == "s1") & (frame["ds"] < first + pd.DateOffset(months=50))
    ends_early = (frame["unique_id"] == "s2") & (frame["ds"] > first + pd.DateOffset(months=88))
    frame = frame[~begins_late & ~ends_early]
    settings = {"n_windows": 3, "gap": 1, "align": "calendar", "max_train_size": most}
    before = fc.compare([], frame, 6, **settings)
    moment = before.backtest.frame["cutoff"].min()
    draws = np.random.default_rng(1).standard_normal(len(frame))
    changed = frame.assign(y=frame["y"].where(frame["ds"] <= moment, 1e4 * draws))
    after = fc.compare([], changed, 6, **settings)
    assert before.run.settings == after.run.settings
    assert before.backtest.denominators == after.backtest.denominators
    assert before.reference == after.reference
    choices = [result.choices.sort_values("model", ignore_index=True) for result in (before, after)]
    pd.testing.assert_frame_equal(*choices)
    rows = [result.to_frame().drop(columns="y") for result in (before, after)]
    rows = [found[found["cutoff"] == moment] for found in rows]
    pd.testing.assert_frame_equal(*rows, check_exact=True)
