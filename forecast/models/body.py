"""The recurrent layers and the readout of a network, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.learning import why_not_kept
from forecast.context import CAUSAL
from forecast.models.blueprint import Blueprint
from forecast.models.compiled import tensor
from forecast.models.learning import descended
from forecast.models.newer import NewerSteps
from forecast.models.program import Program, program_of
from forecast.models.recursive import add_rows, checked_information
from forecast.models.stack import RecurrentStack

__all__ = ["Body", "ReadBody"]


# Rows and steps that a layer whose state is a window computes at once.
_MOST_ROWS, _MOST_STEPS = 256, 128


class Body:
    """Recurrent layers with their weights, called with NumPy arrays; it never changes.

    Args:
        blueprint: form of the layers.
        weights: all weights in the order of the layers; drawn by the blueprint's seed by default.

    Raises:
        ValueError: if a weight is missing or has another shape.
    """

    def __init__(self, blueprint: Blueprint, weights: Sequence[NDArray] | None = None) -> None:
        """Store both, and find the compiled functions of the form."""
        self.blueprint = blueprint
        self.num_features = blueprint.num_features
        weights = _drawn(blueprint) if weights is None else weights
        self.weights = tuple(np.asarray(weight, dtype=np.float32) for weight in weights)
        expected, got = self.program.weight_shapes, [weight.shape for weight in self.weights]
        if got != expected:
            raise ValueError(f"weights of the shapes {expected} are expected; got {got}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle form and weights; what is compiled is found again."""
        return type(self), (self.blueprint, self.weights)

    @property
    def num_outputs(self) -> int:
        """Outputs after each step."""
        return self.blueprint.num_outputs

    @property
    def program(self) -> Program:
        """The compiled functions, shared with all bodies of this form."""
        return program_of(self.blueprint)

    @cached_property
    def tensors(self) -> list[Any]:
        """The weights as tensors of the backend."""
        return [tensor(weight) for weight in self.weights]

    @property
    def state_sizes(self) -> list[int]:
        """Units of each state, layer after layer."""
        return self.program.state_sizes

    def with_weights(self, weights: Sequence[NDArray]) -> Body:
        """Layers of the same form with other weights."""
        return Body(self.blueprint, weights)

    def scaled(self, factor: float) -> Body:
        """Layers whose corrections are `factor` times these: of a stack with a readout."""
        *layers, kernel, bias = self.weights
        return self.with_weights([*layers, factor * kernel, factor * bias])

    @property
    def without_readout(self) -> Body:
        """The recurrent layers alone: of a stack with a readout."""
        return Body(self.blueprint.without_readout, self.weights[:-2])

    def trainable(self) -> RecurrentStack:
        """New Keras layers that start with these weights, to be trained."""
        stack = self.blueprint.stack()
        stack.set_weights(list(self.weights))
        return stack

    def initial_state(self, num_rows: int) -> list[NDArray]:
        """Zero states."""
        return [np.zeros((num_rows, units), dtype=np.float32) for units in self.state_sizes]

    def encode(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Outputs after each step, and the states; they stand still at invalid steps.

        Args:
            features: `(rows, steps, num_features)`.
            valid: `(rows, steps)`.
            states: arrays of `(rows, units)`.

        Returns:
            Outputs of the readout, `(rows, steps)` where there is one, else `(rows, steps,
            num_outputs)`; of a stack without a readout what it would see, `(rows, steps, width)`;
            and the states after the last valid step of each row.
        """
        if self.blueprint.layer not in CAUSAL or not features.size:
            return self._encoded(features, valid, states)
        parts = [
            self._in_parts(features[rows], valid[rows], [state[rows] for state in states])
            for rows in _slices(len(features), _MOST_ROWS)
        ]
        outputs, after = zip(*parts, strict=True)
        return np.concatenate(outputs), [np.concatenate(one) for one in zip(*after, strict=True)]

    def _in_parts(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """`encode`, some steps after the other: attention takes the square of them in memory."""
        outputs = []
        for steps in _slices(features.shape[1], _MOST_STEPS):
            found, states = self._encoded(features[:, steps], valid[:, steps], states)
            outputs.append(found)
        return np.concatenate(outputs, axis=1), states

    def _encoded(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        outputs, *states = self.program.encode(features, valid, *states, *self.tensors)
        return outputs.astype(np.float64), states

    def step(self, features: NDArray, states: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Outputs after one step of `(rows, num_features)`, and the states there."""
        outputs, *states = self.program.step(features, *states, *self.tensors)
        return outputs.astype(np.float64), states

    def jacobian(self, features: NDArray, states: list[NDArray]) -> NDArray:
        """All states after one step by all before it, `(rows, n, n)`, in their order."""
        (found,) = self.program.jacobian(features, *states, *self.tensors)
        return found.astype(np.float64)

    def gates(self, features: NDArray, states: list[NDArray]) -> list[dict[str, NDArray]]:
        """Activities of the gates of each layer at one step, by name, `(rows, units)`."""
        found = iter(self.program.gates(features, *states, *self.tensors))
        return [{name: next(found) for name in names} for names in self.program.gate_names]

    def of_series(self, series: NDArray) -> Body:  # noqa: ARG002
        """Itself: its readout is that of every series, see `ReadBody.of_series`."""
        return self

    def learned(self, steps: NewerSteps, states: list[NDArray]) -> Body:
        """Layers of the same form after a few gradient steps; see `descended`."""
        return self.with_weights(descended(self.program, self.weights, steps, states))

    def arrays(self) -> dict[str, NDArray]:
        """All weights by name, for a bundle."""
        return {f"weight.{index}": weight for index, weight in enumerate(self.weights)}

    @staticmethod
    def of_arrays(blueprint: Blueprint, arrays: Mapping[str, NDArray]) -> Body | ReadBody:
        """The body that `arrays` and `blueprint` came from."""
        count = len(program_of(blueprint).weight_shapes)
        body = Body(blueprint, [arrays[f"weight.{index}"] for index in range(count)])
        if blueprint.has_readout:
            return body
        kept = (arrays.get(name) for name in ("information", "departures"))
        return ReadBody(body, arrays["coefficients"], *kept)


class ReadBody:
    """A body without a readout of its own, read by a linear map in float64.

    A reservoir is shared by every fit of the same forecaster, only the map differs; of trained
    layers the map takes the place of their readout.

    Args:
        body: the recurrent layers.
        coefficients: b, the map: of the layers' output, then of the input, then a constant,
            `(num_columns,)`; or a map for each row, `(num_rows, num_columns)`.
        information: of the fit of the map, see `add_rows`; None where it is not kept.
        departures: d_i, where the map of each fitted series is `b + d_i`,
            `(num_series, num_columns)`; None where all have b, as a new series always does.

    Raises:
        ValueError: if the information is not a matrix for these coefficients.
    """

    def __init__(
        self,
        body: Body,
        coefficients: NDArray,
        information: NDArray | None = None,
        departures: NDArray | None = None,
    ) -> None:
        """Store all."""
        self.body = body
        self.coefficients = coefficients
        self.information = checked_information(information, coefficients.shape[-1])
        self.departures = departures
        self.num_features = body.num_features
        self.blueprint = body.blueprint
        self.num_outputs = 1

    def arrays(self) -> dict[str, NDArray]:
        """All weights by name, for a bundle."""
        named = {"information": self.information, "departures": self.departures}
        kept = {name: array for name, array in named.items() if array is not None}
        return self.body.arrays() | {"coefficients": self.coefficients} | kept

    def of_series(self, series: NDArray) -> ReadBody:
        """The same layers with a map for each row.

        Args:
            series: position of each row among the fitted series, -1 for a new one, `(num_rows,)`.
        """
        if self.departures is None:
            return self
        own = np.where(series[:, None] >= 0, self.departures[series], 0.0)
        return ReadBody(self.body, self.coefficients + own)

    def learned(self, steps: NewerSteps, states: list[NDArray]) -> ReadBody:
        """The same layers with the map that newer steps are added to; see `add_rows`.

        The map that all share moves, and each series keeps its distance from it. A fit without a
        correction stays without one.

        Raises:
            ValueError: if the sums of the fit were too many to be kept.
        """
        if not self.coefficients.any():
            return self
        if self.information is None:
            reason = why_not_kept(len(self.coefficients) ** 2, "take fewer units")
            reason = reason or "it was put together without the sums of a fit; call fit(df)"
            raise ValueError(f"this readout cannot learn from newer rows: {reason}.")
        outputs, _ = self.body.encode(steps.features, steps.valid, states)
        last = states[-self.body.program.num_last_states]
        outputs = np.concatenate([last[:, None], outputs[:, :-1]], axis=1)
        inputs = np.concatenate([steps.before[:, None], steps.features[:, :-1]], axis=1)
        columns = np.concatenate([outputs, inputs, np.ones((*steps.targets.shape, 1))], axis=2)
        known = steps.weights > 0
        information, coefficients = add_rows(
            self.information, self.coefficients, columns[known], steps.targets[known],
            steps.weights[known],
        )  # fmt: skip
        return ReadBody(self.body, coefficients, information, self.departures)

    def initial_state(self, num_rows: int) -> list[NDArray]:
        """Zero states."""
        return self.body.initial_state(num_rows)

    def encode(
        self, features: NDArray, valid: NDArray, states: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Corrections after each step, `(rows, steps)`, and the states."""
        outputs, states = self.body.encode(features, valid, states)
        return self._read(outputs, features), states

    def step(self, features: NDArray, states: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Corrections after one step, `(rows,)`, and the states."""
        outputs, states = self.body.step(features, states)
        return self._read(outputs, features), states

    def jacobian(self, features: NDArray, states: list[NDArray]) -> NDArray:
        """Of the layers, see `Body.jacobian`."""
        return self.body.jacobian(features, states)

    def gates(self, features: NDArray, states: list[NDArray]) -> list[dict[str, NDArray]]:
        """Of the layers, see `Body.gates`."""
        return self.body.gates(features, states)

    def _read(self, outputs: NDArray, features: NDArray) -> NDArray:
        if self.coefficients.ndim == 2:
            constant = np.ones((*outputs.shape[:-1], 1))
            seen = np.concatenate([outputs, features, constant], axis=-1)
            return np.einsum("n...c,nc->n...", seen, self.coefficients)
        width = outputs.shape[-1]
        of_outputs = outputs @ self.coefficients[:width]
        return of_outputs + features @ self.coefficients[width:-1] + self.coefficients[-1]


def _slices(total: int, most: int) -> list[slice]:
    return [slice(start, start + most) for start in range(0, total, most)]


def _drawn(blueprint: Blueprint) -> list[NDArray]:
    """The weights that the blueprint's seed draws."""
    return blueprint.stack().get_weights()
