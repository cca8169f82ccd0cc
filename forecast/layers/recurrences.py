"""The recurrent steps and their derivatives by hand, as the kernels of the backends need them.

A cell of `forecast.layers` says what a step is; a recurrence says it again in the form that is
fast: all inputs of a product side by side, so that a step is one product, a sigmoid written as a
hyperbolic tangent, so that all gates are one call, and the derivatives as factors that are known
before the way back, so that it only multiplies. The tests hold them to the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from keras import ops

__all__ = [
    "LongShortTermMemory",
    "PlainUnit",
    "Recurrence",
    "logistic",
    "product",
    "recurrent",
    "slope",
    "stacked",
]

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class Recurrence:
    """One step of a cell, forwards and backwards; pure functions of tensors.

    `inputs` are x, with a column of ones beside it where there is a bias. The operands of the
    products are these inputs beside a vector of units, which `operands` names. `value_widths` are
    those of the values of a step, in units; all other vectors have one unit's width. `num_gates`
    and `bias_rows` tell the shapes of the cell's own weights.
    """

    num_gates: ClassVar[int] = 1
    bias_rows: ClassVar[int | None] = None
    num_states: ClassVar[int] = 1
    num_kept: ClassVar[int] = 0
    num_factors: ClassVar[int] = 5
    value_widths: ClassVar[tuple[int, ...]] = (2, 1, 1)

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """The matrices of the products: input weights, the bias if any, recurrent weights."""
        raise NotImplementedError

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """The new states, and the values that `factors` and `operands` need beside them."""
        raise NotImplementedError

    def factors(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:
        """What gradients are multiplied with on the way back; element by element."""
        raise NotImplementedError

    def prepared(self, inputs: Any, weights: Tensors) -> tuple[Any, Tensors]:
        """Inputs and matrices of the products, of x and the cell's weights, the bias last if any.

        It is linear, so that a gradient of what it returns is easily that of what it is given.
        """
        kernel, recurrent_kernel, *bias = weights
        if not bias:
            return inputs, self.pack(kernel, recurrent_kernel, None)
        ones = ops.ones_like(inputs[:, :, :1])
        return (
            ops.concatenate([inputs, ones], axis=-1),
            self.pack(kernel, recurrent_kernel, bias[0]),
        )

    def weight_shapes(
        self, features: int, units: int, has_bias: bool
    ) -> tuple[tuple[int, ...], ...]:
        """Shapes of the cell's weights: kernel, recurrent kernel, bias if any."""
        width = self.num_gates * units
        bias = (width,) if self.bias_rows is None else (self.bias_rows, width)
        return ((features, width), (units, width), *[bias] * has_bias)

    def back(
        self, gradients: Tensors, factors: Tensors, weights: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Gradients of the states before the step, and of the result of each product."""
        raise NotImplementedError

    def kept(self, values: Tensors) -> Tensors:  # noqa: ARG002
        """Those values that `operands` needs."""
        return ()

    def operands(self, hidden: Any, kept: Tensors) -> Tensors:  # noqa: ARG002
        """For each product the vector of units beside the inputs."""
        return (hidden,)


def stacked(kernel: Any, bias: Any, recurrent_kernel: Any) -> Any:
    """The matrix of the product with (x, 1, h), or with (x, h) where there is no bias."""
    biases = [] if bias is None else [ops.reshape(bias, (1, -1))]
    return ops.concatenate([kernel, *biases, recurrent_kernel], axis=0)


def product(inputs: Any, vector: Any, weights: Any) -> Any:
    """The inputs beside a vector of units, times the weights."""
    return ops.matmul(ops.concatenate([inputs, vector], axis=-1), weights)


def recurrent(delta: Any, weights: Any, units: int) -> Any:
    """The gradient of the vector of units of a product, given that of its result."""
    return ops.matmul(delta, ops.transpose(weights[-units:]))


def logistic(half: Any) -> Any:
    """The logistic function of 2 `half`: (1 + tanh(half)) / 2."""
    return 0.5 * ops.tanh(half) + 0.5


def slope(gate: Any) -> Any:
    """The derivative of `logistic`, of its value."""
    return 2 * gate * (1 - gate)


@dataclass(frozen=True)
class PlainUnit(Recurrence):
    """h' = activation(W x + U h + b).

    Args:
        activation: "tanh" or "relu".
    """

    activation: str = "tanh"
    num_factors: ClassVar[int] = 1
    value_widths: ClassVar[tuple[int, ...]] = ()

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """One product."""
        return (stacked(kernel, bias, recurrent_kernel),)

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """The new h."""
        total = product(inputs, states[0], weights[0])
        return (ops.tanh(total) if self.activation == "tanh" else ops.relu(total),), ()

    def factors(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:  # noqa: ARG002
        """The derivative of the activation."""
        (hidden,) = after
        if self.activation == "tanh":
            return (1 - hidden * hidden,)
        return (ops.cast(hidden > 0, hidden.dtype),)

    def back(
        self, gradients: Tensors, factors: Tensors, weights: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Of h, and of the product."""
        delta = gradients[0] * factors[0]
        return (recurrent(delta, weights[0], delta.shape[-1]),), (delta,)


@dataclass(frozen=True)
class LongShortTermMemory(Recurrence):
    """c' = f c + i g,  h' = o tanh(c'); gates in the order i, f, g, o, see `LSTMCell`."""

    num_gates: ClassVar[int] = 4
    num_states: ClassVar[int] = 2
    num_factors: ClassVar[int] = 6
    value_widths: ClassVar[tuple[int, ...]] = (4,)

    def pack(self, kernel: Any, recurrent_kernel: Any, bias: Any) -> Tensors:
        """One product, halved for i, f and o."""
        weights, units = stacked(kernel, bias, recurrent_kernel), recurrent_kernel.shape[0]
        scale = ops.concatenate(
            [ops.full((2 * units,), 0.5), ops.ones((units,)), ops.full((units,), 0.5)]
        )
        return (weights * ops.cast(scale, weights.dtype),)

    def step(self, inputs: Any, states: Tensors, weights: Tensors) -> tuple[Tensors, Tensors]:
        """h', c'; and the hyperbolic tangents of all gates."""
        tangents = ops.tanh(product(inputs, states[0], weights[0]))
        input_gate, forget_gate, content, output_gate = self._gates(tangents)
        carry = forget_gate * states[1] + input_gate * content
        return (output_gate * ops.tanh(carry), carry), (tangents,)

    @staticmethod
    def _gates(tangents: Any) -> Tensors:
        i, f, content, o = ops.split(tangents, 4, axis=-1)
        return 0.5 * i + 0.5, 0.5 * f + 0.5, content, 0.5 * o + 0.5

    def factors(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:
        """For the products of i, f, g (times dc) and o (times dh); from dh to dc; f."""
        input_gate, forget_gate, content, output_gate = self._gates(values[0])
        squashed = ops.tanh(after[1])
        return (
            content * slope(input_gate),
            before[1] * slope(forget_gate),
            input_gate * (1 - content * content),
            squashed * slope(output_gate),
            output_gate * (1 - squashed * squashed),
            forget_gate,
        )

    def back(
        self, gradients: Tensors, factors: Tensors, weights: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Of h and c, and of the product."""
        hidden, carry = gradients
        of_input, of_forget, of_content, of_output, of_hidden, forget_gate = factors
        carry = carry + hidden * of_hidden
        delta = ops.concatenate(
            [carry * of_input, carry * of_forget, carry * of_content, hidden * of_output], axis=-1
        )
        return (recurrent(delta, weights[0], hidden.shape[-1]), carry * forget_gate), (delta,)
