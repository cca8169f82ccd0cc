"""Training of a network over codes: next-symbol cross-entropy at every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from forecast.heads import Categorical
from forecast.heads.categorical import log_softmax
from forecast.models.body import Body
from forecast.models.checkpoint import Checkpoint, data_mark, training_marks
from forecast.models.descent import descend
from forecast.models.optimizers import refuse_curvature
from forecast.models.symbols.lesson import HeldOut, make_material
from forecast.models.teaching import Sequences
from forecast.models.training import Training
from forecast.pipelines import Panel
from forecast.symbols.alphabet import Alphabet

__all__ = ["check_training", "trained"]


def check_training(training: Any) -> None:
    """Refuse what is no training, or one on the network's own forecasts.

    Raises:
        TypeError: for anything but a `Training`.
        ValueError: for a share of truth below 1, weights of targets, or Hessian-free steps.
    """
    if not isinstance(training, Training):
        raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
    if training.forcing is not None:
        raise ValueError(
            f"teacher_forcing={training.teacher_forcing!r} feeds a network its own forecasts, "
            "which networks of symbols are not trained on; leave it at 1.0."
        )
    if training.cut.weights != "metric":
        raise ValueError(
            f"weights={training.cut.weights!r} of a truncation are for forecasts of numbers; every "
            "symbol counts the same. Leave them away."
        )
    refuse_curvature(training.optimizer)


def trained(
    body: Body, panel: Panel, alphabet: Alphabet, training: Training, fresh: bool
) -> tuple[Body, dict[str, list[float]]]:
    """The layers with the weights that foresee best what was held out, and learning curves.

    Args:
        body: the layers as they start.
        panel: codes.
        alphabet: theirs.
        training: how to train.
        fresh: whether the readout is to start at the shares of the symbols.
    """
    material, head = make_material(panel, alphabet), Categorical(alphabet.num_codes)
    lesson = material.lesson
    if fresh:
        known = lesson.weights > 0
        bias = head.start(lesson.targets[known], lesson.weights[known])
        body = body.with_weights([*body.weights[:-1], bias])
    length = training.sequence_length(int(lesson.lengths.max()), 1)
    planned = training.planned_steps(int(lesson.lengths.sum()), length)
    sequences = Sequences(
        lesson, length, training.batch_size, planned, body.blueprint.seed, training.cut
    )
    return descend(
        body, sequences, training, lambda layers: held_out_loss(layers, material.held_out),
        head.loss, checkpoint=_checkpoint(body, panel, alphabet, training),
    )  # fmt: skip


def held_out_loss(body: Body, held_out: HeldOut) -> float:
    """Mean of `-log P` of what was held out."""
    states = body.initial_state(len(held_out.valid))
    outputs, _ = body.encode(held_out.features, held_out.valid, states)
    told = np.take_along_axis(log_softmax(outputs), held_out.targets[:, :, None], axis=2)
    return float(-told[held_out.counted].mean())


def _checkpoint(
    body: Body, panel: Panel, alphabet: Alphabet, training: Training
) -> Checkpoint | None:
    path = training.run.checkpoint
    if path is None:
        return None
    marks = {"data": data_mark(panel), "alphabet": repr(alphabet)}
    return Checkpoint(Path(path), marks | training_marks(body, training))
