"""The trials of a search in Optuna, in memory or in a file, so that an interrupted one goes on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.files import check_path
from forecast.search.dimension import Dimension
from forecast.search.journal import mend_journal

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

__all__ = ["Trials", "opened"]

_NAME, _OF = "search", "search of"
_SECONDS, _REASON = "seconds", "reason"


@contextmanager
def opened(
    path: str | Path | None, of: Mapping[str, str], dimensions: Sequence[Dimension], seed: int
) -> Iterator[Trials]:
    """The trials made so far, of a search that is new or goes on; Optuna says nothing meanwhile.

    Args:
        path: file to keep them in; in memory by default.
        of: what is searched for and on what, in words; a file of another search is refused.
        dimensions: the settings that are searched for.
        seed: of what is suggested.

    Raises:
        ImportError: if Optuna is not installed.
        ValueError: if the file holds another search; the message says what differs.
    """
    optuna = _optuna()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = _study(path)
        _refuse_other(study, of, path)
        yield Trials(study, tuple(dimensions), seed)
    finally:
        optuna.logging.set_verbosity(before)


@dataclass(frozen=True, eq=False)
class Trials:
    """Settings tried and to be tried.

    Args:
        study: of Optuna.
        dimensions: the settings.
        seed: what is suggested depends on it and on the trials that are over, on nothing else: a
            search that goes on suggests what it would have suggested.
    """

    study: Study
    dimensions: tuple[Dimension, ...]
    seed: int

    @property
    def over(self) -> list[FrozenTrial]:
        """Trials that are over: scored, pruned, or refused by the forecaster."""
        return [one for one in self.study.trials if _is_over(one)]

    def ask(self) -> tuple[Trial, dict[str, Any]]:
        """A new trial and its settings; those of the forecaster itself, none, come first."""
        import optuna

        number = len(self.over)
        digest = hashlib.blake2b(f"{self.seed} {number}".encode(), digest_size=4).digest()
        self.study.sampler = optuna.samplers.TPESampler(seed=int.from_bytes(digest, "little"))
        self._drop_abandoned()
        trial = self.study.ask()
        if number == 0:
            return trial, {}
        return trial, {one.name: one.suggested(trial) for one in self.dimensions}

    def tell(self, trial: Trial, score: float | None, seconds: float, reason: str = "") -> None:
        """The end of a trial: its score, or None where it was pruned or refused for a reason."""
        from optuna.trial import TrialState

        trial.set_user_attr(_SECONDS, seconds)
        if reason:
            trial.set_user_attr(_REASON, reason)
            self.study.tell(trial, state=TrialState.FAIL)
        elif score is None:
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, score)

    def drop(self, trial: Trial) -> None:
        """Leave a trial that did not come to its end; another will take its place."""
        from optuna.trial import TrialState

        self.study.tell(trial, state=TrialState.FAIL)

    def frame(self) -> pd.DataFrame:
        """A row a trial that is over, in the order in which they were made."""
        rows = [self._row(number, one) for number, one in enumerate(self.over)]
        # As they were tried: a column of whole numbers with a None would turn into floats.
        settings = {one.name: [row[one.name] for row in rows] for one in self.dimensions}
        columns = {name: pd.Series(found, dtype=object) for name, found in settings.items()}
        return pd.DataFrame(rows).assign(**columns)

    @property
    def best(self) -> dict[str, Any] | None:
        """Settings with the lowest score, the first of equal ones; None without any score."""
        scored = [one for one in self.over if one.state.name == "COMPLETE"]
        if not scored:
            return None
        return self._settings(min(scored, key=lambda one: one.value or 0.0))

    def _settings(self, trial: FrozenTrial) -> dict[str, Any]:
        return {
            one.name: one.found(trial.params[one.name])
            for one in self.dimensions
            if one.name in trial.params
        }

    def _row(self, number: int, trial: FrozenTrial) -> dict[str, Any]:
        steps = trial.intermediate_values
        score = steps[max(steps)] if steps else math.nan
        row = {
            "trial": number,
            "state": {"COMPLETE": "scored", "PRUNED": "pruned"}.get(trial.state.name, "refused"),
            "score": score,
            "origins": len(steps),
            "seconds": trial.user_attrs[_SECONDS],
        }
        settings = self._settings(trial)
        row |= {one.name: settings.get(one.name) for one in self.dimensions}
        return row | {"reason": trial.user_attrs.get(_REASON, "")}

    def _drop_abandoned(self) -> None:
        """Of a process that was killed: what it was trying then must not count as being tried."""
        from optuna.trial import TrialState

        for one in self.study.get_trials(states=(TrialState.RUNNING,)):
            self.study.tell(one.number, state=TrialState.FAIL)


def _is_over(trial: FrozenTrial) -> bool:
    return trial.state.name in ("COMPLETE", "PRUNED") or _REASON in trial.user_attrs


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "searching for settings needs Optuna: pip install 'keras-forecast[tune]'."
        ) from error
    return optuna


def _study(path: str | Path | None) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    pruner = optuna.pruners.MedianPruner(n_startup_trials=4)
    if path is None:
        return optuna.create_study(study_name=_NAME, pruner=pruner)
    check_path(path)
    mend_journal(Path(path))
    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        return optuna.create_study(
            storage=storage, study_name=_NAME, pruner=pruner, load_if_exists=True
        )
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise ValueError(
            f"{path} holds no search: {error}. Give another path, or remove the file."
        ) from error


def _refuse_other(study: Study, of: Mapping[str, str], path: Any) -> None:
    known = study.user_attrs.get(_OF)
    if known is None:
        study.set_user_attr(_OF, dict(of))
        return
    for what in of:
        if known.get(what) != of[what]:
            raise ValueError(
                f"{path} holds the search of another {what}: {known.get(what)}; got {of[what]}. "
                "Give what it was begun with, or another path."
            )
