"""Teaching signals: desired activities of hidden units, of some of them, at some steps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_forecast")
class TeachingSignal(keras.losses.Loss):
    """Mean squared error of hidden units that have a desired activity; the others are free.

        loss = sum w_tu (h_tu - d_tu)^2 / sum w_tu,   over the steps t and units u with a target d

    The predictions are the outputs of a layer with `return_sequences=True`: the hidden units. A
    target is NaN where a unit is free. So the desired final activity of all units (targets at the
    last step), that of the last few steps, which teaches attractors, and that of a subset of the
    units are all said by the targets; beside the loss of the forecast they add error derivatives.

    Args:
        last_steps: of every row only the last so many steps that have a target count; None for all.
        weights: w, broadcast to (steps, units); None for 1.
        reduction: as in `keras.losses.Loss`; the default is the mean of the formula.
        name: of the loss.
        dtype: of the computation, that of Keras by default.

    Call arguments:
        y_true: d, shape (batch, steps, units); NaN where a unit is free.
        y_pred: h, of the same shape.
        sample_weight: a further factor of w, shape (batch,) or (batch, steps).

    Raises:
        ValueError: `last_steps` is below 1, or a weight is negative or not finite.

    Example:
        >>> import numpy as np
        >>> target = np.array([[[np.nan, 1.0], [0.5, np.nan]]])
        >>> float(TeachingSignal()(target, np.zeros((1, 2, 2))))
        0.625
        >>> float(TeachingSignal(last_steps=1)(target, np.zeros((1, 2, 2))))
        0.25

    Source: Hinton (2012), "Neural networks for machine learning", lecture 7.
    """

    def __init__(
        self,
        last_steps: int | None = None,
        weights: Any = None,
        reduction: str | None = "mean_with_sample_weight",
        name: str = "teaching_signal",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if last_steps is not None and last_steps < 1:
            raise ValueError(f"last_steps={last_steps!r}: expected at least 1, or None for all.")
        self.last_steps = last_steps
        self.weights = None if weights is None else np.asarray(weights, dtype="float64")
        if self.weights is not None and not (self.weights >= 0).all():
            raise ValueError(f"weights={weights!r}: expected numbers of at least 0.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss; a step without a target has no part in it."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        taught = ops.logical_not(ops.isnan(y_true))
        target = ops.where(taught, y_true, ops.zeros_like(y_true))
        weights = self._factor(sample_weight, taught) * self._counted(taught)
        return super().__call__(target, y_pred, sample_weight=weights)

    def _counted(self, taught: Any) -> Any:
        """Return w where there is a target that counts, else 0."""
        if self.last_steps is not None:
            step = ops.cast(ops.any(taught, axis=-1), "int32")
            left = ops.flip(ops.cumsum(ops.flip(step, axis=1), axis=1), axis=1)
            taught = ops.logical_and(taught, (left <= self.last_steps)[:, :, None])
        counted = ops.cast(taught, self.dtype)
        return counted if self.weights is None else counted * ops.cast(self.weights, self.dtype)

    def _factor(self, sample_weight: Any, taught: Any) -> Any:
        """Return the sample weights with the axes of the targets."""
        if sample_weight is None:
            return 1
        factor = ops.convert_to_tensor(sample_weight, dtype=self.dtype)
        missing = range(len(factor.shape), len(taught.shape))
        return ops.expand_dims(factor, tuple(missing)) if missing else factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the squared error of every unit at every step."""
        return ops.square(y_pred - y_true)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        weights = None if self.weights is None else self.weights.tolist()
        return {**super().get_config(), "last_steps": self.last_steps, "weights": weights}
