"""Origins that pooled regressions learn from: which, what was seen there, what followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.pooled import samples
from forecast.baselines.pooled.features import Features
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.samples import coprime_stride, take_samples
from forecast.baselines.pooled.weights import metric_weights
from forecast.baselines.power import Power
from forecast.pipelines import CovariateTable, Frequency, Panel

SPAN, SEASON, BLOCK, WINDOW = 5, 4, 3, 16


def panel_of(*parts, covariates=None):
    ids = np.array([f"s{index}" for index in range(len(parts))], dtype=object)
    offsets = np.cumsum([0, *map(len, parts)])
    starts = pd.Index(np.zeros(len(parts), dtype=np.int64))
    extra = np.empty((offsets[-1], 0)) if covariates is None else np.concatenate(covariates)
    return Panel(ids, np.concatenate(parts), offsets, starts, Frequency(1), CovariateTable(extra))


def model_of(exponent=1.0, scale="window", num_covariates=0, seasons=(SEASON,)):
    features = Features((1, 2, SPAN), SPAN, seasons, scale, True, True, WINDOW)
    units = np.zeros(num_covariates), np.ones(num_covariates)
    return PooledARModel(features, np.zeros((1, BLOCK, 1)), Power(exponent), *units)


def series(seed, length, missing=0.0):
    rng = np.random.default_rng(seed)
    values = 40.0 + 5.0 * np.sin(2 * np.pi * np.arange(length) / SEASON) + rng.normal(size=length)
    gone = rng.random(length) < missing
    gone[[0, -1]] = False
    return np.where(gone, np.nan, values)


def filled(values, season):
    """Gaps take the value one season before, or the last one."""
    result = list(values)
    for step, value in enumerate(result):
        if np.isnan(value):
            result[step] = result[step - season] if step >= season else result[step - 1]
    return np.array(result)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_every_origin_holds_what_was_known_and_what_followed(missing, exponent):
    parts = [series(seed, length, missing) for seed, length in enumerate((30, 6, 21))]
    model = model_of(exponent)
    found = take_samples(panel_of(*parts), model, (10_000, BLOCK), weighted=False)
    at = 0
    for index, values in enumerate(parts):
        encoded = Power(exponent).encode(values)
        inputs = filled(encoded, SEASON)
        for origin in range(max(1, min(SPAN, len(values) // 2)), len(values)):
            seen, past = inputs[:origin], found.view.past
            known = min(origin, WINDOW)
            np.testing.assert_array_equal(past.window[at, WINDOW - known :], seen[-known:])
            assert np.isnan(past.window[at, : WINDOW - known]).all()
            np.testing.assert_allclose(past.total[at], seen.sum())
            np.testing.assert_allclose(past.size[at], np.abs(seen).sum())
            assert (past.clock[at], past.first[at]) == (origin, inputs[0])
            assert found.series[at] == past.series[at] == index
            level = seen[-SPAN:].mean()
            scale = np.abs(seen[-SPAN:] - level).mean()
            scale = max(scale, 1e-9 * max(abs(level), 1.0))
            later = np.append(encoded[origin:], [np.nan] * BLOCK)[:BLOCK]
            np.testing.assert_allclose(found.targets[at], (later - level) / scale, rtol=1e-9)
            at += 1
    assert at == len(found.targets) == len(found.weights)
    np.testing.assert_array_equal(found.weights, 1.0)


def test_covariates_are_those_of_the_steps_ahead():
    parts = [series(0, 12), series(1, 9)]
    covariates = [np.arange(2.0 * len(values)).reshape(-1, 2) + 1 for values in parts]
    found = take_samples(
        panel_of(*parts, covariates=covariates), model_of(num_covariates=2), (99, BLOCK), False
    )
    origins = found.view.past.clock
    for at, (index, origin) in enumerate(zip(found.series, origins, strict=True)):
        later = covariates[index][origin : origin + BLOCK]
        np.testing.assert_array_equal(found.future[at, : len(later)], later)
        np.testing.assert_array_equal(found.future[at, len(later) :], 0.0)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_an_origin_weighs_what_its_errors_cost_in_mase(exponent):
    parts = [series(0, 40, 0.1), 30 * series(1, 25), np.full(20, 3.0)]
    found = take_samples(panel_of(*parts), model_of(exponent), (10_000, BLOCK), weighted=True)
    costs = np.zeros(len(found.series))
    for at, index in enumerate(found.series):
        values = parts[index]
        step = 1e-6 * max(1.0, abs(found.view.level[at]))
        ends = Power(exponent).decode(found.view.level[at] + step * np.array([-1.0, 1.0]))
        slope = np.diff(ends)[0] / (2 * step) * found.view.scale[at]
        change = np.nanmean(np.abs(values[SEASON:] - values[:-SEASON]))
        costs[at] = slope / change if change else 0.0
    usable = found.series < 2
    costs = np.minimum(costs, 10 * np.median(costs[usable]))
    np.testing.assert_allclose(found.weights, costs, rtol=1e-6)
    assert not found.weights[~usable].any()


@pytest.mark.parametrize(("scale", "flat"), [("window", True), ("causal", False), ("none", False)])
def test_a_step_out_of_a_flat_past_is_not_learned_from_in_units_of_nothing(scale, flat):
    part = np.append(np.full(20, 7.0), series(0, 30))
    found = take_samples(panel_of(part), model_of(scale=scale), (10_000, BLOCK), weighted=False)
    alike = found.view.past.clock <= 20
    np.testing.assert_array_equal(found.weights[alike], 0.0 if flat else 1.0)
    np.testing.assert_array_equal(found.weights[~alike], 1.0)
    learned = np.abs(found.targets[found.weights > 0])
    assert np.nanmax(learned) < 200


def test_weights_are_capped_at_ten_times_the_median_of_the_usable():
    weights = metric_weights(np.array([1.0, 2.0, 3.0, 900.0, 5.0]), np.array([1, 1, 1, 1, 0.0]))
    np.testing.assert_allclose(weights, [1.0, 2.0, 3.0, 25.0, 0.0])
    np.testing.assert_array_equal(metric_weights(np.ones(3), np.zeros(3)), 0.0)


def test_many_origins_are_thinned_from_the_end_out_of_step_with_the_season():
    parts = [series(seed, 100) for seed in range(3)]
    found = take_samples(panel_of(*parts), model_of(), (75, BLOCK), weighted=False)
    for index in range(3):  # 285 origins for 75: every fourth would see one phase only
        origins = found.view.past.clock[found.series == index]
        np.testing.assert_array_equal(origins, np.arange(99, SPAN - 1, -5)[::-1])
        assert set(origins % SEASON) == set(range(SEASON))


def test_long_blocks_of_many_columns_take_fewer_but_ten_a_column(monkeypatch):
    part, model = series(0, 400), model_of()
    monkeypatch.setattr(samples, "_MOST_PRODUCTS", 1.0)
    found = take_samples(panel_of(part), model, (10_000, BLOCK), weighted=False)
    assert len(found.series) == -(-395 // 5)  # 395 origins, at most 110: every fifth
    assert model.features.num_columns == 11
    monkeypatch.setattr(samples, "_MOST_PRODUCTS", 200.0 * 11**2 * BLOCK)
    assert len(take_samples(panel_of(part), model, (10_000, BLOCK), weighted=False).series) == -(
        -395 // 3
    )


@given(st.integers(-3, 60), st.sets(st.integers(1, 30), max_size=2))
def test_a_stride_visits_every_phase_and_is_the_next_that_does(stride, seasons):
    found = coprime_stride(stride, tuple(seasons))

    def visits_all(candidate):
        return all(
            len({step * candidate % season for step in range(season)}) == season
            for season in seasons
        )

    assert found >= max(1, stride) and visits_all(found)
    assert not any(visits_all(smaller) for smaller in range(max(1, stride), found))
