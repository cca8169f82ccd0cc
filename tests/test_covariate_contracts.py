"""Laws of every public forecaster that uses covariates, on series that they drive.

Once with numbers that are known ahead, once with all kinds: labels known ahead, the calendar, past
covariates with gaps, static numbers and labels.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from contracts import assert_close, assert_states_close, forecaster_classes, small, states_of

import forecast as fc

KINDS = {
    "numbers": {"future_covariates": ["price", "holiday"]},
    "all kinds": {
        "future_covariates": ["price", "weather"],
        "past_covariates": ["wind", "sky"],
        "static_covariates": ["kind", "size"],
        "calendar_features": ["day_of_week", "day_of_year"],
    },
}
HORIZON = 4


def driven_series(name: str, length: int, seed: int, size: float) -> pd.DataFrame:
    """`y = 20 + 3 price - 5 holiday + AR(1) noise`, with steps without a row or without a value."""
    rng = np.random.default_rng(seed)
    price, holiday = rng.normal(size=length), (rng.random(length) < 0.2).astype(float)
    noise = np.zeros(length)
    for step in range(1, length):
        noise[step] = 0.5 * noise[step - 1] + 0.3 * rng.normal()
    y = size * (20.0 + 3.0 * price - 5.0 * holiday + noise)
    times = pd.date_range("2024-01-01", periods=length)
    frame = pd.DataFrame(
        {"unique_id": name, "ds": times, "y": y, "price": price, "holiday": holiday}
    ).assign(
        weather=np.where(holiday == 1.0, "storm", rng.choice(["calm", "sun"], length)),
        wind=np.where(rng.random(length) < 0.2, np.nan, rng.normal(size=length)),
        sky=np.where(rng.random(length) < 0.2, None, rng.choice(["clear", "grey"], length)),
        kind={"a": "mall", "b": "street"}[name], size=size,
    )  # fmt: skip
    gone = rng.random(length) < 0.1
    gone[[0, -HORIZON - 1]] = False
    gone[-HORIZON:] = False
    frame.loc[gone, "y"] = np.nan
    return frame[~gone | (rng.random(length) < 0.5)]


WHOLE = pd.concat(
    [driven_series("a", 124, 1, 1.0), driven_series("b", 90, 2, 40.0)], ignore_index=True
)
AHEAD = WHOLE.groupby("unique_id").tail(HORIZON)
PAST = WHOLE.drop(index=AHEAD.index)
SCALE = np.array([20.0, 800.0])


def users() -> list[type]:
    """Public forecasters that use covariates."""
    return [cls for cls in forecaster_classes() if cls.__dict__.get("uses_covariates") is True]


CASES = [(cls, kind) for cls in users() for kind in KINDS]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0].__name__}, {case[1]}")
def case(request):
    cls, kind = request.param
    return small(cls).fit(PAST, HORIZON, **KINDS[kind]), KINDS[kind]


@pytest.fixture(scope="module")
def fitted(case):
    return case[0]


def future() -> pd.DataFrame:
    return AHEAD[["unique_id", "ds", "price", "holiday", "weather"]]


def test_there_is_one():
    assert fc.AR in users()


def test_driven_series_are_forecast_better_with_their_covariates(fitted):
    found = fitted.predict(HORIZON, future_df=future())[fitted.name].to_numpy()
    without = fitted.clone().fit(PAST, HORIZON).predict(HORIZON)[fitted.name].to_numpy()
    errors = [np.abs(values - AHEAD["y"].to_numpy()).mean() for values in (found, without)]
    assert errors[0] < 0.5 * errors[1]


def test_a_longer_horizon_begins_with_the_shorter(fitted):
    long = fitted.predict(HORIZON, future_df=future()).groupby("unique_id").head(2)
    short = fitted.predict(2, future_df=future())
    np.testing.assert_allclose(long[fitted.name], short[fitted.name], rtol=1e-10)


def test_a_batch_equals_its_rows_alone(fitted):
    together = fitted.predict(HORIZON, future_df=future(), df=PAST)
    for i, name in enumerate("ab"):
        alone = fitted.predict(HORIZON, future_df=future(), df=PAST.query(f"unique_id == '{name}'"))
        own = together[together["unique_id"] == name][fitted.name].to_numpy()
        assert_close(alone[fitted.name].to_numpy()[None], own[None], SCALE[[i]], 1e-10)


@pytest.mark.parametrize("cut", ["2024-02-20", "2024-03-11"])
def test_update_equals_condition_on_all_rows(fitted, cut):
    old, new = PAST[PAST["ds"] < cut], PAST[PAST["ds"] >= cut]
    ends = old.dropna(subset="y").groupby("unique_id")["ds"].max()
    tail = old[old["ds"] > old["unique_id"].map(ends)]
    updated = copy(fitted).condition(old).update(pd.concat([tail, new]))
    whole = copy(fitted).condition(PAST)
    ids = updated.store_.ids
    states = [states_of(f.store_, ids) for f in (updated, whole)]
    assert_states_close(*states, SCALE[: len(ids)], 1e-9)


def test_a_bundle_gives_the_same_forecasts(fitted, tmp_path):
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    expected = fitted.predict(HORIZON, [80], future_df=future())
    found = loaded.predict(HORIZON, [80], future_df=future())
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    updated = [copy(f).update(AHEAD).store_.covariates for f in (loaded, fitted)]
    np.testing.assert_array_equal(*updated)
    assert loaded.fitted_.encoding == fitted.fitted_.encoding
    with pytest.raises(ValueError, match=r"was fitted with the covariates \['price', '(holi|wea)"):
        loaded.predict(HORIZON)


def test_no_forecast_depends_on_values_after_its_cutoff(case):
    fitted, kinds = case
    frame = WHOLE[WHOLE["unique_id"] == "a"]
    settings = {"horizon": 3, "n_windows": 3, **kinds, "refit": False}
    before = fc.cross_validation(small(type(fitted)), frame, **settings)
    cutoff = before["cutoff"].min()
    changed = frame.assign(y=frame["y"].where(frame["ds"] <= cutoff, frame["y"] * 2.0 + 9.0))
    last = before.loc[before["cutoff"] == cutoff, "ds"].max()
    changed["price"] = changed["price"].where(changed["ds"] <= last, 7.0)
    changed["weather"] = changed["weather"].where(changed["ds"] <= last, "a label never seen")
    changed["wind"] = changed["wind"].where(changed["ds"] <= cutoff, 99.0)
    changed["sky"] = changed["sky"].where(changed["ds"] <= cutoff, "black")
    after = fc.cross_validation(small(type(fitted)), changed, **settings)
    rows = [cv.loc[cv["cutoff"] == cutoff, fitted.name] for cv in (after, before)]
    pd.testing.assert_series_equal(*rows, check_exact=True)
