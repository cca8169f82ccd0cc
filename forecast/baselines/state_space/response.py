"""What a system makes of a one-step error: the same in every basis of its state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.filter import Belief, Observations, kalman_filter
from forecast.baselines.state_space.system import LinearSystem

__all__ = ["impulse_response"]

_STEPS_TO_SETTLE = 2000


def impulse_response(system: LinearSystem, num_steps: int) -> NDArray:
    """`I, C A K, C A^2 K, ...`: what an error of the forecast adds to the values that follow.

    K is the gain after many observed steps. Systems that generate the same process have the same
    response, whatever the basis of their states.

    Args:
        system: the parameters.
        num_steps: of the response, at least 1.

    Returns:
        `(num_systems, num_steps, num_channels, num_channels)`.

    Example:
        >>> system = LinearSystem.autoregression([0.5], variance=2.0)
        >>> impulse_response(system, 4).ravel().tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    count, channels = system.num_systems, system.num_channels
    of_row = np.arange(count)
    seen = Observations.of(np.zeros((count, _STEPS_TO_SETTLE, channels)))
    filtered = kalman_filter(system, of_row, Belief.before(system, of_row), seen)
    moved = filtered.walk.gains[-1][filtered.groups]
    terms = [np.broadcast_to(np.eye(channels), (count, channels, channels))]
    for _ in range(num_steps - 1):
        terms.append(system.readout @ moved)
        moved = system.transition @ moved
    return np.stack(terms, axis=1)
