"""A recurrence over time on TensorFlow: compiled once for all sizes, and cut over the cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import tensorflow as tf

# TensorFlow exports nothing that tells whether a derivative is taken forwards.
from tensorflow.python.eager.forwardprop_util import pack_tangents

from forecast.layers.recurrences import Recurrence
from forecast.layers.tensorflow_loop import Loop

__all__ = ["Plan", "is_forward_mode", "plan_of", "run"]

Tensors = tuple[Any, ...]
# Plans whose compiled functions are kept: a layer has one to four.
_MOST_PLANS = 128
# Less is not worth a call of its own: rows, and on the way forward alone numbers of their states.
_ROWS_OF_A_PIECE, _STATES_OF_A_PIECE = 8, 1024


@dataclass(frozen=True)
class Plan:
    """What the compiled functions depend on. Each is traced once, for all sizes.

    Args:
        recurrence: the step.
        num_features: width of the inputs.
        units: width of the states.
        dtype: of all tensors but the mask.
        has_bias: whether the cell has one.
        is_masked: whether there is a mask.
        has_sequences: whether the states after all steps are asked for, not only the last.
        num_pieces: the rows are cut in so many parts, which run at the same time.
        is_fused: whether XLA compiles the loops, for every size that comes.
    """

    recurrence: Recurrence
    num_features: int
    units: int
    dtype: str
    has_bias: bool
    is_masked: bool
    has_sequences: bool
    num_pieces: int
    is_fused: bool

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """Outputs and last states of inputs, mask, states and weights; keeps nothing."""
        return self._traced(self._forward(keep=False), self._signature)

    @cached_property
    def forward_and_keep(self) -> Any:
        """The same, and what `backward` needs."""
        return self._traced(self._forward(keep=True), self._signature)

    @cached_property
    def backward(self) -> Callable[..., Any]:
        """Gradients of inputs, states and weights, of those of outputs and last states."""
        outputs, last, kept = self.forward_and_keep.structured_outputs
        return self._traced(self._backward(), (*self._signature, kept, outputs, last))

    def arranged(self, mask: Any, given: Tensors) -> tuple[Any, ...]:
        """Inputs, mask, states and weights, of inputs, states and weights in one row."""
        first = 1 + self.recurrence.num_states
        return given[0], mask, tuple(given[1:first]), tuple(given[first:])

    @property
    def _signature(self) -> tuple[Any, ...]:
        rows = tf.TensorSpec((None, None, self.num_features), self.dtype)
        mask = tf.TensorSpec((None, None), "bool") if self.is_masked else None
        state = tf.TensorSpec((None, self.units), self.dtype)
        weights = self.recurrence.weight_shapes(self.num_features, self.units, self.has_bias)
        return (
            rows,
            mask,
            (state,) * self.recurrence.num_states,
            tuple(tf.TensorSpec(shape, self.dtype) for shape in weights),
        )

    @property
    def _loop(self) -> Loop:
        return Loop(self.recurrence, self.has_sequences, self.is_fused)

    @staticmethod
    def _traced(function: Callable[..., Any], signature: tuple[Any, ...]) -> Callable[..., Any]:
        with tf.init_scope():
            return tf.function(function, autograph=False).get_concrete_function(*signature)

    def _piece(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return (
            tf.function(function, autograph=False, jit_compile=True) if self.is_fused else function
        )

    def _forward(self, keep: bool) -> Callable[..., Any]:
        def one(inputs: Any, mask: Any, states: Tensors, weights: Tensors) -> Any:
            inputs, matrices = self.recurrence.prepared(inputs, weights)
            return self._loop.forward(inputs, mask, states, matrices, keep)

        piece = self._piece(one)

        def whole(inputs: Any, mask: Any, states: Tensors, weights: Tensors) -> Any:
            cuts = self._cut((inputs, mask, states))
            outputs, last, kept = zip(*(piece(*cut, weights) for cut in cuts), strict=True)
            joined = _joined(outputs), tuple(map(_joined, zip(*last, strict=True)))
            return (*joined, kept) if keep else joined

        return whole

    def _backward(self) -> Callable[..., Any]:
        piece = self._piece(self._gradients)

        def whole(inputs: Any, mask: Any, states: Tensors, weights: Tensors, kept: Any,
                  outputs: Any, last: Tensors) -> Any:  # fmt: skip
            cuts = self._cut((inputs, mask, states, outputs, last))
            found = [
                piece(cut[0], cut[1], cut[2], weights, own, cut[3], cut[4])
                for cut, own in zip(cuts, kept, strict=True)
            ]
            of_inputs, of_states, of_weights = zip(*found, strict=True)
            return (
                _joined(of_inputs),
                tuple(map(_joined, zip(*of_states, strict=True))),
                tuple(map(tf.add_n, zip(*of_weights, strict=True))),
            )

        return whole

    def _gradients(self, inputs: Any, mask: Any, states: Tensors, weights: Tensors, kept: Any,
                   outputs: Any, last: Tensors) -> tuple[Any, Tensors, Tensors]:  # fmt: skip
        """Those of the loop, handed on to what its inputs and matrices were made of."""
        given, matrices = self.recurrence.prepared(inputs, weights)
        of_given, of_states, of_matrices = self._loop.backward(
            given, mask, states, matrices, kept, outputs, last
        )
        # Not by a tape: while a gradient is taken eagerly, none records.
        of_inputs, *of_weights = tf.gradients(
            [given, *matrices], [inputs, *weights], [of_given, *of_matrices]
        )
        return of_inputs, of_states, tuple(of_weights)

    def _cut(self, tensors: Any) -> list[Any]:
        """The rows of all tensors in `num_pieces` parts, as equal as can be."""
        rows = tf.shape(tensors[0])[0]
        bounds = [rows * piece // self.num_pieces for piece in range(self.num_pieces + 1)]

        def between(start: Any, stop: Any) -> Any:
            return tf.nest.map_structure(
                lambda part: None if part is None else part[start:stop], tensors
            )

        return [tensors] if self.num_pieces == 1 else list(map(between, bounds[:-1], bounds[1:]))


@lru_cache(maxsize=_MOST_PLANS)
def plan_of(*arguments: Any) -> Plan:
    """The plan of these arguments: the same object for equal ones, so that it is traced once."""
    return Plan(*arguments)


def _joined(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 or parts[0] is None else tf.concat(parts, axis=0)


def run(
    recurrence: Recurrence,
    inputs: Any,
    mask: Any,
    states: Tensors,
    weights: Tensors,
    has_sequences: bool,
    training: bool,
) -> tuple[Any, Tensors]:
    """Outputs, None unless sequences are asked for, and last states, with a gradient by hand.

    Args:
        recurrence: the step.
        inputs: `(rows, steps, features)`; finite at masked steps.
        mask: bool, `(rows, steps)`, or None.
        states: each `(rows, units)`.
        weights: of the cell, see `Recurrence.weight_shapes`.
        has_sequences: whether the states after all steps are asked for.
        training: keep on the way what the gradient needs; otherwise it runs forward once more.
    """
    plan = _plan_of(recurrence, inputs, mask, states, len(weights) > 2, has_sequences, training)

    @tf.custom_gradient
    def core(*given: Any) -> Any:
        # Nothing inside is recorded: the derivative is what `gradient` says.
        whole = plan.arranged(mask, tuple(map(tf.stop_gradient, given)))
        results = (plan.forward_and_keep if training else plan.forward)(*whole)

        def gradient(*upstream: Any) -> Any:
            kept = results[2] if training else plan.forward_and_keep(*whole)[2]
            return _gradients(plan, mask, kept, given, upstream)

        return [part for part in (results[0], *results[1]) if part is not None], gradient

    results = core(inputs, *states, *weights)
    shapes = [(*inputs.shape[:2], states[0].shape[-1])] * has_sequences
    results = list(map(tf.ensure_shape, results, [*shapes, *(state.shape for state in states)]))
    return results[0] if has_sequences else None, tuple(results[-len(states) :])


def is_forward_mode(tensors: Sequence[Any]) -> bool:
    """Whether a derivative is taken forwards of one of these, which a kernel does not give."""
    return bool(pack_tangents(list(map(tf.convert_to_tensor, tensors))).tangents)


def _gradients(plan: Plan, mask: Any, kept: Any, given: Tensors, upstream: Tensors) -> Tensors:
    """Gradients of what is given; their own derivative is that of the loop as TensorFlow finds it.

    Second derivatives and derivatives forwards are rare: they need no loop by hand.
    """
    count = len(given)

    @tf.custom_gradient
    def gradients(*parts: Any) -> Any:
        stopped = tuple(map(tf.stop_gradient, parts))
        whole, last = plan.arranged(mask, stopped[:count]), stopped[count:]
        outputs = last[0] if plan.has_sequences else None
        last = last[1:] if plan.has_sequences else last
        of_inputs, of_states, of_weights = plan.backward(*whole, kept, outputs, last)

        def derivative(*seconds: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(parts)
                firsts = _recorded(plan, mask, parts[:count], parts[count:])
            return tape.gradient(firsts, parts, seconds, unconnected_gradients="zero")

        return [of_inputs, *of_states, *of_weights], derivative

    return gradients(*given, *upstream)


def _recorded(plan: Plan, mask: Any, given: Tensors, upstream: Tensors) -> list[Any]:
    """Gradients of what is given by TensorFlow's own derivative of the loop."""
    loop = Loop(plan.recurrence, plan.has_sequences, is_fused=False)
    with tf.GradientTape() as tape:
        tape.watch(given)
        rows, mask, states, weights = plan.arranged(mask, given)
        rows, matrices = plan.recurrence.prepared(rows, weights)
        outputs, last, _ = loop.forward(rows, mask, states, matrices, keep=False)
        results = [part for part in (outputs, *last) if part is not None]
    return tape.gradient(results, given, upstream, unconnected_gradients="zero")


def _plan_of(
    recurrence: Recurrence,
    inputs: Any,
    mask: Any,
    states: Tensors,
    has_bias: bool,
    has_sequences: bool,
    training: bool,
) -> Plan:
    rows, steps, features = inputs.shape
    is_fused = tf.inside_function() and steps is not None and (training or rows is not None)
    num_pieces = _num_cores() if is_fused else 1
    if rows is not None:
        num_pieces = min(num_pieces, rows // _ROWS_OF_A_PIECE)
        if not training:
            num_pieces = min(num_pieces, rows * states[0].shape[-1] // _STATES_OF_A_PIECE)
    return plan_of(
        recurrence, features, states[0].shape[-1], inputs.dtype.name, has_bias,
        mask is not None, has_sequences, max(num_pieces, 1), is_fused,
    )  # fmt: skip


def _num_cores() -> int:
    """Cores that TensorFlow may use at a time."""
    configured = tf.config.threading.get_intra_op_parallelism_threads()
    return configured or len(os.sched_getaffinity(0))
