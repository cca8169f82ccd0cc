"""Speed of linear dynamical systems and hidden Markov models beside statsmodels' state space.

    python benchmarks/state_space.py

One filter pass over 200 series of 200 steps with 4 states, all at once, beside statsmodels' filter
series after series, in turns; the median of the ratios counts. Then expectation-maximisation of the
same, and of a hidden Markov model with 3 states. Prints a table and writes
benchmarks/results/state_space.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from keeping import RESULTS, keep
from statsmodels.tsa.statespace.mlemodel import MLEModel

from forecast.baselines.markov.emissions import Seen
from forecast.baselines.markov.expectation import Starts, baum_welch, begun
from forecast.baselines.state_space.expectation import expectation_maximisation
from forecast.baselines.state_space.filter import Belief, Observations, kalman_filter
from forecast.baselines.state_space.start import start_systems
from forecast.baselines.state_space.system import LinearSystem


def walks(num_series: int, num_steps: int, seed: int) -> np.ndarray:
    """Noisy damped oscillations of size one, `(num_series, num_steps, 1)`."""
    rng = np.random.default_rng(seed)
    turn = 0.97 * np.exp(1j * rng.uniform(0.2, 0.8, num_series))
    state, values = np.zeros(num_series, dtype=complex), []
    for _ in range(num_steps):
        state = turn * state + rng.normal(size=num_series)
        values.append(state.real + rng.normal(size=num_series))
    found = np.array(values).T[:, :, None]
    return found / found.std(axis=1, keepdims=True)


def peer(system: LinearSystem, values: np.ndarray) -> MLEModel:
    """The same system in statsmodels, over one series."""
    size = system.state_size
    model = MLEModel(values, k_states=size, k_posdef=size)
    model["transition"], model["design"] = system.transition[0], system.readout[0]
    model["selection"], model["state_cov"] = np.eye(size), system.state_noise[0]
    model["obs_cov"] = system.output_noise[0]
    model.ssm.initialize_known(system.start_mean[0], system.start_covariance[0])
    return model


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def filters(values: np.ndarray, rounds: int) -> dict[str, float]:
    """Filter passes in turns: seconds of both, and how many times faster ours is."""
    of_row, seen = np.zeros(len(values), dtype=np.int64), Observations.of(values)
    system = start_systems(seen, of_row, 1, 4)[0]
    models = [peer(system, row) for row in values]
    before = Belief.before(system, of_row)

    def ours() -> float:
        return float(kalman_filter(system, of_row, before, seen).log_likelihood.sum())

    def theirs() -> float:
        return float(sum(model.ssm.loglike() for model in models))

    if not np.isclose(ours(), theirs(), rtol=1e-8):
        raise SystemExit(f"the likelihoods differ: {ours()} and {theirs()}.")
    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(rounds)])
    return {
        "ours s": float(np.median(pairs[:, 0])),
        "statsmodels s": float(np.median(pairs[:, 1])),
        "times faster": float(np.median(pairs[:, 1] / pairs[:, 0])),
    }


def fits(values: np.ndarray, iterations: int) -> dict[str, float]:
    """Seconds of so many iterations of expectation-maximisation of both kinds."""
    of_row, seen = np.zeros(len(values), dtype=np.int64), Observations.of(values)
    start = start_systems(seen, of_row, 1, 4)[0]
    flat = Seen.of(values[:, :, 0])
    chain = begun(Starts(1, 0), 3, of_row, flat, 1).chain
    return {
        "iterations": iterations,
        "linear dynamical system s": seconds(
            lambda: expectation_maximisation(start, of_row, seen, iterations, -1.0)
        ),
        "hidden Markov model s": seconds(lambda: baum_welch(chain, of_row, flat, iterations, -1.0)),
    }


def main(texts: Sequence[str] | None = None) -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--output", type=Path, default=RESULTS / "state_space.json")
    arguments = parser.parse_args(texts)
    complete = walks(arguments.series, arguments.steps, seed=0)
    gappy = complete.copy()
    gappy[np.random.default_rng(1).random(gappy.shape) < 0.1] = np.nan
    parts = {}
    for name, values in (("complete", complete), ("a tenth missing", gappy)):
        parts[name] = filters(values, arguments.rounds) | fits(values, arguments.iterations)
        print(name, {key: round(value, 4) for key, value in parts[name].items()}, flush=True)
    named = {name.replace(" ", "_"): part for name, part in parts.items()}
    keep(arguments.output, vars(arguments), ("numpy", "statsmodels"), **named)


if __name__ == "__main__":
    main()
