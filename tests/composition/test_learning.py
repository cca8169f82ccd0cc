"""Combinations and pipelines learn as the models in them do alone."""

from __future__ import annotations

import numpy as np
import pytest
from ar_material import frame_of, simulated, with_gaps

import forecast as fc

FRAME = frame_of(*(simulated([0.5, 0.2], 120, seed, mean=30.0) for seed in range(3)))
FIRST, LATER = FRAME[FRAME["ds"] < "2024-03-25"], FRAME[FRAME["ds"] >= "2024-03-25"]


def forecasts(forecaster):
    return forecaster.predict(6)[forecaster.name].to_numpy()


def test_a_combination_is_that_of_members_that_learned_alone():
    members = [fc.AR(lags=2), fc.AR(lags=1, alias="short"), fc.SeasonalNaive(7)]
    both = fc.Combine(members, method="mean").fit(FIRST, horizon=6).update(LATER, learn=True)
    alone = [m.clone().fit(FIRST, horizon=6) for m in members]
    found = [forecasts(m.update(LATER, learn=m.role == "linear")) for m in alone]
    np.testing.assert_allclose(forecasts(both), np.mean(found, axis=0), rtol=1e-10)


def test_a_combination_of_which_no_member_learns_says_so():
    both = fc.Combine([fc.Naive(), fc.Drift()]).fit(FIRST)
    before = both.store_
    with pytest.raises(
        ValueError, match=r"Combine cannot learn .* \(median of Naive \(last value\), Drift"
    ):
        both.update(LATER, learn=True)
    assert both.store_ is before


def test_a_member_that_cannot_learn_stops_the_combination():
    member = fc.AR(lags=2, estimation=fc.Estimation("absolute"))
    both = fc.Combine([fc.AR(lags=2, alias="plain"), member]).fit(FIRST)
    before = both.fitted_
    with pytest.raises(ValueError, match="method='absolute' is estimated from all rows at once"):
        both.update(LATER, learn=True)
    assert both.fitted_ is before


@pytest.mark.parametrize("blocks", [1, 4])
def test_a_pipeline_learns_from_transformed_values(blocks):
    piped = fc.Pipeline([fc.Log1p(), fc.Difference(), fc.AR(lags=2)]).fit(FIRST, horizon=6)
    moved = FRAME.assign(y=np.log1p(FRAME["y"]).groupby(FRAME["unique_id"]).diff())
    moved = moved.dropna(subset="y")
    early = moved["ds"] < "2024-03-25"
    oracle = fc.AR(lags=2).fit(moved[early], horizon=6).update(moved[~early], learn=True)
    for part in np.array_split(np.sort(LATER["ds"].unique()), blocks):
        piped.update(LATER[LATER["ds"].isin(part)], learn=True)
    inner = piped.fitted_.model.members[0]
    wanted = oracle.fitted_.model
    np.testing.assert_allclose(inner.coefficients, wanted.coefficients, rtol=1e-8)
    last = LATER.groupby("unique_id")["y"].last().to_numpy()
    path = forecasts(oracle).reshape(3, 6).cumsum(axis=1)
    found = forecasts(piped).reshape(3, 6)
    np.testing.assert_allclose(found, np.expm1(np.log1p(last)[:, None] + path), rtol=1e-8)


def test_a_pipeline_learns_through_gaps():
    gappy = FRAME.assign(y=with_gaps(FRAME["y"].to_numpy(), 0.1, 3, known=10))
    first, later = gappy[gappy["ds"] < "2024-03-25"], gappy[gappy["ds"] >= "2024-03-25"]
    piped = fc.Pipeline([fc.StandardScaler(), fc.AR(lags=2)]).fit(first, horizon=6)
    plain = fc.AR(lags=2).fit(first, horizon=6)
    found, wanted = (forecasts(f.update(later, learn=True)) for f in (piped, plain))
    np.testing.assert_allclose(found, wanted, rtol=1e-8)


def test_a_pipeline_that_ends_in_a_naive_forecast_says_so():
    piped = fc.Pipeline([fc.StandardScaler(), fc.Naive()]).fit(FIRST)
    with pytest.raises(
        ValueError, match=r"Naive cannot learn .* \(StandardScaler\(\); last value\)"
    ):
        piped.update(LATER, learn=True)
