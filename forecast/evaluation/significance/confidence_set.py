"""The models that may well be the best: a set, since one sample rarely singles one out."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr

from forecast.evaluation.metrics import Array
from forecast.evaluation.significance.origins import NEGLIGIBLE
from forecast.evaluation.significance.resampling import resampled_means

__all__ = ["model_confidence_set"]


def model_confidence_set(
    losses: Mapping[str, ArrayLike], reach: int = 1, seed: int = 0
) -> dict[str, float]:
    """P-value of each model's place in the set of the best models.

    From the set S of all models the one with the largest ``t_i = d_i / sd(d_i)``, d_i the mean loss
    of i less that of S, is taken out, again and again. The p-value of a set is the share of
    bootstrap samples whose largest t is as large; that of a model the largest of the sets up to
    where it is taken out. The best models are all in ``{i: p_i >= 0.05}`` in 95 % of samples.

    Args:
        losses: model to its (units,) mean losses; units are origins, oldest first, or series. A
            unit that is NaN for any model is left out.
        reach: units in a block of the bootstrap; 1 for series.
        seed: of the draws.

    Returns:
        Model to p-value, in the order of the losses; 1 for the last one left.

    Raises:
        ValueError: no model, or fewer than two units.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> noise = generator.normal(size=(3, 60))
        >>> found = model_confidence_set({"A": noise[0], "B": noise[1] + 0.1, "C": noise[2] + 2.0})
        >>> [name for name, p_value in found.items() if p_value >= 0.05]
        ['A', 'B']

    Source:
        Hansen, Lunde and Nason (2011), The model confidence set, Econometrica 79, with its T_max;
        tails widened for few units as in :func:`skill_interval`.
    """
    names = list(losses)
    if not names:
        raise ValueError("no model was given; a confidence set needs one or more")
    values = np.stack([np.asarray(losses[name], np.float64) for name in names], axis=1)
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < 2:
        raise ValueError(f"{len(values)} units have a loss of every model; two or more are needed")
    centre = values.mean(axis=0)
    deviations = resampled_means(values, reach, seed) - centre
    p_values, largest, left = dict.fromkeys(names, 1.0), 0.0, list(range(len(names)))
    while len(left) > 1:
        worst, p_value = _elimination(centre[left], deviations[:, left], len(values))
        largest = max(largest, p_value)
        p_values[names[left.pop(worst)]] = largest
    return p_values


def _elimination(centre: Array, deviations: Array, count: int) -> tuple[int, float]:
    """Position of the worst model, and the p-value of the claim that all are equal."""
    behind = centre - centre.mean()
    drawn = deviations - deviations.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.mean(drawn**2, axis=0))
    if np.max(np.abs(behind)) < NEGLIGIBLE:
        return int(np.argmax(behind)), 1.0
    safe = np.maximum(scale, NEGLIGIBLE)
    t, largest = behind / safe, np.max(drawn / safe, axis=1)
    share = float(np.mean(largest >= t.max()))
    return int(np.argmax(t)), _widened(share, len(centre), count)


def _widened(p_value: float, num_models: int, count: int) -> float:
    """The p-value under tails of Student's t with count - 1 degrees instead of the normal's."""
    tail = math.sqrt((count - 1) / count) * ndtri(min(p_value, 1.0) / num_models)
    return min(1.0, float(num_models * stdtr(count - 1, tail)))
