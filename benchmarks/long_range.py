"""Long memory: the adding problem and the copy task, by five recurrent layers.

    python benchmarks/long_range.py

Adding: T steps of a number in (0, 1) and a mark; two steps are marked, one in each half, and the
sum of their numbers is asked for at the end. The mean misses by 0.167. Copy: 10 of 8 symbols, T - 1
blanks and a signal, after which the symbols are to be said again; without memory the cross-entropy
a step is 10 log(8) / (T + 20). Layers: plain RNNs started at random (Glorot uniform), orthogonal
and as identity with ReLU (IRNN), LSTM and GRU with chrono biases. Every batch is drawn anew; a
training ends at the first check below 0.01 (copy: below half of the guess), or after the largest
number of steps. Checks are on 1,000 sequences that are never trained on. Steps are updates on 64
sequences. Prints a table and writes benchmarks/results/long_range.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from numpy.typing import NDArray

from forecast import layers

RESULT = RESULTS / "long_range.json"
NUM_TEST, BATCH = 1000, 64
NUM_SYMBOLS, NUM_COPIED = 8, 10
BLANK, SIGNAL, NUM_TOKENS = 0, NUM_SYMBOLS + 1, NUM_SYMBOLS + 2


@dataclass(frozen=True)
class Adding:
    """Sum of two marked numbers among `length`.

    Args:
        length: steps of a sequence.
        most_steps: updates after which a training is given up.
        units: of the layer.
        learning_rate: of the gated layers.
    """

    length: int
    most_steps: int = 1500
    units: int = 64
    learning_rate: float = 3e-3
    name = "adding"
    loss = "mse"
    returns_sequences = False
    num_outputs = 1

    @property
    def without_memory(self) -> float:
        """Variance of the sum of two uniform numbers."""
        return 2 / 12

    @property
    def target(self) -> float:
        """Mean squared error to be reached."""
        return 0.01

    @property
    def enough(self) -> float:
        """Loss at which a training ends."""
        return self.target

    def draw(self, rng: np.random.Generator, num_rows: int) -> tuple[NDArray, NDArray]:
        """Sequences `(rows, length, 2)` and sums `(rows, 1)`."""
        rows, half = np.arange(num_rows), self.length // 2
        values, marks = rng.random((num_rows, self.length)), np.zeros((num_rows, self.length))
        marks[rows, rng.integers(0, half, num_rows)] = 1
        marks[rows, rng.integers(half, self.length, num_rows)] = 1
        sums = (values * marks).sum(axis=1, keepdims=True)
        return np.stack([values, marks], axis=2).astype("float32"), sums.astype("float32")


@dataclass(frozen=True)
class Copy:
    """Ten symbols to be said again after `length` steps; arguments as of `Adding`."""

    length: int
    most_steps: int = 2000
    units: int = 128
    learning_rate: float = 5e-3
    name = "copy"
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    returns_sequences = True
    num_outputs = NUM_TOKENS

    @property
    def without_memory(self) -> float:
        """Cross-entropy a step of a guess among all symbols where they are asked for."""
        return NUM_COPIED * math.log(NUM_SYMBOLS) / (self.length + 2 * NUM_COPIED)

    @property
    def target(self) -> float:
        """Cross-entropy to be gone below: that of a guess."""
        return self.without_memory

    @property
    def enough(self) -> float:
        """Loss at which a training ends."""
        return self.without_memory / 2

    def draw(self, rng: np.random.Generator, num_rows: int) -> tuple[NDArray, NDArray]:
        """One-hot sequences `(rows, length + 20, 10)` and tokens `(rows, length + 20)`."""
        symbols = rng.integers(1, NUM_SYMBOLS + 1, (num_rows, NUM_COPIED))
        tokens, wanted = np.full((2, num_rows, self.length + 2 * NUM_COPIED), BLANK)
        tokens[:, :NUM_COPIED] = symbols
        tokens[:, -NUM_COPIED - 1] = SIGNAL
        wanted[:, -NUM_COPIED:] = symbols
        return np.eye(NUM_TOKENS, dtype="float32")[tokens], wanted


Task = Adding | Copy
TASKS: tuple[Task, ...] = (Adding(50), Copy(100), Adding(200), Adding(400))
# Rate of the plain networks, which explode at that of the others.
PLAIN_RATE = 1e-3


def glorot(seed: int) -> Any:
    return keras.initializers.GlorotUniform(seed=seed)


def plain(start: Callable[[int], Any], **options: Any) -> Callable[..., Any]:
    """What makes a plain RNN whose recurrent weights start so."""

    def make(task: Task, seed: int, **loop: Any) -> Any:
        return layers.SimpleRNN(
            task.units, recurrent_initializer=start(seed + 1),
            **{"kernel_initializer": glorot(seed), **options}, **loop,
        )  # fmt: skip

    return make


def gated(layer: Any, gates: str, **options: Any) -> Callable[..., Any]:
    """What makes an LSTM or GRU whose units remember over times up to the task's length."""

    def make(task: Task, seed: int, **loop: Any) -> Any:
        return layer(
            task.units, kernel_initializer=glorot(seed),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 1),
            bias_initializer=layers.ChronoBias(task.length, gates, seed + 2), **options, **loop,
        )  # fmt: skip

    return make


