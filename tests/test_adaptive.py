"""Adaptive intervals: the replay against a plain loop, and coverage when the noise changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.adaptive import adaptive_width
from forecast.calibration import Calibration


def frame_of(*parts):
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(len(y)), "y": y})
        for i, y in enumerate(parts)
    )


def calibration_of(by_step):
    return Calibration(np.asarray(by_step), np.zeros((8, 1)), 1.0, np.nan)


def replayed(scores, first, level):
    """The multiplier m, step by step, as the equation says."""
    factor = 1.0
    for score in scores:
        if not np.isnan(score) and first > 0:
            miss = float(score > factor * first)
            factor *= np.exp(0.1 * (miss - (1 - level / 100)))
    return factor


def residuals(seed, horizon=4):
    return np.random.default_rng(seed).normal(size=(300, horizon)) * np.sqrt(1 + np.arange(horizon))


def test_equals_the_equation_and_is_nowhere_narrower_than_a_lower_level():
    calibration, rng = calibration_of(residuals(0)), np.random.default_rng(1)
    scores = np.abs(rng.standard_t(2, size=(6, 64))) * rng.uniform(0.3, 3.0, (6, 1))
    scores[0, :40] = np.nan
    ladder = [*range(5, 90, 5), *range(90, 96)]
    for row, own in enumerate(scores):
        each = [
            replayed(own, calibration.half_width(level, 1)[0], level)
            * calibration.half_width(level, 4)
            for level in ladder
        ]
        found = adaptive_width(calibration, scores, 95, 4)[row]
        np.testing.assert_allclose(found, np.max(each, axis=0), rtol=1e-10)


def test_scores_of_steps_that_were_learned_from_count_as_larger():
    by_step, scores = residuals(6), np.abs(np.random.default_rng(7).normal(size=(3, 64)))
    plain, hopeful = calibration_of(by_step), replace(calibration_of(by_step), optimism=1.3)
    unlearned = np.array([0, 10, 5_000])
    larger = scores.copy()
    larger[0] *= 1.3
    larger[1, :-10] *= 1.3
    np.testing.assert_allclose(
        adaptive_width(hopeful, scores, 90, 4, unlearned), adaptive_width(plain, larger, 90, 4)
    )


def test_optimism_is_that_of_the_fit():
    """AR(12) of 90 steps: errors to come are larger than those that it was fitted to."""
    rng = np.random.default_rng(8)
    frame = frame_of(*rng.normal(size=(400, 90)))
    many = fc.AR(lags=12).fit(frame, horizon=4, freq=1)
    learned = np.sqrt((1 - 13 / 80) / (1 + 13 / 80))  # of the deviations, about 80 rows, 13 terms
    assert many.fitted_.calibration.optimism == pytest.approx(1 / learned, abs=0.12)
    assert fc.Naive().fit(frame, horizon=4, freq=1).fitted_.calibration.optimism < 1.05


def test_steps_after_the_fit_are_known_by_their_time():
    frame = frame_of(np.arange(40.0) % 7, np.arange(40.0) % 5)
    pooled = fc.PooledAR(lags=2).fit(frame, freq=1)
    newer = pd.DataFrame({"unique_id": "s1", "ds": [40, 42], "y": 1.0})
    new = pd.DataFrame({"unique_id": "new", "ds": np.arange(9), "y": np.arange(9.0)})
    store = pooled.update(pd.concat([newer, new])).store_
    found = pooled.fitted_.unlearned(store.ids, store.ends, store.frequency)
    assert found.tolist() == [0, 3, np.iinfo(np.int64).max]


def test_without_scores_the_width_is_that_of_split_conformal_prediction():
    calibration = calibration_of(residuals(2))
    blank = np.full((3, 64), np.nan)
    for level in (80, 95, 99):
        wanted = np.tile(calibration.half_width(level, 7), (3, 1))
        np.testing.assert_allclose(adaptive_width(calibration, blank, level, 7), wanted)


@given(
    levels=st.lists(st.floats(1.0, 99.99), min_size=2, max_size=6).map(sorted),
    seed=st.integers(0, 200),
)
def test_a_higher_level_is_never_narrower(levels, seed):
    rng = np.random.default_rng(seed)
    by_step = residuals(seed) * (rng.random((300, 4)) < 0.5)
    scores = np.abs(rng.normal(size=(5, 64))) * rng.uniform(0.0, 3.0, (5, 1))
    scores[rng.random((5, 64)) < 0.2] = np.nan
    widths = [adaptive_width(calibration_of(by_step), scores, level, 6) for level in levels]
    for narrow, wide in pairwise(widths):
        assert (wide >= narrow * (1 - 1e-12)).all()


def test_a_width_of_zero_stays():
    """More than half of the errors are 0, and the newest are not: no factor makes 0 wider."""
    by_step = np.repeat([[0.0], [1.0]], [70, 30], axis=0)
    found = adaptive_width(calibration_of(by_step), np.full((2, 64), 5.0), 50, 3)
    assert (found == 0.0).all()


def shifting(rng, num_series, steps, change, factor):
    """AR(1) series whose noise is `factor` times as large from step `change` on."""
    noise = rng.normal(size=(num_series, steps))
    noise[:, change:] *= factor
    values = np.zeros((num_series, steps))
    for step in range(1, steps):
        values[:, step] = 0.6 * values[:, step - 1] + noise[:, step]
    return 20.0 + values


def one_step_coverage(forecaster, values):
    """Coverage of both kinds of 80 and 95 % intervals at the step after the state, in percent."""
    inside = []
    for kind in ("conformal", "adaptive"):
        made = forecaster.predict(1, [80, 95], intervals=kind)
        for level in (80, 95):
            low, high = (made[f"{forecaster.name}-{side}-{level}"] for side in ("lo", "hi"))
            inside.append(100.0 * ((values >= low) & (values <= high)).mean())
    return inside


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "narrow"), [(np.sqrt(2.0), True), (1.0, False)])
def test_coverage_is_kept_when_the_variance_doubles(factor, narrow):
    values = shifting(np.random.default_rng(5), 300, 270, 150, factor)
    ar = fc.AR(lags=1).fit(frame_of(*values[:, :150]), horizon=4, freq=1)
    ids, found = [f"s{i}" for i in range(len(values))], []
    for block in np.split(np.arange(150, 270), 24):
        if block[0] >= 210:
            found.append(one_step_coverage(ar, values[:, block[0]]))
        steps = np.tile(block, len(values))
        newer = {"unique_id": np.repeat(ids, 5), "ds": steps, "y": values[:, block].ravel()}
        ar.update(pd.DataFrame(newer))
    split, adaptive = np.mean(found, axis=0).reshape(2, 2) - [80, 95]
    assert np.abs(adaptive).max() < 2.0
    assert (split < -4.0).all() if narrow else np.abs(split).max() < 3.0


def test_every_forecaster_takes_every_kind_that_it_can_give():
    frame = frame_of(np.random.default_rng(1).normal(size=80).cumsum() + 50)
    naive = fc.Naive().fit(frame, horizon=4)
    plain = naive.predict(4, 80)
    pd.testing.assert_frame_equal(naive.predict(4, 80, intervals="conformal"), plain)
    adaptive = naive.predict(4, 80, intervals="adaptive")
    np.testing.assert_array_equal(adaptive["Naive"], plain["Naive"])
    assert not np.allclose(adaptive["Naive-hi-80"], plain["Naive-hi-80"])
    with pytest.raises(ValueError, match=r"'analytic' needs a model .* and Naive has none; use"):
        naive.predict(4, 80, intervals="analytic")
    with pytest.raises(
        ValueError, match=r"must be 'conformal', 'adaptive', 'analytic' or 'paths'; got ''"
    ):
        naive.predict(4, 80, intervals="")
    ar = fc.AR(lags=1).fit(frame, horizon=4)
    analytic = fc.AR(lags=1, intervals="analytic").fit(frame, horizon=4)
    pd.testing.assert_frame_equal(ar.predict(4, 80, intervals="analytic"), analytic.predict(4, 80))
    own = fc.AR(lags=1, intervals="adaptive").fit(frame, horizon=4)
    pd.testing.assert_frame_equal(ar.predict(4, 80, intervals="adaptive"), own.predict(4, 80))


def test_a_backtest_takes_the_kind_of_its_forecaster():
    values = np.random.default_rng(2).normal(size=120).cumsum() + 50
    ar = fc.AR(lags=1, intervals="adaptive")
    cv = fc.cross_validation(ar, frame_of(values), horizon=5, n_windows=1, level=[90], freq=1)
    wanted = ar.clone().fit(frame_of(values[:115]), horizon=5, freq=1).predict(5, level=[90])
    for name in ("AR-lo-90", "AR-hi-90"):
        np.testing.assert_allclose(cv[name], wanted[name], rtol=1e-10)


def test_a_constant_series_has_no_width():
    frame = frame_of(np.full(60, 3.0), np.random.default_rng(0).normal(size=60))
    found = fc.AR(lags=1).fit(frame, horizon=3).predict(3, 95, intervals="adaptive")
    assert (found.loc[found["unique_id"] == "s0", ["AR", "AR-lo-95", "AR-hi-95"]] == 3.0).all(
        axis=None
    )
