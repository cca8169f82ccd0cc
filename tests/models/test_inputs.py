"""What a network sees: every feature computed again by hand, and in any unit of the series."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import highway_of, past_of

from forecast.baselines import past
from forecast.baselines.window import Past
from forecast.models.inputs import input_width, inputs_along, read_inputs

LAGS, SEASONS, WINDOW = 5, (3, 4), 20
HIGHWAY = highway_of(LAGS, SEASONS, WINDOW)
VALUES = np.random.default_rng(1).normal(30.0, 4.0, 60)


def by_hand(
    values: np.ndarray, base: float, scale: tuple[float, float] | None = None
) -> tuple[np.ndarray, float]:
    """Features and unit after `values`, from the list of values alone, or in a given scale."""
    known = [float(value) for value in values]
    lags = known[-LAGS:]
    level = sum(lags) / len(lags)
    unit = sum(abs(value - level) for value in lags) / len(lags)
    unit = max(unit, 1e-9 * max(abs(level), 1.0))
    level, unit = scale or (level, unit)

    def before(lag: int) -> float:
        """The value `lag` steps before the one to come; the level where there is none."""
        return known[-lag] if lag <= min(len(known), WINDOW) else level

    longer = known[-3 * LAGS :]
    found = [base, known[-1], before(2), sum(longer) / len(longer), sum(known) / len(known)]
    for season in SEASONS:
        found += [before(season + 1), before(season), before(season - 1)]
    scaled = [(value - level) / unit for value in found]
    return np.array([min(8.0, max(-8.0, value)) for value in scaled]), unit


def test_pasts_are_seen_in_the_scale_of_their_series() -> None:
    scales = np.array([[0.0, 0.0], [25.0, 3.0], [0.0, 0.0], [31.0, 0.5]])
    highway = HIGHWAY.seen_in(scales)
    for series, scale in ((-1, None), (0, (25.0, 3.0)), (1, None), (2, (31.0, 0.5))):
        past = past_of(VALUES[:40], WINDOW, series)
        inputs = read_inputs(highway, past)
        base = HIGHWAY.emit(past, 1, np.empty((1, 1, 0)))[0, 0]
        features, unit = by_hand(VALUES[:40], base, scale)
        np.testing.assert_allclose(inputs.features[0], features, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(inputs.unit[0], unit, rtol=1e-12)
        assert inputs.base[0] == base


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 14, 19, 20, 21, 60])
def test_every_feature_is_what_it_says(length: int) -> None:
    past = past_of(VALUES[:length], WINDOW)
    inputs = read_inputs(HIGHWAY, past)
    base = HIGHWAY.emit(past, 1, np.empty((1, 1, 0)))[0, 0]
    features, unit = by_hand(VALUES[:length], base)
    assert inputs.features.shape == (1, input_width(HIGHWAY)) == (1, 11)
    assert inputs.features.dtype == np.float32
    np.testing.assert_allclose(inputs.features[0], features, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(inputs.unit[0], unit, rtol=1e-12)
    assert inputs.base[0] == base


def test_a_highway_without_a_season_has_five_features() -> None:
    highway = highway_of(LAGS, (), WINDOW)
    inputs = read_inputs(highway, past_of(VALUES[:30], WINDOW))
    assert inputs.features.shape == (1, 5) and input_width(highway) == 5


@pytest.mark.parametrize("season", [19, 20, 25])
def test_a_season_that_the_window_does_not_hold_counts_as_the_level(season: int) -> None:
    inputs = read_inputs(highway_of(LAGS, (season,), WINDOW), past_of(VALUES, WINDOW))
    level = VALUES[-LAGS:].mean()
    for feature, lag in zip(inputs.features[0, 5:], (season + 1, season, season - 1), strict=True):
        expected = (VALUES[-lag] - level) / inputs.unit[0] if lag <= WINDOW else 0.0
        np.testing.assert_allclose(feature, np.clip(expected, -8, 8), rtol=1e-5, atol=1e-6)


def test_extremes_are_cut_at_eight_units() -> None:
    values = VALUES.copy()
    values[-LAGS - 1] += 1e6
    values[-3 * LAGS : -LAGS - 1] -= 1e6
    features = read_inputs(
        highway_of(LAGS, (LAGS, LAGS + 2), WINDOW), past_of(values, WINDOW)
    ).features[0]
    assert features[5] == 8.0  # lag 6: the burst
    assert features[8] == -8.0  # lag 8: before it
    assert np.abs(features).max() == 8.0


def test_before_the_first_step_everything_is_finite() -> None:
    inputs = read_inputs(HIGHWAY, Past.blank(WINDOW, np.array([-1, -1])))
    assert np.isfinite(inputs.features).all() and (inputs.unit > 0).all()


@pytest.mark.parametrize("value", [0.0, 5.1, -3e8])
def test_a_constant_past_has_no_deviation(value: float) -> None:
    inputs = read_inputs(HIGHWAY, past_of(np.full(30, value), WINDOW))
    np.testing.assert_array_equal(inputs.features[0, 1:3], [0.0, 0.0])
    assert np.isfinite(inputs.features).all()
    assert 0 < inputs.unit[0] <= 1e-8 * max(abs(value), 1.0)


@pytest.mark.parametrize(("factor", "shift"), [(1e-3, 0.0), (250.0, 0.0), (2.5, -700.0)])
@pytest.mark.parametrize("length", [2, 7, 60])
def test_features_do_not_know_the_unit_of_the_series(length, factor, shift) -> None:
    plain = read_inputs(HIGHWAY, past_of(VALUES[:length], WINDOW))
    moved = read_inputs(HIGHWAY, past_of(factor * VALUES[:length] + shift, WINDOW))
    np.testing.assert_allclose(moved.features, plain.features, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(moved.unit, factor * plain.unit, rtol=1e-8)
    np.testing.assert_allclose(moved.base, factor * plain.base + shift, rtol=1e-8)


@pytest.mark.parametrize("begun", [0, 3, 40])
@pytest.mark.parametrize("elements", [4_000_000, 100])
def test_inputs_along_a_block_are_those_after_each_step(
    begun: int, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_CHUNK_ELEMENTS", elements)  # 100: chunks of two steps
    block = np.stack([VALUES[begun : begun + 9], VALUES[::-1][begun : begun + 9]])
    pasts = [past_of(VALUES[:begun], WINDOW), past_of(VALUES[::-1][:begun], WINDOW)]
    names = ("window", "total", "size", "clock", "first", "series")
    both = Past(*(np.concatenate([getattr(past, name) for past in pasts]) for name in names))
    seen: list[int] = []
    for steps, inputs in inputs_along(HIGHWAY, both, block):
        seen.extend(steps)
        for row, series in enumerate((VALUES, VALUES[::-1])):
            for place, step in enumerate(steps):
                alone = read_inputs(HIGHWAY, past_of(series[: begun + step + 1], WINDOW))
                at = row * len(steps) + place
                np.testing.assert_allclose(
                    inputs.features[at], alone.features[0], rtol=1e-5, atol=1e-6
                )
                np.testing.assert_allclose(inputs.base[at], alone.base[0], rtol=1e-10)
                np.testing.assert_allclose(inputs.unit[at], alone.unit[0], rtol=1e-10)
    assert seen == list(range(9))
