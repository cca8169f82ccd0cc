"""What a network and the simple models beside it say of series held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.patterns import curves, linear
from forecast.patterns.classifier import SeriesClassifier
from forecast.patterns.cold_start import ColdStartForecaster
from forecast.patterns.labeler import SequenceLabeler
from forecast.patterns.labelled import softmax
from forecast.patterns.network import PatternNetwork
from forecast.patterns.sequence import blank_state
from forecast.patterns.summary import SUMMARIES, SummaryForecaster, upcoming_summaries
from forecast.pipelines import Panel, read_frame

__all__ = ["Trial", "trial_of"]

# Steps that a regression on steps sees: its own and those before it.
_LABEL_LAGS, _SUMMARY_LAGS = 8, 24
# Of a probability in the log loss.
_SMALLEST = 1e-15


@dataclass(frozen=True, eq=False)
class Trial:
    """What came, and what each model said of it.

    Args:
        network: name of the network.
        kind: "labels" or "numbers".
        ids: ids of the series held out, `(num_series,)`.
        series: position of the series of each answer, `(num_answers,)`.
        steps: step of each answer within its series, `(num_answers,)`.
        actual: position of the class, or the number, `(num_answers,)`.
        said: of each model, the network first: probabilities, `(num_answers, num_classes)`, or
            numbers, `(num_answers,)`.
        classes: of labels.
    """

    network: str
    kind: str
    ids: NDArray
    series: NDArray
    steps: NDArray
    actual: NDArray
    said: Mapping[str, NDArray]
    classes: tuple[Any, ...] = ()

    @property
    def is_one_label(self) -> bool:
        """Whether each series has one label."""
        return self.kind == "labels" and len(self.series) == len(self.ids)

    def errors(self, name: str) -> NDArray[np.float64]:
        """1 for a wrong label, or the absolute error, `(num_answers,)`."""
        if self.kind == "labels":
            return (self.said[name].argmax(axis=1) != self.actual).astype(np.float64)
        return np.abs(self.said[name] - self.actual)

    def losses(self) -> pd.DataFrame:
        """Mean error of each model for each series."""
        errors = pd.DataFrame({name: self.errors(name) for name in self.said})
        means = errors.groupby(self.series).mean()
        means.index = pd.Index(self.ids[means.index], name="series")
        return means

    def scores(self, name: str) -> dict[str, float]:
        """What a model reaches on the whole."""
        if self.kind == "numbers":
            return {"mae": float(self.losses()[name].mean())}
        likely = self.said[name][np.arange(len(self.actual)), self.actual]
        log_loss = -np.log(np.maximum(likely, _SMALLEST)).mean()
        return {"accuracy": 1.0 - float(self.errors(name).mean()), "log_loss": float(log_loss)}


def trial_of(network: PatternNetwork, learned: Any, held: Any) -> Trial:
    """Fit the models that stand beside a network, and let all of them answer.

    Args:
        network: fitted.
        learned: rows of the series that it was fitted on.
        held: rows of the others.
    """
    for kind, trial in _TRIALS.items():
        if isinstance(network, kind):
            return trial(network, learned, held)
    raise TypeError(f"nothing stands beside a {type(network).__name__}.")


def _of_series(network: SeriesClassifier, learned: Any, held: Any) -> Trial:
    (panel, codes), (new, truth) = network._labelled(learned), network._labelled(held)
    num_classes = len(network.fitted_.classes)
    features = [linear.series_features(one) for one in (panel, new)]
    said = {
        network.name: softmax(network._predicted(new)),
        "logistic regression": linear.logistic(
            features[0], codes, features[1], num_classes, network.seed
        ),
        "most frequent class": linear.frequencies(codes, num_classes, new.num_series),
    }
    series = np.arange(new.num_series)
    return _labels(network, new, (series, np.zeros_like(series)), truth, said)


def _of_steps(network: SequenceLabeler, learned: Any, held: Any) -> Trial:
    (panel, codes), (new, truth) = network._labelled(learned), network._labelled(held)
    num_classes = len(network.fitted_.classes)
    features = [_lagged(network, one, _LABEL_LAGS) for one in (panel, new)]
    said = {
        network.name: softmax(network._predicted(new)),
        "logistic regression": linear.logistic(
            features[0], codes, features[1], num_classes, network.seed
        ),
        "most frequent class": linear.frequencies(codes, num_classes, new.num_rows),
    }
    return _labels(network, new, _places(new), truth, said)


def _of_curves(network: ColdStartForecaster, learned: Any, held: Any) -> Trial:
    fitted = network.fitted_
    raw, new_raw = (_panel(network, one) for one in (learned, held))
    panel, new = fitted.encoding.apply(raw), fitted.encoding.apply(new_raw)
    horizon = min(fitted.horizon, int(new.lengths.max()))
    values, actual = (curves.first_values(one, horizon) for one in (panel, new))
    static = [one.covariates.static for one in (panel, new)]
    said = {
        network.name: network._predicted(new, horizon),
        "ridge per step": curves.ridge_curves(values, *static),
        "mean curve": np.tile(curves.mean_curve(values), (new.num_series, 1)),
    }
    kinds = [_categories(one) for one in (raw, new_raw)]
    if kinds[0] and kinds[0][0]:
        said["mean curve of the category"] = curves.category_curves(values, *kinds)
    known = ~np.isnan(actual)
    series, steps = np.nonzero(known)
    said = {name: found[known] for name, found in said.items()}
    return Trial(network.name, "numbers", new.ids, series, steps, actual[known], said)


def _of_summaries(network: SummaryForecaster, learned: Any, held: Any) -> Trial:
    fitted, summary = network.fitted_, network.summary
    panel, new = (fitted.encoding.apply(_panel(network, one)) for one in (learned, held))
    horizon = fitted.horizon
    answers, truth = (upcoming_summaries(one, summary, horizon) for one in (panel, new))
    units = [_units(network, one) for one in (panel, new)]
    features = [_lagged(network, one, max(_SUMMARY_LAGS, horizon)) for one in (panel, new)]
    said = {
        network.name: network._predicted(new, horizon),
        "ridge": linear.ridge(features[0], answers / units[0], features[1], network.seed)
        * units[1],
        f"last {horizon} steps": _past_summaries(new, summary, horizon),
    }
    known = ~np.isnan(truth)
    for found in said.values():
        known &= ~np.isnan(found)
    series, steps = (place[known] for place in _places(new))
    said = {name: found[known] for name, found in said.items()}
    return Trial(network.name, "numbers", new.ids, series, steps, truth[known], said)


_TRIALS: dict[type[PatternNetwork], Any] = {
    SeriesClassifier: _of_series,
    SequenceLabeler: _of_steps,
    ColdStartForecaster: _of_curves,
    SummaryForecaster: _of_summaries,
}


def _labels(
    network: Any, new: Panel, places: tuple[NDArray, NDArray], truth: NDArray, said: dict
) -> Trial:
    """The answers that have a label which training has shown."""
    known = truth >= 0
    said = {name: found[known] for name, found in said.items()}
    series, steps = (place[known] for place in places)
    classes = network.fitted_.classes
    return Trial(network.name, "labels", new.ids, series, steps, truth[known], said, classes)


def _panel(network: Any, df: Any) -> Panel:
    """A frame with labels of covariates as read."""
    return read_frame(df, network.layout_.columns, network.store_.frequency.alias).panel


def _places(panel: Panel) -> tuple[NDArray, NDArray]:
    """Series and step of every step of a panel."""
    return panel.codes, np.arange(panel.num_rows) - np.repeat(panel.offsets[:-1], panel.lengths)


def _lagged(network: Any, panel: Panel, num_lags: int) -> NDArray:
    """What the network sees of each step and of the steps before it."""
    block, model = panel.block(0, panel.lengths), network.fitted_.model
    features, _ = model.features(blank_state(model, panel.num_series), block)
    return linear.lagged(features, block.valid, num_lags)


def _units(network: Any, panel: Panel) -> NDArray:
    block, model = panel.block(0, panel.lengths), network.fitted_.model
    return model.units(blank_state(model, panel.num_series), block)[block.valid]


def _past_summaries(panel: Panel, summary: str, horizon: int) -> NDArray:
    """The summary of the last `horizon` steps up to each, NaN where they are not all there."""
    parts = []
    for i in range(panel.num_series):
        led = np.concatenate([np.full(horizon - 1, np.nan), panel.row(i)])
        windows = np.lib.stride_tricks.sliding_window_view(led, horizon)
        parts.append(SUMMARIES[summary](windows, axis=1))
    return np.concatenate(parts)


def _categories(panel: Panel) -> list[tuple[str, ...]]:
    """The labels of all static columns of categories, of each series."""
    table = panel.covariates
    columns = [
        (place, column.categories)
        for place, column in enumerate(table.schema.static)
        if column.categories is not None
    ]
    return [
        tuple(names[int(row[place])] if row[place] >= 0 else "" for place, names in columns)
        for row in table.static
    ]
