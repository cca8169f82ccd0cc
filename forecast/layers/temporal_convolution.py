"""Causal temporal convolution: one residual block, and blocks whose reach doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.causal_layer import CausalLayer
from forecast.layers.initializers import check_seed, derive_seeds
from forecast.layers.options import Activation, check_length, check_rate

__all__ = ["TemporalConvolution", "TemporalConvolutionBlock"]


@keras.saving.register_keras_serializable(package="keras_forecast")
class TemporalConvolutionBlock(CausalLayer):
    """Two dilated causal convolutions beside a residual connection.

        (W * x)_t = sum_j W_j x_{t - (kernel_size - 1 - j) dilation_rate} + b,   zeros before x_0
        z         = activation(W_2 * activation(W_1 * x))
        y         = activation(z + x),   W_r x in the place of x where the widths differ

    An output sees 1 + 2 (kernel_size - 1) dilation_rate steps. In training whole channels of the
    activations are dropped.

    Args:
        filters: width of the output, at least 1.
        kernel_size: number of steps that a convolution sees, at least 1.
        dilation_rate: distance between these steps, at least 1.
        activation: a name, a callable or None.
        dropout: share of the channels that is dropped in training, in [0, 1).
        seed: of the kernels (He normal) and of the dropout masks; None for new ones.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        mask: bool, shape (batch, steps); a masked step is as if it was not there.

    Raises:
        ValueError: a length is below 1, a rate is not in [0, 1), or a seed is below 0.

    Example:
        >>> import numpy as np
        >>> block = TemporalConvolutionBlock(3, kernel_size=2, dilation_rate=4)
        >>> tuple(block(np.ones((2, 9, 5), "float32")).shape), block.receptive_field
        ((2, 9, 3), 9)

    Source: Bai, Kolter and Koltun (2018), "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling"; without their normalisation of the weights.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        dilation_rate: int = 1,
        activation: Activation = "relu",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = check_length("filters", filters)
        self.kernel_size = check_length("kernel_size", kernel_size)
        self.dilation_rate = check_length("dilation_rate", dilation_rate)
        self.activation = keras.activations.get(activation)
        self.dropout = check_rate("dropout", dropout)
        self.seed = check_seed(seed)
        seeds = derive_seeds(self.seed, 5)
        self.convolutions = [self._convolution(number, seeds[number]) for number in range(2)]
        self.drops = [
            keras.layers.SpatialDropout1D(self.dropout, seed=own, dtype=self.dtype_policy)
            for own in seeds[2:4]
        ]
        self.widening: keras.layers.Layer | None = None
        self._widening_seed = seeds[4]

    def _convolution(self, number: int, seed: int) -> keras.layers.Layer:
        return keras.layers.Conv1D(
            self.filters, self.kernel_size, padding="causal", dilation_rate=self.dilation_rate,
            kernel_initializer=keras.initializers.HeNormal(seed), name=f"convolution_{number}",
            dtype=self.dtype_policy,
        )  # fmt: skip

    @property
    def receptive_field(self) -> int:
        """Number of steps that an output depends on, its own included."""
        return 1 + 2 * (self.kernel_size - 1) * self.dilation_rate

    def build(self, sequences_shape: Sequence[int | None]) -> None:
        """Create the weights for sequences of shape (batch, steps, features)."""
        first, second = self.convolutions
        first.build(sequences_shape)
        second.build(self.compute_output_shape(sequences_shape))
        if sequences_shape[-1] != self.filters:
            self.widening = self._widening()
            self.widening.build(sequences_shape)

    def _widening(self) -> keras.layers.Layer:
        return keras.layers.Dense(
            self.filters, use_bias=False, name="widening", dtype=self.dtype_policy,
            kernel_initializer=keras.initializers.HeNormal(self._widening_seed),
        )  # fmt: skip

    def run(self, sequences: Any, training: bool) -> Any:
        """Return y of sequences without a masked step."""
        values = sequences
        for convolution, drop in zip(self.convolutions, self.drops, strict=True):
            values = drop(self.activation(convolution(values)), training=training)
        beside = sequences if self.widening is None else self.widening(sequences)
        return self.activation(values + ops.cast(beside, values.dtype))

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        """Return (batch, steps, filters)."""
        return (*sequences_shape[:2], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation_rate": self.dilation_rate,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class TemporalConvolution(CausalLayer):
    """Temporal convolution: blocks of dilated causal convolutions one above the other.

        y = block_n(... block_2(block_1(x))),   dilations 1, 2, 4, ..., 2^(n - 1) by default

    An output sees 1 + 2 (kernel_size - 1) (sum of dilations) steps, its own included, whatever
    comes before them. It computes all steps at once; for a state that is carried from call to call
    put it into a `Window`.

    Args:
        filters: width of every block, at least 1.
        kernel_size: number of steps that a convolution sees, at least 1.
        dilations: distance between these steps, one for each block.
        activation: a name, a callable or None.
        dropout: share of the channels that is dropped in training, in [0, 1).
        seed: of the kernels and of the dropout masks; None for new ones.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        mask: bool, shape (batch, steps); a masked step is as if it was not there.

    Raises:
        ValueError: a length is below 1, a rate is not in [0, 1), or there is no dilation.

    Example:
        >>> import numpy as np
        >>> layer = TemporalConvolution(3, kernel_size=2, dilations=(1, 2, 4))
        >>> tuple(layer(np.ones((2, 20, 5), "float32")).shape), layer.receptive_field
        ((2, 20, 3), 15)

    Source: Bai, Kolter and Koltun (2018), "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling"; dilations: van den Oord et al. (2016), "WaveNet".
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        dilations: Sequence[int] = (1, 2, 4, 8),
        activation: Activation = "relu",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not dilations:
            raise ValueError(
                "TemporalConvolution got no dilations: expected one for each block, such as "
                "dilations=(1, 2, 4)."
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.dilations = tuple(dilations)
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.seed = check_seed(seed)
        self.blocks = [
            TemporalConvolutionBlock(
                filters, kernel_size, dilation, activation, dropout, own, name=f"block_{number}",
                dtype=self.dtype_policy,
            )
            for number, (dilation, own) in enumerate(
                zip(dilations, derive_seeds(self.seed, len(dilations)), strict=True)
            )
        ]  # fmt: skip

    @property
    def receptive_field(self) -> int:
        """Number of steps that an output depends on, its own included."""
        return 1 + sum(block.receptive_field - 1 for block in self.blocks)

    def build(self, sequences_shape: Sequence[int | None]) -> None:
        """Create the weights for sequences of shape (batch, steps, features)."""
        for block in self.blocks:
            block.build(sequences_shape)
            sequences_shape = block.compute_output_shape(sequences_shape)

    def run(self, sequences: Any, training: bool) -> Any:
        """Return y of sequences without a masked step."""
        for block in self.blocks:
            sequences = block(sequences, training=training)
        return sequences

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        """Return (batch, steps, filters)."""
        return (*sequences_shape[:2], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilations": self.dilations,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "seed": self.seed,
        }
