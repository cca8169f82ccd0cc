"""Targets, losses and starts of heads and blocks beside NumPy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from models.material import highway_of, panel_of, seasonal_values
from scipy import optimize, stats

from forecast.baselines.power import Power
from forecast.baselines.window import Past
from forecast.heads import Absolute, NegativeBinomial, Normal, Poisson
from forecast.models.inputs import read_inputs
from forecast.models.objective import Objective
from forecast.models.teaching import Sequences, make_lesson

BLOCK = 3
SERIES = [*seasonal_values(2, 40, seed=6), seasonal_values(1, 25, seed=7)[0]]


def before(highway, values, num_steps):
    past = Past.blank(highway.window_length, np.array([0]))
    for value in values[:num_steps]:
        past = past.append(highway.encode(np.array([[value]])))
    return read_inputs(highway, past, highway.block_length)


def test_the_targets_of_a_step_are_all_steps_of_its_block():
    series = [values.copy() for values in SERIES]
    series[1][30] = np.nan
    panel, highway = panel_of(series), highway_of(block_length=BLOCK)
    lesson, plain = (make_lesson(each, panel, 4) for each in (highway, highway_of()))
    assert lesson.targets.shape == lesson.weights.shape == (3, 40, BLOCK)
    np.testing.assert_array_equal(lesson.features, plain.features)
    one = before(highway, series[0], 20)
    for step in range(BLOCK):
        missed = (series[0][20 + step] - one.base[0, step]) / one.unit[0]
        wanted = np.clip(missed, -20.0, 20.0)
        assert lesson.targets[0, 19, step] == pytest.approx(wanted, rel=1e-8)
    # Nothing is taught of a gap, nor beyond the end of a series.
    assert (lesson.weights[1, [29, 28, 27], [0, 1, 2]] == 0).all()
    assert (lesson.weights[2, 24:] == 0).all() and (lesson.weights[2, 22] > 0).tolist() == [1, 1, 0]
    assert lesson.weights[lesson.weights > 0].mean() == pytest.approx(1.0)
    features, valid, targets, weights = Sequences(lesson, 30, 8, 2, seed=0).batch(1)
    assert targets.shape == weights.shape == (8, 30, BLOCK) and features.shape[:2] == valid.shape
    assert (weights[~valid] == 0).all() and (weights > 0).any()


def test_the_targets_of_counts_are_counts_with_what_their_mean_follows_from():
    counts = [np.random.default_rng(i).poisson(4.0, 40).astype(float) for i in range(2)]
    panel, highway = panel_of(counts), highway_of(logarithm=True)
    lesson = make_lesson(highway, panel, 4, Poisson())
    assert lesson.targets.shape == (2, 40, 3)
    np.testing.assert_allclose(lesson.targets[:, 10:-1, 0], np.array(counts)[:, 11:], atol=1e-9)
    one = before(highway, counts[1], 22)
    np.testing.assert_allclose(lesson.targets[1, 21, 1:], [one.base[0], one.unit[0]])


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("head", [Poisson(), NegativeBinomial()], ids=repr)
def test_the_loss_of_counts_is_that_of_the_decoded_mean(head, exponent):
    rng, power = np.random.default_rng(2), Power(exponent)
    base, unit = rng.uniform(0.5, 3.0, (2, 5, 7))
    counts, weight = rng.poisson(5.0, (5, 7)).astype(float), rng.uniform(0, 1, (5, 7))
    raw = rng.normal(0.3, 0.4, (5, 7, head.num_outputs))
    value = power.decode(base + unit * raw[..., 0])
    mean = 1e-6 + np.logaddexp(0.0, 10.0 * value) / 10.0
    law = stats.poisson(mean)
    if isinstance(head, NegativeBinomial):
        size = 1.0 / (1e-6 + np.log1p(np.exp(raw[..., 1])))
        law = stats.nbinom(size, size / (size + mean))
    wanted = np.average(-law.logpmf(counts), weights=weight)
    objective = Objective(head, power)
    target = objective.targets(power.encode(counts), base, unit)
    given = raw[..., 0] if head.num_outputs == 1 else raw
    tensors = [ops.convert_to_tensor(array) for array in (given, target, weight)]
    assert float(objective.loss(*tensors)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("head", [Normal(), Poisson(), NegativeBinomial()], ids=repr)
def test_the_loss_of_a_block_is_that_of_all_its_steps(head):
    """The outputs of each step stand together, and every step is one more example."""
    rng, power = np.random.default_rng(4), Power(1.0)
    base, weight = rng.uniform(3.0, 6.0, (4, 6, BLOCK)), rng.uniform(0, 1, (4, 6, BLOCK))
    unit, values = rng.uniform(0.5, 1.0, (4, 6, 1)), rng.poisson(5.0, (4, 6, BLOCK)).astype(float)
    raw = rng.normal(0.3, 0.4, (4, 6, BLOCK, head.num_outputs))
    objective = Objective(head, power)
    target = objective.targets(values, base, unit)
    given = raw.reshape(4, 6, -1), target, weight
    found = float(objective.loss(*map(ops.convert_to_tensor, given)))
    parts = [
        float(objective.loss(*map(ops.convert_to_tensor, (raw[:, :, step, :], target[:, :, step],
                                                          weight[:, :, step]))))
        for step in range(BLOCK)
    ]  # fmt: skip
    wanted = np.average(parts, weights=weight.sum(axis=(0, 1)))
    assert found == pytest.approx(wanted, rel=1e-9)


def test_each_step_of_a_block_has_a_start_of_its_own():
    rng, objective = np.random.default_rng(3), Objective(Normal(), Power(1.0))
    targets = rng.normal(0.0, 0.4, (4, 200, BLOCK)) * np.array([1.0, 3.0, 2.0])
    weights = np.ones(targets.shape)
    weights[..., 2] = 0.0  # nothing is known so far ahead
    found = objective.bias(targets, weights).reshape(BLOCK, 2)
    scales = 1e-3 + np.log1p(np.exp(found[:, 1]))
    np.testing.assert_allclose(scales, [0.4, 1.2, 1.2], rtol=0.1)
    one = objective.bias(targets[..., 1], weights[..., 1])
    np.testing.assert_array_equal(found[1], one)


def test_a_start_is_the_best_network_without_a_kernel():
    """By scipy's search over constants; the grid of corrections of a mean is 0.1 wide."""
    rng, power = np.random.default_rng(3), Power(0.0)
    base, unit = np.full((4, 200), np.log1p(3.0)), rng.uniform(0.3, 0.5, (4, 200))
    counts = rng.negative_binomial(3.0, 3.0 / (3.0 + 9.0), (4, 200)).astype(float)
    objective, weight = Objective(NegativeBinomial(), power), np.ones((4, 200))
    targets = objective.targets(np.log1p(counts), base, unit)

    def cost(bias):
        raw = np.broadcast_to(bias, (4, 200, 2))
        return float(objective.loss(*map(ops.convert_to_tensor, (raw, targets, weight))))

    found = objective.bias(targets, weight)
    best = optimize.minimize(cost, found, method="Nelder-Mead")
    assert cost(found) < best.fun + 0.01 < cost(np.zeros(2)) - 0.1
    assert Objective(Absolute(), power).bias(targets, weight) is None
    missed = rng.normal(0.0, 0.4, (4, 200))
    normal = Objective(Normal(), power).bias(missed, weight)
    assert np.log1p(np.exp(normal[1])) == pytest.approx(0.4, rel=0.1)
