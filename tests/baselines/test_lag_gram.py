"""Gram matrices of lags against rows written out one by one, and long double arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.algebra import lag_gram
from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams


def series(seed, lengths):
    """Random walks of different scale around a level, one after the other."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=n).cumsum() * 10.0 ** rng.uniform(-2, 3) + 50.0 for n in lengths]
    stops = np.cumsum(lengths, dtype=np.int64)
    return np.concatenate([*parts, np.empty(0)]), stops - np.asarray(lengths), stops


def written_out(values, start, stop, design):
    """The rows of one series, by a plain loop."""
    rows, weights = [], []
    for step in range(start + max([*design.lags, design.hold_back]), stop):
        row = [values[step - lag] for lag in design.lags]
        row += [] if design.extra is None else list(design.extra[step])
        weight = 1.0 if design.weights is None else design.weights[step]
        row.append(values[step])
        if np.isfinite(row).all():
            rows.append(row)
            weights.append(weight)
    return gram_of_rows(np.array(rows).reshape(-1, len(row) if rows else 1), np.array(weights))


def assert_sums(found, values, starts, stops, design):
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        assert found.weight[index] >= 0
        expected = written_out(values, start, stop, design)
        np.testing.assert_allclose(found.weight[index], expected.weight)
        if expected.weight == 0:
            continue
        np.testing.assert_allclose(found.mean[index], expected.mean, rtol=1e-11)
        # Of a sum of squares about the mean, rounding leaves a share of that of the series.
        size = np.nanvar(values[start:stop]) * (stop - start) + 1e-300
        if design.extra is None:
            np.testing.assert_allclose(
                found.second[index] / size, expected.second / size, atol=1e-12
            )
        else:
            np.testing.assert_allclose(found.second[index], expected.second, rtol=1e-8, atol=1e-8)


lag_lists = st.lists(st.integers(1, 15), min_size=1, max_size=6, unique=True).map(np.array)


@given(
    seed=st.integers(0, 999),
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    lags=lag_lists,
    hold_back=st.integers(0, 20),
)
def test_complete_series_of_any_length(seed, lengths, lags, hold_back):
    values, starts, stops = series(seed, lengths)
    design = LagDesign(lags, hold_back)
    assert_sums(lag_grams(values, starts, stops, design), values, starts, stops, design)


@given(
    seed=st.integers(0, 999),
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=5),
    lags=lag_lists,
    hold_back=st.integers(0, 20),
    num_extra=st.integers(0, 3),
    missing=st.sampled_from([0.0, 0.1, 0.5]),
    weighted=st.booleans(),
)
def test_gaps_extra_columns_and_weights(
    seed, lengths, lags, hold_back, num_extra, missing, weighted
):
    values, starts, stops = series(seed, lengths)
    rng = np.random.default_rng(seed + 1)
    values[rng.random(len(values)) < missing] = np.nan
    extra = rng.normal(size=(len(values), num_extra)) if num_extra else None
    weights = rng.integers(0, 3, len(values)).astype(float) if weighted else None
    design = LagDesign(lags, hold_back, extra, weights)
    assert_sums(lag_grams(values, starts, stops, design), values, starts, stops, design)


def test_both_ways_agree_and_batches_do_not_matter(monkeypatch):
    lengths = [200, 90, 75, 200, 130, 40, 61]
    values, starts, stops = series(0, lengths)
    lags = np.array([24, 1, 2, 3, 12])
    fast = lag_grams(values, starts, stops, LagDesign(lags))
    dense = lag_grams(values, starts, stops, LagDesign(lags, weights=np.ones(len(values))))
    np.testing.assert_allclose(fast.solve().coefficients, dense.solve().coefficients, rtol=1e-7)
    monkeypatch.setattr(lag_gram, "_BATCH_NUMBERS", 1)
    for design, expected in ((LagDesign(lags), fast), (LagDesign(lags, weights=values * 0 + 1),
                                                       dense)):  # fmt: skip
        alone = lag_grams(values, starts, stops, design)
        np.testing.assert_allclose(
            alone.solve().coefficients, expected.solve().coefficients, rtol=1e-7
        )


def ragged(seed, num_series, gaps=False):
    values, starts, stops = series(
        seed, np.random.default_rng(seed).integers(0, 400, num_series).tolist()
    )
    if gaps:
        values[np.random.default_rng(seed + 1).random(len(values)) < 0.05] = np.nan
    return values, starts, stops


@pytest.mark.parametrize("kind", ["complete", "gaps", "extra", "weights"])
@pytest.mark.parametrize("lags", [[1, 2, 3, 12, 24], list(range(1, 25)), [7]])
def test_a_series_alone_has_the_bits_that_it_has_in_company(kind, lags):
    values, starts, stops = ragged(20, 200, gaps=kind == "gaps")
    rng = np.random.default_rng(21)
    extra = rng.normal(size=(len(values), 2)) if kind == "extra" else None
    weights = rng.uniform(0, 2, len(values)) if kind == "weights" else None
    design = LagDesign(np.array(lags), 30, extra, weights)
    together = lag_grams(values, starts, stops, design)
    fits = together.solve(0.01)
    for rows in [*np.arange(200)[:, None], np.arange(0, 200, 3), rng.permutation(200)[:77]]:
        fewer = lag_grams(values, starts[rows], stops[rows], design)
        for name in ("weight", "mean", "second", "count"):
            np.testing.assert_array_equal(getattr(fewer, name), getattr(together, name)[rows])
        fit = fewer.solve(0.01)
        np.testing.assert_array_equal(fit.coefficients, fits.coefficients[rows])
        np.testing.assert_array_equal(fit.intercepts, fits.intercepts[rows])


