"""A comparison on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast.evaluation.formatting import display_table, protocol_sentence, unscaled_notes

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.evaluation.comparison import Comparison

WIDE = 140  # columns of text from which on the table fits on one line a model


def render(comparison: Comparison, console: Console) -> None:
    """Writes title, protocol, table, what to know of the data, and the verdict.

    On a narrow terminal the table comes in two parts.

    Args:
        comparison: what to show.
        console: a rich console.
    """
    from rich.text import Text

    console.print(Text(comparison.run.title, style="bold"))
    console.print(Text(protocol_sentence(comparison), style="dim"))
    shown = display_table(comparison)
    for part in _parts(shown, console.width):
        console.print(_rich_table(part, comparison))
    for note in (*comparison.material.notes, *unscaled_notes(comparison)):
        console.print(Text(note, style="dim"))
    for flag in comparison.material.flags:
        console.print(Text(f"! {flag}", style="yellow"))
    console.print()
    console.print(Text(comparison.verdict, style="bold green"))


def _parts(shown: pd.DataFrame, width: int) -> list[pd.DataFrame]:
    if width >= WIDE:
        return [shown]
    first = ["Model", "MASE", "Skill % (95 % interval)", "p-value", "MAE", "RMSE", "sMAPE"]
    rest = [name for name in shown.columns if name not in first]
    return [shown[first], shown[["Model", *rest]]]


def _rich_table(shown: pd.DataFrame, comparison: Comparison):  # rich is imported lazily
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in shown.columns:
        table.add_column(name, justify="left" if name == "Model" else "right")
    best = comparison.best()
    for row in shown.itertuples(index=False):
        style = "bold" if row[0] == best else ""
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table
