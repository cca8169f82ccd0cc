"""Rows of the accuracy benchmark: the table that is printed and the JSON that is kept."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from panels import PANELS

__all__ = ["SCORES", "is_bar", "of_many_panels", "progress", "row_of", "table", "write"]

RESULTS = Path(__file__).resolve().parent / "results"
SCORES = ("sMAPE", "MASE", "OWA", "MSE", "MAE", "largest", "windows")
_PACKAGES = ("keras-forecast", "tensorflow", "keras", "numpy")
_SHOWN = ["panel", "measure", "target", "model", "score", "reached", "fit s", "predict s",
          "training MASE", "choices"]  # fmt: skip


def is_bar(arguments: argparse.Namespace) -> bool:
    """Whether the linear bar is run, and not single models."""
    return "linear" in (arguments.models or ())


def of_many_panels(arguments: argparse.Namespace) -> bool:
    """Whether one file holds several panels: the bar, and models on more than one panel."""
    chosen = arguments.dataset or []
    return is_bar(arguments) or len(chosen) > 1 or "all" in chosen


def row_of(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row with its panel, its target and whether it was reached."""
    panel = PANELS[name]
    value = row[panel.measure]
    reached = None if panel.target is None else bool(value <= panel.target)
    head = {"panel": name, "measure": panel.measure, "target": panel.target}
    return head | {"score": value, "reached": reached} | row


def progress(row: dict[str, Any]) -> str:
    """A line for a reader who waits."""
    seconds = row["fit s"] + row["predict s"]
    return f"{row['panel']} {row['model']}: {row['measure']} {row['score']:.4f} ({seconds:.1f} s)"


def table(rows: list[dict[str, Any]], part: str) -> str:
    """The table as text, with how the scores were made."""
    shown = [*_SHOWN[:5], "looks", *_SHOWN[5:]] if part == "test" else _SHOWN
    frame = pd.DataFrame(rows)[shown].round(
        {"score": 4, "fit s": 1, "predict s": 2, "training MASE": 3}
    )
    words = {True: "yes", False: "no", None: "-"}
    frame["reached"] = [words[row["reached"]] for row in rows]
    frame["target"] = ["-" if row["target"] is None else f"{row['target']:g}" for row in rows]
    notes = _notes(list(dict.fromkeys(row["panel"] for row in rows)))
    title = "Scores on the TEST part; looks: how often it was scored with that model by now."
    if part == "validation":
        title = (
            "VALIDATION: the end of the training part is held out and scored (ETTh1: its "
            "validation months); nothing of the test part was read. The targets are those of the "
            "test part."
        )
    return "\n".join([title, frame.to_string(index=False), *notes])


def _notes(names: list[str]) -> list[str]:
    """How the scores were made; panels scored alike share a line."""
    sharing: dict[str, list[str]] = {}
    for name in names:
        sharing.setdefault(PANELS[name].note, []).append(name)
    return [f"{', '.join(panels)}: {note}." for note, panels in sharing.items() if note]


def write(name: str, rows: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """Keep the rows; a validation is kept only where --output asks for it."""
    many, path = of_many_panels(arguments), arguments.output
    if path is None and arguments.part == "test":
        path = RESULTS / f"{_stem(name, arguments)}.json"
    if path is None:
        return
    own = [row for row in rows if row["panel"] == name]
    record = _merged(path, own, arguments) if many else _single(name, own, arguments)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _stem(name: str, arguments: argparse.Namespace) -> str:
    if is_bar(arguments):
        return "linear_bar"
    models = "_".join(arguments.models or ["default"]).lower()
    return f"accuracy_of_{models}" if of_many_panels(arguments) else f"accuracy_{name}"


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "seed": arguments.seed,
        "max_seconds": arguments.max_seconds,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {package: version(package) for package in _PACKAGES},
    }


def _single(name: str, rows: list[dict[str, Any]], arguments: argparse.Namespace) -> dict[str, Any]:
    """The models of one panel."""
    keys = ("model", *SCORES, "fit s", "predict s", "choices")
    kept = [
        {key: row[key] for key in keys if key in row} for row in rows if row["model"] != "chosen"
    ]
    return {"dataset": name, **_settings(arguments), "rows": kept}


def _merged(path: Path, rows: list[dict[str, Any]], arguments: argparse.Namespace):
    """The bar: panels that were run take the place of what was kept of them."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"rows": []}
    if old["rows"] and old["part"] != arguments.part:
        raise SystemExit(f"error: {path} holds rows of the {old['part']} part; name another file.")
    fresh = {rows[0]["panel"]: list(rows)}
    for row in old["rows"]:
        if row["panel"] != rows[0]["panel"]:
            fresh.setdefault(row["panel"], []).append(row)
    ordered = [row for name in PANELS for row in fresh.get(name, [])]
    notes = {name: PANELS[name].note for name in fresh if PANELS[name].note}
    return {"part": arguments.part, **_settings(arguments), "notes": notes, "rows": ordered}
