"""Initial biases of gates that remember over times of many sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast.layers.initializers import check_seed, derive_seeds

__all__ = ["ChronoBias"]

# Sign of each gate's bias: f and z keep the state, i lets new content in.
_SIGNS = {"ifco": (-1, 1, 0, 0), "ifc": (-1, 1, 0), "zrh": (1, 0, 0)}


@keras.saving.register_keras_serializable(package="keras_forecast")
class ChronoBias(keras.initializers.Initializer):
    """Biases with which the units of an LSTM or a GRU remember over times up to `longest` steps.

        b_f = log u,  b_i = -b_f  (LSTM),   b_z = log u  (GRU),   u uniform on (1, longest - 1)

    A gate that stands at sigmoid(log u) = u / (1 + u) forgets within about u steps; all other
    biases are 0. Give it as `bias_initializer`, to an LSTM with `unit_forget_bias=False`, which
    would overwrite it.

    Args:
        longest: number of steps to be remembered over, at least 3.
        gates: the blocks of the bias: "ifco" of an LSTM, "ifc" of one without an output gate, "zrh"
            of a GRU.
        seed: an integer of at least 0, or None for a new one.

    Raises:
        ValueError: `longest` is below 3, unknown gates, or a bias that they do not divide.

    Example:
        >>> import keras
        >>> bias = keras.ops.convert_to_numpy(ChronoBias(100, "zrh", seed=0)((6,)))
        >>> bool((bias[:2] > 0).all()), bias[2:].tolist()
        (True, [0.0, 0.0, 0.0, 0.0])

    Source: Tallec and Ollivier (2018), "Can recurrent neural networks warp time?".
    """

    def __init__(self, longest: float, gates: str = "ifco", seed: int | None = None) -> None:
        if not longest >= 3:
            raise ValueError(f"longest={longest!r}: expected a number of at least 3 steps.")
        if gates not in _SIGNS:
            raise ValueError(f"gates={gates!r}: expected one of {', '.join(_SIGNS)}.")
        self.longest = longest
        self.gates = gates
        self.seed = check_seed(seed)
        self._own_seed = derive_seeds(self.seed, 1)[0]

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Return the biases; where there are two rows of them the second, recurrent one is 0."""
        if shape[-1] % len(self.gates):
            raise ValueError(
                f"ChronoBias got shape {tuple(shape)}: expected a multiple of {len(self.gates)}, "
                f"one block for each gate of {self.gates!r}."
            )
        units = shape[-1] // len(self.gates)
        times = np.random.default_rng(self._own_seed).uniform(1, self.longest - 1, units)
        bias = np.zeros(shape)
        bias.reshape(-1, shape[-1])[0] = np.outer(_SIGNS[self.gates], np.log(times)).ravel()
        return ops.convert_to_tensor(bias, dtype=dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {"longest": self.longest, "gates": self.gates, "seed": self.seed}
