"""The echo-state reservoir: one step and the loop over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.initializers import (
    SpectralRadius,
    check_scale,
    check_seed,
    check_share,
    derive_seeds,
    draw_uniform,
)
from forecast.layers.recurrent import RecurrentLayer, cell_options, check_units


@keras.saving.register_keras_serializable(package="keras_forecast")
class EchoStateCell(keras.layers.Layer):
    """One step of an echo-state reservoir of leaky units; no weight is trained.

        x' = (1 - a) x + a tanh(W x + W_in u + b)

    Weights: kernel (features, units) = W_in transposed, uniform on [-input_scaling, input_scaling);
    recurrent_kernel (units, units) = W transposed, sparse, see `SpectralRadius`; bias (units,) = b,
    uniform on [-bias_scaling, bias_scaling). Each has a seed of its own, derived from `seed`; the
    same seed gives the same reservoir on every backend.

    Args:
        units: size of the reservoir, at least 1.
        leak_rate: a, in (0, 1]; 1 means no leak, a small one slow units.
        spectral_radius: largest absolute eigenvalue of W (before the leak), at least 0.
        input_scaling: largest input weight, at least 0.
        connectivity: share of nonzero entries of W, in (0, 1].
        bias_scaling: largest bias, at least 0; a bias breaks the symmetry x(-u) = -x(u).
        seed: an integer of at least 0, or None for a new reservoir at every construction.
        **kwargs: options of `keras.layers.Layer`: name, dtype.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import numpy as np
        >>> cell = EchoStateCell(50, leak_rate=0.3, seed=0)
        >>> output, states = cell(np.ones((2, 4), "float32"), cell.get_initial_state(2))
        >>> tuple(output.shape), len(cell.trainable_weights)
        ((2, 50), 0)

    Source: Jaeger (2001), "The echo state approach"; Jaeger et al. (2007), "Optimization and
    applications of echo state networks with leaky-integrator neurons".
    """

    def __init__(
        self,
        units: int,
        leak_rate: float = 1.0,
        spectral_radius: float = 0.9,
        input_scaling: float = 1.0,
        connectivity: float = 0.1,
        bias_scaling: float = 0.1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = check_units(units)
        self.leak_rate = check_share("leak_rate", leak_rate)
        self.spectral_radius = check_scale("spectral_radius", spectral_radius)
        self.input_scaling = check_scale("input_scaling", input_scaling)
        self.connectivity = check_share("connectivity", connectivity)
        self.bias_scaling = check_scale("bias_scaling", bias_scaling)
        self.seed = check_seed(seed)
        self._seeds = derive_seeds(self.seed, 3)
        self.state_size = self.units
        self.output_size = self.units

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Draw the weights for inputs of shape (batch, features)."""
        kernel_seed, recurrent_seed, bias_seed = self._seeds
        radius = SpectralRadius(self.spectral_radius, self.connectivity, recurrent_seed)
        self.kernel = self._add_uniform(
            "kernel", (input_shape[-1], self.units), self.input_scaling, kernel_seed
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units),
            name="recurrent_kernel",
            initializer=radius,
            trainable=False,
        )
        self.bias = self._add_uniform("bias", (self.units,), self.bias_scaling, bias_seed)

    def _add_uniform(self, name: str, shape: Sequence[int | None], scale: float, seed: int) -> Any:
        def initializer(shape: Sequence[int], dtype: Any = None) -> Any:
            return ops.convert_to_tensor(draw_uniform(shape, scale, seed), dtype=dtype)

        return self.add_weight(shape=shape, name=name, initializer=initializer, trainable=False)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the zero state [x] of shape (batch_size, units)."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:  # noqa: ARG002
        """Return the output (batch, units) and the new states [x].

        Args:
            inputs: u, shape (batch, features).
            states: [x], shape (batch, units).
            training: part of the cell contract; this cell does the same in both modes.
        """
        previous = states[0]
        drive = ops.matmul(inputs, self.kernel) + ops.matmul(previous, self.recurrent_kernel)
        reservoir = (1 - self.leak_rate) * previous + self.leak_rate * ops.tanh(drive + self.bias)
        return reservoir, [reservoir]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "leak_rate": self.leak_rate,
            "spectral_radius": self.spectral_radius,
            "input_scaling": self.input_scaling,
            "connectivity": self.connectivity,
            "bias_scaling": self.bias_scaling,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class EchoState(RecurrentLayer):
    """An echo-state reservoir over time: `EchoStateCell` at every step; no weight is trained.

        x_t = (1 - a) x_{t-1} + a tanh(W x_{t-1} + W_in u_t + b)

    Args:
        units: size of the reservoir, at least 1.
        leak_rate: a, in (0, 1]; 1 means no leak.
        spectral_radius: largest absolute eigenvalue of W (before the leak), at least 0.
        input_scaling: largest input weight, at least 0.
        connectivity: share of nonzero entries of W, in (0, 1].
        bias_scaling: largest bias, at least 0.
        seed: an integer of at least 0, or None for a new reservoir at every construction.
        **kwargs: options of `keras.layers.RNN`: return_sequences, return_state, go_backwards,
            stateful, unroll, zero_output_for_mask; name, dtype.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: [x], shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import numpy as np
        >>> reservoir = EchoState(50, seed=0, return_sequences=True)
        >>> tuple(reservoir(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 50)

    Source: Jaeger (2001); Jaeger et al. (2007).
    """

    def __init__(
        self,
        units: int,
        leak_rate: float = 1.0,
        spectral_radius: float = 0.9,
        input_scaling: float = 1.0,
        connectivity: float = 0.1,
        bias_scaling: float = 0.1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = EchoStateCell(
            units,
            leak_rate=leak_rate,
            spectral_radius=spectral_radius,
            input_scaling=input_scaling,
            connectivity=connectivity,
            bias_scaling=bias_scaling,
            seed=seed,
            **cell_options(kwargs),
        )
        super().__init__(cell, **kwargs)
