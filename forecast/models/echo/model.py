"""An echo-state network as a model: the reservoirs' states beside the newest values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.learning import why_not_kept
from forecast.dynamics import Dynamics
from forecast.models.echo.bank import Bank
from forecast.models.echo.memory import EchoMemory
from forecast.models.echo.network import EchoNetwork, side_by_side
from forecast.models.echo.reservoir import EchoDesign, EchoReadout, Reservoir
from forecast.models.echo.view import View
from forecast.models.network import last_valid, runs_without_gaps
from forecast.models.recursive import add_rows, checked_information
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["EchoModel"]

_LARGEST = 20.0  # values beyond this many deviations are cut: one must not fill the reservoir


class EchoModel:
    """`z[t+1] = C [x[t], z[t], ..., 1]`, recursive; z are the values less their mean, scaled.

    The state holds the reservoirs, the newest values, and the model's own forecast of the next
    step, which it is fed where that step has no value. The channels of a system drive the same
    reservoirs and are read from them together; every row of a state holds those of its system.

    Args:
        bank: the reservoirs.
        coefficients: C transposed, `(num_sets, num_columns, num_channels)`; one set, or one for
            each system.
        scales: mean and deviation of each series, `(num_series, 2)`.
        information: sums of the fit, `(num_columns, num_columns)`; None where they are not kept.
    """

    block_length = 1
    dynamics = Dynamics(("reservoir",), ("recent", "forecast"), shared=("reservoir", "recent"))

    def __init__(
        self, bank: Bank, coefficients: NDArray, scales: NDArray, information: NDArray | None
    ) -> None:
        """Store all."""
        self.bank, self.coefficients, self.scales = bank, coefficients, scales
        self.information = checked_information(information, coefficients.shape[1])
        self.num_channels = bank.num_inputs
        self.view = View.of(bank.design.readout, self.num_channels)

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        arrays = {
            "series": np.asarray(static.series, dtype=np.int64),
            "reservoir": self.bank.initial_state(num_rows),
            "recent": np.zeros((num_rows, self.view.length, self.num_channels), self.bank.dtype),
            "forecast": np.full(num_rows, np.nan),
        }
        return StateBatch(arrays, *np.zeros((2, num_rows), dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; runs of steps without a gap are encoded at once."""
        series, upcoming = state.arrays["series"], state.arrays["forecast"]
        memory, values = self._memory(state), self._scaled(block.values, series)
        one_step = np.full(values.shape, np.nan)
        gaps = block.valid & ~block.observed
        for steps in runs_without_gaps(gaps.any(axis=0)):
            fed = np.where(gaps[:, steps], np.nan_to_num(upcoming)[:, None], values[:, steps])
            forecasts, memory = self._encode(series, memory, fed, block.valid[:, steps])
            one_step[:, steps] = np.concatenate([upcoming[:, None], forecasts[:, :-1]], axis=1)
            upcoming = last_valid(forecasts, block.valid[:, steps], upcoming)
        arrays = {
            "series": series,
            "reservoir": np.repeat(memory.states, self.num_channels, axis=0),
            "recent": np.repeat(memory.recent, self.num_channels, axis=0),
            "forecast": upcoming,
        }
        return state.advance(arrays, block), self._in_units(one_step, series)

    def rollout(
        self,
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,  # noqa: ARG002 (without covariates)
    ) -> NDArray:
        """See `forecast.protocol.Model`; step after step, all paths of all rows at once."""
        lanes = self._lanes(state.num_rows, feedback.num_paths)
        series, memory = state.arrays["series"][lanes], self._memory(state.take(lanes))
        upcoming, steps = np.nan_to_num(state.arrays["forecast"][lanes]), []
        valid, back = np.ones((len(lanes), 1), dtype=bool), np.argsort(lanes, kind="stable")
        for step in range(horizon):
            emitted = self._in_units(upcoming[:, None], series)[back]
            steps.append(feedback(emitted.reshape(state.num_rows, feedback.num_paths, 1), step))
            if step + 1 < horizon:
                fed = np.empty_like(emitted)
                fed[back] = steps[-1].reshape(-1, 1)
                forecasts, memory = self._encode(series, memory, self._scaled(fed, series), valid)
                upcoming = forecasts[:, 0]
        return np.concatenate(steps, axis=2)

    def learn(self, state: StateBatch, block: Block) -> EchoModel:
        """See `forecast.protocol.Learns`: the rows are added to the fit, see `add_rows`.

        Raises:
            ValueError: where the sums of the fit were not kept.
        """
        if self.information is None:
            raise ValueError(f"this readout cannot learn from newer rows: {self._why_not()}.")
        series, values = state.arrays["series"], self._scaled(block.values, state.arrays["series"])
        if (block.valid & ~block.observed).any():
            _, one_step = self.observe(state, block)
            own = self._scaled(one_step, series)
            values = np.where(block.observed | ~block.valid, values, own)
        inputs = side_by_side(values, self.num_channels)
        columns = self._columns_before(self._memory(state), inputs)
        washout = self.bank.design.readout.washout
        clock = state.clock[:: self.num_channels, None] + np.arange(values.shape[1])
        taught = side_by_side(block.observed, self.num_channels).all(axis=2) & (clock > washout)
        if not taught.any():
            return self
        known = columns[taught].astype(np.float64)
        information, coefficients = add_rows(
            self.information, self.coefficients[0], known, inputs[taught], np.ones(len(known))
        )
        return EchoModel(self.bank, coefficients[None], self.scales, information)

    def jacobian(self, state: StateBatch, block: Block) -> NDArray:
        """See `forecast.dynamics.Differentiable`: of the reservoirs, in closed form."""
        fed = np.where(block.observed[:, 0], block.values[:, 0], 0.0)[:, None]
        upcoming = np.nan_to_num(state.arrays["forecast"])[:, None]
        fed = np.where(block.observed, self._scaled(fed, state.arrays["series"]), upcoming)
        inputs = side_by_side(fed, self.num_channels)[:, 0]
        return self.bank.jacobian(inputs, self._memory(state).states)

    def _why_not(self) -> str:
        if len(self.coefficients) > 1:
            return "it has a readout for each series; take EchoReadout(pooled=True)"
        reason = why_not_kept(self.coefficients.shape[1] ** 2, "take fewer units")
        return reason or "it was put together without the sums of a fit; call fit(df)"

    def _columns_before(self, memory: EchoMemory, inputs: NDArray) -> NDArray:
        """What the readout saw before each step of the inputs, `(systems, steps, num_columns)`."""
        inputs = inputs[:, :-1].astype(self.bank.dtype)
        newest, older = memory.recent[:, -1:], np.roll(memory.recent, 1, axis=1)
        first = self.view.columns(memory.states[:, None], newest, older)
        if not inputs.shape[1]:
            return first
        states = self.bank.run(inputs, memory.states)
        later = self.view.columns(states, inputs, memory.recent)
        return np.concatenate([first, later], axis=1)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        arrays = {f"weight.{index}": weight for index, weight in enumerate(self.bank.weights)}
        arrays |= {"coefficients": self.coefficients, "scales": self.scales}
        if self.information is not None:
            arrays["information"] = self.information
        design = asdict(self.bank.design)
        return {"design": design | {"reservoirs": list(design["reservoirs"])}}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> EchoModel:
        """The model that `to_saved` gave the settings and arrays of."""
        saved = dict(settings["design"])
        saved["reservoirs"] = tuple(Reservoir(**one) for one in saved["reservoirs"])
        saved["readout"] = EchoReadout(**saved["readout"])
        design = EchoDesign(**saved)
        weights = [arrays[f"weight.{index}"] for index in range(3 * len(design.reservoirs))]
        return cls(Bank(design, weights), arrays["coefficients"], arrays["scales"],
                   arrays.get("information"))  # fmt: skip

    def _encode(
        self, series: NDArray, memory: EchoMemory, values: NDArray, valid: NDArray
    ) -> tuple[NDArray, EchoMemory]:
        """Forecasts after each step, `(rows, steps)`, and the memory after the valid ones."""
        coefficients = self.coefficients[0]
        if len(self.coefficients) > 1:
            coefficients = self.coefficients[series[:: self.num_channels] // self.num_channels]
        network = EchoNetwork(self.bank, self.view, coefficients)
        steps = valid[:: self.num_channels].sum(axis=1)
        outputs, memory = network.encode(side_by_side(values, self.num_channels), memory, steps)
        return outputs.swapaxes(1, 2).reshape(values.shape), memory

    def _memory(self, state: StateBatch) -> EchoMemory:
        """Of the systems."""
        arrays = (state.arrays[name][:: self.num_channels] for name in ("reservoir", "recent"))
        return EchoMemory(*arrays)

    def _lanes(self, num_rows: int, num_paths: int) -> NDArray:
        """The row of each lane; the lanes of a path of a system are next to one another."""
        rows = np.arange(num_rows).reshape(-1, self.num_channels)
        return np.repeat(rows, num_paths, axis=0).reshape(-1)

    def _scaled(self, values: NDArray, series: NDArray) -> NDArray:
        centre, spread = self.scales[series].T[:, :, None]
        return np.clip((np.nan_to_num(values) - centre) / spread, -_LARGEST, _LARGEST)

    def _in_units(self, values: NDArray, series: NDArray) -> NDArray:
        centre, spread = self.scales[series].T[:, :, None]
        return centre + spread * np.clip(values, -_LARGEST, _LARGEST)
