"""A training on the disk: how far it has come, in one file of plain arrays and JSON."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.files import check_path, replaced_file
from forecast.fitting import Task
from forecast.models.course import Course
from forecast.models.training import Training
from forecast.pipelines import Panel

__all__ = ["Checkpoint", "data_mark", "fingerprint", "training_marks"]

_FORMAT = 2
_NUMBERS = (
    "num_steps", "step", "best_score", "stale", "is_finished", "losses", "norms", "history",
    "rate_scale", "callbacks",
)  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """The file of one training.

    Args:
        path: an `.npz` file.
        fit: what makes this fit the same as that of the file, see `fingerprint`.

    Raises:
        OSError: for a path that cannot be written to.
    """

    path: Path
    fit: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse a path before any time is spent."""
        check_path(self.path)

    def save(self, course: Course, student: Any) -> None:
        """Write how far the training has come; the file is replaced as a whole."""
        about = {"format": _FORMAT, "fit": dict(self.fit)}
        about |= {name: getattr(course, name) for name in _NUMBERS}
        text = json.dumps(about).encode("utf-8")
        arrays: dict[str, Any] = {"about": np.frombuffer(text, dtype=np.uint8)}
        arrays |= _numbered("best", course.best.weights)
        for name, variables in _parts(student).items():
            arrays |= _numbered(name, [np.asarray(variable) for variable in variables])
        with replaced_file(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    def restored(self, course: Course, student: Any) -> Course:
        """The course of the file, its weights given to the student; `course` if there is none.

        Raises:
            ValueError: for a file of another training, or no checkpoint at all; says what differs.
        """
        if not self.path.exists():
            return course
        arrays = _read(self.path)
        about = json.loads(arrays["about"].tobytes())
        self._refuse_other(about)
        for name, variables in _parts(student).items():
            for index, variable in enumerate(variables):
                variable.assign(arrays[f"{name}.{index}"])
        count = len(course.best.weights)
        best = course.best.with_weights([arrays[f"best.{index}"] for index in range(count)])
        return replace(course, best=best, **{name: about[name] for name in _NUMBERS})

    def _refuse_other(self, about: Mapping[str, Any]) -> None:
        if about["format"] != _FORMAT:
            raise ValueError(
                f"the checkpoint {self.path} has the format {about['format']} of another version "
                f"of this library, here it is {_FORMAT}. Remove the file to begin anew."
            )
        kept = about["fit"]
        other = [
            f"{name} ({kept.get(name)} there, {value} here)"
            for name, value in self.fit.items()
            if kept.get(name) != value
        ]
        if other:
            raise ValueError(
                f"the checkpoint {self.path} is of another training: {', '.join(other)}. Give "
                "another path, remove the file to begin anew, or fit as it was fitted then."
            )


def fingerprint(task: Task, network: Any, training: Training) -> dict[str, str]:
    """What makes two fits the same, each part in a word or a few.

    Args:
        task: the training series, and the origins that the checks look at.
        network: with the layers as they start.
        training: how they are trained.
    """
    panel, origins = task.ahead or (task.panel, None)
    highway = network.highway
    return {
        "data": data_mark(panel),
        "season": str(task.season.length),
        "horizon": str(task.horizon),
        "origins": _digest([task.panel.lengths, *([] if origins is None else [origins.ends])]),
        "linear forecast": _digest([highway.coefficients, np.array([highway.power.exponent])]),
        "head": repr(network.head),
        "weights of targets": _digest(list(panel.weights.values())),
        **training_marks(network.body, training),
    }


def data_mark(panel: Panel) -> str:
    """A short hash of series and their ids."""
    ids = "\n".join(map(repr, panel.ids.tolist())).encode("utf-8")
    return _digest([panel.values, panel.offsets, np.frombuffer(ids, dtype=np.uint8)])


def training_marks(body: Any, training: Training) -> dict[str, str]:
    """Form and starting weights of layers, and how they are trained, each in a word or a few."""
    settings = {
        field.name: repr(getattr(training, field.name)) for field in fields(training)
        if field.name != "run"
    }  # fmt: skip
    return {
        **{f"layers' {name}": repr(value) for name, value in asdict(body.blueprint).items()},
        "starting weights": _digest(body.weights),
        **settings,
        "patience": str(training.run.patience),
    }


def _digest(arrays: Sequence[NDArray]) -> str:
    """A short hash of arrays."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:12]


def _parts(student: Any) -> dict[str, Sequence[Any]]:
    """The variables that an update changes."""
    return {
        "weight": student.stack.weights,
        "optimizer": student.optimizer.variables,
        "carried": student.carried,
    }


def _numbered(name: str, arrays: Sequence[NDArray]) -> dict[str, NDArray]:
    return {f"{name}.{index}": array for index, array in enumerate(arrays)}


def _read(path: Path) -> dict[str, NDArray]:
    """The arrays of a file, nothing of which is executed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no checkpoint of a training: {error}.") from error
    if "about" not in arrays:
        raise ValueError(f"{path} is no checkpoint of a training: it does not say of which.")
    return arrays
