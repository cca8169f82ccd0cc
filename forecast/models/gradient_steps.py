"""The optimizers of Keras that follow a gradient, as the trainings use them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["Adam", "Nesterov"]


class _Noted(keras.optimizers.Optimizer):
    """An optimizer that notes the length of the gradient before it is clipped."""

    def build(self, variables: list[Any]) -> None:
        """See Keras; one number more."""
        super().build(variables)
        self.gradient_norm = self.add_variable((), name="gradient_norm")

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> Any:
        """See Keras."""
        total = sum(ops.sum(ops.square(gradient)) for gradient in grads)
        self.gradient_norm.assign(ops.sqrt(total))
        return super().apply(grads, trainable_variables)


class Adam(_Noted, keras.optimizers.Adam):
    """Adam."""


class Nesterov(_Noted, keras.optimizers.SGD):
    """Nesterov's accelerated gradient, `present_momentum` of which may change at every step.

    `v' = mu v - rate g`, `w' = w + mu v' - rate g`: the weights that are kept are those at which
    the next gradient is taken (Sutskever et al., 2013, section 2).
    """

    def build(self, variables: list[Any]) -> None:
        """See Keras; the momentum is a number more."""
        super().build(variables)
        self.present_momentum = self.add_variable((), name="present_momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """See Keras."""
        velocity = self.momentums[self._get_variable_index(variable)]
        share, rate = (ops.cast(part, variable.dtype)
                       for part in (self.present_momentum, learning_rate))  # fmt: skip
        step = -rate * ops.cast(gradient, variable.dtype)
        faster = share * velocity + step
        self.assign(velocity, faster)
        self.assign_add(variable, share * faster + step)
