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

    num_gates: ClassVar[int] = 3
    num_kept: ClassVar[int] = 1

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """One product for z and r, halved, and one for the new content."""
        weights, units = stacked(kernel, bias, recurrent_kernel), recurrent_kernel.shape[0]
        return 0.5 * weights[:, : 2 * units], weights[:, 2 * units :]

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
    """h' = z h + (1 - z) tanh(W_h x + b_h + r (U_h h + d_h)); see `GRUCell`.

    All is one product of (x, 1, h), with zeros where W_h x takes no h and U_h h no x: a second
    product at every step would cost more than the zeros.
    """

    num_gates: ClassVar[int] = 3
    bias_rows: ClassVar[int | None] = 2

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """Blocks of z and r, halved, of U_h h and of W_h x."""
        units = recurrent_kernel.shape[0]
        of_inputs = _with_zeros(kernel, 2 * units, units)
        of_hidden = _with_zeros(recurrent_kernel, 3 * units, units)
        of_bias = None
        if bias is not None:
            of_bias = ops.concatenate([bias[0, : 2 * units] + bias[1, : 2 * units],
                                       bias[1, 2 * units :], bias[0, 2 * units :]])  # fmt: skip
        return (halved(stacked(of_inputs, of_bias, of_hidden), 2 * units),)

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """h'; and z, r beside each other, the new content, U_h h + d_h."""
        (hidden,) = states
        total = product(inputs, hidden, weights[0])
        units = hidden.shape[-1]
        gates = logistic(total[:, : 2 * units])
        inner, outer = ops.split(total[:, 2 * units :], 2, axis=-1)
        keep, reset = ops.split(gates, 2, axis=-1)
        content = ops.tanh(outer + reset * inner)
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
        """Of h, and of the product."""
        (hidden,) = gradients
        of_keep, of_content, of_reset, keep, reset = factors
        units, content = keep.shape[-1], hidden * of_content
        through = ops.concatenate([hidden * of_keep, content * of_reset, content * reset], axis=-1)
        before = hidden * keep + recurrent(through, weights[0][:, : 3 * units], units)
        return (before,), (ops.concatenate([through, content], axis=-1),)


def _with_zeros(weights: Any, start: int, width: int) -> Any:
    """The weights with a block of zeros from column `start` on."""
    zeros = ops.zeros_like(weights[:, :width])
    return ops.concatenate([weights[:, :start], zeros, weights[:, start:]], axis=1)


def halved(weights: Any, num_gates: int) -> Any:
    """The weights with those of the first `num_gates` blocks halved, see `logistic`."""
    return ops.concatenate([0.5 * weights[:, :num_gates], weights[:, num_gates:]], axis=1)
