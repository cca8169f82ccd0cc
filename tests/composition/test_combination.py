"""The model of a combination, with models of systems among its members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from contracts import mixed_frame

import forecast as fc
from forecast.baselines.naive import DriftModel, NaiveModel
from forecast.baselines.pooled.features import Features
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.power import Power
from forecast.composition.combination import CombinedModel
from forecast.draws import Bounds, Draws, FeedBack
from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static


class Swap:
    """A model of pairs: the next value of each series is the last value of the other."""

    block_length, num_channels = 1, 2

    def init_state(self, num_rows, static):
        zeros = np.zeros(num_rows, dtype=np.int64)
        return StateBatch({"last": np.full(num_rows, np.nan)}, zeros, zeros)

    def observe(self, state, block):
        last = np.concatenate([state.arrays["last"][:, None], block.values], axis=1)
        return state.advance({"last": last[:, -1]}, block), self._swapped(last[:, :-1])

    def rollout(self, state, horizon, feedback, future):
        last, steps = np.repeat(state.arrays["last"][:, None], feedback.num_paths, axis=1), []
        for step in range(horizon):
            last = feedback(self._swapped(last)[:, :, None], step)[:, :, 0]
            steps.append(last)
        return np.stack(steps, axis=2)

    @staticmethod
    def _swapped(values):
        return values.reshape(-1, 2, values.shape[1])[:, ::-1].reshape(values.shape)


class Apart:
    """A feedback that moves every path of every row by a number of its own, once."""

    num_paths = 3
    moves = 100.0 * np.arange(12).reshape(4, 3)

    def __call__(self, emitted, step):
        return emitted + self.moves[:, :, None] * (step == 0)


@pytest.mark.parametrize("block_length", [1, 2, 3])
def test_series_of_a_system_stay_together_on_every_path(block_length):
    model = CombinedModel([Swap(), Swap()], block_length, np.array([0.25, 0.75]))
    state = model.init_state(4, Static(np.arange(4)))
    # A wide range, so that no bound interferes; the last values are what is swapped.
    values = np.array([[-1e4, 1e4, last] for last in (1.0, 2.0, 11.0, 12.0)])
    everywhere = np.ones(values.shape, dtype=bool)
    state, one_step = model.observe(state, Block(values, everywhere, everywhere))
    np.testing.assert_array_equal(one_step[:, 1:], values[[1, 0, 3, 2], :2])
    found = model.rollout(state, 5, Apart(), np.empty((4, 5, 0)))
    now = np.repeat(values[:, 2:], 3, axis=1)
    for step in range(5):
        now = found[:, :, step - 1] if step == block_length else now
        now = now[[1, 0, 3, 2]]
        expected = now + Apart.moves if step < block_length else now
        np.testing.assert_array_equal(found[:, :, step], expected)


def test_a_model_of_single_series_goes_with_one_of_systems():
    model = CombinedModel([Swap(), NaiveModel()], 1)
    assert model.num_channels == 2
    state = model.init_state(2, Static(np.arange(2)))
    values = np.array([[-1e4, 1e4, 4.0], [-1e4, 1e4, 8.0]])
    everywhere = np.ones(values.shape, dtype=bool)
    state, _ = model.observe(state, Block(values, everywhere, everywhere))
    wide = FeedBack(Bounds(np.full(2, -1e9), np.full(2, 1e9)), num_paths=2)
    paths = model.rollout(state, 3, wide, np.empty((2, 3, 0)))
    np.testing.assert_array_equal(paths, 6.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 1), r"or of systems of one number of channels; got \[\]"),
        (([NaiveModel(), DriftModel()], 1, np.ones(3)), r"2 weights are expected; got \(3,\)"),
        (([NaiveModel()], 0), r"`block_length` must be a whole number of at least 1; got 0"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CombinedModel(*arguments)


def test_different_systems_are_not_combined():
    class Joint(fc.Naive):
        def _estimate(self, task):
            model = Swap()
            model.num_channels = 2 if self.name == "pair" else 3
            return replace(super()._estimate(task), model=model)

    with pytest.raises(ValueError, match=r"must agree which; got pair 2, other 3, Naive 1 series"):
        fc.Combine([Joint("pair"), Joint("other"), fc.Naive()]).fit(mixed_frame())


def test_a_system_and_single_series_are_combined_on_every_channel():
    rng = np.random.default_rng(4)
    times = pd.date_range("2024", periods=60)
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "load": rng.normal(50.0, 5.0, 60)})
    frame["heat"] = 0.7 * frame["load"].shift(1, fill_value=50.0) + rng.normal(size=60)
    members = [fc.VAR(lags=1), fc.Drift()]
    both = fc.Combine(members, method="mean")
    both, *alone = (one.fit(frame, 3, target_col=["load", "heat"]) for one in (both, *members))
    assert both.fitted_.model.num_channels == 2
    expected = np.mean([one.predict(3)[one.name] for one in alone], axis=0)
    np.testing.assert_allclose(both.predict(3)["Combine"], expected, rtol=1e-10)
    assert np.isfinite(both.sample(8, 5)["y"]).all()


class OnStates:
    """A member that keeps no paths itself, so that each path gets a state."""

    def __init__(self, member):
        self.member, self.block_length = member, member.block_length

    def init_state(self, num_rows, static):
        return self.member.init_state(num_rows, static)

    def observe(self, state, block):
        return self.member.observe(state, block)

    def rollout(self, state, horizon, feedback, future):
        return self.member.rollout(state, horizon, feedback, future)


@pytest.mark.parametrize("block_length", [1, 3, 4])
@pytest.mark.parametrize("num_paths", [1, 5])
@pytest.mark.parametrize("weights", [None, np.array([0.2, 0.3, 0.5])])
def test_members_that_keep_their_paths_give_what_states_of_paths_give(
    block_length, num_paths, weights
):
    rng = np.random.default_rng(0)
    features = Features((1, 2, 3), 4, (3,), "window", True, True, 12)
    shape = (1, 2, features.num_columns + 1)  # two steps a block, a covariate
    pooled = PooledARModel(
        features, rng.normal(0.03, 0.15, shape), Power(1.0), np.zeros(1), np.ones(1)
    )
    members = [pooled, NaiveModel(), DriftModel()]
    shares = [(0, 1), (0, 0), (1, None)]
    values, everywhere = rng.normal(20.0, 3.0, (4, 17)), np.ones((4, 17), dtype=bool)
    block = Block(values, everywhere, everywhere, rng.normal(size=(4, 17, 2)))
    future = rng.normal(size=(4, 11, 2))
    pool, found = rng.normal(size=(30, block_length)), []
    for parts in (members, [OnStates(member) for member in members]):
        model = CombinedModel(parts, block_length, weights, shares)
        state, _ = model.observe(model.init_state(4, Static(np.arange(4))), block)
        draws = Draws(1, np.arange(4, dtype=np.uint64), state.clock, pool, np.ones(4))
        bounds = Bounds(np.full(4, 18.0), np.full(4, 22.0))
        found.append(model.rollout(state, 11, FeedBack(bounds, num_paths, draws), future))
    np.testing.assert_allclose(*found, rtol=1e-10)
    assert found[0].min() == 18.0 and found[0].max() == 22.0
