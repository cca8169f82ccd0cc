"""A search for settings: honest origins, pruning, going on after an interruption, its cost."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.search import searching, study

optuna = pytest.importorskip("optuna")

SPACE = {"lags": range(1, 15), "terms__trend": ["n", "c"]}


def waves(steps: int = 120, seed: int = 1) -> pd.DataFrame:
    """An autoregression of order 3 with a period of about 9 steps."""
    noise, values = np.random.default_rng(seed).standard_normal(steps + 50), np.zeros(steps + 50)
    for t in range(3, steps + 50):
        values[t] = 1.9 * values[t - 1] - 1.4 * values[t - 2] + 0.3 * values[t - 3] + noise[t]
    times = pd.date_range("2010-01-01", periods=steps, freq="D")
    return pd.DataFrame({"unique_id": "a", "ds": times, "y": values[50:] + 40})


def found(**options) -> fc.SearchResult:
    return fc.search(fc.AR(lags=1), waves(), 4, SPACE, **{"num_trials": 8, **options})


@pytest.fixture(scope="module")
def result() -> fc.SearchResult:
    return found()


def untimed(trials: pd.DataFrame) -> pd.DataFrame:
    return trials.drop(columns="seconds")


def test_the_given_settings_come_first_and_the_best_is_returned_unfitted(result) -> None:
    trials = result.trials
    assert len(trials) == 8 and result.is_complete
    assert trials["lags"][0] is None and trials["state"][0] == "scored"
    scored = trials[trials["state"] == "scored"]
    assert result.best_score == scored["score"].min() < trials["score"][0]
    row = scored.loc[scored["score"].idxmin()]
    assert result.best_params == {"lags": row["lags"], "terms__trend": row["terms__trend"]}
    best = result.best_forecaster
    assert best.lags == row["lags"] and best.terms.trend == row["terms__trend"]
    assert not hasattr(best, "fitted_") and best.tuned.seconds == result.search_seconds > 0


def test_the_score_is_the_mase_of_a_backtest_over_the_same_origins(result) -> None:
    """By another route: cross_validation, and denominators by hand."""
    frame = waves()
    cv = fc.cross_validation(fc.AR(lags=1), frame, 4, n_windows=5)
    known = frame["y"].to_numpy()[: len(frame) - 20]
    season = result.best_forecaster.fit(frame, horizon=4).fitted_.season.length
    scale = np.abs(known[season:] - known[:-season]).mean()
    expected = np.abs(cv["y"] - cv["AR"]).mean() / scale
    assert result.trials["score"][0] == pytest.approx(expected, rel=1e-10)


def test_trials_that_are_behind_are_pruned() -> None:
    trials = found(num_trials=14).trials
    pruned = trials[trials["state"] == "pruned"]
    assert len(pruned) and (pruned["origins"] < 5).any()
    assert (trials.loc[trials["state"] == "scored", "origins"] == 5).all()


def test_the_same_seed_gives_the_same_trials_another_seed_others(result) -> None:
    pd.testing.assert_frame_equal(untimed(found().trials), untimed(result.trials))
    assert not untimed(found(seed=1).trials).equals(untimed(result.trials))


def test_nothing_global_is_changed(result) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    verbosity = optuna.logging.get_verbosity()
    found(num_trials=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert optuna.logging.get_verbosity() == verbosity


def test_a_quiet_search_writes_nothing(capfd) -> None:
    found(num_trials=3)
    assert capfd.readouterr() == ("", "")


# Going on -----------------------------------------------------------------------------------------


def interrupting(monkeypatch, at: int, error: type[BaseException] = KeyboardInterrupt) -> None:
    """Stop in the middle of the trial number `at`."""
    from forecast.search.scoring import Scoring

    running, calls = Scoring.running, []

    def interrupted(self, forecaster):
        calls.append(forecaster)
        for score in running(self, forecaster):
            if len(calls) == at + 1:
                raise error
            yield score

    monkeypatch.setattr(Scoring, "running", interrupted)


@pytest.mark.parametrize("killed", [False, True])
def test_an_interrupted_search_goes_on_and_ends_as_it_would_have_ended(
    result, killed, tmp_path, monkeypatch
) -> None:
    path = tmp_path / "search.log"
    with monkeypatch.context() as patch:
        if killed:  # nothing of the trial under way is taken back
            patch.setattr(study.Trials, "drop", lambda self, trial: None)
        interrupting(patch, at=4)
        first = found(storage=path)
    assert not first.is_complete and len(first.trials) == 4
    pd.testing.assert_frame_equal(untimed(first.trials), untimed(result.trials[:4]))
    again = found(storage=path)
    assert again.is_complete and again.best_params == result.best_params
    pd.testing.assert_frame_equal(untimed(again.trials), untimed(result.trials))
    assert again.search_seconds > first.search_seconds  # the seconds before count too


def test_a_finished_search_is_read_back_at_once(tmp_path, monkeypatch) -> None:
    first = found(storage=tmp_path / "search.log", num_trials=3)
    monkeypatch.setattr(searching, "attempted", lambda *_: pytest.fail("tried"))
    pd.testing.assert_frame_equal(
        found(storage=tmp_path / "search.log", num_trials=3).trials, first.trials
    )


def test_an_interruption_before_any_score_is_an_interruption(monkeypatch) -> None:
    interrupting(monkeypatch, at=0)
    with pytest.raises(KeyboardInterrupt):
        found()


def test_a_file_of_another_search_is_refused(tmp_path) -> None:
    path = tmp_path / "search.log"
    found(storage=path, num_trials=2)
    with pytest.raises(ValueError, match="holds the search of another seed: 0; got 3"):
        found(storage=path, seed=3)
    with pytest.raises(ValueError, match="holds the search of another data"):
        fc.search(fc.AR(lags=1), waves(seed=2), 4, SPACE, storage=path)
    with pytest.raises(ValueError, match=r"another forecaster: AR\(lags=1\); got AR\(lags=2\)"):
        fc.search(fc.AR(lags=2), waves(), 4, SPACE, storage=path)
    foreign = tmp_path / "foreign.log"
    foreign.write_text("hello\n")
    with pytest.raises(ValueError, match=r"foreign.log holds no search"):
        found(storage=foreign)
    assert foreign.read_text() == "hello\n"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        found(storage=tmp_path / "none" / "search.log")


@pytest.mark.parametrize("num_bytes", [1, 20, 300])
def test_a_search_whose_last_record_is_torn_goes_on(tmp_path, result, num_bytes: int) -> None:
    """As a machine leaves it that stops while it writes."""
    path = tmp_path / "search.log"
    found(storage=path, num_trials=4)
    path.write_bytes(path.read_bytes()[:-num_bytes])
    again = found(storage=path)
    pd.testing.assert_frame_equal(untimed(again.trials), untimed(result.trials))


def test_little_time_is_enough_for_the_given_settings_alone() -> None:
    result = found(max_seconds=1e-9, num_trials=5)
    assert len(result.trials) == 1 and not result.is_complete and result.best_params == {}


# What is tried ------------------------------------------------------------------------------------


def test_settings_that_the_data_do_not_allow_are_refused_not_fatal() -> None:
    class Picky(fc.AR):
        def _estimate(self, task):
            if self.lags == 2:
                raise ValueError("two lags are not enough")
            return super()._estimate(task)

    result = fc.search(Picky(lags=1), waves(), 4, {"lags": [1, 2, 3]}, num_trials=8)
    refused = result.trials[result.trials["state"] == "refused"]
    assert set(refused["lags"]) == {2} and refused["score"].isna().all()
    assert set(refused["reason"]) == {"two lags are not enough"}
    with pytest.raises(ValueError, match="no settings of Picky could be scored: two lags are not"):
        fc.search(Picky(lags=2), waves(), 4, {"lags": [2]}, num_trials=2)


def test_spans_ranges_and_choices_are_tried_within_their_ends() -> None:
    from forecast.search.dimension import Dimension

    rng, found = np.random.default_rng(0), {}
    given = {"a": (2, 9), "b": (0.5, 4.0), "c": (1, 100, "log"), "d": range(3, 30, 5),
             "e": [None, [1, 7], "x"]}  # fmt: skip
    dimensions = [Dimension(name, values) for name, values in given.items()]
    for _ in range(60):
        study = optuna.create_study(
            sampler=optuna.samplers.RandomSampler(seed=int(rng.integers(1e6)))
        )
        trial = study.ask()
        for one in dimensions:
            value = one.suggested(trial)
            found.setdefault(one.name, []).append(value)
            assert one.found(trial.params[one.name]) == value
    assert set(found["a"]) == set(range(2, 10))
    assert all(isinstance(b, float) and 0.5 <= b <= 4 for b in found["b"])
    assert np.median(found["c"]) < 30 and {1, 100} >= {min(found["c"]), max(found["c"])} - set(
        range(2, 100)
    )
    assert set(found["d"]) == set(range(3, 30, 5))
    assert all(value in given["e"] for value in found["e"]) and [1, 7] in found["e"]


@pytest.mark.parametrize(
    "values", [[], range(0), (1,), (3, 2), (0, 1, "log"), (1, 2, "x"), 5, "ab"]
)
def test_what_is_no_set_of_values_is_refused(values) -> None:
    with pytest.raises(ValueError, match="the values of 'lags' must be a list of choices"):
        fc.search(fc.AR(), waves(), 4, {"lags": values})


def test_settings_that_the_forecaster_does_not_know_are_refused_before_any_work() -> None:
    with pytest.raises(ValueError, match=r"AR has no parameter 'lag'.*Did you mean 'lags'"):
        fc.search(fc.AR(), waves(), 4, {"lag": [1]})
    with pytest.raises(ValueError, match="lags"):
        fc.search(fc.AR(), waves(), 4, {"lags": (0, 3)})
    with pytest.raises(TypeError, match="space must map names of settings to their values"):
        fc.search(fc.AR(), waves(), 4, {})
    with pytest.raises(ValueError, match="SeasonalNaive has no default space; give one"):
        fc.search(fc.SeasonalNaive(), waves(), 4)
    with pytest.raises(TypeError, match=r"a forecaster such as fc\.AR"):
        fc.search("lstm", waves(), 4)
    with pytest.raises(ValueError, match="no series varies before its first origin"):
        fc.search(fc.AR(), waves().assign(y=1.0), 4)


@pytest.mark.parametrize(
    "forecaster",
    [
        fc.AR(), fc.PooledAR(), fc.VAR(), fc.ESNForecaster(), fc.LSTMForecaster(),
        fc.GRUForecaster(), fc.RNNForecaster(),
        fc.Pipeline([fc.Log1p(), fc.LSTMForecaster()]), fc.Combine([fc.AR(), fc.ESNForecaster()]),
        fc.Ensemble(fc.ESNForecaster()),
    ],
    ids=lambda one: one.name,
)  # fmt: skip
def test_default_spaces_name_settings_that_there_are(forecaster) -> None:
    from forecast.search.defaults import default_space
    from forecast.search.dimension import read_space

    assert len(read_space(default_space(forecaster), forecaster)) >= 2


def test_without_optuna_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'keras-forecast\[tune\]'"):
        found()


def test_the_picture_shows_every_trial(result) -> None:
    axes = result.plot().axes[0]
    shown = sum(len(line.get_xdata()) for line in axes.lines[:2])
    assert shown == len(result.trials)
    assert "best of 8 trials" in repr(result)


# In a comparison ----------------------------------------------------------------------------------


def test_what_was_tuned_on_the_test_part_is_refused(result) -> None:
    message = r"the settings of AR were searched for on series 'a' until .* after the first cutoff"
    with pytest.raises(ValueError, match=message):
        fc.cross_validation(result.best_forecaster, waves(), 4)
    inside = fc.Pipeline([fc.Log1p(), result.best_forecaster])
    with pytest.raises(ValueError, match="were searched for"):
        fc.cross_validation(inside.clone(), waves(), 4)
    assert len(fc.cross_validation(result.best_forecaster, waves(200), 4, n_windows=2)) == 8


def test_a_search_inside_a_backtest_sees_what_is_known_at_the_first_origin() -> None:
    frame = waves()
    cutoff = len(frame) - 6 * 4
    tuned = fc.Search(fc.AR(lags=1), SPACE, num_trials=6)
    found = fc.cross_validation([tuned, fc.AR(lags=1, alias="as given")], frame, 4, n_windows=6)
    alone = fc.search(fc.AR(lags=1), frame[:cutoff], 4, SPACE, num_trials=6)
    best = alone.best_forecaster.clone().set_params(alias="AR")
    best.tuned = None
    np.testing.assert_array_equal(
        found["AR"], fc.cross_validation(best, frame, 4, n_windows=6)["AR"]
    )
    later = frame.copy()
    later.loc[cutoff:, "y"] = later.loc[cutoff:, "y"].to_numpy()[::-1] * 3
    changed = fc.cross_validation(tuned, later, 4, n_windows=6)
    np.testing.assert_array_equal(found["AR"][:4], changed["AR"][:4])


def test_the_seconds_of_a_search_count_as_the_fit(monkeypatch) -> None:
    tuned = fc.Search(fc.AR(lags=1, alias="tuned"), SPACE, num_trials=3)
    before = fc.AR(lags=1, alias="before")
    before.tuned = fc.search(before, waves()[:60], 4, SPACE, num_trials=2).best_forecaster.tuned
    seconds = fc.compare([tuned, before], waves(), 4, n_windows=8).run.seconds["fit_seconds"]
    assert seconds["before"] > before.tuned.seconds
    monkeypatch.setattr("forecast.backtesting.run.search_seconds", lambda _: 1e6)
    later = fc.compare([before], waves(), 4, n_windows=8).run.seconds["fit_seconds"]["before"]
    assert 1e6 < later < 1e6 + 1e4  # a fit takes no hours, even on a busy machine
    assert seconds["tuned"] > 0


def test_a_search_is_not_used_fitted() -> None:
    with pytest.raises(ValueError, match="searches and fits"):
        fc.cross_validation(fc.Search(fc.AR()), waves(), 4, use_fitted=True)


@pytest.mark.slow
def test_a_small_network_is_tuned_through_its_training() -> None:
    network = fc.RNNForecaster(
        units=4,
        design=fc.NetworkDesign(linear="highway"),
        training=fc.Training(num_steps=4, num_checks=1),
        seed=2,
    )
    space = {"training__learning_rate": (1e-3, 1e-2, "log")}
    result = fc.search(network, waves(60), 4, space, num_trials=2, n_windows=1)
    assert result.trials["training__learning_rate"][1:].between(1e-3, 1e-2).all()
    assert result.trials["score"].notna().all()
