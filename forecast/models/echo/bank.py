"""Reservoirs side by side or above one another, run on arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from forecast.layers import EchoState
from forecast.models.echo.reservoir import EchoDesign, Reservoir
from forecast.models.echo.spans import Forgetting, run_in_spans

__all__ = ["MANY_STEPS", "MOST_HELD", "Bank", "blocks", "drawn_bank"]

# Numbers that are held at once, and steps of a block at most.
MOST_HELD, _MOST_STEPS = 8_000_000, 16_384

# Steps from which the compiled loop of the layer is worth its call.
MANY_STEPS = 128
# Rows up to which they are filled up to a power of two.
_MOST_DOUBLED = 64
# Bytes of a matrix beyond which it leaves the cache of a core, and the share of entries up to which
# the product of what is not zero is faster then.
_LARGE_MATRIX, _MOST_DENSE = 2**21, 0.3


class _One:
    """One reservoir with its weights.

    Args:
        settings: of the reservoir.
        weights: kernel, recurrent kernel and bias, as of `EchoState`.
    """

    def __init__(self, settings: Reservoir, weights: Sequence[NDArray]) -> None:
        """Store both."""
        self.leak_rate, self.topology = settings.leak_rate, settings.topology
        self.weights = kernel, recurrent_kernel, bias = tuple(weights)
        self.kernel, self.recurrent_kernel, self.bias = kernel, recurrent_kernel, bias
        is_large = recurrent_kernel.nbytes > _LARGE_MATRIX
        is_sparse = (
            is_large and np.count_nonzero(recurrent_kernel) < _MOST_DENSE * recurrent_kernel.size
        )
        self._sparse = csr_array(recurrent_kernel.T) if is_sparse else None
        self._forgetting = Forgetting.of(settings, recurrent_kernel.dtype)

    def step(self, inputs: NDArray, states: NDArray, noise: NDArray | float = 0.0) -> NDArray:
        """States `(rows, units)` after one more step."""
        if self._sparse is not None:
            heard = (self._sparse @ states.T).T
        elif self.recurrent_kernel.ndim == 2:
            heard = states @ self.recurrent_kernel
        else:
            heard = self.recurrent_kernel * np.roll(states, 1, axis=-1)
        drive = inputs @ self.kernel + heard + self.bias + noise
        return (1 - self.leak_rate) * states + self.leak_rate * np.tanh(drive)

    def slopes(self, inputs: NDArray, states: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """The states after a step, and their derivatives by inputs and by states before it.

        `(rows, units)`, `(rows, units, features)` and `(rows, units, units)`, in float64.
        """
        kernel, recurrent_kernel, bias = (part.astype(np.float64) for part in self.weights)
        if recurrent_kernel.ndim == 1:  # each unit hears its neighbour alone
            recurrent_kernel = np.roll(np.diag(recurrent_kernel), -1, axis=0)
        heard = np.tanh(inputs @ kernel + states @ recurrent_kernel + bias)
        slope = self.leak_rate * (1.0 - heard**2)[:, :, None]
        own = (1.0 - self.leak_rate) * np.eye(states.shape[1]) + slope * recurrent_kernel.T
        after = (1.0 - self.leak_rate) * states + self.leak_rate * heard
        return after, slope * kernel.T, own

    def run(self, inputs: NDArray, states: NDArray, noise: NDArray | None, out: NDArray) -> None:
        """Write the states after each step to `out`, `(rows, steps, units)`."""
        if self._sparse is None and inputs.shape[1] >= MANY_STEPS:
            self._compiled(inputs, states, noise, out)
            return
        for step in range(inputs.shape[1]):
            drawn = 0.0 if noise is None else noise[:, step]
            states = out[:, step] = self.step(inputs[:, step], states, drawn)

    def _compiled(
        self, inputs: NDArray, states: NDArray, noise: NDArray | None, out: NDArray
    ) -> None:
        """By the layer: spans of few long rows side by side, where that is possible."""
        if noise is not None:
            inputs = np.concatenate([inputs, noise], axis=2)
        # A cycle has no product to wait for; that of few rows is compiled badly in float64.
        in_spans = self.recurrent_kernel.ndim == 2 and inputs.dtype == np.float32
        if not in_spans or not run_in_spans(self._filled, inputs, states, self._forgetting, out):
            out[:] = self._filled(inputs, states)

    def _filled(self, inputs: NDArray, states: NDArray) -> NDArray:
        """By the layer, whose rows are filled up: few numbers of them are compiled."""
        num_rows = len(inputs)
        missing = _filled_rows(num_rows) - num_rows
        if missing:
            inputs = np.concatenate([inputs, np.zeros((missing, *inputs.shape[1:]), inputs.dtype)])
            states = np.concatenate([states, np.zeros((missing, states.shape[1]), states.dtype)])
        after = self._layer(inputs, initial_state=[states])
        return np.asarray(after)[:num_rows]  # not copied, as `ops.convert_to_numpy` does

    @cached_property
    def _layer(self) -> EchoState:
        features, units = self.kernel.shape
        layer = EchoState(
            units, leak_rate=self.leak_rate, topology=self.topology, spectral_radius=0.0, seed=0,
            return_sequences=True, dtype=self.kernel.dtype.name,
        )  # fmt: skip
        layer.build((None, None, features))
        layer.set_weights(list(self.weights))
        return layer


def _filled_rows(num_rows: int) -> int:
    """The power of two from so many rows on; from 64 on, of eight numbers between two of them.

    Example:
        >>> [_filled_rows(num_rows) for num_rows in (3, 33, 65, 100, 300)]
        [4, 64, 72, 104, 320]
    """
    power = 2 ** (num_rows - 1).bit_length()
    unit = power // 16 if power > _MOST_DOUBLED else power
    return -(-num_rows // unit) * unit


def blocks(num_rows: int, num_steps: int, units: int) -> Iterator[tuple[int, int]]:
    """Where blocks of steps begin and end that a bank is to be run along at once.

    All but the last are of a length that the layer compiles; what is too short for it joins one.

    Example:
        >>> list(blocks(1, 40, 200)), list(blocks(100, 300, 500))
        ([(0, 40)], [(0, 128), (128, 300)])
    """
    fitting = MOST_HELD // (max(num_rows, 1) * (units + 1))
    steps = min(max(fitting, MANY_STEPS), _MOST_STEPS) // MANY_STEPS * MANY_STEPS
    begins = range(0, max(num_steps - MANY_STEPS, 0) + 1, steps)
    yield from zip(begins, [*begins[1:], num_steps], strict=True)


class Bank:
    """All reservoirs of a network as one: their states lie side by side; it never changes.

    Args:
        design: of the network.
        weights: kernel, recurrent kernel and bias of each reservoir, one after the other.
    """

    def __init__(self, design: EchoDesign, weights: Sequence[NDArray]) -> None:
        """Store both."""
        self.design, self.weights = design, tuple(weights)
        self.dtype = np.dtype(design.dtype)
        self.num_inputs = len(self.weights[0])
        self._all = [
            _One(settings, self.weights[3 * index : 3 * index + 3])
            for index, settings in enumerate(design.reservoirs)
        ]
        self._stops = np.cumsum([0, *(one.units for one in design.reservoirs)])

    def __reduce__(self) -> tuple[type[Bank], tuple[EchoDesign, tuple[NDArray, ...]]]:
        """Pickle design and weights; what is compiled is found again."""
        return type(self), (self.design, self.weights)

    @property
    def units(self) -> int:
        """Units of all reservoirs together."""
        return int(self._stops[-1])

    @property
    def stops(self) -> NDArray:
        """Where the units of each reservoir but the last end among all."""
        return self._stops[1:-1]

    def initial_state(self, num_rows: int) -> NDArray:
        """Zero states, `(num_rows, units)`."""
        return np.zeros((num_rows, self.units), dtype=self.dtype)

    def step(self, inputs: NDArray, states: NDArray) -> NDArray:
        """States after one more step of `(rows, num_inputs)`."""
        return self.run(inputs[:, None], states)[:, 0]

    def jacobian(self, inputs: NDArray, states: NDArray) -> NDArray:
        """States after one more step by those before it, `(rows, units, units)`.

        `(1 - a) I + a diag(1 - tanh^2) W'` of each reservoir; of a deep one those below act on it
        through its inputs.

        Args:
            inputs: `(rows, num_inputs)`.
            states: `(rows, units)`.
        """
        found = np.zeros((len(states), self.units, self.units))
        below: NDArray = inputs.astype(np.float64)
        of_below = np.zeros((len(states), inputs.shape[1], self.units))
        for one, start, stop in zip(self._all, self._stops, self._stops[1:], strict=False):
            after, by_input, by_own = one.slopes(below, states[:, start:stop])
            found[:, start:stop] = by_input @ of_below
            found[:, start:stop, start:stop] += by_own
            if self.design.is_deep:
                below, of_below = after, found[:, start:stop]
        return found

    def run(
        self,
        inputs: NDArray,
        states: NDArray,
        noise: NDArray | None = None,
        out: NDArray | None = None,
    ) -> NDArray:
        """States after each step, `(rows, steps, units)`.

        Args:
            inputs: `(rows, steps, num_inputs)`.
            states: before them, `(rows, units)`.
            noise: added to the drive of each unit, `(rows, steps, units)`; none by default.
            out: where they are written, such as some columns of a wider array; new by default.
        """
        below = inputs = np.asarray(inputs, dtype=self.dtype)
        if out is None:
            out = np.empty((*inputs.shape[:2], self.units), dtype=self.dtype)
        for one, start, stop in zip(self._all, self._stops, self._stops[1:], strict=False):
            drawn = None if noise is None else noise[:, :, start:stop]
            after = out[:, :, start:stop]
            one.run(below, states[:, start:stop], drawn, after)
            below = after if self.design.is_deep else inputs
        return out


@lru_cache(maxsize=8)
def drawn_bank(design: EchoDesign, num_inputs: int, seed: int) -> Bank:
    """The reservoirs that a seed draws; they are never trained, so refits share them."""
    seeds = np.random.SeedSequence(seed).generate_state(len(design.reservoirs))
    weights: list[NDArray] = []
    width = num_inputs
    for settings, own in zip(design.reservoirs, seeds, strict=True):
        layer = EchoState(
            settings.units, settings.leak_rate, settings.spectral_radius, settings.input_scaling,
            settings.connectivity, settings.bias_scaling, int(own), settings.topology,
            dtype=design.dtype,
        )  # fmt: skip
        layer.build((None, None, width))
        weights += layer.get_weights()
        width = settings.units if design.is_deep else num_inputs
    return Bank(design, weights)
