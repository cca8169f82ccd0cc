"""Scores of a fitted forecaster on the held part of a panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from panels import Panel, Parts

from forecast import engine
from forecast.evaluation import mase, mase_denominator, naive2, owa, smape
from forecast.forecaster import Forecaster
from forecast.pipelines import read_frame
from forecast.protocol import StateBatch

__all__ = ["joined", "matrices", "naive2_scores", "score", "score_forecasts", "score_windows",
           "values_of", "windows"]  # fmt: skip

# Values of one rollout: bounds the memory of thousands of windows.
_CHUNK_VALUES = 2_000_000


def score(forecaster: Forecaster, panel: Panel, parts: Parts, part: str) -> dict[str, float]:
    """Forecast and score: one origin through `predict`, several through the states.

    Returns:
        The panel's measure and its companions; "largest" is the largest absolute forecast over
        the largest absolute value of the same series before the origin.
    """
    if panel.num_windows == 1:
        forecasts = forecaster.predict(horizon=panel.horizon)
        return score_forecasts(forecasts, forecaster.name, panel, parts, part)
    return score_windows(windows(forecaster, panel, parts), panel, parts)


def score_forecasts(
    forecasts: pd.DataFrame, name: str, panel: Panel, parts: Parts, part: str
) -> dict[str, float]:
    """Score the column `name` of a long frame of forecasts from the one origin of a panel."""
    actual, made = matrices(parts.held, forecasts, name, panel.horizon)
    histories = values_of(parts.known)
    result = _m4_scores(actual, made, histories, panel.season)
    largest = [np.abs(row).max() / np.abs(past).max() for row, past in
               zip(made, histories, strict=True)]  # fmt: skip
    result["largest"] = float(np.max(largest))
    if panel.measure == "OWA":
        ours = (result["sMAPE"], result["MASE"])
        result["OWA"] = owa(*ours, *naive2_scores(actual, histories, panel, part))
    return result


def matrices(
    held: pd.DataFrame, forecasts: pd.DataFrame, name: str, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Actuals and forecasts of every series, `(num_series, horizon)`."""
    forecasts = forecasts.astype({"unique_id": object})
    merged = held.merge(forecasts, on=["unique_id", "ds"], how="left", validate="1:1")
    missing = ~np.isfinite(merged[name].to_numpy())
    if missing.any():
        first = merged.loc[missing].iloc[0]
        raise ValueError(
            f"{name} gave no finite forecast at {missing.sum()} held steps, the first of series "
            f"{first['unique_id']!r} at {first['ds']}."
        )
    return tuple(merged[column].to_numpy().reshape(-1, horizon) for column in ("y", name))


def values_of(frame: pd.DataFrame) -> list[np.ndarray]:
    """Values of every series, in the order in which they come."""
    return [group.to_numpy() for _, group in frame.groupby("unique_id", sort=False)["y"]]


def _m4_scores(actual, made, histories, season: int) -> dict[str, float]:
    """Means over series; one whose MASE denominator is 0 does not count in the MASE."""
    scales = np.array([mase_denominator(past, season) for past in histories])
    mean_mase = mase(actual, made, scales[:, None], axis=1)
    return {"sMAPE": float(smape(actual, made)), "MASE": float(np.nanmean(mean_mase))}


def naive2_scores(actual, histories, panel: Panel, part: str) -> tuple[float, float]:
    """sMAPE and MASE of Naive2: the organisers' where they are known, else our own."""
    if part == "test" and panel.naive2 is not None:
        return panel.naive2
    made = np.array([naive2(past, panel.horizon, panel.season) for past in histories])
    scores = _m4_scores(actual, made, histories, panel.season)
    return scores["sMAPE"], scores["MASE"]


def score_windows(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], panel: Panel, parts: Parts
) -> dict[str, float]:
    """Errors summed over windows, chunk by chunk.

    Args:
        pairs: actuals and forecasts of some windows, `(num_windows, num_series, horizon)`.
        panel: its season is that of the MASE.
        parts: the rows before the first origin scale the MASE.
    """
    squared = absolute = largest = 0.0
    count = 0
    for actual, made in pairs:
        squared = squared + np.square(actual - made).sum(axis=(0, 2))
        absolute = absolute + np.abs(actual - made).sum(axis=(0, 2))
        largest = np.maximum(largest, np.abs(made).max(axis=(0, 2)))
        count += len(actual) * panel.horizon
    histories = values_of(parts.known)
    scales = np.array([mase_denominator(past, panel.season) for past in histories])
    ranges = np.array([np.abs(past).max() for past in histories])
    return {
        "MSE": float(np.mean(squared / count)),
        "MAE": float(np.mean(absolute / count)),
        "MASE": float(np.mean(absolute / count / scales)),
        "largest": float(np.max(largest / ranges)),
        "windows": count // panel.horizon,
    }


def windows(
    forecaster: Forecaster, panel: Panel, parts: Parts
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Actuals and forecasts of some windows at a time, `(num_windows, num_series, horizon)`."""
    model, horizon = forecaster.fitted_.model, panel.horizon
    held = np.array(values_of(parts.held))
    futures = sliding_window_view(held, horizon, axis=1)[:, :: panel.stride].swapaxes(0, 1)
    size = max(1, _CHUNK_VALUES // (len(held) * horizon))
    chunk: list[StateBatch] = []
    for window, state in enumerate(_states(forecaster, panel, parts, len(futures))):
        chunk.append(state)
        if len(chunk) == size or window == len(futures) - 1:
            made = engine.forecast(model, joined(chunk), horizon)[:, 0]
            if not np.isfinite(made).all():
                raise ValueError(f"{forecaster.name} gave forecasts that are not finite.")
            first = window + 1 - len(chunk)
            yield futures[first : window + 1], made.reshape(len(chunk), *held.shape[:1], horizon)
            chunk = []


def _states(
    forecaster: Forecaster, panel: Panel, parts: Parts, num_windows: int
) -> Iterator[StateBatch]:
    """The states at each origin: those of the fit, after what came since; nothing is refitted."""
    store, model = forecaster.store_, forecaster.fitted_.model
    everything = pd.concat([parts.known, parts.held], ignore_index=True)
    series = read_frame(everything, freq=store.frequency.alias).panel
    # Rows of several series mixed are read in the order of their ids, the actuals come in the
    # order of the frames.
    series = series.take(pd.Index(series.ids).get_indexer(parts.known["unique_id"].unique()))
    state = store.state.take(store.positions(series.ids))
    if series.num_rows != len(everything):
        raise ValueError("a panel of several origins must have a value at every step.")
    known = np.array([len(values) for values in values_of(parts.train)])
    first = np.array([len(values) for values in values_of(parts.known)])
    for window in range(num_windows):
        ends = first + window * panel.stride
        if (ends > known).any():
            state, _ = engine.absorb(model, state, series.block(known, ends))
        known = ends
        yield state


def joined(states: list[StateBatch]) -> StateBatch:
    """All rows of all states, at once."""
    arrays = {
        name: np.concatenate([state.arrays[name] for state in states]) for name in states[0].arrays
    }
    clock = np.concatenate([state.clock for state in states])
    return StateBatch(arrays, clock, np.concatenate([state.count for state in states]))
