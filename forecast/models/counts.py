"""Counts: series for which a distribution of counts is made, and others."""

from __future__ import annotations

import numpy as np

from forecast.heads import Head
from forecast.pipelines import Panel

__all__ = ["hint_of_counts", "refuse_other_than_counts"]

# Of larger counts a density says nearly the same as probabilities do.
_SMALL_MEAN = 20.0


def refuse_other_than_counts(panel: Panel, head: Head, column: str | None = None) -> None:
    """Refuse values that are no whole numbers of at least 0, where a head is made for such.

    Args:
        panel: the series.
        head: of the network; any may come.
        column: name of the values' column; None where transforms lie between it and the panel.

    Raises:
        ValueError: naming the first series with such a value, the value and the column.
    """
    if not head.of_counts:
        return
    values = panel.values
    wrong = np.flatnonzero(~np.isnan(values) & ((values < 0) | (values != np.round(values))))
    if not len(wrong):
        return
    place, where = int(wrong[0]), "after the transforms" if column is None else f"column {column!r}"
    raise ValueError(
        f"the head {head!r} is for counts, whole numbers of at least 0: series "
        f"{panel.ids[panel.codes[place]]!r} holds {values[place]:g} ({where}). Take another head, "
        "such as NetworkDesign(head='normal') or 'student_t', or correct the values."
    )


def hint_of_counts(panel: Panel, head: Head) -> str:
    """A remark where values look like small counts and the head is a density; else nothing."""
    if head.of_counts or not head.is_distribution:
        return ""
    known = panel.values[~np.isnan(panel.values)]
    whole = (known >= 0).all() and (known == np.round(known)).all()
    if not whole or known.mean() >= _SMALL_MEAN:
        return ""
    return (
        f"; all values are counts (mean {known.mean():.2g}), for which the heads 'poisson' and "
        "'negative_binomial' are made"
    )
