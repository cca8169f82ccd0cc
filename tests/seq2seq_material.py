"""Encoder and decoder in float64 NumPy, one window at a time, and windows to run them on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles.cells import gru_step, lstm_step, simple_rnn_step

from forecast.models.seq2seq.design import Seq2SeqDesign
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.windowed.body import SizedNetwork
from forecast.models.windowed.view import WindowInputs

NUM_FEATURES, NUM_AHEAD = 2, 3
_GATES = {"LSTM": "ifco", "GRU": "zrh", "SimpleRNN": "h"}
_STEPS: dict[str, Any] = {"LSTM": lstm_step, "GRU": gru_step, "SimpleRNN": simple_rnn_step}


def form_of(units: int = 3, num_layers: int = 1, seed: int = 4, **design: Any) -> Seq2SeqForm:
    return Seq2SeqForm(Seq2SeqDesign(**design), units, num_layers, NUM_FEATURES, NUM_AHEAD, seed)


def randomised(form: Seq2SeqForm, seed: int = 0) -> list[NDArray]:
    """Weights with other values everywhere, those that start at zero too."""
    rng = np.random.default_rng(seed)
    return [rng.normal(0.1, 0.5, w.shape) for w in SizedNetwork.of(form).get_weights()]


def windows(num_rows: int = 4, steps: int = 6, ahead: int = 5, seed: int = 1) -> WindowInputs:
    """Windows of which the last ones began late, the last of all just now."""
    rng = np.random.default_rng(seed)
    mask = np.arange(steps) >= np.linspace(0, steps - 1, num_rows).astype(int)[:, None]
    features = rng.normal(size=(num_rows, steps, NUM_FEATURES)) * mask[:, :, None]
    known = rng.normal(size=(num_rows, ahead, NUM_AHEAD))
    return WindowInputs(features.astype(np.float32), mask, known.astype(np.float32))


class Oracle:
    """The equations of `Seq2SeqDesign` with the weights of built layers."""

    def __init__(self, form: Seq2SeqForm, layers: SizedNetwork) -> None:
        self.form, self.design, self.layers = form, form.design, layers
        self.encoder, self.decoder = layers.network.encoder, layers.network.decoder

    def __call__(
        self, inputs: WindowInputs, truth: NDArray, forced: NDArray
    ) -> tuple[NDArray, NDArray]:
        """Corrections and attention, `(n, num_steps)` and `(n, num_steps, steps)`."""
        rows = [
            self._row(inputs.features[i], inputs.mask[i], inputs.ahead[i], truth[i], forced[i])
            for i in range(len(inputs.mask))
        ]
        outputs, weights = (np.array(part) for part in zip(*rows, strict=True))
        return float(self.layers.size) * outputs, weights

    def _row(self, features: Any, mask: Any, ahead: Any, truth: Any, forced: Any) -> Any:
        memory, states = self._encoded(features[mask].astype(float))
        context = states[-1][0]
        own = self._begun(states)
        fed, outputs, weights = float(self.decoder.start[0]), [], []
        for step, known in enumerate(ahead.astype(float)):
            parts, seen, share = [known, [fed]], [], np.zeros(len(mask))
            if self.design.context != "state":
                parts.append(context)
            if self.design.attention:
                share[mask] = self._shares(own[-1][0], memory)
                seen = [share[mask] @ memory]
            below, after = np.concatenate([*parts, *seen]), []
            for layer, state in zip(self.decoder.cell.stack.recurrent_layers, own, strict=True):
                after.append(self._step(layer, below, state))
                below = after[-1][0]
            own = after
            output = self._read(np.concatenate([below, *seen]))
            fed = truth[step] if forced[step] else output
            outputs.append(output)
            weights.append(share)
        return outputs, weights

    def _encoded(self, values: NDArray) -> tuple[NDArray, list[Any]]:
        """Outputs at the steps that are not masked, which are all that the oracle is given."""
        states = []
        for convolution in self.encoder.convolutions:
            kernel, bias = (np.array(part, dtype=float) for part in convolution.get_weights())
            padded = np.concatenate([np.zeros((2, values.shape[1])), values])
            rows = [sum(padded[t + j] @ kernel[j] for j in range(3)) for t in range(len(values))]
            values = np.maximum(np.array(rows) + bias, 0.0)
        for index, layer in enumerate(self.encoder.forward):
            outputs, last = self._run(layer, values)
            if self.design.bidirectional:
                others, back = self._run(self.encoder.backward[index], values[::-1])
                outputs = np.concatenate([outputs, others[::-1]], axis=1)
                last = tuple(np.concatenate(pair) for pair in zip(last, back, strict=True))
            values, states = outputs, [*states, last]
        return values, states

    def _begun(self, states: list[Any]) -> list[Any]:
        sizes = [len(layer) for layer in states]
        if self.design.context == "input":
            return [tuple(np.zeros(self.form.units) for _ in range(size)) for size in sizes]
        flat = [state for layer in states for state in layer]
        if self.design.bidirectional:
            maps = [
                [np.array(w, dtype=float) for w in m.get_weights()] for m in self.decoder.bridge
            ]
            flat = [state @ kernel + bias for state, (kernel, bias) in zip(flat, maps, strict=True)]
        return [tuple(flat[sum(sizes[:i]) : sum(sizes[: i + 1])]) for i in range(len(sizes))]

    def _shares(self, state: NDArray, memory: NDArray) -> NDArray:
        attention = self.decoder.cell.attention
        query = state @ np.array(attention.query.kernel, dtype=float)
        keys = memory @ np.array(attention.key.kernel, dtype=float)
        if self.design.attention == "additive":
            scores = np.tanh(query + keys) @ np.array(attention.score.scale, dtype=float)
        else:
            scores = keys @ query / np.sqrt(self.form.units)
        shares = np.exp(scores - scores.max())
        return shares / shares.sum()

    def _read(self, seen: NDArray) -> float:
        cell = self.decoder.cell
        if cell.hidden is not None:
            kernel, bias = (np.array(part, dtype=float) for part in cell.hidden.get_weights())
            seen = np.maximum(seen @ kernel + bias, 0.0)
        kernel, bias = (np.array(part, dtype=float) for part in cell.readout.get_weights())
        return float((seen @ kernel + bias)[0])

    def _run(self, layer: Any, values: NDArray) -> tuple[NDArray, Any]:
        state = tuple(np.zeros(self.form.units) for _ in self._gated(layer)[1])
        outputs = []
        for x in values:
            state = self._step(layer, x, state)
            outputs.append(state[0])
        return np.array(outputs), state

    def _step(self, layer: Any, x: NDArray, state: Any) -> Any:
        weights, _ = self._gated(layer)
        return _STEPS[self.design.cell](x, state, weights)

    def _gated(self, layer: Any) -> tuple[dict[str, NDArray], range]:
        """Weights by gate; Keras' update gate is that of the notes with its sign turned."""
        gates, cell = _GATES[self.design.cell], layer.cell
        found = {}
        for name, weight in (("W", cell.kernel), ("U", cell.recurrent_kernel), ("b", cell.bias)):
            for gate, part in zip(gates, np.split(np.array(weight, float), len(gates), -1),
                                  strict=True):  # fmt: skip
                found[f"{name}_{gate}"] = (-part if gate == "z" else part).T
        return found, range(2 if self.design.cell == "LSTM" else 1)
