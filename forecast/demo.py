"""The demo: networks against baselines on real series that an installed library ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import forecast as fc
from forecast.catalog import make_forecaster
from forecast.evaluation import Comparison, render, write_report
from forecast.files import check_path
from forecast.quiet import native_errors_muted

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Part", "run_demo"]


@dataclass(frozen=True)
class Part:
    """One comparison of the demo.

    Args:
        dataset: name of a bundled data set.
        title: headline.
        models: names of the networks.
        horizon: steps to forecast.
        num_windows: origins.
        max_seconds: time to train each network.
        num_steps: newest steps of each series that are used; None takes all.
    """

    dataset: str
    title: str
    models: tuple[str, ...]
    horizon: int
    num_windows: int
    max_seconds: float
    num_steps: int | None = None

    @property
    def plan(self) -> str:
        """What will be done, in a sentence."""
        return (
            f"{self.title}: {self.num_windows} origins, horizon {self.horizon}, networks trained "
            f"once from one seed, budget {self.max_seconds:g} s each; "
            "closed forms, ESN too, at every origin"
        )


_CO2 = "Twenty years of weekly CO2 at Mauna Loa, with their missing weeks"
_PANEL = "Twelve quarterly US series, cut on purpose to unequal lengths"
PARTS = (
    Part("co2", _CO2, ("lstm", "esn"), 52, 8, 3.0, num_steps=1040),
    Part("panel", _PANEL, ("lstm", "esn"), 8, 8, 2.0),
)
_TITLE = "Networks and linear baselines on real series"
_SEED, _NUM_SEEDS = 0, 1  # three take more than the minute that the demo promises


def run_demo(path: str | Path, console: Console, parts: tuple[Part, ...] = PARTS) -> None:
    """Compare, show plan, table and verdict of each part, and write one report.

    Args:
        path: page to write.
        console: where to show it.
        parts: the comparisons.

    Raises:
        FileNotFoundError: if the folder of `path` does not exist; before anything is computed.
    """
    check_path(path)
    comparisons = []
    for part in parts:
        console.print(part.plan)
        comparisons.append(_compare(part))
        render(comparisons[-1], console)
        console.print()
    target = write_report(path, comparisons, _TITLE)
    console.print(f"report: {target}")


def _compare(part: Part) -> Comparison:
    info = fc.datasets()[part.dataset]
    with native_errors_muted():
        forecasters = [
            make_forecaster(name, seed=_SEED, max_seconds=part.max_seconds) for name in part.models
        ]
    data = fc.load_dataset(part.dataset)
    if part.num_steps is not None:
        data = data.groupby("unique_id").tail(part.num_steps)
    return fc.compare(
        forecasters,
        data,
        part.horizon,
        n_windows=part.num_windows,
        freq=info.freq,
        num_seeds=_NUM_SEEDS,
        title=f"{part.title} ({info.source})",
        command="forecast demo",
    )
