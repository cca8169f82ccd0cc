"""What a network is trained for: targets, their loss, and where the training starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.heads import Distribution, Head
from forecast.models.emission import largest_mean
from forecast.models.tensor_power import decoded
from forecast.pipelines import evenly_spread

__all__ = ["Objective", "missed"]

# Residuals are cut at this many units: one outlier must not steer an update.
_LARGEST_TARGET = 20.0
# Steps from which the start is worked out at most, and the corrections that it tries.
_MOST_STEPS = 20_000
_CORRECTIONS = np.linspace(-2.0, 6.0, 81)


@dataclass(frozen=True)
class Objective:
    """The loss of a head, in the highway's terms.

    A target is what the linear forecast missed, in its unit; for counts the count itself, the
    linear forecast and the unit, from which the mean follows.

    Args:
        head: of the network.
        power: the highway's transform.
    """

    head: Head
    power: Power

    def targets(self, upcoming: NDArray, base: NDArray, unit: NDArray) -> NDArray:
        """Targets, as `upcoming` (of counts with a further axis of three); NaN where unknown.

        Args:
            upcoming: values in the highway's terms.
            base: linear forecasts of them.
            unit: size of a correction of 1.
        """
        if not self.head.of_counts:
            return missed(upcoming, base, unit)
        counts = np.round(self.power.decode(upcoming))
        return np.stack(np.broadcast_arrays(counts + 0.0 * base, base, unit), axis=-1)

    def loss(self, raw: Any, target: Any, weight: Any) -> Any:
        """`sum w l / sum w`, a scalar tensor.

        Args:
            raw: outputs, `(batch, time)` where there is one, else `(batch, time, num_outputs)`,
                those of each step of a block together.
            target: see `targets`.
            weight: of each target, `(batch, time)`, of a block `(batch, time, block_length)`.
        """
        if not self.head.is_distribution:
            return self.head.loss(raw, target, weight)
        raw = ops.reshape(raw, (*ops.shape(weight), self.head.num_outputs))
        if not self.head.of_counts:
            return self.head.loss(raw, target, weight)
        corrected = target[..., 1] + target[..., 2] * raw[..., 0]
        values = decoded(ops.minimum(corrected, largest_mean(self.power)), self.power.exponent)
        located = ops.concatenate([values[..., None], raw[..., 1:]], axis=-1)
        return self.head.loss(located, target[..., 0], weight)

    def bias(self, targets: NDArray, weights: NDArray) -> NDArray | None:
        """The bias of a readout without any kernel that fits all targets on the whole.

        So a network without any correction is the linear forecast with the spread of its errors.

        Args:
            targets: see `targets`.
            weights: of each, 0 where unknown.

        Returns:
            `(num_outputs,)`, of the steps of a block one after the other; None for a point head,
            which starts at 0.
        """
        if not isinstance(self.head, Distribution):
            return None
        num_steps = weights.shape[2] if weights.ndim > 2 else 1
        shape = (-1, num_steps, *targets.shape[weights.ndim :])
        targets, weights = targets.reshape(shape), weights.reshape(-1, num_steps)
        found = [
            self._begun(self.head, targets[:, step], weights[:, step]) for step in range(num_steps)
        ]
        # A step that nothing is known of, far ahead or of no weight, begins as its neighbours do.
        known = [step for step, one in enumerate(found) if one is not None]
        nearest = [min(known, key=lambda other: abs(other - step)) for step in range(num_steps)]
        return np.concatenate([found[step] for step in nearest])

    def _begun(self, head: Distribution, target: NDArray, weight: NDArray) -> NDArray | None:
        """The bias of one step ahead; None without any value."""
        places = np.flatnonzero(weight > 0)
        known = places[evenly_spread(len(places), _MOST_STEPS)]
        return self._fitted(head, target[known], weight[known]) if len(known) else None

    def _fitted(self, head: Distribution, target: NDArray, weight: NDArray) -> NDArray:
        blank = np.zeros((len(weight), head.num_outputs))
        if not head.of_counts:
            return head.start(blank, target, weight)
        counts, base, unit = target.T

        def located(correction: float) -> NDArray:
            corrected = np.minimum(base + unit * correction, largest_mean(self.power))
            return np.concatenate([self.power.decode(corrected)[:, None], blank[:, 1:]], axis=1)

        def cost(correction: float) -> float:
            mean = head.mean(located(correction))
            return float(np.average(mean - counts * np.log(mean), weights=weight))

        best = min(_CORRECTIONS, key=cost)
        return head.start(located(best), counts, weight) + np.eye(1, head.num_outputs)[0] * best


def missed(values: NDArray, base: NDArray, unit: NDArray) -> NDArray:
    """What a forecast left unexplained of values, in its unit and cut; NaN where unknown."""
    return np.clip((values - base) / unit, -_LARGEST_TARGET, _LARGEST_TARGET)
