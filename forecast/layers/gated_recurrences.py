"""The two forms of the gated recurrent unit, as the kernels of the backends need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from keras import ops

from forecast.layers.recurrences import Recurrence, logistic, product, recurrent, slope, stacked

__all__ = ["GatedUnit", "ResetAfterUnit"]

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class GatedUnit(Recurrence):
    """h' = z h + (1 - z) tanh(W_h x + U_h (r h) + b_h); see `GRUCell`."""

    num_kept: ClassVar[int] = 1

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """One product for z and r, halved, and one for the new content."""
        weights, units = stacked(kernel, bias, recurrent_kernel), recurrent_kernel.shape[0]
        return 0.5 * weights[:, : 2 * units], weights[:, 2 * units :]

    def weight_shapes(self, features: int, units: int) -> tuple[tuple[int, int], ...]:
        """Of `pack`."""
        return (features + units, 2 * units), (features + units, units)

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """h'; and z, r beside each other, the new content, r h."""
        (hidden,) = states
        gates = logistic(product(inputs, hidden, weights[0]))
        keep, reset = ops.split(gates, 2, axis=-1)
        kept = reset * hidden
        content = ops.tanh(product(inputs, kept, weights[1]))
        return (content + keep * (hidden - content),), (gates, content, kept)

    def factors(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:  # noqa: ARG002
        """For the products of z, g (times dh) and r (times the gradient of r h); z and r."""
        gates, content, _ = values
        keep, reset = ops.split(gates, 2, axis=-1)
        of_content = (1 - keep) * (1 - content * content)
        of_keep = (before[0] - content) * slope(keep)
        return of_keep, of_content, before[0] * slope(reset), keep, reset

    def back(
        self, gradients: Tensors, factors: Tensors, weights: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Of h, and of both products."""
        (hidden,) = gradients
        of_keep, of_content, of_reset, keep, reset = factors
        content = hidden * of_content
        kept = recurrent(content, weights[1], content.shape[-1])
        gates = ops.concatenate([hidden * of_keep, kept * of_reset], axis=-1)
        before = hidden * keep + kept * reset + recurrent(gates, weights[0], content.shape[-1])
        return (before,), (gates, content)

    def kept(self, values: Tensors) -> Tensors:
        """R h."""
        return (values[2],)

    def operands(self, hidden: Any, kept: Tensors) -> Tensors:
        """Of the gates h, of the new content r h."""
        return hidden, kept[0]


@dataclass(frozen=True)
class ResetAfterUnit(Recurrence):
    """h' = z h + (1 - z) tanh(W_h x + b_h + r (U_h h + d_h)); see `GRUCell`."""

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """One product of (x, 1, h) for z, r and the reset part, and one of (x, 1)."""
        units = recurrent_kernel.shape[0]
        gates, content = kernel[:, : 2 * units], kernel[:, 2 * units :]
        both = None
        if bias is not None:
            both = ops.concatenate([bias[0, : 2 * units] + bias[1, : 2 * units],
                                    bias[1, 2 * units :]])  # fmt: skip
            content = ops.concatenate([content, bias[:1, 2 * units :]], axis=0)
        padded = ops.concatenate([gates, ops.zeros_like(kernel[:, 2 * units :])], axis=1)
        return halved(stacked(padded, both, recurrent_kernel), 2 * units), content

    def weight_shapes(self, features: int, units: int) -> tuple[tuple[int, int], ...]:
        """Of `pack`."""
        return (features + units, 3 * units), (features, units)

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """h'; and z, r beside each other, the new content, U_h h + d_h."""
        (hidden,) = states
        total = product(inputs, hidden, weights[0])
        units = hidden.shape[-1]
        gates, inner = logistic(total[:, : 2 * units]), total[:, 2 * units :]
        keep, reset = ops.split(gates, 2, axis=-1)
        content = ops.tanh(ops.matmul(inputs, weights[1]) + reset * inner)
        return (content + keep * (hidden - content),), (gates, content, inner)

    def factors(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:  # noqa: ARG002
        """For z and g (times dh), r (times that of g); z and r."""
        gates, content, inner = values
        keep, reset = ops.split(gates, 2, axis=-1)
        of_content = (1 - keep) * (1 - content * content)
        of_keep = (before[0] - content) * slope(keep)
        return of_keep, of_content, inner * slope(reset), keep, reset

    def back(
        self, gradients: Tensors, factors: Tensors, weights: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Of h, and of both products."""
        (hidden,) = gradients
        of_keep, of_content, of_reset, keep, reset = factors
        content = hidden * of_content
        total = ops.concatenate([hidden * of_keep, content * of_reset, content * reset], axis=-1)
        before = hidden * keep + recurrent(total, weights[0], content.shape[-1])
        return (before,), (total, content)

    def operands(self, hidden: Any, kept: Tensors) -> Tensors:  # noqa: ARG002
        """Of the first product h, of the second none."""
        return hidden, None


def halved(weights: Any, num_gates: int) -> Any:
    """The weights with those of the first `num_gates` blocks halved, see `logistic`."""
    return ops.concatenate([0.5 * weights[:, :num_gates], weights[:, num_gates:]], axis=1)
