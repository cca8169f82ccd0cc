"""Backtest frames of any library as pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["as_pandas"]


def as_pandas(cv: Any) -> pd.DataFrame:
    """A backtest frame of any library as one of pandas, ids and times in columns.

    Raises:
        TypeError: for what is no frame.

    Example:
        >>> as_pandas(pd.DataFrame({"y": [1.0]}, index=pd.Index(["a"], name="unique_id")))
          unique_id    y
        0         a  1.0
    """
    if not hasattr(cv, "columns"):
        raise TypeError(
            "the frame of cross_validation is expected; of a file that sink= has written, give "
            f"pd.read_parquet(path). Got {cv!r}."
        )
    import narwhals.stable.v2 as nw

    frame = nw.from_native(cv, eager_only=True).to_pandas()
    named = [name for name in frame.index.names if name is not None]
    return (frame.reset_index(level=named) if named else frame).reset_index(drop=True)
