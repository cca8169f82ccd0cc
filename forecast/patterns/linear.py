"""What stands beside labels and summaries: logistic regression and ridge on simple features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.pipelines import Panel

__all__ = ["frequencies", "lagged", "logistic", "ridge", "series_features"]

_RIDGES = np.logspace(-6, 2, 17)
_CORRELATIONS = 5
# Rows of a regression on steps; more change nothing but the time that it takes.
_MOST_ROWS = 20_000


def series_features(panel: Panel) -> NDArray[np.float64]:
    """Simple features of each series, `(num_series, num_features)`.

    Mean, standard deviation, smallest, largest, first and last value, slope, mean absolute change,
    five autocorrelations, share of steps without a value, length; means of the covariates.
    """
    table = panel.covariates
    columns = np.concatenate([table.future, table.past], axis=1)
    found = []
    for i in range(panel.num_series):
        own = columns[panel.offsets[i] : panel.offsets[i + 1]]
        known = ~np.isnan(own)
        means = np.where(known, own, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        found.append(np.concatenate([_of_values(panel.row(i)), means]))
    return np.array(found)


def _of_values(values: NDArray) -> NDArray:
    seen = values[~np.isnan(values)]
    steps = np.flatnonzero(~np.isnan(values))
    centred = np.where(np.isnan(values), 0.0, values - seen.mean())
    power = (centred**2).sum() or 1.0
    correlations = [
        (centred[lag:] * centred[: len(centred) - lag]).sum() / power if lag < len(values) else 0.0
        for lag in range(1, _CORRELATIONS + 1)
    ]
    moves = np.abs(np.diff(seen)).mean() if len(seen) > 1 else 0.0
    slope = np.polyfit(steps, seen, 1)[0] if len(seen) > 1 else 0.0
    return np.array(
        [seen.mean(), seen.std(), seen.min(), seen.max(), seen[0], seen[-1], slope, moves,
         *correlations, 1.0 - len(seen) / len(values), len(values)]
    )  # fmt: skip


def lagged(features: NDArray, valid: NDArray, num_lags: int) -> NDArray[np.float64]:
    """The inputs of each step and of the steps before it, `(total_steps, num_lags * width)`.

    Args:
        features: `(rows, steps, width)`.
        valid: False at padding, `(rows, steps)`.
        num_lags: steps that are seen, the newest included; zeros before the first.
    """
    led = np.pad(features, ((0, 0), (num_lags - 1, 0), (0, 0)))
    steps = features.shape[1]
    parts = [led[:, num_lags - 1 - lag : num_lags - 1 - lag + steps] for lag in range(num_lags)]
    return np.concatenate(parts, axis=2)[valid].astype(np.float64)


def frequencies(codes: NDArray, num_classes: int, num_rows: int) -> NDArray[np.float64]:
    """The share of each class in training, the same for every row."""
    shares = np.bincount(codes[codes >= 0], minlength=num_classes) / max((codes >= 0).sum(), 1)
    return np.tile(shares, (num_rows, 1))


def logistic(
    features: NDArray, codes: NDArray, new: NDArray, num_classes: int, seed: int
) -> NDArray[np.float64]:
    """Probabilities of a logistic regression on standardised features, `(num_new, num_classes)`.

    Args:
        features: of the training rows, `(num_rows, num_features)`.
        codes: their classes, -1 where unknown.
        new: features of the rows to label.
        num_classes: number of classes.
        seed: of the draw among very many training rows.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = _drawn(np.flatnonzero(codes >= 0), seed)
    found = np.zeros((len(new), num_classes))
    if len(np.unique(codes[rows])) < 2:
        found[:, codes[rows[0]]] = 1.0
        return found
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(features[rows], codes[rows])
    found[:, model.classes_] = model.predict_proba(new)
    return found


def ridge(features: NDArray, targets: NDArray, new: NDArray, seed: int) -> NDArray[np.float64]:
    """Forecasts of a ridge regression whose penalty generalised cross-validation chooses.

    Args:
        features: of the training rows, `(num_rows, num_features)`.
        targets: NaN where unknown, `(num_rows,)`.
        new: features of the rows to forecast.
        seed: of the draw among very many training rows.
    """
    rows = _drawn(np.flatnonzero(~np.isnan(targets)), seed)
    path = ridge_path(gram_of_rows(np.column_stack([features[rows], targets[rows]])))
    fit = path.solve(choose_ridge(path, _RIDGES)[0])
    return new @ fit.coefficients[:, 0] + fit.intercepts[0]


def _drawn(rows: NDArray, seed: int) -> NDArray:
    if len(rows) <= _MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
