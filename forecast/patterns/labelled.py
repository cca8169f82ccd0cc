"""The base of the networks that answer with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.patterns.answers import Labels, require_label, with_label, without_label
from forecast.patterns.network import PatternNetwork, named_columns
from forecast.pipelines import Covariate, Panel, Reading, read_frame, write_frame

__all__ = ["LabelNetwork", "softmax"]


class LabelNetwork(PatternNetwork):
    """Base of the networks that answer with labels."""

    def fit(
        self,
        df: Any,
        label_col: str = "label",
        *,
        freq: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        future_covariates: Sequence[str] | None = None,
        past_covariates: Sequence[str] | None = None,
        static_covariates: Sequence[str] | None = None,
        calendar_features: Sequence[str] | bool | None = None,
    ) -> Self:
        """Learn from labelled series and stand at their end.

        Args:
            df: long frame (`unique_id`, `ds`, `y`, further columns).
            label_col: column of the labels, text or numbers: of one entry a series where series
                are classified, of one a step where steps are (it may have gaps).
            freq: pandas alias or integer step; inferred by default.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column.
            future_covariates: columns of numbers or labels that are complete.
            past_covariates: columns of numbers or labels that may have gaps: further channels.
            static_covariates: columns of one entry a series.
            calendar_features: such as `["hour_of_day"]`, computed from the time.

        Returns:
            The network.

        Raises:
            ValueError: if the frame cannot be used, a label is missing or varies where one a
                series is expected, or there is one class only; the message says where.
        """
        columns = named_columns(
            id=id_col, time=time_col, target=target_col, future=future_covariates,
            past=past_covariates, static=static_covariates, calendar=calendar_features,
        )  # fmt: skip
        require_label(df, label_col)
        reading = read_frame(df, with_label(columns, label_col), freq)
        panel, column, entries = without_label(reading.panel)
        entries = self._entries(panel, column, entries)
        labels = Labels.of(label_col, column.categories, entries)
        known = replace(reading.layout.columns, more=replace(
            reading.layout.columns.more, past=columns.past))  # fmt: skip
        reading = replace(reading, panel=panel, layout=replace(reading.layout, columns=known))
        codes = labels.codes(column.categories, entries)
        return self._fit(reading, codes, label=label_col, classes=labels.classes)

    def _entries(self, panel: Panel, column: Covariate, entries: NDArray) -> NDArray:  # noqa: ARG002
        """The entries of the label column at all steps as the network answers them."""
        return entries

    def _labelled(self, df: Any) -> tuple[Panel, NDArray]:
        """A frame with labels as a fitted network sees it, and the code of each answer."""
        fitted = self._require_fitted()
        require_label(df, fitted.label)
        columns = with_label(self.layout_.columns, fitted.label)
        reading = read_frame(df, columns, self.store_.frequency.alias)
        panel, column, entries = without_label(reading.panel)
        entries = self._entries(panel, column, entries)
        codes = Labels(fitted.label, fitted.classes).codes(column.categories, entries)
        return fitted.encoding.apply(panel), codes

    def _newest(self, reading: Reading | None, store: Any, outputs: NDArray, labels: bool) -> Any:
        """Answers for series as they stand, with the time of the last step seen."""
        layout = self.layout_ if reading is None else reading.layout
        columns = layout.columns
        frame = pd.DataFrame({columns.id: store.ids, columns.time: store.ends})
        return write_frame(self._answered(frame, outputs, labels), layout)

    def _answered(self, frame: pd.DataFrame, outputs: NDArray, labels: bool) -> pd.DataFrame:
        """The frame with the likeliest class of each row, or with a column of each class."""
        fitted = self._require_fitted()
        probabilities = softmax(outputs)
        if labels:
            classes = np.array(fitted.classes, dtype=_plain(fitted.classes))
            name = self.alias or fitted.label
            return frame.assign(**{name: classes[probabilities.argmax(axis=1)]})
        named = {str(one): probabilities[:, i] for i, one in enumerate(fitted.classes)}
        return frame.assign(**named)


def softmax(outputs: NDArray) -> NDArray[np.float64]:
    """`exp(o_k) / sum_j exp(o_j)` along the last axis.

    Example:
        >>> softmax(np.array([0.0, np.log(3.0)])).round(2).tolist()
        [0.25, 0.75]
    """
    exponents = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def _plain(classes: tuple[Any, ...]) -> Any:
    """The dtype of a column of these classes."""
    return object if any(isinstance(one, str) for one in classes) else None
