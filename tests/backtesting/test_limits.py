"""Intervals of a backtest: of any kind, those of `predict` at each origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from backtesting.frames import ragged, series

import forecast as fc
from forecast.intervals import KINDS

FRAME = pd.concat([series("b", 110, 1), series("a", 90, 2)], ignore_index=True)
FRAME = FRAME.assign(ds=pd.concat([FRAME["ds"][:110], FRAME["ds"][20:110]]).to_numpy())
SHORT = FRAME.drop(columns=["z", "price"])
LIMITS = ["AR-lo-70", "AR-hi-70", "AR-lo-95", "AR-hi-95"]


def limits_of_predict(fitted, frame, cv, horizon, **options):
    parts = []
    for cutoff in cv["cutoff"].unique():
        fitted.condition(frame[frame["ds"] <= cutoff])
        made = fitted.predict(horizon, [70, 95], **options).groupby("unique_id").tail(3)
        parts.append(made.assign(cutoff=cutoff))
    return cv[["unique_id", "ds", "cutoff"]].merge(pd.concat(parts), validate="1:1")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"gap": 2, "step_size": 1}], ids=str)
def test_limits_are_those_of_predict_at_each_origin(kind, options):
    """Fitted once: adaptive ones know which of the scores the model has not learned from."""
    settings = {"n_windows": 4, "level": [70, 95], "intervals": kind, "refit": False, **options}
    forecaster, horizon = fc.AR(lags=4, season_length=7), 3 + options.get("gap", 0)
    cv = fc.cross_validation(forecaster, SHORT, 3, **settings)
    known = SHORT[SHORT["ds"] <= cv["cutoff"].min()]
    fitted = forecaster.fit(known, horizon)
    wanted = limits_of_predict(fitted, SHORT, cv, horizon, intervals=kind)
    np.testing.assert_allclose(cv[LIMITS], wanted[LIMITS], rtol=1e-9)
    assert fitted.fitted_.calibration.optimism > 1.01  # so that what was learned from tells


def test_adaptive_limits_of_a_series_that_was_not_fitted_on():
    frame = ragged().drop(columns=["z", "price"])
    first = frame["ds"].min() + pd.Timedelta(days=80)
    pooled = fc.PooledAR(lags=3, season_length=7)
    fitted = pooled.fit(frame[(frame["unique_id"] != "c") & (frame["ds"] <= first)], 3)
    frame = frame[frame["ds"] > frame["ds"].min() + pd.Timedelta(days=12)]
    frame = pd.concat([frame, series("d", 110, 8).drop(columns=["z", "price"])])
    settings = {"n_windows": 2, "level": [80], "intervals": "adaptive", "use_fitted": True}
    frame = frame[frame["unique_id"].isin(["a", "d"])]
    cv = fc.cross_validation(fitted, frame, 3, **settings)
    for cutoff, rows in cv.groupby("cutoff"):
        wanted = fitted.predict(3, 80, df=frame[frame["ds"] <= cutoff], intervals="adaptive")
        wanted = rows[["unique_id", "ds"]].merge(wanted)
        np.testing.assert_allclose(rows["PooledAR-hi-80"], wanted["PooledAR-hi-80"], rtol=1e-9)


def test_channels_have_limits_of_every_kind():
    frame, columns = FRAME.drop(columns="price"), {"target_col": ["y", "z"]}
    made = [
        fc.cross_validation(fc.VAR(lags=1), frame, 3, n_windows=2, level=[90], intervals=kind,
                            refit=False, **columns)
        for kind in KINDS
    ]  # fmt: skip
    for cv in made:
        assert (cv["VAR-lo-90"] < cv["VAR-hi-90"]).all()
        pd.testing.assert_series_equal(cv["VAR"], made[0]["VAR"])
    assert not np.allclose(made[0]["VAR-lo-90"], made[1]["VAR-lo-90"])
    assert not np.allclose(made[0]["VAR-lo-90"], made[2]["VAR-lo-90"])


def test_the_kind_of_each_forecaster_stands_where_none_is_asked_for():
    both = [fc.AR(lags=2, intervals="analytic"), fc.AR(lags=2, alias="split")]
    own = fc.cross_validation(both, SHORT, 3, n_windows=2, level=[80])
    for name, kind in (("AR", "analytic"), ("split", "conformal")):
        asked = fc.cross_validation(both, SHORT, 3, n_windows=2, level=[80], intervals=kind)
        limits = [f"{name}-lo-80", f"{name}-hi-80"]
        pd.testing.assert_frame_equal(own[limits], asked[limits], check_exact=True)


def test_kinds_that_cannot_be_given_are_refused():
    class Breaks(fc.Naive):
        def _estimate(self, task):
            raise RuntimeError("begun already")

    with pytest.raises(
        ValueError, match=r"must be 'conformal', 'adaptive', 'analytic' or 'paths'; got ''"
    ):
        fc.cross_validation(Breaks(), SHORT, 3, n_windows=2, level=[80], intervals="")
    with pytest.raises(ValueError, match=r"'analytic' needs a model .* and Naive has none"):
        fc.cross_validation(fc.Naive(), SHORT, 3, n_windows=2, level=[80], intervals="analytic")
