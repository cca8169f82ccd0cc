"""Analytic intervals: the process' own spread, the same in `predict` and in a backtest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ar_material import frame_of, simulated
from scipy import stats
from statsmodels.tsa.ar_model import AutoReg

import forecast as fc
from forecast import engine
from forecast.baselines.autoregression.estimate import estimate_ar
from forecast.baselines.autoregression.plan import ARPlan
from forecast.intervals import check_intervals, interval_limits
from forecast.pipelines import read_frame


def test_analytic_limits_equal_statsmodels():
    values = simulated([0.6, 0.3], 200, 1, mean=30.0)
    ar = fc.AR(lags=2, intervals="analytic").fit(frame_of(values), horizon=4)
    frame = ar.predict(12, level=[80, 95])
    oracle = AutoReg(values, lags=2).fit().get_prediction(200, 211)
    for level in (80, 95):
        wanted = oracle.conf_int(alpha=1 - level / 100)
        np.testing.assert_allclose(frame[f"AR-lo-{level}"], wanted[:, 0], rtol=1e-8)
        np.testing.assert_allclose(frame[f"AR-hi-{level}"], wanted[:, 1], rtol=1e-8)


def test_a_backtest_gives_the_limits_of_predict():
    frame = frame_of(simulated([0.7], 120, 2), simulated([0.4], 120, 3))
    ar = fc.AR(lags=1, intervals="analytic")
    cv = fc.cross_validation([ar], frame, horizon=5, n_windows=1, level=[90])
    known = frame[frame.groupby("unique_id").cumcount() < 115]
    wanted = ar.clone().fit(known, horizon=5).predict(5, level=[90])
    for name in ("AR", "AR-lo-90", "AR-hi-90"):
        np.testing.assert_allclose(cv[name], wanted[name], rtol=1e-10)


def test_conformal_is_the_default_and_differs():
    frame = frame_of(simulated([0.7], 120, 2))
    conformal = fc.AR(lags=1).fit(frame, horizon=5)
    analytic = fc.AR(lags=1, intervals="analytic").fit(frame, horizon=5)
    assert conformal.intervals == fc.Naive().intervals == "conformal"
    left, right = conformal.predict(5, [80]), analytic.predict(5, [80])
    np.testing.assert_array_equal(left["AR"], right["AR"])
    assert not np.allclose(left["AR-hi-80"], right["AR-hi-80"])


@pytest.mark.parametrize("level", [50, 80, 95])
def test_analytic_intervals_cover_what_they_say(level):
    full = [simulated([0.8], 208, seed, mean=10.0) for seed in range(150)]
    frame = frame_of(*full)
    later = frame.groupby("unique_id", sort=False).cumcount() >= 200
    ar = fc.AR(lags=1, intervals="analytic").fit(frame[~later], horizon=8)
    made = ar.predict(8, level=level).merge(frame[later], on=["unique_id", "ds"])
    low, high = made[f"AR-lo-{level}"], made[f"AR-hi-{level}"]
    covered = ((made["y"] >= low) & (made["y"] <= high)).mean()
    assert abs(covered - level / 100) < 0.05


def test_limits_of_a_logarithmic_model_are_taken_back_from_logarithms():
    values = np.exp(0.5 * simulated([0.6], 150, 4)) * 20
    panel = read_frame(frame_of(values)).panel
    model, _ = estimate_ar(panel, ARPlan(np.array([1]), logarithm=True))
    state, _ = engine.absorb(model, engine.begin(model, np.array([0])), panel.block(0, 150))
    points = engine.forecast(model, state, 6)[:, 0]
    low, high = interval_limits(_Fitted(model), state, points, 80, "analytic")
    oracle = AutoReg(np.log1p(values), lags=1).fit().get_prediction(150, 155)
    z = stats.norm.ppf(0.9)
    np.testing.assert_allclose(
        low[0], np.expm1(oracle.predicted_mean - z * oracle.se_mean), rtol=1e-8
    )
    np.testing.assert_allclose(
        high[0], np.expm1(oracle.predicted_mean + z * oracle.se_mean), rtol=1e-8
    )


def test_limits_stay_within_the_explosion_guard():
    counts = np.random.default_rng(0).poisson(0.6, 80).astype(float)
    ar = fc.AR(lags=1, intervals="analytic").fit(frame_of(counts), horizon=4)
    frame = ar.predict(20, level=[99])
    assert (frame["AR-lo-99"] >= 0).all() and (frame["AR-hi-99"] <= 2 * counts.max()).all()


def test_a_gap_before_the_forecast_widens_its_interval():
    values = simulated([0.9], 120, 5, mean=5.0)
    ar = fc.AR(lags=2, intervals="analytic").fit(frame_of(values), horizon=4)
    gap = values.copy()
    gap[-4:-1] = np.nan
    tight, wide = (
        ar.predict(4, [80], df=pd.DataFrame(frame_of(part))) for part in (values, gap)
    )  # fmt: skip
    spread = [(frame["AR-hi-80"] - frame["AR-lo-80"]).to_numpy() for frame in (tight, wide)]
    assert (spread[1] >= spread[0] - 1e-12).all() and spread[1][0] > spread[0][0]


def test_path_limits_are_quantiles_of_sample():
    frame = frame_of(*(simulated([0.7], 120, seed) for seed in range(3)))
    ar = fc.AR(lags=1, intervals="paths").fit(frame, horizon=5)
    found = ar.predict(7, level=[50, 90])
    paths = ar.sample(7, num_paths=500).groupby(["unique_id", "ds"])["y"]
    for level in (50, 90):
        for name, share in (("lo", 0.5 - level / 200), ("hi", 0.5 + level / 200)):
            wanted = paths.quantile(share).to_numpy()
            np.testing.assert_allclose(found[f"AR-{name}-{level}"], wanted, rtol=1e-12)
    one = ar.predict(7, level=90, df=frame[frame["unique_id"] == frame["unique_id"].iloc[-1]])
    np.testing.assert_allclose(one["AR-hi-90"], found["AR-hi-90"][-7:], rtol=1e-12)


def test_path_limits_of_a_wide_panel_are_those_of_few_rows(monkeypatch):
    frame = frame_of(*(simulated([0.7], 40, seed) for seed in range(5)))
    naive = fc.Naive().fit(frame, horizon=2)
    whole = naive.predict(2, 80, intervals="paths")
    monkeypatch.setattr("forecast.sampled._MOST_PATHS", 1000)
    pd.testing.assert_frame_equal(naive.predict(2, 80, intervals="paths"), whole)


def test_a_comparison_is_asked_for_a_kind():
    with pytest.raises(ValueError, match=r"'analytic' or 'paths'; got 'wide'"):
        fc.compare([], frame_of(simulated([0.7], 60, 1)), 3, intervals="wide")


def test_unknown_kinds_are_refused():
    expected = r"`intervals` must be 'conformal', 'adaptive', 'analytic' or 'paths'; got 5"
    with pytest.raises(ValueError, match=expected):
        check_intervals(5)


class _Fitted:
    """As much of a fit as limits need."""

    def __init__(self, model):
        self.model = model
