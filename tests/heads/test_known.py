"""Heads by name and with settings; what has no meaning is refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from forecast import heads


def test_every_name_is_a_head_and_every_head_has_a_name():
    found = [heads.head_of(name) for name in heads.NAMES]
    assert [type(head).__name__.lower() for head in found] == [
        name.replace("_", "") for name in heads.NAMES
    ]
    given = heads.Quantiles((0.2, 0.8))
    assert heads.head_of(given) is given
    assert {type(head) for head in found} == {
        getattr(heads, name)
        for name in heads.__all__
        if isinstance(getattr(heads, name), type)
        and name not in ("Categorical", "Distribution", "Head", "PointHead")
    }


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"one of absolute, squared, .*, quantiles; got 'nromal'.*"
                       r"Did you mean 'normal'\?"):  # fmt: skip
        heads.head_of("nromal")
    with pytest.raises(TypeError, match=r"a name \(absolute, .*\) or a head such as fc\.heads"):
        heads.head_of(7)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ((0.5, 0.1), r"must increase from each to the next; got \(0\.5, 0\.1\)"),
        ((0.1, 0.1, 0.5), r"must increase"),
        ((0.0, 0.5), r"above 0 and below 1"),
        ((0.5, 1.0), r"above 0 and below 1"),
        ((0.5,), r"at least two"),
        ((10, 90), r"above 0 and below 1"),
        (("0.1", "0.9"), r"tuple of numbers"),
        (0.5, r"tuple of numbers"),
    ],
    ids=str,
)
def test_levels_that_are_no_quantiles(levels, message):
    with pytest.raises(ValueError, match=message):
        heads.Quantiles(levels)


@pytest.mark.parametrize("degrees", [2.0, -1.0, np.inf, "4", True])
def test_degrees_of_freedom_without_a_variance(degrees):
    with pytest.raises(ValueError, match=r"`degrees_of_freedom` must be a number above 2"):
        heads.StudentT(degrees)


def test_a_huber_loss_needs_a_positive_delta():
    with pytest.raises(ValueError, match=r"`delta` must be a number from"):
        heads.Huber(0.0)


def test_point_losses_beside_numpy():
    rng = np.random.default_rng(5)
    raw, target, weight = (
        rng.normal(0, 2, (3, 4)),
        rng.normal(0, 2, (3, 4)),
        rng.uniform(0, 1, (3, 4)),
    )
    error = target - raw
    huber = np.where(np.abs(error) <= 0.7, 0.5 * error**2, 0.7 * (np.abs(error) - 0.35))
    wanted = {heads.Absolute(): np.abs(error), heads.Squared(): error**2, heads.Huber(0.7): huber}
    for head, losses in wanted.items():
        tensors = [ops.convert_to_tensor(array) for array in (raw, target, weight)]
        expected = np.average(losses, weights=weight)
        assert float(head.loss(*tensors)) == pytest.approx(expected, rel=1e-12)
