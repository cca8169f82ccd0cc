"""Newer rows after what a state has seen: the steps between, or why the rows cannot follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.distances import distances
from forecast.pipelines import Frequency, Panel

__all__ = ["gaps_before", "refuse_other_ids", "refuse_other_zone"]

# A wrong year in one row must not cost hours of steps without a value.
_FEWEST_STEPS_REFUSED = 10_000
_MOST_STEPS_PER_STEP_SEEN = 100


def gaps_before(panel: Panel, ends: pd.Index, seen: NDArray) -> NDArray:
    """Steps without a row between the last step seen of each series and its first newer one.

    Args:
        panel: newer rows.
        ends: time of the last step seen of each series, `(num_series,)`.
        seen: number of steps seen of each, `(num_series,)`.

    Returns:
        At least 0, `(num_series,)`.

    Raises:
        ValueError: for rows that are no newer, lie beside the grid, come in times with a zone
            where those seen have none (or the reverse), or lie too far ahead; names the series.
    """
    refuse_other_zone(panel, ends)
    _refuse_older(panel, ends)
    gaps = _steps(panel, ends) - 1
    _refuse_far(panel, ends, gaps, seen)
    return gaps


def refuse_other_zone(panel: Panel, ends: pd.Index) -> None:
    """Refuse rows whose times have a zone where those seen before have none, or the reverse."""
    given, known = (getattr(times, "tz", None) for times in (panel.starts, ends))
    if (given is None) != (known is None):
        fix = "tz_localize(None) removes a zone" if known is None else "tz_localize adds one"
        raise ValueError(
            f"series {panel.ids[0]!r}: the rows have time zone {given}, what was seen before has "
            f"{known}. Give times as before: {fix}."
        )


def refuse_other_ids(unknown: NDArray, known: NDArray) -> None:
    """Refuse new series that are named like known ones but for the type of their ids.

    Numbers that a csv file made text (or the reverse) would go on as series of their own.

    Args:
        unknown: ids that are not among the known ones.
        known: ids of the series seen before.

    Raises:
        ValueError: naming both.
    """
    if not len(unknown):
        return
    texts = {_text(one): one for one in known}
    for one in unknown:
        if (other := texts.get(_text(one))) is not None:
            raise ValueError(
                f"series {one!r} is new, but {other!r} has been seen before: the ids are of "
                "another type now. Give the id column the type that it had."
            )


def _text(one: Any) -> Any:
    return tuple(map(str, one)) if isinstance(one, tuple) else str(one)


def _refuse_older(panel: Panel, ends: pd.Index) -> None:
    overlap = np.asarray(panel.starts <= ends)
    if overlap.any():
        late = int(np.argmax(overlap))
        raise ValueError(
            f"series {panel.ids[late]!r}: the rows begin at {panel.starts[late]}, but the "
            f"state has already seen {ends[late]}. Give rows later than that, or "
            "call condition(df) with the whole history."
        )


def _steps(panel: Panel, ends: pd.Index) -> NDArray:
    """Steps from each end to the first step after it, at least 1."""
    frequency = panel.frequency
    try:
        return distances(frequency, ends, panel.starts)
    except ValueError:
        odd = next(i for i in range(len(ends)) if _is_beside(frequency, ends[i], panel.starts[i]))
        raise ValueError(
            f"series {panel.ids[odd]!r}: time {panel.starts[odd]} is not on the grid of "
            f"freq={frequency.alias!r} on which {ends[odd]} was seen. Correct the time, or "
            "resample the rows to the steps of those before."
        ) from None


def _is_beside(frequency: Frequency, end: pd.Timestamp, time: pd.Timestamp) -> bool:
    return bool((frequency.locate(pd.Index([time]), end) < 0).any())


def _refuse_far(panel: Panel, ends: pd.Index, gaps: NDArray, seen: NDArray) -> None:
    far = gaps > np.maximum(_FEWEST_STEPS_REFUSED, _MOST_STEPS_PER_STEP_SEEN * seen)
    if far.any():
        odd = int(np.argmax(far))
        raise ValueError(
            f"series {panel.ids[odd]!r}: the rows begin at {panel.starts[odd]}, {gaps[odd]:,} "
            f"steps after the last one seen, {ends[odd]}. Correct the time, or call condition(df) "
            "with a history that begins later."
        )
