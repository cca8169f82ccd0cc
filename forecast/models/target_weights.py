"""What each target counts in the loss of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.checks import is_number
from forecast.pipelines import ChannelId, Panel

__all__ = ["TargetWeights"]

_BASES = ("metric", "equal")


@dataclass(frozen=True)
class TargetWeights:
    """What each target counts in the loss of a training, by row, series, channel and step ahead.

    `w = base x row x series x channel x step ahead`, then divided by its mean over all targets. A
    target that weighs 0 is none, as if its value were missing: nothing is learned from it, and a
    series without any other is not drawn. The value itself is still seen as the past of later
    steps; make it missing if it is wrong. The linear forecasters inside and beside a network, its
    free-running checks, its intervals and `update(learn=True)` know no weights of this kind.

    Args:
        column: of the frame given to `fit`, with a weight of at least 0 in each row: how much the
            network shall learn to forecast the value there. None: 1 in every row.
        series: weights of series by their ids, a mapping or pairs; 1 for all others.
        channels: weights of the channels of each series by their columns, where `target_col` names
            several; 1 for all others.
        steps: weight of each step ahead, as many as the network emits at once (`block_length`).
        base: "metric" is what an error costs in MASE, "equal" takes all errors alike, each in the
            unit of its window.

    Raises:
        ValueError: for a weight that is no number of at least 0, or an unknown word.

    Example:
        >>> TargetWeights("weight", series={"shop 7": 0.5}).base
        'metric'
    """

    column: str | None = None
    series: Mapping[Any, float] | Sequence[tuple[Any, float]] | None = None
    channels: Mapping[str, float] | Sequence[tuple[str, float]] | None = None
    steps: Sequence[float] | None = None
    base: str = "metric"

    def __post_init__(self) -> None:
        """Refuse what is no weight."""
        if self.base not in _BASES:
            raise ValueError(f"`base` must be one of {', '.join(_BASES)}; got {self.base!r}.")
        if self.column is not None and not isinstance(self.column, str):
            raise ValueError(f"`column` must be the name of a column; got {self.column!r}.")
        for name in ("series", "channels"):
            given = dict(getattr(self, name) or {})
            _check(name, given)
            object.__setattr__(self, name, tuple(given.items()) or None)
        if self.steps is not None:
            object.__setattr__(self, "steps", tuple(self.steps))
            _check("steps", dict(enumerate(self.steps, start=1)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the frame that is needed; none without one."""
        return () if self.column is None else (self.column,)

    def refuse_unknown(self, panel: Panel) -> None:
        """Refuse weights of series or channels that there are not.

        Raises:
            ValueError: naming the first of them and some that there are.
        """
        ids = [_parts(name) for name in panel.ids]
        known = {"series": [one for one, _ in ids], "channels": [one for _, one in ids]}
        for kind, names in known.items():
            there = dict.fromkeys(name for name in names if name is not None)
            for name, _ in getattr(self, kind) or ():
                if name not in there:
                    have = ", ".join(map(repr, list(there)[:5])) or "none"
                    raise ValueError(
                        f"TargetWeights({kind}=...) names {name!r}, which the data do not have; "
                        f"known {kind}: {have}{', ...' if len(there) > 5 else ''}."
                    )

    def refuse_other_steps(self, block_length: int) -> None:
        """Refuse weights of other steps ahead than are emitted at once."""
        if self.steps is not None and len(self.steps) != block_length:
            raise ValueError(
                f"TargetWeights(steps=...) has {len(self.steps)} weights, and the network emits "
                f"{block_length} at once: give {block_length}, or set "
                f"NetworkDesign(block_length={len(self.steps)})."
            )

    def of_rows(self, panel: Panel) -> NDArray:
        """The weight of every step as a target, `(num_series, num_steps)`; 0 at padding.

        Raises:
            ValueError: if the panel was read without the column.
        """
        series, channels = dict(self.series or ()), dict(self.channels or ())
        parts = [_parts(name) for name in panel.ids]
        own = np.array([series.get(one, 1.0) * channels.get(other, 1.0) for one, other in parts])
        valid = np.arange(panel.lengths.max()) < panel.lengths[:, None]
        found = np.where(valid, own[:, None], 0.0)
        if self.column is None:
            return found
        if self.column not in panel.weights:
            raise ValueError(
                f"the data were read without the column {self.column!r} of weights; fit the "
                "forecaster itself, or what it is part of, on a frame with that column."
            )
        found[valid] *= panel.weights[self.column]
        return found


def _parts(name: Any) -> tuple[Any, Any]:
    """Series and channel of an id; no channel where the series has one value a step."""
    return (name.series, name.channel) if isinstance(name, ChannelId) else (name, None)


def _check(name: str, weights: Mapping[Any, Any]) -> None:
    for key, weight in weights.items():
        if not is_number(weight) or not 0.0 <= float(weight) < np.inf:
            raise ValueError(
                f"`{name}` must hold weights of at least 0; got {weight!r} for {key!r}."
            )
    if name == "steps" and not any(weights.values()):
        raise ValueError("`steps` holds no weight above 0: there is nothing to learn from.")
