"""How a training is begun, watched, kept and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.checks import check_positive_integer

__all__ = ["TrainingRun"]

_HERE = {"saved": False}  # of this process and machine: a bundle leaves it out


@dataclass(frozen=True)
class TrainingRun:
    """How a training is begun, watched, kept and ended.

    Args:
        patience: free-running checks without an improvement after which the training stops.
        checkpoint: `.npz` file that holds how far the training has come (weights, optimizer, best
            so far, learning curves; plain arrays and JSON, no pickle), replaced as a whole. A fit
            that finds its own file goes on from there and ends in the same weights, bit for bit on
            the same machine, as one that was not interrupted; a file of another fit is refused, so
            one path serves one fit, not several seeds or cutoffs. None keeps nothing.
        save_every: updates between two savings.
        start: fitted forecaster of the same form whose weights the training starts from (warm
            start, fine-tuning), also from `fc.load`; None draws them with the seed. It must not
            have learned from later steps of a series than those given to `fit`.
        callbacks: Keras callbacks; an epoch ends with each free-running check, with `loss`,
            `val_loss` (the free-running error), `learning_rate` and `teacher_forcing` as logs. One
            that sets the learning rate at such an end, as `ReduceLROnPlateau` does, moves all later
            rates by the same factor. A checkpoint keeps of them what has changed since the training
            began and is a number, text, array, or a list or dict of these (`EarlyStopping`: best,
            wait, best weights); functions, open files and other objects begin anew. A saved
            forecaster keeps neither them nor `start` nor `checkpoint`.

    Raises:
        TypeError: for callbacks that are none, or a start that is no forecaster.
        ValueError: for a value out of range, or a checkpoint that is no `.npz` file.

    Example:
        >>> TrainingRun(patience=2).save_every
        25
    """

    patience: int = 4
    checkpoint: str | Path | None = field(default=None, metadata=_HERE)
    save_every: int = 25
    start: Any = field(default=None, metadata=_HERE)
    callbacks: Sequence[Any] = field(default=(), metadata=_HERE)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_positive_integer("patience", self.patience)
        check_positive_integer("save_every", self.save_every)
        if self.checkpoint is not None and Path(self.checkpoint).suffix != ".npz":
            raise ValueError(f"`checkpoint` must end in .npz; got {str(self.checkpoint)!r}.")
        for callback in self.callbacks:
            if not callable(getattr(callback, "on_train_batch_end", None)):
                raise TypeError(f"`callbacks` must be Keras callbacks; got {callback!r}.")

    def __deepcopy__(self, memo: Any) -> TrainingRun:
        """The same: copies of a forecaster share its start and callbacks, which may be large."""
        return self
