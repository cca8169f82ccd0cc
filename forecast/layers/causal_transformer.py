"""Causal transformer: one block of attention and a small network, and blocks above each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from forecast.layers.causal_layer import CausalLayer
from forecast.layers.initializers import check_seed, derive_seeds
from forecast.layers.options import check_length, check_rate
from forecast.layers.rotary_attention import RotaryAttention

__all__ = ["CausalTransformer", "CausalTransformerBlock"]

_EPSILON = 1e-5


@keras.saving.register_keras_serializable(package="keras_forecast")
class CausalTransformerBlock(CausalLayer):
    """Self-attention to the last steps and a network of two layers, each beside a residual.

        a = x + attention(norm(x)),   to steps t - sliding_window + 1, ..., t
        y = a + W_2 gelu(W_1 norm(a) + b_1) + b_2

    The attention is `keras.layers.MultiHeadAttention`; queries and keys are turned by an angle that
    grows with the step, so that their product knows the distance of two steps and nothing of where
    the sequence begins. The norm is `keras.layers.LayerNormalization`.

    Args:
        num_heads: number of heads, at least 1.
        key_dim: width of a head, even; num_heads * key_dim need not be that of the input.
        sliding_window: number of steps that a step attends to, its own included, at least 1.
        intermediate_dim: width between W_1 and W_2; four times that of the input by default.
        dropout: share of the weights of the attention, and of what is added to each residual, that
            is dropped in training, in [0, 1).
        seed: of the kernels (Glorot uniform) and of the dropout masks; None for new ones.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        mask: bool, shape (batch, steps); a masked step is as if it was not there.

    Raises:
        ValueError: a length is below 1, `key_dim` is odd, a rate is not in [0, 1), or a seed is
            below 0.

    Example:
        >>> import numpy as np
        >>> block = CausalTransformerBlock(num_heads=2, key_dim=4, sliding_window=6)
        >>> tuple(block(np.ones((2, 9, 5), "float32")).shape), block.receptive_field
        ((2, 9, 5), 6)

    Source: Vaswani et al. (2017), "Attention is all you need"; the norm before each part: Xiong et
    al. (2020); positions: Su et al. (2021), "RoFormer".
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        sliding_window: int,
        intermediate_dim: int | None = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = check_length("num_heads", num_heads)
        self.key_dim = check_even("key_dim", key_dim)
        self.sliding_window = check_length("sliding_window", sliding_window)
        self.intermediate_dim = intermediate_dim
        if intermediate_dim is not None:
            self.intermediate_dim = check_length("intermediate_dim", intermediate_dim)
        self.dropout = check_rate("dropout", dropout)
        self.seed = check_seed(seed)
        self._seeds = derive_seeds(self.seed, 9)
        dtype = {"dtype": self.dtype_policy}
        self.norms = [
            keras.layers.LayerNormalization(epsilon=_EPSILON, name=f"norm_{number}", **dtype)
            for number in range(2)
        ]
        self.drops = [
            keras.layers.Dropout(self.dropout, seed=own, **dtype) for own in self._seeds[:2]
        ]
        self.attention = RotaryAttention(
            self.num_heads, self.key_dim, dropout=self.dropout, seed=self._seeds[2],
            sliding_window=self.sliding_window, name="attention", **dtype,
        )  # fmt: skip
        self.network: list[keras.layers.Layer] = []

    @property
    def receptive_field(self) -> int:
        """Number of steps that an output depends on, its own included."""
        return self.sliding_window

    def build(self, sequences_shape: Sequence[Any]) -> None:
        """Create the weights for sequences of shape (batch, steps, features)."""
        width = sequences_shape[-1]
        between = self.intermediate_dim or 4 * width
        self.network = [
            dense(between, self._seeds[3], "gelu", name="widening", dtype=self.dtype_policy),
            dense(width, self._seeds[4], name="narrowing", dtype=self.dtype_policy),
        ]
        self.network[0].build(sequences_shape)
        self.network[1].build((*sequences_shape[:-1], between))
        for norm in self.norms:
            norm.build(sequences_shape)
        self.attention.build(sequences_shape, sequences_shape)
        self._draw_projections()

    def _draw_projections(self) -> None:
        """Draw each kernel of the attention by a seed of its own.

        Keras hands the same initializer to all of them: with a seed, queries would equal keys.
        """
        kernels = [weight for weight in self.attention.weights if weight.name == "kernel"]
        for kernel, seed in zip(kernels, self._seeds[5:], strict=True):
            kernel.assign(keras.initializers.GlorotUniform(seed)(kernel.shape))

    def run(self, sequences: Any, training: bool) -> Any:
        """Return y of sequences without a masked step."""
        normed = self.norms[0](sequences)
        found = self.attention(normed, normed, use_causal_mask=True, training=training)
        values = sequences + self.drops[0](found, training=training)
        found = self.network[1](self.network[0](self.norms[1](values)))
        return values + self.drops[1](found, training=training)

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        """Return that of the sequences."""
        return tuple(sequences_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "sliding_window": self.sliding_window,
            "intermediate_dim": self.intermediate_dim,
            "dropout": self.dropout,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_forecast")
class CausalTransformer(CausalLayer):
    """Causal transformer: attention to the last steps, block above block.

        y = norm(block_n(... block_1(W x + b)))

    An output sees 1 + num_blocks (sliding_window - 1) steps, its own included, whatever comes
    before them. It computes all steps at once; for a state that is carried from call to call put it
    into a `Window`.

    Args:
        units: width of every block; num_heads times an even number.
        num_blocks: number of blocks, at least 1.
        num_heads: heads of each attention, at least 1.
        sliding_window: number of steps that a step attends to in a block, its own included.
        intermediate_dim: width inside the network of a block; four times `units` by default.
        dropout: share that is dropped in training, see `CausalTransformerBlock`.
        seed: of the kernels and of the dropout masks; None for new ones.
        **kwargs: name, dtype, trainable, as in `keras.layers.Layer`.

    Call arguments:
        sequences: shape (batch, steps, features).
        mask: bool, shape (batch, steps); a masked step is as if it was not there.

    Raises:
        ValueError: a length is below 1, or `units` is not `num_heads` times an even number.

    Example:
        >>> import numpy as np
        >>> layer = CausalTransformer(8, num_blocks=2, num_heads=2, sliding_window=6)
        >>> tuple(layer(np.ones((2, 9, 5), "float32")).shape), layer.receptive_field
        ((2, 9, 8), 11)

    Source: Vaswani et al. (2017), "Attention is all you need"; the sliding window: Beltagy, Peters
    and Cohan (2020), "Longformer".
    """

    def __init__(
        self,
        units: int,
        num_blocks: int = 2,
        num_heads: int = 4,
        sliding_window: int = 32,
        intermediate_dim: int | None = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = check_length("units", units)
        self.num_blocks = check_length("num_blocks", num_blocks)
        self.num_heads = check_length("num_heads", num_heads)
        if units % (2 * num_heads):
            raise ValueError(
                f"units={units!r}: expected an even number for each of the {num_heads} heads, such "
                f"as units={2 * num_heads * max(1, round(units / (2 * num_heads)))}."
            )
        self.sliding_window = sliding_window
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.seed = check_seed(seed)
        first, *others = derive_seeds(self.seed, 1 + num_blocks)
        dtype = {"dtype": self.dtype_policy}
        self.projection = dense(units, first, name="projection", **dtype)
        self.blocks = [
            CausalTransformerBlock(
                num_heads, units // num_heads, sliding_window, intermediate_dim, dropout, own,
                name=f"block_{number}", **dtype,
            )
            for number, own in enumerate(others)
        ]  # fmt: skip
        self.norm = keras.layers.LayerNormalization(epsilon=_EPSILON, name="norm", **dtype)

    @property
    def receptive_field(self) -> int:
        """Number of steps that an output depends on, its own included."""
        return 1 + sum(block.receptive_field - 1 for block in self.blocks)

    def build(self, sequences_shape: Sequence[int | None]) -> None:
        """Create the weights for sequences of shape (batch, steps, features)."""
        self.projection.build(sequences_shape)
        for layer in (*self.blocks, self.norm):
            layer.build(self.compute_output_shape(sequences_shape))

    def run(self, sequences: Any, training: bool) -> Any:
        """Return y of sequences without a masked step."""
        values = self.projection(sequences)
        for block in self.blocks:
            values = block(values, training=training)
        return self.norm(values)

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        """Return (batch, steps, units)."""
        return (*sequences_shape[:2], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "num_blocks": self.num_blocks,
            "num_heads": self.num_heads,
            "sliding_window": self.sliding_window,
            "intermediate_dim": self.intermediate_dim,
            "dropout": self.dropout,
            "seed": self.seed,
        }


def dense(width: int, seed: int, activation: str | None = None, **options: Any) -> Any:
    """Return a layer whose kernel is drawn with this seed."""
    start = keras.initializers.GlorotUniform(seed)
    return keras.layers.Dense(width, activation, kernel_initializer=start, **options)


def check_even(name: str, length: int) -> int:
    """Return a length as an int; raise ValueError unless it is even and at least 2."""
    if check_length(name, length) % 2:
        raise ValueError(f"{name}={length!r}: expected an even number, for pairs that are turned.")
    return int(length)
