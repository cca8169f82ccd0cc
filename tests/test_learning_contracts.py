"""Every public forecaster of closed form learns from newer rows alike, or says why it cannot."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from contracts import Case, cases, is_exact, trial
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import forecast as fc

CASES = [case for case in cases() if not case.slow and is_exact(case.make())]
LEARN = ("AR", "PooledAR", "VAR", "Combine", "Pipeline")


def newer_rows(frame: pd.DataFrame, count: int = 9) -> pd.DataFrame:
    """What may have followed: the last week again, twice as far from its mean."""
    parts = []
    for name, rows in frame.groupby("unique_id"):
        week = rows["y"].dropna().to_numpy()[-7:]
        values = np.resize(week.mean() + 2.0 * (week - week.mean()), count)
        values = np.maximum(values, 0.0) if rows["y"].min() >= 0 else values
        times = pd.date_range(rows["ds"].max() + pd.Timedelta(days=1), periods=count)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": values}))
    return pd.concat(parts, ignore_index=True)


def learned(case: Case):
    """The forecaster after it learned; None where it refuses, which it then did without a trace."""
    forecaster, rows = copy(trial(case.name).fitted), newer_rows(case.frame)
    before = forecaster.fitted_, forecaster.store_
    try:
        return forecaster.update(rows, learn=True)
    except ValueError as error:
        assert "learn" in str(error)
        assert (forecaster.fitted_, forecaster.store_) == before
        return None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rows_teach_the_same_in_any_blocks(case):
    whole = learned(case)
    assert (whole is not None) == (case.cls.__name__ in LEARN)
    if whole is None:
        return
    piecewise, rows = copy(trial(case.name).fitted), newer_rows(case.frame)
    step = rows.groupby("unique_id").cumcount()
    for begin, end in ((0, 1), (1, 2), (2, 6), (6, 9)):
        piecewise.update(rows[(step >= begin) & (step < end)], learn=True)
    found, wanted = (f.predict(8)[f.name].to_numpy() for f in (piecewise, whole))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["AR", "AR-lags", "VAR", "Pipeline"])
@settings(max_examples=5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    cuts=st.lists(st.integers(1, 29), min_size=5, max_size=5),
    dropped=st.lists(st.integers(0, 29), max_size=8, unique=True),
    seed=st.integers(0, 99),
)
def test_series_with_gaps_teach_the_same_whenever_they_come(name, cuts, dropped, seed):
    """Where each series or system has an equation of its own: any subsets, gaps, order of rows.

    (A gap is filled by the model of its time, so states are not held to this.)
    """
    case, rng = next(case for case in CASES if case.name == name), np.random.default_rng(seed)
    rows = newer_rows(case.frame, 30)
    rows["y"] *= rng.uniform(0.5, 1.5, len(rows))
    step, codes = rows.groupby("unique_id").cumcount(), pd.factorize(rows["unique_id"])[0]
    gone = step.isin(dropped) & (rng.random(len(rows)) < 0.7)
    early = step < np.array(cuts)[codes]
    whole, piecewise = (copy(trial(name).fitted) for _ in range(2))
    whole.update(rows[~gone], learn=True)
    for part in (rows[early & ~gone], rows[~early & ~gone]):
        if len(part):
            piecewise.update(part.sample(frac=1.0, random_state=seed), learn=True)
    parts = [parameters_of(one.fitted_.model) for one in (trial(name).fitted, whole, piecewise)]
    for before, wanted, found in zip(*parts, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9 * np.abs(wanted).max())
        assert (wanted != before).any()


def parameters_of(model):
    """Coefficients, constants and variances of an equation (what filled a gap is no part of it)."""
    inner = getattr(model, "members", [model])[0]
    names = {"coefficients", "deterministic", "intercepts", "variances", "covariances"}
    arrays = inner.to_saved()[1]
    return [arrays[name] for name in sorted(names & arrays.keys())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_learning_goes_on_after_a_bundle_bit_for_bit(case, tmp_path):
    wanted = learned(case)
    if wanted is None:
        return
    copy(trial(case.name).fitted).save(tmp_path / "before.kfc")
    found = fc.load(tmp_path / "before.kfc").update(newer_rows(case.frame), learn=True)
    pd.testing.assert_frame_equal(found.predict(8), wanted.predict(8), check_exact=True)
    wanted.save(tmp_path / "after.kfc")
    again = fc.load(tmp_path / "after.kfc")
    pd.testing.assert_frame_equal(again.predict(8), wanted.predict(8), check_exact=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_learner_moves_and_its_first_model_does_not(case):
    fitted = trial(case.name).fitted
    before = copy(fitted).update(newer_rows(case.frame)).predict(8)[fitted.name].to_numpy()
    after = learned(case)
    still = copy(fitted).update(newer_rows(case.frame)).predict(8)[fitted.name].to_numpy()
    np.testing.assert_array_equal(still, before)
    if after is not None:
        assert (after.predict(8)[fitted.name].to_numpy() != before).any()
