"""Vector autoregression against statsmodels, least squares by hand and known processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from statsmodels.tsa.api import VAR as StatsmodelsVAR

from forecast import VAR, engine
from forecast.baselines.algebra.companion import spectral_radius
from forecast.baselines.lag_selection import LagSelection
from forecast.baselines.vector.fit import VARSettings, estimate_var, select_order, systems
from forecast.baselines.vector.model import VARModel, error_covariances
from forecast.baselines.vector.order import CRITERIA, criterion_value
from forecast.baselines.vector.system import fit_system, regression
from forecast.draws import text_keys
from forecast.pipelines import Block, Frequency, Panel

TRENDS = {"n": 0, "c": 1, "ct": 2}


@dataclass(frozen=True)
class Process:
    """A stable process of three channels of different sizes, with correlated innovations."""

    seed: int = 0
    num_channels: int = 3

    @property
    def matrices(self):
        rng = np.random.default_rng(99)
        found = rng.normal(size=(2, self.num_channels, self.num_channels)) * [[[0.3]], [[0.12]]]
        return found / max(1.0, float(spectral_radius(found[None])[0]) / 0.85)

    @property
    def root(self):
        return np.array([[1.0, 0.0, 0.0], [0.7, 0.5, 0.0], [-0.4, 0.3, 2.0]])

    def values(self, num_steps: int):
        rng = np.random.default_rng(self.seed)
        values = np.zeros((num_steps + 50, 3))
        for t in range(2, len(values)):
            lagged = sum(a @ values[t - k] for k, a in enumerate(self.matrices, 1))
            values[t] = [3.0, -1.0, 0.2] + lagged + self.root @ rng.normal(size=3)
        return values[50:]


def panel_of(*systems) -> Panel:
    """A panel of systems, each (num_steps, num_channels)."""
    num_channels = systems[0].shape[1]
    lengths = np.repeat([len(values) for values in systems], num_channels)
    count = len(lengths)
    return Panel(
        np.array([f"s{i}" for i in range(count)], dtype=object),
        np.concatenate([values.T.ravel() for values in systems]),
        np.concatenate([[0], np.cumsum(lengths)]), pd.Index(np.ones(count, dtype=np.int64)),
        Frequency(1),
        num_channels=num_channels,
    )  # fmt: skip


def fitted_model(*systems, lags=2, trend="c", ridge=None) -> VARModel:
    panel = panel_of(*systems)
    settings = VARSettings(lags, trend, ridge)
    orders = dict.fromkeys(text_keys(panel.ids[:: panel.num_channels]), lags)
    return estimate_var(panel, settings, orders)[0]


def absorbed(model, *systems):
    panel = panel_of(*systems)
    state = engine.begin(model, np.arange(panel.num_series))
    return engine.absorb(model, state, panel.block(0, panel.lengths))


# Fits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trend", TRENDS)
@pytest.mark.parametrize("lags", [1, 2, 5])
def test_parameters_and_covariance_equal_statsmodels(trend, lags):
    values = Process().values(120) * [1.0, 30.0, 0.01]
    expected = StatsmodelsVAR(values).fit(lags, trend=trend)
    fit = fit_system(values, lags, trend)
    scale = 30.0 / 0.01
    np.testing.assert_allclose(fit.coefficients, expected.coefs, atol=1e-10 * scale)
    terms = np.stack([fit.intercept, fit.slope])[: TRENDS[trend]]
    np.testing.assert_allclose(terms, expected.params[: TRENDS[trend]], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(fit.covariance, expected.sigma_u, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fit.residuals, expected.resid, atol=1e-10 * scale)
    assert fit.ridge == 0.0 and not fit.damped
    assert fit.radius == pytest.approx(1.0 / np.abs(expected.roots).min(), rel=1e-8)


@pytest.mark.parametrize("trend", TRENDS)
def test_parameters_equal_statsmodels_where_columns_are_nearly_collinear(trend):
    """Levels of growing series: the condition number of the Gram matrix is near 1e10."""
    values = 100.0 + np.cumsum(0.5 + 0.1 * Process().values(200), axis=0)
    expected = StatsmodelsVAR(values).fit(3, trend=trend)
    fit = fit_system(values, 3, trend)
    assert not fit.damped
    np.testing.assert_allclose(fit.coefficients, expected.coefs, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(fit.covariance, expected.sigma_u, rtol=1e-8)


@pytest.mark.parametrize("trend", TRENDS)
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("num_steps", [60, 150])
def test_criteria_and_order_equal_statsmodels(trend, criterion, num_steps):
    values = Process(seed=num_steps).values(num_steps)
    expected = StatsmodelsVAR(values).select_order(6, trend=trend)
    chosen = select_order(values, VARSettings(LagSelection(criterion, 6), trend))
    assert chosen == expected.selected_orders[criterion]
    fit, one = fit_system(values, 2, trend), StatsmodelsVAR(values).fit(2, trend=trend)
    rows, columns = len(fit.residuals), 6 + TRENDS[trend]
    log_determinant = np.linalg.slogdet(fit.residuals.T @ fit.residuals / rows)[1]
    value = criterion_value(criterion, log_determinant, rows, 3, columns)
    assert value == pytest.approx(getattr(one, criterion), rel=1e-8)


def test_no_lag_is_chosen_for_noise():
    values = np.random.default_rng(3).normal([5.0, -2.0], size=(300, 2))
    settings = VARSettings(LagSelection("bic"))
    assert select_order(values, settings) == 0
    fit = fit_system(values, 0)
    np.testing.assert_allclose(fit.intercept, values[1:].mean(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(fit.coefficients, 0.0)
    assert select_order(values, VARSettings(LagSelection("bic"), "n")) >= 1


def test_channels_that_do_not_vary_do_not_count_in_the_criterion():
    values = Process().values(200)
    still = np.column_stack([values, np.full(200, 0.1)])
    settings = VARSettings(LagSelection("bic", 5))
    assert select_order(still, settings) == select_order(values, settings)
    assert select_order(still[:, 3:], settings) == 0


def test_the_default_leaves_three_rows_a_coefficient_and_covers_the_season():
    settings = VARSettings(LagSelection("aic"), season_length=12)
    seasonal = np.random.default_rng(0).normal(size=(600, 2))
    seasonal[12:] += 0.0
    for t in range(12, 600):
        seasonal[t] += 0.9 * seasonal[t - 12]
    assert select_order(seasonal, settings) >= 12
    assert select_order(seasonal[:30], settings) <= (30 // 3) // 2
    assert select_order(seasonal[:3], settings) == 1


@pytest.mark.parametrize("missing", [0.05, 0.2])
def test_rows_with_a_missing_lag_are_not_used(missing):
    rng = np.random.default_rng(4)
    values = Process().values(150)
    values[rng.random(values.shape) < missing] = np.nan
    rows = [t for t in range(2, 150) if not np.isnan(values[t - 2 : t + 1]).any()]
    design = np.array([[1.0, *values[t - 1], *values[t - 2]] for t in rows])
    expected = np.linalg.lstsq(design, values[rows], rcond=None)[0]
    fit = fit_system(values, 2)
    np.testing.assert_allclose(fit.intercept, expected[0], atol=1e-9)
    np.testing.assert_allclose(fit.coefficients[0], expected[1:4].T, atol=1e-9)
    np.testing.assert_allclose(fit.coefficients[1], expected[4:].T, atol=1e-9)
    assert regression(values, 2)[2].tolist() == [t + 1 for t in rows]


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_known_parameters_are_recovered(missing):
    process = Process()
    values = process.values(8_000)
    values[np.random.default_rng(1).random(len(values)) < missing] = np.nan
    fit = fit_system(values, 2)
    np.testing.assert_allclose(fit.coefficients, process.matrices, atol=0.08)
    np.testing.assert_allclose(fit.covariance, process.root @ process.root.T, atol=0.25)


@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_ridge_equals_scikit_learn(ridge):
    values = Process().values(90) * [1.0, 30.0, 0.01]
    design, target, _ = regression(values, 4)
    scaled = (design - design.mean(axis=0)) / design.std(axis=0)
    oracle = Ridge(alpha=ridge * len(design)).fit(scaled, target)
    fit = fit_system(values, 4, ridge=ridge)
    slopes = fit.coefficients.transpose(0, 2, 1).reshape(12, 3)
    np.testing.assert_allclose(slopes * design.std(axis=0)[:, None], oracle.coef_.T, atol=1e-9)
    np.testing.assert_allclose(fit.residuals, target - oracle.predict(scaled), atol=1e-9)
    assert 1.0 < fit.num_columns < 13.0


def test_few_rows_get_the_ridge_of_the_least_cross_validation_error():
    values = np.random.default_rng(5).normal(size=(40, 8)).cumsum(axis=0)
    fit = fit_system(values, 3)
    design, target, _ = regression(values, 3)
    left = design - design.mean(axis=0)
    scaled = left / left.std(axis=0)
    moved = (target - target.mean(axis=0)) / target.std(axis=0)

    def score(ridge):
        hat = scaled @ np.linalg.solve(
            scaled.T @ scaled + ridge * len(scaled) * np.eye(24), scaled.T
        )
        free = (1.0 + np.trace(hat)) / len(scaled)
        return ((moved - hat @ moved) ** 2).sum() / (1.0 - free) ** 2

    tried = np.logspace(-5, 2, 22)
    assert fit.ridge == pytest.approx(tried[np.argmin([score(ridge) for ridge in tried])])
    assert fit.num_columns < len(target)
    assert fit_system(values, 3, ridge=0.0).ridge == 0.0


def test_an_explosive_fit_is_damped():
    values = np.zeros((120, 2))
    rng = np.random.default_rng(6)
    for t in range(1, 120):
        values[t] = [[1.08, 0.0], [0.2, 0.5]] @ values[t - 1] + rng.normal(size=2)
    fit = fit_system(values, 2)
    raw = StatsmodelsVAR(values).fit(2)
    assert fit.damped and fit.radius == pytest.approx(1.0 / np.abs(raw.roots).min(), rel=1e-6)
    assert 1.009 < spectral_radius(fit.coefficients[None])[0] <= 1.01
    # Towards the random walk by one share for all: A_2 says how far, A_1 must agree.
    share = 1.0 - fit.coefficients[1, 0, 0] / raw.coefs[1, 0, 0]
    walk = np.stack([np.eye(2), np.zeros((2, 2))])
    mixed = (1.0 - share) * raw.coefs + share * walk
    np.testing.assert_allclose(fit.coefficients, mixed, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(fit.residuals.mean(axis=0), 0.0, atol=1e-8)


def test_growth_that_the_data_show_is_no_explosion():
    values = 1.005 ** np.arange(150)[:, None] * [100.0, 7.0]
    values = values + np.random.default_rng(7).normal(size=values.shape) * [1.0, 0.1]
    fit = fit_system(values, 1)
    assert 1.0 < fit.radius < 1.008 and not fit.damped


@pytest.mark.parametrize("odd", ["collinear", "constant", "equal"])
def test_odd_channels_are_fitted(odd):
    values = Process().values(80)
    values[:, 2] = {"collinear": values[:, 0] - 2.0 * values[:, 1], "constant": 0.3,
                    "equal": values[:, 0]}[odd]  # fmt: skip
    fit = fit_system(values, 2)
    assert np.isfinite(fit.coefficients).all() and np.isfinite(fit.covariance).all()
    plain = fit_system(values[:, :2], 2)
    np.testing.assert_allclose(fit.residuals[:, :2], plain.residuals, atol=1e-5)


# Forecasts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trend", TRENDS)
def test_forecasts_and_errors_equal_statsmodels(trend):
    values, other = Process().values(150), Process(seed=1).values(90) * [2.0, 0.1, 5.0]
    model = fitted_model(values, other, trend=trend)
    state, one_step = absorbed(model, values, other)
    points = engine.forecast(model, state, 12)[:, 0]
    spread = model.deviations(state.select("model."), 12)
    for rows, known in ((slice(0, 3), values), (slice(3, 6), other)):
        oracle = StatsmodelsVAR(known).fit(2, trend=trend)
        middle, low, high = oracle.forecast_interval(known, 12, alpha=0.05)
        np.testing.assert_allclose(points[rows].T, middle, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(
            1.959963984540054 * spread[rows].T, (high - low) / 2.0, rtol=1e-8
        )
        fitted = one_step[rows, 2 : len(known)].T
        np.testing.assert_allclose(fitted, oracle.fittedvalues, rtol=1e-8, atol=1e-9)


def test_error_covariances_equal_statsmodels():
    values = Process().values(200)
    oracle = StatsmodelsVAR(values).fit(3)
    fit = fit_system(values, 3)
    found = error_covariances(fit.coefficients[None], fit.covariance[None], 9)
    np.testing.assert_allclose(found[0], oracle.mse(9), rtol=1e-8)


def test_a_gap_is_filled_with_what_the_model_expects():
    """Its own forecast; where other channels have a value, the mean of the normal given these."""
    values = Process().values(60)
    model = fitted_model(values)
    gappy = values.copy()
    gappy[50, 1] = gappy[51] = gappy[52, [0, 2]] = np.nan
    filled, covariance = gappy.copy(), model.covariances[0]
    for t in (50, 51, 52):
        steps = sum(a @ filled[t - k] for k, a in enumerate(model.coefficients[0], 1))
        own = model.intercepts[0] + steps
        seen = np.flatnonzero(~np.isnan(gappy[t]))
        if len(seen):
            inner = np.linalg.inv(covariance[np.ix_(seen, seen)])
            own = own + covariance[:, seen] @ inner @ (gappy[t] - own)[seen]
        filled[t] = np.where(np.isnan(filled[t]), own, filled[t])
    found, expected = (absorbed(model, data)[0] for data in (gappy, filled))
    np.testing.assert_allclose(
        found.arrays["model.window"], expected.arrays["model.window"], rtol=1e-12
    )
    np.testing.assert_array_equal(found.count, [58, 58, 58])


def test_channels_with_the_same_innovations_tell_of_each_other():
    values = Process().values(80)
    values[:, 2] = 10.0 + 3.0 * values[:, 0]
    model = fitted_model(values, lags=1)
    gappy = values.copy()
    gappy[70, 0] = np.nan
    window = absorbed(model, gappy[:71])[0].arrays["model.window"]
    np.testing.assert_allclose(window[:, -1], values[70], rtol=1e-6)


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    missing=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_any_blocks_and_any_batch_give_the_same_state(lengths, cuts, missing, seed):
    model = fitted_model(*(Process(seed=i).values(60) * (i + 1) for i in range(3)))
    rng = np.random.default_rng(seed)
    pieces = [Process(seed=9).values(length) for length in lengths]
    for values in pieces:
        values[1:][rng.random(values[1:].shape) < missing] = np.nan
    panel = panel_of(*pieces)
    state, one_step = absorbed(model, *pieces)
    part = engine.begin(model, np.arange(panel.num_series))
    start = np.zeros(panel.num_series, dtype=np.int64)
    for stop in [*sorted(cuts), 40]:
        stops = np.minimum(stop, panel.lengths)
        part, _ = engine.absorb(model, part, panel.block(start, stops))
        start = stops
    for name, array in state.arrays.items():
        np.testing.assert_allclose(part.arrays[name], array, rtol=1e-10, err_msg=name)
    points = engine.forecast(model, state, 5)
    for system in range(len(pieces)):
        rows = np.arange(3 * system, 3 * system + 3)
        alone = engine.begin(model, rows)
        block = panel.take(rows).block(0, panel.lengths[rows])
        alone, own = engine.absorb(model, alone, block)
        width = own.shape[1]
        np.testing.assert_allclose(own, one_step[rows, :width], rtol=1e-10)
        np.testing.assert_allclose(engine.forecast(model, alone, 5), points[rows], rtol=1e-10)


@pytest.mark.parametrize("observed", [False, True], ids=["as a gap", "as an observation"])
def test_a_rollout_equals_single_steps(observed):
    values = Process().values(80)
    model = fitted_model(values, values[:60] * 2.0)
    state, _ = absorbed(model, values, values[:60] * 2.0)
    rollout = engine.forecast(model, state, 8)[:, 0]
    for step in range(8):
        value = engine.forecast(model, state, 1)[:, 0]
        np.testing.assert_allclose(value[:, 0], rollout[:, step], rtol=1e-10)
        known = np.full(value.shape, observed)
        block = Block(np.where(known, value, 0.0), known, np.ones(value.shape, dtype=bool))
        state, _ = engine.absorb(model, state, block)


def test_padding_of_a_system_leaves_it_as_it_is():
    values = Process().values(60)
    model = fitted_model(values, values)
    state, _ = absorbed(model, values, values[:50])
    valid = np.repeat([[True], [False]], 3, axis=0)
    after, _ = engine.absorb(model, state, Block(np.where(valid, 1.0, 0.0), valid, valid))
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(after.arrays[name][3:], array[3:])
    assert after.clock.tolist() == [61] * 3 + [50] * 3


def test_spectral_radius_is_that_of_the_companion_matrix():
    rng = np.random.default_rng(8)
    matrices = rng.normal(size=(3, 2, 2))
    companion = np.block([
        [matrices[0], matrices[1], matrices[2]],
        [np.eye(2), np.zeros((2, 4))], [np.zeros((2, 2)), np.eye(2), np.zeros((2, 2))],
    ])  # fmt: skip
    expected = np.abs(np.linalg.eigvals(companion)).max()
    assert spectral_radius(matrices[None]) == pytest.approx(expected)


def test_a_system_with_too_few_rows_keeps_its_last_values():
    long, short = Process().values(80), Process(seed=1).values(8)
    panel = panel_of(short, long)
    keys = text_keys(["s0", "s3"])
    model, fell_back, fits = estimate_var(panel, VARSettings(2), dict.fromkeys(keys, 2))
    assert fell_back.tolist() == [0, 1, 2] and list(fits) == keys[1:]
    state, _ = absorbed(model, short, long)
    points = engine.forecast(model, state, 4)[:3, 0]
    np.testing.assert_allclose(points, np.repeat(short[-1][:, None], 4, axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("mse",), "`criterion` must be one of 'rolling', 'aic', .*; got 'mse'"),
     (("aic", 0), "`max_lags` must be a whole number of at least 1; got 0")],
)  # fmt: skip
def test_selections_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        LagSelection(*arguments)


def test_rolling_origins_do_not_choose_the_lags_of_a_system():
    with pytest.raises(ValueError, match=r"VAR cannot choose its lags by 'rolling'.*'aic', 'bic'"):
        VAR(LagSelection("rolling"))


def test_arrays_of_a_bundle_that_do_not_fit_are_refused():
    model = fitted_model(Process().values(60))
    settings, arrays = model.to_saved()
    again = VARModel.from_saved(settings, arrays)
    np.testing.assert_array_equal(again.coefficients, model.coefficients)
    with pytest.raises(ValueError, match="do not fit together"):
        VARModel.from_saved(settings, {**arrays, "centres": arrays["centres"][:, :2]})


def test_an_exact_trend_of_collinear_channels_is_continued():
    steps = np.arange(90.0)
    frame = pd.DataFrame({
        "unique_id": "a", "ds": pd.date_range("2010", periods=90, freq="MS"),
        "u": 2 * steps, "v": 5 - steps,
    })  # fmt: skip
    found = VAR().fit(frame, target_col=["u", "v"]).predict(3)["VAR"].to_numpy()
    np.testing.assert_allclose(found, [180, 182, 184, -85, -86, -87], rtol=1e-3)


def test_a_fallback_has_intervals_of_its_changes():
    values = pd.Series([1.0, 2, 3, 2, 5], pd.date_range("2024", periods=5), name="a")
    found = VAR(intervals="analytic").fit(values).predict(2, level=[95])
    width = (found["VAR-hi-95"] - found["VAR-lo-95"]).to_numpy()
    assert width[0] > 1.0 and width[1] > width[0]


def test_a_number_and_its_text_are_two_systems():
    rng = np.random.default_rng(5)
    one, other = np.cumsum(rng.normal(size=(2, 60, 2)), axis=1)
    panel = panel_of(one, other)
    panel.ids[:] = np.array([1, 1, "1", "1"], dtype=object)
    assert len(set(text_keys([1, "1"]))) == len(systems(panel)) == 2
    for values, found in zip((one, other), systems(panel).values(), strict=True):
        np.testing.assert_array_equal(found, values)
