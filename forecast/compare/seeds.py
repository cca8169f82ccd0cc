"""Forecasters that are random, run from several seeds: one lucky seed decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecast.backtesting.guests.guest import Participant
from forecast.backtesting.plan import Plan
from forecast.backtesting.run import Result, backtest
from forecast.forecaster import Forecaster
from forecast.seeds import reseeded, seeds_within

__all__ = ["Replicas", "replicas_of"]


@dataclass(frozen=True, eq=False)
class Replicas:
    """The same forecasters with further seeds.

    Args:
        of: alias to the forecasters like it, of other seeds and other names.
        seeds: alias to all seeds, the user's first.
    """

    of: dict[str, list[Forecaster]] = field(default_factory=dict)
    seeds: dict[str, list[int]] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Alias to the columns of the further seeds."""
        return {alias: tuple(one.name for one in more) for alias, more in self.of.items()}

    @property
    def all(self) -> list[Forecaster]:
        """All of them, to be run."""
        return [one for more in self.of.values() for one in more]

    def joined(self, run: Result, plan: Plan, n_jobs: int | None) -> Result:
        """A backtest with the point forecasts of the further seeds beside its own."""
        if not self.of:
            return run
        further = backtest(self.all, replace(plan, levels=()), n_jobs=n_jobs)
        columns = [further.frame[one.name] for one in self.all]
        frame = pd.concat([run.frame, *columns], axis=1)
        return Result(frame, [*run.outcomes, *further.outcomes])

    def mean_seconds(self, seconds: pd.DataFrame) -> pd.DataFrame:
        """Seconds a run of each forecaster, and the number of runs; further seeds have no row."""
        further = {name for names in self.columns.values() for name in names}
        shown = seconds.loc[[name for name in seconds.index if name not in further]].copy()
        for alias, names in self.columns.items():
            shown.loc[alias] = seconds.loc[[alias, *names]].mean()
        shown["runs"] = np.array([1 + len(self.columns.get(name, ())) for name in shown.index])
        return shown

    @property
    def settings(self) -> dict[str, str]:
        """What a reader must know of the seeds."""
        if not self.of:
            return {}
        parts = [f"{alias} {', '.join(map(str, seeds))}" for alias, seeds in self.seeds.items()]
        return {"seeds": f"{'; '.join(parts)} (losses averaged, seconds are means of a run)"}


def replicas_of(shown: Sequence[Participant], num_seeds: int) -> Replicas:
    """Clones of the forecasters that are random, with the seeds that follow theirs.

    Args:
        shown: all that take part.
        num_seeds: runs of each that is random, at least 1.
    """
    found, seeds = {}, {}
    for one in shown if num_seeds > 1 else ():
        if isinstance(one, Forecaster) and one.is_random and seeds_within(one):
            first = min(seeds_within(one).values())
            seeds[one.name] = [first + more * one.seeds_used for more in range(num_seeds)]
            replicas = [reseeded(one, more) for more in range(1, num_seeds)]
            found[one.name] = [_with_alias(replica, one.name) for replica in replicas]
    return Replicas(found, seeds)


def _with_alias(replica: Forecaster, name: str) -> Forecaster:
    """A forecaster called after its first seed."""
    return replica.set_params(alias=f"{name}-seed-{min(seeds_within(replica).values())}")
