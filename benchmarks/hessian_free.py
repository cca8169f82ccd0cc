"""Hessian-free optimisation beside Adam on a long-term dependency that plain RNNs are slow to see.

    python benchmarks/hessian_free.py

The adding problem (Hochreiter and Schmidhuber, 1997): of T = 50 random numbers two are marked, the
first among the first tenth, the other before the middle; after the last step their sum is to be
told. Whoever tells the mean reaches an MSE of 1/6. A plain tanh network of 40 units, its recurrent
weights sparse with a spectral radius of 1.1 or 1.2 (Sutskever et al., 2013), is trained from the
same weights by Adam at two rates, by Nesterov's momentum, and without Hessian. Every way gets the
same seconds of the processor, so the cheap ones make many more steps; every batch is new. Scores
are MSEs on 2,000 new sequences. Runs that the output file holds already are not made again, so a
benchmark that was broken off goes on. Prints a table and writes
benchmarks/results/hessian_free.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from keras import ops
from numpy.typing import NDArray

from forecast.layers import SimpleRNN, SpectralRadius
from forecast.models.gradient_steps import Adam, Nesterov
from forecast.models.hessian_free import Position, Settings, minimised, problem_of
from forecast.models.hessian_free.problem import flattened
from forecast.models.optimizers import Momentum

RESULT = RESULTS / "hessian_free.json"
STEPS, UNITS, CONNECTIVITY, SOLVED = 50, 40, 15 / 40, 0.01
SMALL_BATCH, LARGE_BATCH, CURVATURE = 50, 2000, 0.25
# Small batches between two looks at the score; a Hessian-free step is looked at each time.
EACH = 100
Sequences = tuple[NDArray, NDArray]


def sequences(generator: np.random.Generator, count: int) -> Sequences:
    """Numbers beside their marks, `(count, STEPS, 2)`, and the sums, `(count,)`."""
    inputs = np.zeros((count, STEPS, 2), dtype=np.float32)
    inputs[:, :, 0] = generator.uniform(size=(count, STEPS))
    first = generator.integers(0, STEPS // 10, count)
    second = generator.integers(STEPS // 10, STEPS // 2, count)
    rows, targets = np.arange(count), np.zeros(count, dtype=np.float32)
    for place in (first, second):
        inputs[rows, place, 1] = 1.0
        targets += inputs[rows, place, 0]
    return inputs, targets


def network(radius: float, seed: int) -> keras.Model:
    """The network with the weights that every way starts from."""
    seeds = [int(word) for word in np.random.SeedSequence(seed).generate_state(3)]
    recurrent = SpectralRadius(radius, CONNECTIVITY, seeds[0])
    kernel = keras.initializers.GlorotUniform(seeds[1])
    return keras.Sequential([
        keras.Input((STEPS, 2)),
        SimpleRNN(UNITS, kernel_initializer=kernel, recurrent_initializer=recurrent),
        keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seeds[2])),
    ])  # fmt: skip


def by_gradients(model: keras.Model, rate: float, momentum: Momentum | None) -> Iterator[int]:
    """Small batches by Adam or by momentum; yields the steps made, now and then."""
    generator, planned = np.random.default_rng(1), 20_000
    optimizer: Any = Adam(rate, clipnorm=1.0)
    if momentum is not None:
        optimizer = Nesterov(rate, momentum=momentum.peak, nesterov=True, clipnorm=1.0)
    model.compile(optimizer=optimizer, loss="mse")
    optimizer.build(model.trainable_variables)
    for step in range(0, planned, EACH):
        if momentum is not None:
            optimizer.present_momentum.assign(momentum.at(step, planned))
        inputs, targets = sequences(generator, EACH * SMALL_BATCH)
        model.fit(inputs, targets, batch_size=SMALL_BATCH, shuffle=False, verbose=0)
        yield step + EACH


def without_hessian(model: keras.Model) -> Iterator[int]:
    """Large batches by Hessian-free steps; yields the steps made."""
    variables = model.trainable_variables

    def outputs(weights: list[Any], inputs: Any, targets: Any) -> Any:  # noqa: ARG001
        with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=True))):
            return model(inputs)[:, 0]

    problem = problem_of(
        outputs, lambda told, inputs, targets: ops.mean(ops.square(told - targets)),  # noqa: ARG005
        [tuple(variable.shape) for variable in variables],
        [((None, STEPS, 2), "float32"), ((None,), "float32")],
    )  # fmt: skip
    generator, settings = np.random.default_rng(1), Settings(80, curvature=CURVATURE)
    position = Position.at(flattened(model.get_weights()), damping=0.3)
    for step in range(1, 10_000):
        batch = sequences(generator, LARGE_BATCH)
        position = minimised(problem, position, batch, settings)
        model.set_weights(problem.parts(position.weights))
        yield step


WAYS: dict[str, Callable[[keras.Model], Iterator[int]]] = {
    "Adam, rate 0.01": lambda model: by_gradients(model, 1e-2, None),
    "Adam, rate 0.001": lambda model: by_gradients(model, 1e-3, None),
    "Momentum, rate 0.01": lambda model: by_gradients(model, 1e-2, Momentum(peak=0.99)),
    "Hessian-free": without_hessian,
}


def measured(radius: float, seed: int, way: str, seconds: float) -> dict[str, Any]:
    """One training, until it is solved or its seconds of the processor are over."""
    model, new = network(radius, seed), sequences(np.random.default_rng(99), 2000)
    looks, curve, spent = 0.0, [], 0.0
    began = time.process_time()
    for step in WAYS[way](model):
        now = time.process_time()
        told = model.predict(new[0], batch_size=len(new[0]), verbose=0)[:, 0]
        score = float(np.mean(np.square(told - new[1])))
        looks += time.process_time() - now
        spent = time.process_time() - began - looks
        curve.append((step, round(spent, 1), score))
        if score < SOLVED or spent > seconds:
            break
    return {
        "radius": radius, "seed": seed, "way": way, "steps": step, "processor s": spent,
        "best MSE": min(score for *_, score in curve), "solved": score < SOLVED,
        "curve": curve[:: max(1, len(curve) // 20)],
    }  # fmt: skip


def made_before(path: Path, seconds: float) -> list[dict[str, Any]]:
    """The runs of a file that were given the same seconds."""
    if not path.exists():
        return []
    record = json.loads(path.read_text(encoding="utf-8"))
    return record["rows"] if record["settings"]["seconds"] == seconds else []


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radii", type=float, nargs="+", default=[1.1, 1.2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=80.0, help="of the processor, each run")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments = arguments_of()
    rows = made_before(arguments.output, arguments.seconds)
    made = {(row["radius"], row["seed"], row["way"]) for row in rows}
    for run in product(arguments.radii, range(arguments.seeds), arguments.ways):
        if run in made:
            continue
        rows.append(measured(*run, arguments.seconds))
        last = rows[-1]
        print(
            f"radius {run[0]}, seed {run[1]}, {run[2]}: MSE {last['best MSE']:.4f} after "
            f"{last['steps']} steps, {last['processor s']:.0f} s",
            flush=True,
        )
        keep(arguments.output, vars(arguments), ("keras", "tensorflow", "numpy"), rows=rows)
    shown = pd.DataFrame(rows).drop(columns=["curve"]).sort_values(["radius", "seed", "way"])
    print(shown.round(4).to_string(index=False))


if __name__ == "__main__":
    main()
