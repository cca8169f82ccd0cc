"""The ledger of test scores: a test part that was looked at is no longer unseen.

One JSON line for every time that a model was scored on the test part of a panel; looks from before
the ledger count too. Lines are added, never changed.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["PATH", "Ledger", "LedgerError", "Version"]

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "benchmarks" / "test_scores.jsonl"
# What a benchmark writes does not change the code that is scored.
_WRITTEN = (":!benchmarks/test_scores.jsonl", ":!benchmarks/results")


class LedgerError(ValueError):
    """A second look at a test part, or a ledger that cannot be read."""


@dataclass(frozen=True)
class Version:
    """The code that is scored.

    Args:
        commit: hash of the commit, or "no git".
        dirty: the tree differs from the commit.
    """

    commit: str
    dirty: bool

    @staticmethod
    def of_tree(root: Path = ROOT) -> Version:
        """The version of the checkout that this file is part of."""
        try:
            commit = _git(root, "rev-parse", "HEAD")
            return Version(commit, bool(_git(root, "status", "--porcelain", "--", ".", *_WRITTEN)))
        except (OSError, subprocess.CalledProcessError):
            return Version("no git", True)


def _key(line: dict[str, Any]) -> tuple[str, str, str]:
    return line["panel"], line["model"], line["part"]


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Ledger:
    """The scores made so far, in a file of JSON lines.

    Args:
        path: the file; begun by the first line that is written.
    """

    path: Path

    def lines(self) -> list[dict[str, Any]]:
        """All lines, oldest first.

        Raises:
            LedgerError: if a line is no JSON object.
        """
        if not self.path.exists():
            return []
        found = []
        texts = self.path.read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(texts, start=1):
            try:
                found.append(dict(json.loads(text)))
            except (ValueError, TypeError) as error:
                raise LedgerError(
                    f"{self.path.name}, line {number} is no JSON object: {text[:60]!r}. Restore "
                    "the file from git; lines are only ever added."
                ) from error
        return found

    def count(self, panel: str, model: str) -> int:
        """How often the model was scored on the test part of the panel."""
        return len(self._of(panel, model))

    def refuse_second_look(self, panel: str, models: list[str]) -> None:
        """Refuse to score a test part again, whatever the commit: a new one is no new test.

        Raises:
            LedgerError: if the test part of the panel was scored with one of the models already.
        """
        for model in models:
            lines = self._of(panel, model)
            if lines:
                last = lines[-1]
                raise LedgerError(
                    f"the test part of {panel} was scored with {model} already (looks: "
                    f"{len(lines)}, last on {last['date'][:10]} at commit {last['commit'][:10]}). "
                    "Each test is scored once: a test that is looked at until it pleases measures "
                    "nothing. Choose on --part validation, name the other panels with --dataset, "
                    "or say --again REASON to write one more look into the ledger."
                )

    def add(
        self,
        version: Version,
        panel: str,
        model: str,
        scores: dict[str, float],
        choices: str,
        reason: str = "",
    ) -> dict[str, Any]:
        """Write one line, whole or not at all; a later look also keeps its reason."""
        count = self.count(panel, model) + 1
        line = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": version.commit,
            "dirty": version.dirty,
            "panel": panel,
            "part": "test",
            "model": model,
            "scores": scores,
            "count": count,
            "choices": choices,
        }
        if reason and count > 1:
            line["note"] = reason
        self._append(json.dumps(line) + "\n")
        return line

    def _of(self, panel: str, model: str) -> list[dict[str, Any]]:
        wanted = panel, model, "test"
        return [line for line in self.lines() if _key(line) == wanted]

    def _append(self, text: str) -> None:
        """One write at the end of the file: two benchmarks at once do not mix their lines."""
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, text.encode("utf-8"))
            os.fsync(file)
        finally:
            os.close(file)
