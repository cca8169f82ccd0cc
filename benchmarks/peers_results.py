"""Results of the peers' benchmark: rows that are kept one by one, and the tables made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from catalogue import ALL_PANELS
from keeping import keep

__all__ = ["Results", "markdown", "table"]

_PACKAGES = ("keras", "tensorflow", "numpy", "pandas", "scipy", "statsmodels")
_SHOWN = ["panel", "model", "MASE", "sMAPE", "OWA", "MSE", "windows", "fit s", "predict s",
          "version", "choices"]  # fmt: skip
_DIGITS = {"MASE": 3, "sMAPE": 2, "OWA": 3, "MSE": 3, "fit s": 1, "predict s": 1}

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """Rows in a JSON file that is written anew with every row, so that a run can be taken up.

    Args:
        path: the file; None keeps nothing.
        settings: of the run; rows of other settings do not go into the same file.
        rows: what is there.
    """

    path: Path | None
    settings: dict[str, Any]
    rows: list[Row]

    @staticmethod
    def opened(path: Path | None, settings: dict[str, Any]) -> Results:
        """What the file holds, or nothing yet.

        Raises:
            ValueError: if it was made with other settings.
        """
        if path is None or not path.exists():
            return Results(path, settings, [])
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["settings"] != settings:
            raise ValueError(
                f"{path.name} was made with {record['settings']}, this run is asked for with "
                f"{settings}. Ask for the same, or name another file with --output."
            )
        return Results(path, settings, record["rows"])

    def has(self, panel: str, model: str) -> bool:
        """Whether the model was scored on the panel."""
        return any((row["panel"], row["model"]) == (panel, model) for row in self.rows)

    def add(self, row: Row, versions: dict[str, str] | None) -> None:
        """Keep one more row."""
        self.rows.append(row)
        if self.path is not None:
            keep(self.path, self.settings, _PACKAGES, versions_of_the_peers=versions,
                 rows=self.rows)  # fmt: skip


def _ordered(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows by panel, the best first."""
    frame = pd.DataFrame(rows).reindex(columns=_SHOWN).astype({"windows": "Int64"})
    place = frame["panel"].map(list(ALL_PANELS).index)
    squared = frame["panel"].map(lambda name: ALL_PANELS[name].measure == "MSE")
    score = frame["MSE"].where(squared, frame["MASE"])
    return frame.iloc[np.lexsort((score, place))]


def table(rows: Iterable[Row], part: str) -> str:
    """The rows as text."""
    title = {
        "test": "Scores on the TEST part.",
        "validation": "VALIDATION: the end of the training part; no test part was read.",
    }[part]
    frame = _ordered(rows).round(_DIGITS)
    frame["choices"] = frame["choices"].str.slice(0, 70)
    return f"{title}\n{frame.to_string(index=False, na_rep='-')}"


def markdown(rows: Iterable[Row]) -> str:
    """A row a model, some columns a panel; the lowest of each score is bold."""
    frame = pd.DataFrame(rows)
    cells = {}
    for panel in [name for name in ALL_PANELS if name in set(frame["panel"])]:
        part = frame[frame["panel"] == panel].set_index("model")
        squared = ALL_PANELS[panel].measure == "MSE"
        for score in ("MSE",) if squared else ("OWA", "MASE", "sMAPE"):
            if score in part and part[score].notna().any():
                cells[f"{panel} {score}"] = _emphasised(part[score], _DIGITS[score])
        seconds = part["fit s"] + part["predict s"]
        cells[f"{panel} s"] = seconds.map(lambda value: f"{value:.1f}")
    columns = pd.DataFrame(cells).reindex(frame["model"].unique()).fillna("")
    lines = [["model", *columns.columns], ["---"] * (1 + len(columns.columns))]
    lines += [[str(model), *row] for model, row in zip(columns.index, columns.to_numpy(),
                                                       strict=True)]  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _emphasised(values: pd.Series, digits: int) -> pd.Series:
    lowest = values.min()
    return values.map(
        lambda value: f"**{value:.{digits}f}**" if value == lowest else f"{value:.{digits}f}"
    )
