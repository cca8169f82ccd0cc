"""The measured table of networks beside linear forecasters, as text for the guide. Needs no Sphinx.

All numbers come from the record of the benchmark, so that the guide changes with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "networks.json"

# What the record does not say of a panel; one without words here stands in the table without.
DATA = {
    "etth1_192": "7 hourly readings of a transformer",
    "etth1_336": "7 hourly readings of a transformer",
    "etth1_720": "7 hourly readings of a transformer",
    "etth1_96": "7 hourly readings of a transformer",
    "henon": "Hénon map, simulated",
    "hospital": "767 monthly counts, 84 months",
    "laser_equations": "equations of a laser, simulated, 1,000 steps of training",
    "logistic": "logistic map, simulated",
    "lorenz": "Lorenz system, simulated",
    "m4_daily_72": "72 daily series",
    "m4_hourly": "414 hourly series, 700 steps and more",
    "m4_monthly_200": "200 monthly series",
    "m4_weekly": "359 weekly series",
    "mackey_glass_17": "Mackey-Glass equation",
    "nn5_daily": "111 cash machines, daily",
    "santafe_laser": "a laser, 1,000 steps of training",
    "tourism_monthly": "366 monthly series",
    "tourism_quarterly": "427 quarterly series",
    "us_births": "births in a country, daily",
}

_SIGNIFICANT = 0.05

_COLOURS = {"better": "tab:green", "level": "tab:gray", "worse": "tab:red"}
_TICKS = (-30, -10, -3, 0, 3, 10, 90)


@dataclass(frozen=True)
class Row:
    """A panel as it was measured.

    Args:
        entry: its part of the record.
        network: name of the network in the record.
    """

    entry: dict[str, Any]
    network: str

    @property
    def outcome(self) -> str:
        """`better`, `level` or `worse` than the best linear forecaster, by the test of the row."""
        p = self.entry["p"]
        if p is None or p >= _SIGNIFICANT:
            return "level"
        return "better" if self.entry["skill"] > 0 else "worse"

    @property
    def spread(self) -> str:
        """How far seeds differ."""
        return f"± {self.entry['spread']:.3f}"

    @property
    def cells(self) -> list[str]:
        """What the table shows."""
        row, linear = self.entry, self.entry["best linear"]
        return [
            f"`{row['panel']}`",
            DATA.get(row["panel"], ""),
            row["measure"],
            f"{linear} {row[linear]:.3f}",
            f"{row[self.network]:.3f} {self.spread}",
            f"{row['skill']:+.1%}",
            "-" if row["interval"] is None else "{:+.1%} to {:+.1%}".format(*row["interval"]),
            p_value(row["p"]),
            row["test over"],
            self.outcome,
        ]


def p_value(p: float | None) -> str:
    """A p-value in words; a dash for none."""
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def rows(record: Path = RECORD) -> list[Row]:
    """All panels, the one that saves most first."""
    kept = json.loads(record.read_text(encoding="utf-8"))
    found = [Row(entry, kept["model"]) for entry in kept["rows"]]
    return sorted(found, key=lambda row: -row.entry["skill"])


def table(found: list[Row]) -> str:
    """The rows as a table in Markdown."""
    head = [
        "panel", "data", "measure", "best linear", found[0].network, "saved", "95 % interval", "p",
        "test over", "outcome",
    ]  # fmt: skip
    lines = [head, ["---"] * len(head), *(row.cells for row in found)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(path: Path, record: Path = RECORD) -> None:
    """Write a picture of what each panel saved, with its interval; steps grow away from zero."""
    from matplotlib.figure import Figure

    found = rows(record)[::-1]
    figure = Figure(figsize=(7, 0.3 * len(found) + 1), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(found):
        saved, colour = 100 * row.entry["skill"], _COLOURS[row.outcome]
        low, high = (100 * limit for limit in row.entry["interval"] or (row.entry["skill"],) * 2)
        axes.plot([low, high], [place, place], color=colour, linewidth=2)
        axes.plot(saved, place, "o", color=colour)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_xscale("symlog", linthresh=3)
    axes.set_xticks(_TICKS, [f"{tick:+d} %" if tick else "0" for tick in _TICKS])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(found)), [f"{row.entry['panel']} ({row.outcome})" for row in found])
    axes.set_xlabel("error of the best linear forecaster that the network saves, 95 % interval")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)


def names(found: list[Row], outcome: str) -> str:
    """The panels of one outcome, or "none"."""
    return ", ".join(f"`{r.entry['panel']}`" for r in found if r.outcome == outcome) or "none"


def substitutions(record: Path = RECORD) -> dict[str, Any]:
    """What the pages name in double braces."""
    found = rows(record)
    counts = {o: sum(row.outcome == o for row in found) for o in ("better", "level", "worse")}
    return {
        "networks_table": table(found),
        "num_panels": len(found),
        **{f"num_{outcome}": count for outcome, count in counts.items()},
        **{f"panels_{outcome}": names(found, outcome) for outcome in counts},
    }
