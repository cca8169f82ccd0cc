"""The training of a pattern's network, by the same descent as that of the forecasters."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.models.body import Body
from forecast.models.descent import descend
from forecast.models.learner import Loss
from forecast.models.optimizers import refuse_curvature
from forecast.models.training import Training, Truncation
from forecast.models.training_run import TrainingRun
from forecast.patterns.lessons import Lessons, Material, pool_weights

__all__ = ["refuse_other_training", "trained"]

# Steps of a series that are learned from at once, unless the training says otherwise.
_MOST_STEPS = 512
# One series in five tells when to stop, at most so many; of fewer series than ten none does.
_HELD_SHARE, _MOST_HELD, _FEWEST_PARTED = 5, 200, 10


def trained(
    body: Body, material: Material, training: Training, loss: Loss, seed: int, whole: bool = False
) -> tuple[Body, dict[str, list[float]]]:
    """The layers with the weights that are best on series held out, and learning curves.

    Args:
        body: the layers as they start.
        material: all training series. A fifth of them, drawn with the seed, is held out to tell
            the best weights; of fewer than ten series none, and the training loss tells.
        training: rates, limits and checks.
        loss: of outputs, targets and weights.
        seed: of all draws.
        whole: whether series are never cut, whatever the training says.

    Returns:
        The layers; curves with an entry a check ("held_out" is the loss of the series held out),
        and the number of steps of the plan under "num_steps".
    """
    learned, held = _parted(material, seed)
    longest = material.valid.shape[1]
    length = longest if whole else training.cut.num_steps or min(longest, _MOST_STEPS)
    planned = training.planned_steps(int(learned.valid.sum()), length)
    lessons: Any = Lessons(learned, length, training.batch_size, planned, seed)
    found, history = descend(body, lessons, training, lambda one: _score(one, held, loss), loss)
    curves = {name: curve for name, curve in history.items() if name != "teacher_forcing"}
    return found, {("held_out" if k == "free_running" else k): v for k, v in curves.items()}


def refuse_other_training(training: Any) -> None:
    """Refuse settings that have no meaning for a pattern, rather than leave them aside.

    Raises:
        TypeError: for what is no `Training`.
        ValueError: naming the setting and what to give.
    """
    if not isinstance(training, Training):
        raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
    if training.forcing is not None:
        raise ValueError(
            "`teacher_forcing` must be 1.0 here: this network is not fed with its own outputs; "
            f"got {training.teacher_forcing!r}."
        )
    refuse_curvature(training.optimizer)
    plain = Truncation(training.cut.num_steps)
    if training.cut != plain:
        raise ValueError(
            "`truncation` must be a number of steps here, as series are cut into stretches only; "
            f"got {training.cut!r}. Give truncation={plain.num_steps}."
        )
    run, blank = training.run, TrainingRun()
    for name in ("checkpoint", "start"):
        if getattr(run, name) != getattr(blank, name):
            raise ValueError(
                f"`run` has a `{name}`, which only the forecasters that correct a linear forecast "
                "know (LSTMForecaster and its like). Leave it away here."
            )


def _parted(material: Material, seed: int) -> tuple[Material, Material]:
    """The series to learn from, and those that tell the best weights, as they are judged."""
    count = material.num_series
    if count < _FEWEST_PARTED:
        return material, material.hidden()
    order = np.random.default_rng([seed, 2]).permutation(count)
    num_held = min(count // _HELD_SHARE, _MOST_HELD)
    return material.take(np.sort(order[num_held:])), material.take(order[:num_held]).hidden()


def _score(body: Body, material: Material, loss: Loss) -> float:
    """The loss of whole series."""
    states = body.initial_state(material.num_series)
    outputs, _ = body.encode(material.features, material.valid, states)
    weights = material.weights
    if material.pooling is not None:
        weights = pool_weights(material.valid, material.pooling)
    return float(loss(outputs.astype(np.float32), material.targets, weights.astype(np.float32)))
