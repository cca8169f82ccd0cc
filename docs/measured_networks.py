"""Tables of the networks that read a window, and of the five patterns, as text for the guide.

As in `measured`, all numbers come from the records of benchmarks. Needs no Sphinx.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from measured import p_value

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
LINEAR = ("AR", "PooledAR", "Combine")


def window_table(record: Path) -> str:
    """A row a network: its score, and what it saves beside linear forecasters and the LSTM."""
    head = ["panel", "network", "OWA", "best linear", "saved", "95 % interval", "p",
            "saved of the LSTM's", "p"]  # fmt: skip
    entries = _rows(record)
    scores = {(entry["panel"], entry["model"]): entry["score"] for entry in entries}
    lines = []
    for entry in entries:
        if entry["model"] in LINEAR:
            continue
        best, beside = entry["best linear"], entry.get("beside LSTM")
        linear = f"{best} {scores[entry['panel'], best]:.3f}"
        cells = [f"`{entry['panel']}`", f"`{entry['model']}`", f"{entry['score']:.3f}", linear]
        cells += [f"{entry['skill']:+.1%}", _interval(entry), p_value(entry["p"])]
        cells += ["-", "-"] if beside is None else [f"{beside['skill']:+.1%}", p_value(beside["p"])]
        lines.append(cells)
    return _table(head, lines)


def pattern_table(record: Path) -> str:
    """A row a network of a pattern: beside the best of the simple models."""
    head = ["pattern", "data", "network", "best beside it", "saved", "95 % interval", "p"]
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for entry in _rows(record):
        groups.setdefault((entry["pattern"], entry["data"], entry["network"]), []).append(entry)
    lines = []
    for (pattern, data, network), entries in groups.items():
        own = next(entry for entry in entries if entry["model"] == network)
        rival = min((one for one in entries if one["simple"]), key=lambda one: one["saved"])
        words = [f"{one['model']}: {own['measure']} {one['score']:.3g}" for one in (own, rival)]
        saved = [f"{rival['saved']:+.1%}", _interval(rival), p_value(rival["p"])]
        lines.append([pattern, data, *words, *saved])
    return _table(head, lines)


def substitutions() -> dict[str, str]:
    """What the pages name in double braces."""
    return {
        "window_networks_table": window_table(RESULTS / "window_networks.json"),
        "patterns_table": pattern_table(RESULTS / "patterns.json"),
    }


def _rows(record: Path) -> list[dict[str, Any]]:
    return json.loads(record.read_text(encoding="utf-8"))["rows"]


def _interval(entry: dict[str, Any]) -> str:
    found = entry.get("interval")
    return "-" if found is None else "{:+.1%} to {:+.1%}".format(*found)


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
