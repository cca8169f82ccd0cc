"""The echo-state reservoir: the loop over its cell, and whether it forgets its start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from forecast.layers.echo_property import EchoStateReport, measure_echo_state
from forecast.layers.echo_state_cell import EchoStateCell, project
from forecast.layers.recurrent import RecurrentLayer, cell_options

__all__ = ["EchoState", "EchoStateCell"]

# Steps from which a compiled loop pays. By the size alone, so that one call is as the other.
_LEAST_STEPS = 128


@keras.saving.register_keras_serializable(package="keras_forecast")
class EchoState(RecurrentLayer):
    """An echo-state reservoir over time: `EchoStateCell` at every step; no weight is trained.

        x_t = (1 - a) x_{t-1} + a tanh(W x_{t-1} + W_in u_t + W_fb y_{t-1} + b + v_t)

    The last `feedback_features` of the features are y. Reservoirs above one another are layers
    above one another; a readout of all of them sees `keras.layers.Concatenate` of their outputs.

    Args:
        units: size of the reservoir, at least 1.
        leak_rate: a, in (0, 1]; 1 means no leak.
        spectral_radius: largest absolute eigenvalue of W (before the leak), at least 0; of a delay
            line the weight of its links.
        input_scaling: largest input weight, at least 0.
        connectivity: share of nonzero entries of W in the sparse topology, in (0, 1].
        bias_scaling: largest bias, at least 0.
        seed: an integer of at least 0, or None for a new reservoir at every construction.
        topology: "sparse", "orthogonal", "cycle" or "delay_line", see `EchoStateCell`.
        noise: standard deviation of v, in training only; at least 0.
        feedback_features: how many of the features are fed back, at least 0.
        feedback_scaling: largest weight of what is fed back, at least 0.
        **kwargs: options of `keras.layers.RNN`: return_sequences, return_state, go_backwards,
            stateful, unroll, zero_output_for_mask; name, dtype; and implementation and
            chunk_length, see `RecurrentLayer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        initial_state: [x], shape (batch, units); zeros by default.
        mask: bool, shape (batch, steps), False where a row stands still. Pass it explicitly.
        training: whether there is noise.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import numpy as np
        >>> reservoir = EchoState(50, seed=0, return_sequences=True)
        >>> tuple(reservoir(np.ones((2, 5, 4), "float32")).shape)
        (2, 5, 50)
        >>> reservoir.echo_state_property(np.ones((200, 4), "float32")).holds
        True

    Source: Jaeger (2001); Jaeger et al. (2007); Rodan and Tino (2011).
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
        topology: str = "sparse",
        noise: float = 0.0,
        feedback_features: int = 0,
        feedback_scaling: float = 1.0,
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
            topology=topology,
            noise=noise,
            feedback_features=feedback_features,
            feedback_scaling=feedback_scaling,
            **cell_options(kwargs),
        )
        super().__init__(cell, **kwargs)

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the cell over time; return the last output, all outputs and the last states."""
        # The noise of all steps is drawn before the loop: a loop of JAX cannot move a generator on.
        sequences = self.cell.with_noise(sequences, training)
        return super().inner_loop(sequences, initial_state, mask, training=training)

    def _run(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        """The backend's own loop where there is one, else that of Keras."""
        run = self._kernel(sequences)
        if run is None:
            return self._run_plain(sequences, initial_state, mask, training)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        cell = self.cell
        weights = cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value, cell.leak_rate
        outputs = run(sequences, initial_state[0], mask, weights)
        last = outputs[:, -1]
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(mask[:, :, None], outputs, ops.zeros_like(outputs))
        return last, outputs, [last]

    def _kernel(self, sequences: Any) -> Callable[..., Any] | None:
        """The backend's own loop; None where the one of Keras has to do.

        That is where Keras unrolls, for a number of steps that is small or not known yet, and on a
        backend without a kernel.
        """
        if (
            self.implementation == "plain"
            or self.unroll
            or (sequences.shape[1] or 0) < _LEAST_STEPS
        ):
            return None
        if keras.backend.backend() == "tensorflow":
            from forecast.layers.tensorflow_reservoir import run

            return run
        if keras.backend.backend() == "jax":
            from forecast.layers.jax_reservoir import run as run_on_jax

            return run_on_jax
        return None

    def echo_state_property(
        self, sequence: Any, num_starts: int = 3, seed: int = 0
    ) -> EchoStateReport:
        """Whether the reservoir forgets its start when it is driven by this input.

        A radius below 1 does not ensure it, nor does one above 1 exclude it: the input decides too.

        Args:
            sequence: one sequence, shape (steps, features), at least 2 steps.
            num_starts: initial states to be compared, at least 2; uniform on [-1, 1).
            seed: of these states.

        Returns:
            What was found, in words as `str(report)` and as numbers, see `EchoStateReport`.

        Raises:
            ValueError: an argument is out of its range.
        """
        if len(sequence.shape) != 2 or sequence.shape[0] < 2:
            raise ValueError(
                f"a sequence of shape {tuple(sequence.shape)}: expected (steps, features) with at "
                "least 2 steps; take one row of a batch, sequences[0]."
            )
        if not self.built:
            self.build((None, *sequence.shape))
        cell, wide = self.cell, "float64" if self.compute_dtype == "float64" else "float32"
        kernel, recurrent_kernel, bias = (
            ops.cast(weight, wide) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)
        )
        drive = project(ops.cast(sequence, wide), kernel) + bias
        drive, links = ops.convert_to_numpy(drive), ops.convert_to_numpy(recurrent_kernel)
        return measure_echo_state(drive, links, cell.leak_rate, num_starts, seed)