LAYERS: dict[str, Callable[..., Any]] = {
    "RNN, Glorot": plain(glorot),
    "RNN, orthogonal": plain(lambda seed: keras.initializers.Orthogonal(seed=seed)),
    "RNN, identity and ReLU": plain(
        lambda _: layers.ScaledIdentity(), activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001, seed=0),
    ),
    "LSTM": gated(layers.LSTM, "ifco", unit_forget_bias=False),
    "GRU": gated(layers.GRU, "zrh"),
}  # fmt: skip


def network(task: Task, name: str, seed: int) -> keras.Model:
    """The layer and a linear readout, compiled."""
    inputs = keras.Input(task.draw(np.random.default_rng(0), 1)[0].shape[1:])
    hidden = LAYERS[name](task, seed, return_sequences=task.returns_sequences)(inputs)
    readout = keras.layers.Dense(task.num_outputs, kernel_initializer=glorot(seed + 3))
    model = keras.Model(inputs, readout(hidden))
    rate = PLAIN_RATE if name.startswith("RNN") else task.learning_rate
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), task.loss, jit_compile=False)
    return model


def measured(task: Task, name: str, seed: int, most_steps: int, every: int) -> dict[str, Any]:
    """One training: its steps and seconds until the target, and its loss on the test sequences."""
    rng, model = np.random.default_rng(seed + 1000), network(task, name, seed)
    test = task.draw(np.random.default_rng(seed), NUM_TEST)
    began, cpu_began, losses = time.perf_counter(), time.process_time(), []
    while len(losses) * every < most_steps and not (losses and losses[-1] < task.enough):
        given, wanted = task.draw(rng, every * BATCH)
        model.fit(given, wanted, batch_size=BATCH, shuffle=False, verbose=0)
        losses.append(float(model.evaluate(*test, batch_size=250, verbose=0)))
        print(f"{task.name} {task.length}, {name}, {len(losses) * every}: {losses[-1]:.4f}",
              flush=True)  # fmt: skip
    return {
        "task": task.name, "T": task.length, "layer": name, "loss": losses[-1],
        "without memory": task.without_memory, "target": task.target,
        "steps to target": next((every * (place + 1) for place, loss in enumerate(losses)
                                 if loss < task.target), None),
        "steps": len(losses) * every,
        "seconds": time.perf_counter() - began, "CPU seconds": time.process_time() - cpu_began,
        "losses": losses,
    }  # fmt: skip


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, choices=[task.length for task in TASKS],
                        help="one task only; the rows of the others are kept")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most-steps", type=int, help="updates of each training at most")
    parser.add_argument("--every", type=int, default=100, help="updates between two checks")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def kept_rows(path: Path, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """The rows of earlier runs, of other tasks than these."""
    if not path.exists():
        return []
    lengths = [task.length for task in tasks]
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["T"] not in lengths]


def main() -> None:
    """Run, print the table, write the JSON after every row."""
    arguments = arguments_of()
    tasks = [task for task in TASKS if arguments.length in (None, task.length)]
    rows = kept_rows(arguments.output, tasks)
    for task, name in itertools.product(tasks, LAYERS):
        most_steps = arguments.most_steps or task.most_steps
        rows.append(measured(task, name, arguments.seed, most_steps, arguments.every))
        rows.sort(key=lambda row: row["T"])
        keep(arguments.output, vars(arguments), ("keras", "tensorflow", "numpy"), rows=rows)
    print(pd.DataFrame(rows).drop(columns=["losses"]).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
