"""Intervals: order statistics of scaled residuals, and the coverage they give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast import AR, PooledAR, engine
from forecast.baselines.naive import NaiveModel, SeasonalNaiveModel
from forecast.calibration import Calibration, calibrate
from forecast.calibration_origins import calibration_origins, filled_origins, spread_origins
from forecast.pipelines import Origins, read_frame


def frame_of(*parts):
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    )


def calibration_of(by_step):
    return Calibration(np.asarray(by_step, dtype=float), np.zeros((8, 1)), 1.0, np.nan)


@given(
    count=st.integers(8, 60),
    level=st.one_of(st.sampled_from([50, 80, 90, 95]), st.floats(1, 99)),
    seed=st.integers(0, 99),
)
def test_half_width_is_the_order_statistic_of_split_conformal_prediction(count, level, seed):
    residuals = np.random.default_rng(seed).normal(size=count)
    rank = next((k for k in range(1, count + 1) if k >= (count + 1) * level / 100 - 1e-9), None)
    width = calibration_of(residuals[:, None]).half_width(level, 1)
    largest, far = np.abs(residuals).max(), stats.norm.ppf((1 + count / (count + 1)) / 2)
    stretched = largest * stats.norm.ppf(0.5 + level / 200) / far
    wanted = stretched if rank is None else np.sort(np.abs(residuals))[rank - 1]
    np.testing.assert_allclose(width, [wanted], rtol=1e-12)


def test_few_residuals_cover_levels_beyond_the_largest():
    """Of 12 normal errors the largest covers 12 / 13; 95 % come from stretching it."""
    rng = np.random.default_rng(6)
    inside = []
    for residuals in rng.normal(size=(4_000, 13)):
        width = calibration_of(residuals[:12, None]).half_width(95, 1)[0]
        inside.append(
            [abs(residuals[12]) <= width, abs(residuals[12]) <= np.abs(residuals[:12]).max()]
        )
    stretched, largest = np.mean(inside, axis=0)
    assert abs(largest - 12 / 13) < 0.015 and abs(stretched - 0.95) < 0.012


def test_missing_residuals_do_not_count():
    residuals = np.arange(1.0, 21.0)
    with_gaps = np.insert(residuals, [3, 9], np.nan)
    for level in (50, 90):
        plain = calibration_of(residuals[:, None]).half_width(level, 1)
        np.testing.assert_array_equal(
            calibration_of(with_gaps[:, None]).half_width(level, 1), plain
        )


def test_steps_beyond_the_calibrated_grow_with_the_square_root():
    by_step = np.random.default_rng(0).normal(size=(50, 4)) * np.arange(1, 5)
    widths = calibration_of(by_step).half_width(80, 16)
    np.testing.assert_array_equal(widths[:2], calibration_of(by_step).half_width(80, 2))
    np.testing.assert_allclose(widths[4:], widths[3] * np.sqrt(np.arange(5, 17) / 4))


def test_few_residuals_mean_normal_errors():
    """Mean absolute one-step error 1, so standard deviation sqrt(pi / 2), growing as a walk's."""
    widths = calibration_of(np.ones((7, 3))).half_width(80, 3)
    deviation = np.sqrt(np.pi / 2) * np.sqrt([1, 2, 3])
    np.testing.assert_allclose(widths, stats.norm.ppf(0.9) * deviation)


def test_crowded_origins_count_as_fewer():
    """40 residuals, 4 of which tell as much as one: ranks of 10, stretched beyond 10 / 11."""
    residuals = np.random.default_rng(2).permutation(np.arange(1.0, 41.0))[:, None]
    crowded = replace(calibration_of(residuals), crowding=4.0)
    np.testing.assert_allclose(crowded.half_width(80, 1), [36.0])  # the 0.8 (40 + 4)th: 35.2
    stretched = stats.norm.ppf(0.975) / stats.norm.ppf(0.5 + 10 / 11 / 2)
    np.testing.assert_allclose(crowded.half_width(95, 1), [40.0 * stretched])