@given(seed=st.integers(0, 999), data=st.data())
def test_any_part_of_a_panel_has_the_bits_of_the_whole(seed, data):
    values, starts, stops = ragged(seed, 12, gaps=bool(seed % 2))
    part = data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=12))
    design = LagDesign(np.array(data.draw(lag_lists)), data.draw(st.integers(0, 20)))
    whole, fewer = (lag_grams(values, starts[at], stops[at], design) for at in (range(12), part))
    np.testing.assert_array_equal(fewer.second, whole.second[part])
    np.testing.assert_array_equal(fewer.mean, whole.mean[part])


@pytest.mark.parametrize("kind", ["complete", "extra"])
@pytest.mark.parametrize("length", [100, 333, 500, 9000])
def test_series_of_equal_length_have_the_same_bits_alone(kind, length):
    count = 40 if length > 1000 else 300
    values, starts, stops = series(22, [length] * count)
    extra = np.arange(len(values))[:, None] % length + 0.5 if kind == "extra" else None
    design = LagDesign(np.arange(1, 25), extra=extra)
    together = lag_grams(values, starts, stops, design)
    for row in range(0, count, 7):
        alone = lag_grams(values, starts[row : row + 1], stops[row : row + 1], design)
        np.testing.assert_array_equal(alone.second[0], together.second[row])
        np.testing.assert_array_equal(alone.mean[0], together.mean[row])


@pytest.mark.parametrize(("length", "padded"), [(0, 0), (1, 1), (31, 31), (33, 34), (500, 512)])
def test_padding_follows_from_the_length_alone(length, padded):
    assert lag_gram._padded(np.array([length, 77, 12345]))[0] == padded
    lengths = np.arange(1, 3000)
    over = lag_gram._padded(lengths) - lengths
    assert (over >= 0).all() and (16 * over <= lengths).all()


def test_weighted_rows_are_counted():
    values, starts, stops = series(23, [50, 60])
    weights = np.random.default_rng(23).uniform(0.1, 9.0, 110)
    weights[10:20] = 0.0
    design = LagDesign(np.array([1, 5]), weights=weights)
    assert lag_grams(values, starts, stops, design).count.tolist() == [35.0, 55.0]


def test_a_stretch_sums_over_its_targets_only():
    values, _, _ = series(1, [300])
    design = LagDesign(np.array([1, 2, 7]))
    parts = lag_grams(values, np.array([0, 193]), np.array([200, 300]), design)
    whole = lag_grams(values, np.array([0]), np.array([300]), design)
    assert parts.weight.tolist() == [193.0, 100.0] and whole.weight.tolist() == [293.0]


def orthogonal_fit(design, target):
    """Least squares in long double, by Gram-Schmidt done twice."""
    basis = design.astype(np.longdouble)
    upper = np.eye(basis.shape[1], dtype=np.longdouble)
    for _ in range(2):
        factor = np.zeros_like(upper)
        for column in range(basis.shape[1]):
            for before in range(column):
                factor[before, column] = (basis[:, before] * basis[:, column]).sum()
                basis[:, column] -= factor[before, column] * basis[:, before]
            factor[column, column] = np.sqrt((basis[:, column] ** 2).sum())
            basis[:, column] /= factor[column, column]
        upper = factor @ upper
    moment, found = basis.T @ target.astype(np.longdouble), np.zeros(len(upper), np.longdouble)
    for row in reversed(range(len(upper))):
        found[row] = (moment[row] - upper[row, row + 1 :] @ found[row + 1 :]) / upper[row, row]
    return found.astype(np.float64)


@pytest.mark.parametrize("weighted", [False, True])
def test_24_lags_of_co2_are_exact_to_ten_digits(weighted):
    from statsmodels.datasets import co2

    values = co2.load_pandas().data["co2"].interpolate().to_numpy(dtype=np.float64)
    count, lags = len(values), np.arange(1, 25)
    rows = np.stack([values[24 - lag : count - lag] for lag in [*lags, 0]], axis=1)
    exact = orthogonal_fit(np.column_stack([rows[:, :-1], np.ones(len(rows))]), rows[:, -1])
    design = LagDesign(lags, weights=np.ones(count) if weighted else None)
    fit = lag_grams(values, np.array([0]), np.array([count]), design).solve()
    np.testing.assert_allclose(fit.coefficients[0, :, 0], exact[:-1], atol=1e-10)
    np.testing.assert_allclose(fit.intercepts[0, 0], exact[-1], atol=1e-9)


def test_odd_series_do_not_stop_the_others():
    values, starts, stops = series(3, [50, 50, 50, 2, 0, 50])
    values[50:100], values[100:150] = 7.3, np.nan
    fit = lag_grams(values, starts, stops, LagDesign(np.array([1, 2]))).solve()
    np.testing.assert_array_equal(fit.coefficients[1:5], 0.0)
    assert fit.intercepts[1, 0] == pytest.approx(7.3) and fit.intercepts[2, 0] == 0.0
    alone = lag_grams(values, starts[-1:], stops[-1:], LagDesign(np.array([1, 2]))).solve()
    np.testing.assert_allclose(fit.coefficients[5], alone.coefficients[0], rtol=1e-10)
    assert fit.rank.tolist() == [2, 0, 0, 0, 0, 2]


def test_no_lags_leave_the_extra_columns():
    values, starts, stops = series(4, [40, 30])
    extra = np.arange(70.0)[:, None]
    fit = lag_grams(values, starts, stops, LagDesign(np.array([], dtype=int), 0, extra)).solve()
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        slope = np.polyfit(extra[start:stop, 0], values[start:stop], 1)[0]
        np.testing.assert_allclose(fit.coefficients[index, 0, 0], slope, rtol=1e-8)
