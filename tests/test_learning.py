"""Learning from newer rows: honest forecasts first, then the newer model; all or nothing."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from contracts import assert_states_equal

from forecast import AR, Combine, Difference, Drift, Pipeline, PooledAR, SeasonalNaive, engine
from forecast.fitting import Estimate
from forecast.forecaster import Forecaster
from forecast.pipelines import Block
from forecast.protocol import Learns, StateBatch


@dataclass(frozen=True, eq=False)
class ShareModel:
    """Next value = share of the last one, share = products / squares over all that was learned."""

    products: float
    squares: float
    block_length = 1

    @property
    def share(self):
        return self.products / self.squares

    def init_state(self, num_rows, static):
        blank = np.zeros(num_rows, dtype=np.int64)
        return StateBatch({"last": np.full(num_rows, np.nan)}, blank, blank)

    def observe(self, state, block):
        last, forecasts = state.arrays["last"].copy(), np.full(block.values.shape, np.nan)
        for step in range(block.num_steps):
            forecasts[:, step] = self.share * last
            value = np.where(block.observed[:, step], block.values[:, step], forecasts[:, step])
            last = np.where(block.valid[:, step], value, last)
        return state.advance({"last": last}, block), forecasts

    def learn(self, state, block):
        before = np.column_stack([state.arrays["last"], block.values])[:, :-1]
        known = block.observed & ~np.isnan(before)
        known[:, 1:] &= block.observed[:, :-1]
        if (np.abs(block.values) > 1e6).any():
            raise ValueError("these values are beyond what this fit can learn from.")
        products = (before * block.values)[known].sum()
        return replace(
            self,
            products=self.products + products,
            squares=self.squares + (before[known] ** 2).sum(),
        )

    def rollout(self, state, horizon, feedback, future):
        last = np.repeat(state.arrays["last"][:, None], feedback.num_paths, axis=1)
        steps = []
        for step in range(horizon):
            last = feedback((self.share * last)[:, :, None], step)[:, :, 0]
            steps.append(last)
        return np.stack(steps, axis=2)


class Share(Forecaster):
    def __init__(self, alias=None):
        self.alias = alias

    def _estimate(self, task):
        panel = task.panel
        state = StateBatch(
            {"last": np.full(panel.num_series, np.nan)},
            *np.zeros((2, panel.num_series), dtype=np.int64),
        )
        model = ShareModel(1e-9, 1e-9).learn(state, panel.block(0, panel.lengths))
        return Estimate.closed_form(model, "share")


def block_of(values, valid=None):
    values = np.asarray(values, dtype=float)
    observed = ~np.isnan(values)
    valid = np.ones(values.shape, dtype=bool) if valid is None else np.asarray(valid)
    return Block(np.where(observed, values, 0.0), observed & valid, valid)


def frame_of(**series):
    days = pd.date_range("2024-01-01", periods=40)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": days[first : first + len(y)], "y": y})
        for name, (first, y) in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def fitted():
    rng = np.random.default_rng(3)
    return Share().fit(
        frame_of(a=(0, 5 + rng.normal(size=20)), b=(2, 9 + rng.normal(size=15))), horizon=2
    )


def test_forecasts_come_from_the_old_model_and_the_state_from_the_new():
    old = ShareModel(1.0, 2.0)
    state = engine.begin(old, np.arange(3))
    state, _ = engine.absorb(old, state, block_of([[4.0], [6.0], [8.0]]))
    block = block_of(
        [[8.0, np.nan], [3.0, 5.0], [0.0, 0.0]], [[True, True], [True, True], [False, False]]
    )
    newer, after, one_step = engine.learn(old, state, block)
    # share 1/2; then 4 -> 8, 6 -> 3, 3 -> 5 are learned: (1 + 32 + 18 + 15) / (2 + 16 + 36 + 9)
    np.testing.assert_array_equal(one_step, [[2.0, 4.0], [3.0, 1.5], [np.nan, np.nan]])
    assert (old.products, old.squares) == (1.0, 2.0)
    assert newer.share == 66 / 63
    # The gap of the first series is filled by the newer model, the errors are of the older one.
    np.testing.assert_array_equal(after.arrays["model.last"], [8.0 * (66 / 63), 5.0, 8.0])
    np.testing.assert_array_equal(after.arrays["record.error_sum"], [6.0, 0.0 + 3.5, 0.0])
    np.testing.assert_array_equal(after.arrays["record.maximum"], [8.0, 6.0, 8.0])
    np.testing.assert_array_equal(after.clock, [3, 3, 1])
    assert_states_equal(after.take([2]), state.take([2]))
    expected, forecasts = engine.absorb(old, state, block)
    np.testing.assert_array_equal(one_step, forecasts)
    for name, wanted in expected.select("record.").arrays.items():
        np.testing.assert_array_equal(after.select("record.").arrays[name], wanted)


def test_one_long_gap_among_many_series_costs_no_padding(monkeypatch):
    """Learned from in the order of time, in stretches that are full for the most part."""
    rng, ids = np.random.default_rng(1), np.array([f"s{i}" for i in range(50)], dtype=object)
    frame = pd.DataFrame({"unique_id": np.repeat(ids, 40), "ds": np.tile(np.arange(40), 50),
                          "y": rng.normal(5.0, 1.0, 2000)})  # fmt: skip
    rows = pd.DataFrame({"unique_id": np.repeat(ids, 3), "y": rng.normal(5.0, 1.0, 150)})
    late = np.where(rows["unique_id"] == "s7", 4000, 40)
    rows = rows.assign(ds=late + rows.groupby("unique_id").cumcount())
    fitted = AR(lags=2).fit(frame, horizon=1)
    plain = copy(fitted).update(rows, learn=True)
    sizes = []
    monkeypatch.setattr("forecast.store._LARGEST_BLOCK", 1000)
    learn = engine.learn
    monkeypatch.setattr(
        engine, "learn", lambda *given: sizes.append(given[2].values.size) or learn(*given)
    )
    parted = copy(fitted).update(rows, learn=True)
    assert sizes == [50 * 4, 3963 - 4] and parted.store_.state.clock[7] == 4003
    assert_states_equal(parted.store_.state, plain.store_.state)
    found, wanted = (one.fitted_.model for one in (parted, plain))
    np.testing.assert_allclose(found.coefficients, wanted.coefficients, rtol=1e-9)
    assert (wanted.coefficients != fitted.fitted_.model.coefficients).all()
    assert list(parted.fitted_.until) == list(plain.fitted_.until)


def test_nothing_to_learn_from_leaves_model_and_state():
    model = ShareModel(1.0, 2.0)
    state = engine.begin(model, np.arange(2))
    newer, after, one_step = engine.learn(model, state, block_of(np.zeros((2, 0))))
    assert newer is model and after is state and one_step.shape == (2, 0)


def test_update_learns_model_and_states_together(fitted):
    old, new = fitted.fitted_.model, copy(fitted)
    rows = frame_of(a=(21, [3.0, 2.0]), new=(30, [1.0, 4.0, 2.0]))
    assert new.update(rows, learn=True) is new
    last = fitted.store_.state.arrays["model.last"][0]
    # A step without a row lies between the last of `a` and its first new one.
    assert last > 0 and isinstance(old, Learns)
    expected = (old.products + 6 + 4 + 8) / (old.squares + 9 + 1 + 16)
    np.testing.assert_allclose(new.fitted_.model.share, expected, rtol=1e-14)
    assert list(new.store_.ids) == ["a", "b", "new"]
    np.testing.assert_array_equal(
        new.store_.state.arrays["model.last"][[0, 2]], rows["y"].iloc[[1, 4]]
    )
    found = new.predict(1)["Share"].to_numpy()
    np.testing.assert_allclose(found, expected * new.store_.state.arrays["model.last"], rtol=1e-12)
    # What was fitted before still says what it said.
    assert fitted.fitted_.model is old and len(fitted.store_.ids) == 2


def test_what_was_learned_from_last_is_known(fitted):
    before = list(fitted.fitted_.until)
    moved = copy(fitted).update(frame_of(a=(20, [3.0, 2.0])), learn=True)
    assert list(moved.fitted_.until) == [pd.Timestamp("2024-01-22"), before[1]]
    # A new series has taught the one model of all of them.
    grown = copy(fitted).update(frame_of(new=(17, [3.0, 2.0])), learn=True)
    assert list(grown.fitted_.until) == [before[0], pd.Timestamp("2024-01-19")]
    absorbed = copy(fitted).update(frame_of(a=(20, [3.0, 2.0])))
    assert absorbed.fitted_ is fitted.fitted_


def test_without_learn_no_parameter_moves(fitted):
    moved = copy(fitted).update(frame_of(a=(20, [3.0])))
    assert moved.fitted_.model is fitted.fitted_.model


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame_of(a=(20, [3.0]), b=(17, [2e6])), r"beyond what this fit can learn from"),
        (frame_of(a=(20, [3.0]), b=(3, [2.0])), r"series 'b': the rows begin at 2024-01-04"),
    ],
    ids=["refused by the model", "old"],
)
def test_a_failed_lesson_changes_nothing(fitted, rows, message):
    tried, forecasts = copy(fitted), fitted.predict(3, [80])
    with pytest.raises(ValueError, match=message):
        tried.update(rows, learn=True)
    assert tried.store_ is fitted.store_ and tried.fitted_ is fitted.fitted_
    pd.testing.assert_frame_equal(tried.predict(3, [80]), forecasts, check_exact=True)


def test_a_model_that_cannot_learn_says_which_can():
    drift = Drift().fit(frame_of(a=(0, np.arange(9.0))))
    before = drift.store_
    message = (
        r"Drift cannot learn from newer rows alone as it was fitted \(mean change since the "
        r"start\): learn=True is for AR, PooledAR, VAR and networks such as LSTMForecaster, unless "
        r"they chose a naive forecast\. Call update\(df\) without it .* or fit\(df\)"
    )
    with pytest.raises(ValueError, match=message):
        drift.update(frame_of(a=(9, [3.0])), learn=True)
    assert drift.store_ is before
    with pytest.raises(ValueError, match="is not fitted yet"):
        Drift().update(frame_of(a=(9, [3.0])), learn=True)


@pytest.mark.parametrize(
    ("forecaster", "choice"),
    [
        (AR(), r"AR cannot .* as it was fitted \(last value: best of"),
        (PooledAR(), r"PooledAR cannot .* as it was fitted \(last value repeated \(errors"),
        (Combine([AR(), SeasonalNaive(7)]), r"Combine cannot .* \(median of AR \(last value: best"),
        (Pipeline([Difference(), SeasonalNaive(7)]), r"cannot .* \(Difference\(\); season 7"),
    ],
    ids=lambda part: getattr(part, "name", None),
)
def test_a_naive_choice_is_named_as_what_cannot_learn(forecaster, choice):
    """Alone, in a combination and at the end of a pipeline alike."""
    walks = np.random.default_rng(2).normal(size=(3, 60)).cumsum(axis=1)
    frame = pd.DataFrame(
        {"unique_id": np.repeat(list("abc"), 60), "ds": np.tile(np.arange(60), 3),
         "y": walks.ravel()}
    )  # fmt: skip
    fitted = forecaster.clone().fit(frame, horizon=3)
    before = fitted.fitted_, fitted.store_
    with pytest.raises(ValueError, match=choice + ".* unless they chose a naive forecast"):
        fitted.update(frame.assign(ds=frame["ds"] + 60), learn=True)
    assert (fitted.fitted_, fitted.store_) == before