@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=40),
    horizon=st.integers(1, 60),
    season=st.integers(1, 60),
)
def test_origins_lie_in_the_last_part_of_the_training_data(lengths, horizon, season):
    lengths = np.array(lengths)
    origins = calibration_origins(lengths, horizon, season)
    ends = origins.ends
    assert ends.shape[1] == len(lengths) and 1 <= origins.horizon <= horizon
    used = ends >= 0
    assert np.all((ends + origins.horizon <= lengths) | ~used)
    assert np.all((ends >= np.maximum(lengths // 2, 2)) | ~used)
    assert np.all(np.diff(np.where(used, ends, 0), axis=0) >= 0)
    longest = int(np.argmax(lengths))
    if lengths[longest] >= 3:
        assert used[-1, longest]
        held_out = lengths[longest] - ends[:, longest][used[:, longest]].min()
        assert held_out <= max(lengths[longest] // 3, origins.horizon)


@pytest.mark.parametrize(
    ("lengths", "horizon", "season", "step_size", "number"),
    [
        ([240], 12, 1, 1, 24),  # a tenth is no more than the 24 origins reach anyway
        ([2400], 12, 1, 10, 24),
        ([2400, 90], 24, 5, 9, 24),  # not 10: every origin would lie at one place in the season
        ([2400], 12, 100, 10, 24),  # a tenth reaches farther than two seasons
        ([2400], 12, 400, 32, 24),
        ([2400] * 26, 12, 1, 1, 23),  # many series tell enough of the last steps
    ],
)
def test_origins_of_a_few_series_lie_over_a_tenth(lengths, horizon, season, step_size, number):
    origins = calibration_origins(np.array(lengths), horizon, season)
    assert (origins.step_size, len(origins.ends) - 1) == (step_size, number)
    ends = lengths[0] - horizon - step_size * np.arange(number, -1, -1)
    np.testing.assert_array_equal(origins.ends[:, 0], ends)


@pytest.mark.parametrize(
    ("lengths", "step_sizes", "number"),
    [
        ([600], (2, 1), 188),
        ([600, 480], (2, 1), 188),
        ([6000, 480, 99], (25, 9), 200),
        ([600] * 24, (2, 7), 25),
    ],
)
def test_origins_of_a_few_long_series_reach_far_back(lengths, step_sizes, number):
    """Neighbouring origins have nearly the same errors far ahead."""
    lengths, (near_by, step_size) = np.array(lengths), step_sizes
    near = calibration_origins(lengths, 12, 1)
    apart = spread_origins(lengths, near)
    assert near.step_size == near_by and len(near.ends) == 25
    assert apart.step_size == step_size and len(apart.ends) == number + 1 and apart.horizon == 12
    np.testing.assert_array_equal(apart.ends[-1], lengths - 12)
    assert (lengths - apart.ends[0] <= lengths.max() // 3).all()
    assert spread_origins(lengths, apart) is None
    short, many = np.full(2, 90), np.full(60, 600)
    for each in (short, many):
        assert spread_origins(each, calibration_origins(each, 12, 1)) is None


@pytest.mark.parametrize(
    ("lengths", "season", "step_size", "number"),
    [([2225], 52, 2, 109), ([9000, 700], 500, 5, 197), ([2225] * 25, 52, 9, 25), ([90], 1, 1, 19)],
)
def test_between_the_origins_of_a_few_series_lie_others(lengths, season, step_size, number):
    lengths = np.array(lengths)
    origins = calibration_origins(lengths, 12, season)
    filled = filled_origins(lengths, origins)
    assert (filled.step_size, len(filled.ends)) == (step_size, number)
    np.testing.assert_array_equal(filled.ends[-1], origins.ends[-1])
    assert (filled.ends[0] >= origins.ends[0]).all(), "none before the fit"
    if step_size == origins.step_size:
        assert filled is origins


def test_spread_origins_change_residuals_alone():
    """The score and the choices of the fit before the nearer origins stand."""
    values = np.random.default_rng(5).normal(size=500).cumsum()
    ar = AR(lags=2).fit(frame_of(values), horizon=8)
    panel = read_frame(frame_of(values)).panel
    near = calibration_origins(panel.lengths, 8, ar.fitted_.season.length)
    apart = spread_origins(panel.lengths, near)
    fits = [AR(lags=2).fit(frame_of(values[: each.ends[0, 0]])) for each in (near, apart)]
    nearer, wider = (
        calibrate(fit.fitted_.model, panel, each, ar.fitted_.season.length, "mean")
        for fit, each in zip(fits, (near, apart), strict=True)
    )
    np.testing.assert_allclose(ar.fitted_.calibration.by_step, wider.by_step, rtol=1e-9)
    assert ar.fitted_.calibration.mase == pytest.approx(nearer.mase)


@pytest.mark.parametrize("block_length", [1, 3])
def test_residuals_equal_a_loop_over_origins(block_length):
    rng = np.random.default_rng(1)
    parts = [rng.normal(size=length).cumsum() for length in (60, 45)]
    parts[0][[20, 52]] = np.nan
    panel = read_frame(frame_of(*parts)).panel
    horizon, ends = 4, np.array([[40, 30], [44, 34], [50, 41]])
    model = NaiveModel() if block_length == 1 else SeasonalNaiveModel(3)
    found = calibrate(model, panel, Origins(ends, horizon, 5), season=2)
    expected, scaled = [], []
    for origin in ends:
        for row, end in enumerate(origin):
            past = pd.Series(parts[row][:end]).to_numpy().copy()
            for step in np.flatnonzero(np.isnan(past)):
                past[step] = past[step - block_length]
            errors = np.abs(parts[row][block_length:end] - past[:-block_length])
            if block_length > 1:  # before a season was seen, the last value stands in
                errors = np.append(errors, np.abs(np.diff(past[:block_length])))
            forecast = past[end - block_length + np.arange(horizon) % block_length]
            actual = parts[row][end : end + horizon]
            expected.append((actual - forecast) / np.nanmean(errors))
            changes = np.nanmean(np.abs(parts[row][2:] - parts[row][:-2]))
            scaled.append(np.abs(actual - forecast) / changes)
    np.testing.assert_allclose(found.by_step, expected, rtol=1e-10)
    assert found.mase == pytest.approx(np.nanmean(scaled))
    assert found.pool.shape[1] == block_length


def test_the_pool_is_centred_on_its_median():
    rng = np.random.default_rng(2)
    parts = [rng.gamma(1.0, size=80).cumsum() for _ in range(5)]
    ar = PooledAR(lags=3, block_length=4).fit(frame_of(*parts), horizon=4)
    pool = ar.fitted_.calibration.pool
    assert pool.shape[1] == 4 and np.isfinite(pool).all()
    np.testing.assert_allclose(np.median(pool, axis=0), 0.0, atol=1e-12)


def test_residuals_of_least_squares_are_centred_on_their_mean():
    """Its forecast is a mean: of skewed errors more than half lie below it, and so do paths."""
    values = np.random.default_rng(8).lognormal(1.0, 1.0, 400)
    pool = AR(lags=1).fit(frame_of(values)).fitted_.calibration.pool
    np.testing.assert_allclose(pool.mean(axis=0), 0.0, atol=1e-12)
    assert np.median(pool) < -0.1


def test_a_series_without_errors_of_its_own_gets_the_median_scale():
    rng = np.random.default_rng(3)
    parts = [scale * rng.normal(size=60) for scale in (1.0, 2.0, 8.0)]
    ar = AR(lags=1).fit(frame_of(*parts, np.array([4.0])), horizon=3)
    calibration = ar.fitted_.calibration
    scale = calibration.scale(ar.store_.state)
    np.testing.assert_array_equal(scale[:3], engine.error_scale(ar.store_.state)[:3])
    assert scale[3] == calibration.default_scale
    assert 1.0 < calibration.default_scale < 2.5


PHI, SIGMA = 0.8, 2.0


@pytest.fixture(scope="module")
def autoregressions():
    """150 AR(1) series of 260 steps at level 100; the last 8 steps are held out."""
    rng = np.random.default_rng(4)
    noise = SIGMA * rng.normal(size=(150, 360))
    values = np.zeros((150, 360))
    for step in range(1, 360):
        values[:, step] = PHI * values[:, step - 1] + noise[:, step]
    return 100 + values[:, 100:]


@pytest.fixture(scope="module")
def fitted(autoregressions):
    return AR(lags=1).fit(frame_of(*autoregressions[:, :-8]), horizon=8)


def known_spread(phi, sigma, steps):
    return sigma * np.sqrt((1 - phi ** (2 * steps)) / (1 - phi**2))


def test_paths_widen_as_the_process_says(fitted):
    paths = fitted.sample(8, 300, seed=1)["y"].to_numpy().reshape(150, 300, 8)
    spread = np.sqrt(paths.var(axis=1).mean(axis=0))
    np.testing.assert_allclose(spread, known_spread(PHI, SIGMA, np.arange(1, 9)), rtol=0.06)


def test_paths_of_one_series_widen_as_its_own_coefficient_says(autoregressions):
    ar = AR(lags=1).fit(frame_of(autoregressions[0]), horizon=8)
    paths = ar.sample(8, 20_000, seed=2)["y"].to_numpy().reshape(20_000, 8)
    phi = ar.fitted_.model.coefficients[0, 0]
    calibration = ar.fitted_.calibration
    sigma = calibration.pool.std() * calibration.scale(ar.store_.state)[0]
    np.testing.assert_allclose(
        paths.std(axis=0), known_spread(phi, sigma, np.arange(1, 9)), rtol=0.03
    )


@pytest.mark.parametrize(("level", "slack"), [(80, 0.05), (95, 0.025)])
def test_intervals_cover_what_they_say(fitted, autoregressions, level, slack):
    frame = fitted.predict(8, level=[level])
    low, high = (frame[f"AR-{side}-{level}"].to_numpy().reshape(150, 8) for side in ("lo", "hi"))
    actual = autoregressions[:, -8:]
    covered = ((actual >= low) & (actual <= high)).mean()
    assert abs(covered - level / 100) < slack
    expected = known_spread(PHI, SIGMA, np.arange(1, 9)) * stats.norm.ppf(0.5 + level / 200)
    np.testing.assert_allclose((high - low).mean(axis=0) / 2, expected, rtol=0.15)


def test_a_random_walk_widens_with_the_square_root():
    rng = np.random.default_rng(5)
    walks = 500 + rng.normal(size=(100, 200)).cumsum(axis=1)
    ar = AR(lags=1).fit(frame_of(*walks), horizon=9)
    width = ar.predict(9, level=80)
    half = (width["AR-hi-80"] - width["AR"]).to_numpy().reshape(100, 9).mean(axis=0)
    np.testing.assert_allclose(half / half[0], np.sqrt(np.arange(1, 10)), rtol=0.12)


class Doubled(NaiveModel):
    """The last value of each series, two series being the channels of one system."""

    num_channels = 2


def test_residuals_of_channels_stay_together():
    """A row of the pool holds the errors of all channels at one time, a constant one's as zeros."""
    rng = np.random.default_rng(2)
    first = rng.normal(size=60).cumsum()
    panel = read_frame(frame_of(first, 5.0 * first, rng.normal(size=60), np.full(60, 3.0))).panel
    origins = calibration_origins(panel.lengths, 3, 1)
    found = calibrate(Doubled(), panel, origins, 1)
    single = calibrate(NaiveModel(), panel, origins, 1)
    assert found.num_channels == 2 and found.pool.shape[1] == 2
    np.testing.assert_array_equal(found.by_step, single.by_step)
    apart = found.pool - found.pool[:, :1]
    walks = np.isclose(apart[:, 1], apart[0, 1])  # both scaled alike: equal but for the centre
    constant = found.pool[:, 1] == found.pool[~walks, 1][0]
    assert walks.sum() >= 20 and constant.sum() >= 20 and (walks | constant).all()


def test_normal_errors_of_channels_are_independent():
    panel = read_frame(frame_of(*np.random.default_rng(0).normal(size=(2, 3)))).panel
    pool = calibrate(Doubled(), panel, Origins(np.array([[2, 2]]), 1, 1), 1).pool
    assert pool.shape == (200, 2)
    np.testing.assert_array_equal(np.sort(pool[:, 0]), np.sort(pool[:, 1]))
    assert abs(np.corrcoef(pool.T)[0, 1]) < 0.2
