"""Each transform against an independent oracle, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.preprocessing
from scipy import stats
from statsmodels.tsa.seasonal import STL

import forecast as fc
from forecast.pipelines import Frequency, Panel
from forecast.pipelines.transforms import Chain, View

RNG = np.random.default_rng(11)
WALK = 40.0 + np.cumsum(RNG.normal(size=60)) + 3.0 * np.sin(np.arange(60) * 2 * np.pi / 7)
SKEWED = np.exp(RNG.normal(2.0, 1.2, 45))
ALL = (
    fc.StandardScaler(), fc.RobustScaler(), fc.MeanAbsoluteScaler(), fc.MinMaxScaler(), fc.Log1p(),
    fc.BoxCox(), fc.BoxCox(-0.5), fc.Difference(2), fc.SeasonalDifference(7),
    fc.STLDeseasonalizer(7), fc.Identity(),
)  # fmt: skip


def panel_of(*rows) -> Panel:
    """Daily series named a, b, ... from the first of January 2024."""
    rows = [np.asarray(row, dtype=float) for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ids = np.array(list("abcdefgh"[: len(rows)]), dtype=object)
    starts = pd.DatetimeIndex(["2024-01-01"] * len(rows))
    return Panel(ids, np.concatenate(rows), offsets, starts, Frequency("D"))


def forwards(transform, *rows) -> list[np.ndarray]:
    """The transformed rows, fitted on themselves."""
    panel = panel_of(*rows)
    found = Chain((transform,)).fit(panel, 1).forward(panel)
    return [found.row(i) for i in range(len(rows))]


@pytest.mark.parametrize(
    ("transform", "oracle"),
    [
        (fc.StandardScaler(), sklearn.preprocessing.StandardScaler()),
        (fc.RobustScaler(), sklearn.preprocessing.RobustScaler()),
        (fc.MinMaxScaler(), sklearn.preprocessing.MinMaxScaler()),
    ],
)
def test_scalers_are_those_of_scikit_learn_for_each_series(transform, oracle):
    gappy = np.where(np.arange(60) % 9 == 4, np.nan, WALK)
    for row, found in zip((gappy, SKEWED), forwards(transform, gappy, SKEWED), strict=True):
        wanted = oracle.fit_transform(row[:, None])[:, 0]
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-14)


def test_the_mean_absolute_scaler_divides_by_the_mean_size():
    mixed = WALK - 40.0
    found = forwards(fc.MeanAbsoluteScaler(), mixed)[0]
    np.testing.assert_allclose(found, mixed / np.abs(mixed).mean(), rtol=1e-12)


def test_box_cox_is_scipys_of_the_values_over_their_geometric_mean():
    rows = [SKEWED, WALK, 3.0 - np.log(SKEWED) / 4.0, SKEWED[:9] ** 2]
    chain = Chain((fc.BoxCox(),)).fit(panel_of(*rows), 1)
    found = chain.forward(panel_of(*rows))
    for i, row in enumerate(rows):
        unit = row / stats.gmean(row)
        expected, power = stats.boxcox(unit)
        assert -1.0 < power < 2.0, "beyond the limits"
        np.testing.assert_allclose(chain.links.links[0].parameters["power"][i], power, atol=1e-5)
        np.testing.assert_allclose(found.row(i), expected, atol=1e-4)


@pytest.mark.parametrize("power", [-1.5, 0.0, 0.5, 2.0])
def test_box_cox_of_a_given_power_is_scipys(power):
    expected = stats.boxcox(SKEWED / stats.gmean(SKEWED), power)
    np.testing.assert_allclose(forwards(fc.BoxCox(power), SKEWED)[0], expected, rtol=1e-9)


def test_the_power_of_box_cox_does_not_depend_on_the_unit():
    powers = [
        Chain((fc.BoxCox(),)).fit(panel_of(SKEWED * unit), 1).links.links[0].parameters["power"]
        for unit in (1e-9, 1.0, 1e12)
    ]
    np.testing.assert_allclose(np.ravel(powers), powers[0][0], atol=1e-6)


def test_logarithms_and_differences_are_numpys():
    np.testing.assert_array_equal(forwards(fc.Log1p(), SKEWED)[0], np.log1p(SKEWED))
    np.testing.assert_array_equal(forwards(fc.Difference(), WALK)[0], np.diff(WALK))
    np.testing.assert_array_equal(forwards(fc.Difference(3), WALK)[0], WALK[3:] - WALK[:-3])
    np.testing.assert_array_equal(forwards(fc.SeasonalDifference(7), WALK)[0], WALK[7:] - WALK[:-7])


@pytest.mark.parametrize("robust", [False, True])
def test_the_season_is_the_mean_of_the_last_cycles_of_stl(robust):
    component = STL(WALK, period=7, robust=robust, trend_jump=2).fit().seasonal  # window 15
    table = [component[-21:][(np.arange(39, 60) % 7) == phase].mean() for phase in range(7)]
    expected = WALK - np.array(table)[np.arange(60) % 7]
    found = forwards(fc.STLDeseasonalizer(7, robust), WALK)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(("period", "length"), [(7, 150), (12, 200), (24, 500)])
def test_the_season_is_that_of_loess_at_every_step(period, length):
    rng = np.random.default_rng(period)
    season = 8.0 * np.sin(np.arange(length) * 2 * np.pi / period)
    row = 100.0 + np.cumsum(rng.normal(size=length)) + season
    component = STL(row, period=period).fit().seasonal[-3 * period :]
    phases = np.arange(length)[-3 * period :] % period
    exact = np.array([component[phases == phase].mean() for phase in range(period)])
    found = row - forwards(fc.STLDeseasonalizer(period), row)[0]
    np.testing.assert_allclose(found[:period], exact, atol=0.005 * np.abs(exact).max())


def test_seasons_and_differences_take_the_season_of_the_panel_and_nothing_without_one():
    panel = panel_of(WALK)
    for transform in (fc.SeasonalDifference(), fc.STLDeseasonalizer()):
        explicit = type(transform)(7)
        named = [Chain((one,)).fit(panel, 7).forward(panel) for one in (transform, explicit)]
        np.testing.assert_array_equal(named[0].values, named[1].values)
        chain = Chain((transform,)).fit(panel, 1)
        np.testing.assert_array_equal(chain.forward(panel).values, WALK)
        assert not len(chain.links.fell_back)


@pytest.mark.parametrize("transform", ALL, ids=repr)
@pytest.mark.parametrize("constant", [5.1, 1e-300, 1e300])
def test_a_constant_series_comes_back_exactly(transform, constant):
    row = np.full(30, constant)
    panel = panel_of(row)
    chain = Chain((transform,)).fit(panel, 7)
    values = chain.forward(panel).values
    assert np.isfinite(values).all()
    found = chain.inverse(values[None, -3:], panel_of(row[:-3]))
    exact = 1e-13 if isinstance(transform, fc.BoxCox | fc.Log1p) else 0.0
    np.testing.assert_allclose(found, constant, rtol=exact)


@pytest.mark.parametrize(
    "transform", [one for one in ALL if not isinstance(one, fc.BoxCox)], ids=repr
)
def test_zeros_and_empty_series_do_no_harm(transform):
    panel = panel_of(np.zeros(20), np.full(9, np.nan), [2.0])
    chain = Chain((transform,)).fit(panel, 7)
    found = chain.forward(panel)
    assert np.all(found.row(0) == 0.0) and np.isnan(found.row(1)).sum() >= 6
    assert np.isfinite(chain.inverse(np.ones((3, 4)), panel)).all()


@pytest.mark.parametrize("transform", ALL, ids=repr)
@pytest.mark.parametrize("size", [1.0, 1e4, 1e300])
def test_an_inverse_of_finite_numbers_is_finite(transform, size):
    panel = panel_of(np.abs(WALK), 1e250 * SKEWED)
    chain = Chain((transform,)).fit(panel, 7)
    outputs = size * RNG.normal(size=(2, 5, 9))
    assert np.isfinite(chain.inverse(outputs, panel)).all()


@pytest.mark.parametrize(
    ("transform", "value", "message"),
    [
        (fc.Log1p(), -1.0, r"Log1p needs values above -1; series 'b' has -1 at 2024-01-04"),
        (fc.Log1p(), -7.5, r"'b' has -7.5 at .*Add a constant to the column, or take another"),
        (fc.BoxCox(), 0.0, r"BoxCox needs positive values; series 'b' has 0 at 2024-01-04"),
        (fc.BoxCox(0.5), -2.0, r"BoxCox needs positive values or 0; series 'b' has -2 at"),
    ],
)
def test_values_without_a_transform_are_refused_when_fitting(transform, value, message):
    row = np.array([4.0, 2.0, 3.0, value, 5.0])
    with pytest.raises(ValueError, match=message):
        Chain((transform,)).fit(panel_of([1.0, 2.0], row), 1)


def test_gaps_are_filled_from_the_past_only():
    row = np.array([1.0, np.nan, 5.0, 2.0, np.nan, np.nan, np.nan, np.nan])
    panel = panel_of(row, WALK)
    for policy, filled in (
        ("forward", [1, 1, 5, 2, 2, 2, 2, 2]),
        ("seasonal", [1, 1, 5, 2, 1, 5, 2, 1]),
    ):
        found = Chain((fc.FillGaps(policy),)).fit(panel, 3).forward(panel)
        np.testing.assert_array_equal(found.row(0), filled)
        np.testing.assert_array_equal(found.row(1), WALK)
        after = Chain((fc.FillGaps(policy), fc.Difference())).fit(panel, 3).forward(panel)
        np.testing.assert_array_equal(after.row(0), np.diff(filled))


def test_zero_has_a_root():
    np.testing.assert_allclose(forwards(fc.BoxCox(0.5), [0.0, 1.0, 1.0])[0], [-2.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fc.Difference(0), r"`lag` must be a whole number of at least 1; got 0"),
        (lambda: fc.Difference(True), r"`lag` must be a whole number of at least 1; got True"),
        (lambda: fc.SeasonalDifference(1), r"`season_length` must be .* at least 2; got 1"),
        (lambda: fc.STLDeseasonalizer(1.5), r"`season_length` must be .* at least 2; got 1.5"),
        (lambda: fc.STLDeseasonalizer(7, "yes"), r"`robust` must be True or False; got 'yes'"),
        (lambda: fc.FillGaps("linear"), r"looks at values after the gap.*fc.fill_gaps\(df\)"),
        (lambda: fc.FillGaps("mean"), r"`policy` must be 'forward' or 'seasonal'; got 'mean'"),
        (lambda: fc.BoxCox("mle"), r"`lambda_` must be a number from -5 to 5, or None; got 'mle'"),
        (lambda: fc.BoxCox(float("nan")), r"`lambda_` must be a number from -5 to 5"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_settings_are_those_that_were_given():
    robust = fc.STLDeseasonalizer(7, robust=True)
    assert repr(robust) == "STLDeseasonalizer(season_length=7, robust=True)"
    assert robust.get_params() == {"season_length": 7, "robust": True}
    assert robust.changed(season_length=12) == fc.STLDeseasonalizer(12, True)
    assert repr(fc.BoxCox()) == "BoxCox()" and sklearn.base.clone(robust) == robust


def test_a_view_shapes_parameters_for_values_with_paths():
    view = View({"scale": np.array([2.0, 3.0])}, np.empty((2, 4, 0)), np.arange(6).reshape(2, 1, 3))
    assert view.column("scale").shape == (2, 1, 1)
    table = View({"season": np.array([[1.0, 2.0], [5.0, 6.0]])}, view.past, view.clock)
    np.testing.assert_array_equal(table.by_phase("season"), [[[1.0, 2.0, 1.0]], [[6.0, 5.0, 6.0]]])
