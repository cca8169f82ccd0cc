"""An echo-state network on arrays: several inputs, several outputs, taught and running freely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.echo.bank import Bank, blocks, drawn_bank
from forecast.models.echo.fit import EchoFit, fit_echo
from forecast.models.echo.lesson import EchoLesson
from forecast.models.echo.memory import EchoMemory
from forecast.models.echo.reservoir import EchoDesign
from forecast.models.echo.view import View

__all__ = ["EchoNetwork", "after_washout", "fit_echo_network", "side_by_side"]


@dataclass(frozen=True, eq=False)
class EchoNetwork:
    """`y = C [x, u, u^2, 1]`, x the reservoirs driven by u.

    Args:
        bank: the reservoirs.
        view: columns of the readout.
        coefficients: C transposed, `(num_columns, num_outputs)`; or with leading axes, one for
            each row.

    Example:
        >>> import numpy as np
        >>> wave = np.sin(0.2 * np.arange(500))[None, :, None]
        >>> network, _ = fit_echo_network(EchoDesign(dtype="float64"), wave[:, :-1], wave[:, 1:])
        >>> outputs, memory = network.encode(wave, network.initial(1))
        >>> ahead = network.free_run(outputs[:, -1], memory, 5)
        >>> bool(np.allclose(ahead[0, :, 0], np.sin(0.2 * np.arange(500, 505)), atol=1e-3))
        True
    """

    bank: Bank
    view: View
    coefficients: NDArray

    def initial(self, num_rows: int) -> EchoMemory:
        """Before the first step."""
        return EchoMemory.initial(self.bank, self.view, num_rows)

    def encode(
        self, inputs: NDArray, memory: EchoMemory, lengths: NDArray | None = None
    ) -> tuple[NDArray, EchoMemory]:
        """Outputs after each step, `(rows, steps, num_outputs)`, and the memory after the last.

        Args:
            inputs: `(rows, steps, num_inputs)`.
            memory: before them.
            lengths: steps of each row that count, `(rows,)`; outputs after them mean nothing. All
                by default.
        """
        outputs = []
        for start, stop in blocks(len(inputs), inputs.shape[1], self.bank.units):
            part = inputs[:, start:stop].astype(self.bank.dtype)
            states = self.bank.run(part, memory.states)
            outputs.append(self.view.columns(states, part, memory.recent) @ self.coefficients)
            taken = np.full(len(part), part.shape[1])
            if lengths is not None:
                taken = np.clip(lengths - start, 0, part.shape[1])
            memory = self._after(memory, states, part, taken)
        return np.concatenate(outputs, axis=1), memory

    def _after(
        self, memory: EchoMemory, states: NDArray, inputs: NDArray, taken: NDArray
    ) -> EchoMemory:
        """The memory after the first `taken` steps of each row."""
        rows = np.arange(len(taken))
        after = states[rows, np.maximum(taken - 1, 0)]
        after = np.where((taken > 0)[:, None], after, memory.states)
        known = np.concatenate([memory.recent, inputs], axis=1)
        newest = taken[:, None] + np.arange(self.view.length)
        return EchoMemory(after, known[rows[:, None], newest])

    def free_run(self, first: NDArray, memory: EchoMemory, num_steps: int) -> NDArray:
        """Outputs that are fed back, `(rows, num_steps, num_outputs)`.

        Args:
            first: the output at `memory`, `(rows, num_outputs)`, as wide as an input.
            memory: where the network stands.
            num_steps: steps ahead; the first is `first`.
        """
        outputs = [first]
        for _ in range(num_steps - 1):
            after, memory = self.encode(outputs[-1][:, None], memory)
            outputs.append(after[:, 0])
        return np.stack(outputs, axis=1)


def fit_echo_network(
    design: EchoDesign,
    inputs: NDArray,
    targets: NDArray,
    taught: NDArray | None = None,
    seed: int = 0,
) -> tuple[EchoNetwork, EchoFit]:
    """The network with the readout that reads the targets best.

    Args:
        design: reservoirs and readout.
        inputs: of every step, `(rows, steps, num_inputs)`.
        targets: to be read after each step, `(rows, steps, num_targets)`.
        taught: steps to learn from, `(rows, steps)`; all of them by default. The washout is not.
        seed: of the reservoirs and the noise.

    Returns:
        The network, and its fit, whose `memory` is where it stands after the last input.
    """
    readout = design.readout
    bank = drawn_bank(design, inputs.shape[2], seed)
    view = View.of(readout, inputs.shape[2])
    taught = np.ones(inputs.shape[:2], dtype=bool) if taught is None else taught
    lesson = EchoLesson(inputs, targets, taught & after_washout(readout.washout, taught))
    fit = fit_echo(bank, view, lesson, readout.ridge, readout.noise, seed)
    return EchoNetwork(bank, view, fit.coefficients), fit


def side_by_side(values: NDArray, num_channels: int) -> NDArray:
    """Rows of channels `(rows, steps)` as systems, `(systems, steps, num_channels)`."""
    return values.reshape(-1, num_channels, values.shape[1]).swapaxes(1, 2)


def after_washout(washout: int, taught: NDArray) -> NDArray:
    """Steps after the washout; of a short series, those of its second half.

    Args:
        washout: steps before them.
        taught: steps of each row that there are, `(rows, steps)`.
    """
    lengths = taught.shape[1] - np.argmax(taught[:, ::-1], axis=1)
    return np.arange(taught.shape[1]) >= np.minimum(washout, lengths // 2)[:, None]
