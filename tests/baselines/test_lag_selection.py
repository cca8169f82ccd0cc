"""How lags are chosen, as users say it: one settings class for AR and VAR."""

from __future__ import annotations

import numpy as np
import pytest
from ar_material import frame_of, simulated
from statsmodels.tools import eval_measures

import forecast as fc
from forecast.baselines.lag_selection import (
    CRITERIA,
    criterion_penalty,
    default_max_lags,
    schwert_lags,
)
from forecast.baselines.selection import Scores


@pytest.fixture(scope="module")
def frame():
    return frame_of(*(simulated([0.6, -0.3, 0.2], 140, seed, mean=20.0) for seed in range(3)))


@pytest.mark.parametrize("criterion", ["aic", "bic", "hqic"])
def test_penalties_equal_those_of_statsmodels(criterion):
    for rows, parameters in ((17, 3), (400, 11)):
        free, full = (getattr(eval_measures, criterion)(0.0, rows, k) for k in (0, parameters))
        found = criterion_penalty(criterion, rows) * parameters
        assert found == pytest.approx(full - free)


def test_few_rows_have_a_penalty_all_the_same():
    assert (criterion_penalty("hqic", np.array([1, 2, 3])) >= 0).all()


def test_most_lags_by_default():
    assert [schwert_lags(n) for n in (1, 30, 100, 1000)] == [3, 8, 12, 21]
    assert [default_max_lags(100, season) for season in (1, 7, 12, 24)] == [12, 12, 13, 25]


@pytest.mark.parametrize(
    ("make", "known"),
    [(fc.AR, {"rolling", "aic", "bic", "hqic"}), (fc.VAR, {"aic", "bic", "hqic", "fpe"})],
)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_forecaster_refuses_the_criteria_that_it_does_not_have(make, known, criterion):
    selection = fc.LagSelection(criterion)
    if criterion in known:
        assert make(lags=selection).lags is selection
        return
    with pytest.raises(
        ValueError, match=rf"{make.__name__} cannot choose its lags by '{criterion}'"
    ):
        make(lags=selection)


@pytest.mark.parametrize(("make", "first"), [(fc.AR, "rolling"), (fc.VAR, "aic")])
def test_without_a_word_the_first_criterion_of_the_forecaster_counts(frame, make, first):
    plain, empty, named = (
        make(lags=lags, season_length=7).fit(frame, horizon=7)
        for lags in (None, fc.LagSelection(), fc.LagSelection(first))
    )
    assert plain.choices_ == empty.choices_ == named.choices_
    np.testing.assert_array_equal(plain.predict(7).iloc[:, 2], named.predict(7).iloc[:, 2])


@pytest.mark.parametrize("make", [fc.AR, fc.VAR])
def test_a_selection_survives_a_bundle(frame, tmp_path, make):
    before = make(lags=fc.LagSelection("bic", 5), season_length=7).fit(frame, horizon=7)
    before.save(tmp_path / "a.kfc")
    after = fc.load(tmp_path / "a.kfc")
    assert after.lags == fc.LagSelection("bic", 5) and after.choices_ == before.choices_
    np.testing.assert_array_equal(after.predict(7).iloc[:, 2], before.predict(7).iloc[:, 2])


def test_folds_that_could_not_be_scored_are_not_counted():
    scores = Scores(("a", "b"), np.array([[np.nan, 1.0, 1.0], [np.nan, 0.5, np.nan]]))
    assert scores.folds == "2 folds"
    assert Scores(("a",), np.array([[np.nan, 0.5]])).folds == "1 fold"
