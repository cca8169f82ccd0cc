"""One step of the echo-state reservoir, and the equation that its loops share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast.layers.initializers import (
    check_scale,
    check_seed,
    check_share,
    derive_seeds,
    draw_uniform,
)
from forecast.layers.recurrent import check_units
from forecast.layers.topology import (
    check_topology,
    draw_recurrent,
    recur,
    recurrent_shape,
)

__all__ = ["EchoStateCell", "echo_step", "project"]


def project(inputs: Any, kernel: Any) -> Any:
    """What inputs add to the drive of each unit, `W_in u`, and the noise where it lies beside them.

    Args:
        inputs: shape (..., features), or (..., features + units).
        kernel: shape (features, units).
    """
    features = kernel.shape[0]
    if inputs.shape[-1] == features:
        return ops.matmul(inputs, kernel)
    return ops.matmul(inputs[..., :features], kernel) + inputs[..., features:]


def echo_step(projected: Any, states: Any, recurrent_kernel: Any, bias: Any, leak_rate: Any) -> Any:
    """The new reservoir states, `(1 - a) x + a tanh(W_in u + W x + b)`.

    Args:
        projected: W_in u, and the noise where there is some, shape (batch, units).
        states: x, shape (batch, units).
        recurrent_kernel: W, see `forecast.layers.topology.recur`.
        bias: b, shape (units,).
        leak_rate: a, a number or a tensor of shape ().
    """
    drive = projected + recur(states, recurrent_kernel)
    return (1 - leak_rate) * states + leak_rate * ops.tanh(drive + bias)


@keras.saving.register_keras_serializable(package="keras_forecast")
class EchoStateCell(keras.layers.Layer):
    """One step of an echo-state reservoir of leaky units; no weight is trained.

        x' = (1 - a) x + a tanh(W x + W_in u + W_fb y + b + v)

    The inputs are u with the fed-back y beside it: the last `feedback_features` of the features
    are y, what a readout said of the step before. In training that is the truth (teacher forcing);
    running freely, the readout's own output.

    Weights: kernel (features, units), the rows of u from the uniform distribution on
    [-input_scaling, input_scaling), those of y on [-feedback_scaling, feedback_scaling);
    recurrent_kernel, W transposed, (units, units), or (units,) of a chain; bias (units,) = b,
    uniform on [-bias_scaling, bias_scaling). Each has a seed of its own, derived from `seed`; the
    same seed gives the same reservoir on every backend.

    Args:
        units: size of the reservoir, at least 1.
        leak_rate: a, in (0, 1]; 1 means no leak, a small one slow units.
        spectral_radius: largest absolute eigenvalue of W (before the leak), at least 0; of a delay
            line, whose eigenvalues are zero, the weight of its links.
        input_scaling: largest input weight, at least 0.
        connectivity: share of nonzero entries of W in the sparse topology, in (0, 1].
        bias_scaling: largest bias, at least 0; a bias breaks the symmetry x(-u) = -x(u).
        seed: an integer of at least 0, or None for a new reservoir at every construction.
        topology: "sparse", see `SpectralRadius`; "orthogonal", a random rotation, which keeps all
            directions alike; "cycle", where unit i hears unit i - 1, and the first the last;
            "delay_line", a cycle without that last link. Chains take no matrix product.
        noise: standard deviation of v, normal draws for each unit and step, in training only; at
            least 0. They make a readout that is fed its own output stable.
        feedback_features: how many of the features are fed back, at least 0.
        feedback_scaling: largest weight of what is fed back, at least 0.
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
    applications of echo state networks with leaky-integrator neurons"; Rodan and Tino (2011),
    "Minimum complexity echo state network".
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
        super().__init__(**kwargs)
        self.units = check_units(units)
        self.leak_rate = check_share("leak_rate", leak_rate)
        self.spectral_radius = check_scale("spectral_radius", spectral_radius)
        self.input_scaling = check_scale("input_scaling", input_scaling)
        self.connectivity = check_share("connectivity", connectivity)
        self.bias_scaling = check_scale("bias_scaling", bias_scaling)
        self.seed = check_seed(seed)
        self.topology = check_topology(topology)
        self.noise = check_scale("noise", noise)
        self.feedback_features = _check_features(feedback_features)
        self.feedback_scaling = check_scale("feedback_scaling", feedback_scaling)
        self._seeds = derive_seeds(self.seed, 5)
        self._draws = keras.random.SeedGenerator(self._seeds[4]) if self.noise else None
        self.state_size = self.units
        self.output_size = self.units

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Draw the weights for inputs of shape (batch, features)."""
        kernel_seed, recurrent_seed, bias_seed, feedback_seed, _ = self._seeds
        units, num_inputs = self.units, self._num_inputs(input_shape)
        shape = recurrent_shape(self.topology, units)

        def kernel(dtype: Any) -> Any:
            own = draw_uniform((num_inputs, units), self.input_scaling, kernel_seed)
            back = (self.feedback_features, units)
            fed_back = draw_uniform(back, self.feedback_scaling, feedback_seed)
            return ops.convert_to_tensor(np.concatenate([own, fed_back]), dtype=dtype)

        def bias(dtype: Any) -> Any:
            values = draw_uniform((units,), self.bias_scaling, bias_seed)
            return ops.convert_to_tensor(values, dtype=dtype)

        recurrent = draw_recurrent(
            self.topology, units, self.spectral_radius, self.connectivity, recurrent_seed
        )
        self.kernel = self._add_drawn("kernel", (input_shape[-1], units), kernel)
        self.recurrent_kernel = self._add_drawn("recurrent_kernel", shape, recurrent)
        self.bias = self._add_drawn("bias", (units,), bias)

    def _num_inputs(self, input_shape: Sequence[int | None]) -> int:
        """Features that are no feedback."""
        features = input_shape[-1]
        if features is None or features < self.feedback_features:
            raise ValueError(
                f"inputs of shape {tuple(input_shape)}: expected at least feedback_features="
                f"{self.feedback_features} features; put what is fed back beside the inputs, last."
            )
        return features - self.feedback_features

    def _add_drawn(self, name: str, shape: Sequence[int | None], draw: Callable[[Any], Any]) -> Any:
        def initializer(shape: Sequence[int], dtype: Any = None) -> Any:  # noqa: ARG001
            return draw(dtype)

        return self.add_weight(shape=shape, name=name, initializer=initializer, trainable=False)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the zero state [x] of shape (batch_size, units)."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return the output (batch, units) and the new states [x].

        Args:
            inputs: u and the fed-back y, shape (batch, features); or with the noise of this step
                beside them, shape (batch, features + units).
            states: [x], shape (batch, units).
            training: whether there is noise; drawn here unless it came with the inputs.
        """
        inputs = self.with_noise(inputs, training)
        reservoir = echo_step(
            project(inputs, self.kernel),
            states[0],
            self.recurrent_kernel,
            self.bias,
            self.leak_rate,
        )
        return reservoir, [reservoir]

    def output_of(self, states: list[Any]) -> Any:
        """Return the output that belongs to a state, the state itself."""
        return states[0]

    def with_noise(self, inputs: Any, training: bool) -> Any:
        """Inputs (..., features) with the noise of each unit beside them, where there is some."""
        if not (training and self._draws) or inputs.shape[-1] > self.kernel.shape[0]:
            return inputs
        shape = (*ops.shape(inputs)[:-1], self.units)
        noise = keras.random.normal(
            shape, stddev=self.noise, dtype=self.compute_dtype, seed=self._draws
        )
        return ops.concatenate([inputs, noise], axis=-1)

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
            "topology": self.topology,
            "noise": self.noise,
            "feedback_features": self.feedback_features,
            "feedback_scaling": self.feedback_scaling,
        }


def _check_features(count: int) -> int:
    """Return `feedback_features`; raise ValueError unless it is an integer of at least 0."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(
            f"feedback_features={count!r}: expected an integer of at least 0, the number of "
            "features that are fed back."
        )
    return count
