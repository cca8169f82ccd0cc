"""Who takes part in a comparison: guests, further seeds, forecasts made elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from guests_material import Framed, Last, Moving

import forecast as fc
from forecast.backtesting.plan import make_plan
from forecast.compare.records import settings_of
from forecast.covariate_use import weight_columns
from forecast.pipelines import Columns, Split, default_season


def walk(steps: int = 90, seed: int = 2) -> pd.DataFrame:
    values = np.cumsum(np.random.default_rng(seed).standard_normal(steps)) + 30
    times = pd.date_range("2020-01-05", periods=steps, freq="W")
    return pd.DataFrame({"unique_id": "a", "ds": times, "y": values})


@pytest.fixture(scope="module")
def result() -> fc.evaluation.Comparison:
    frame = walk()
    theirs = fc.cross_validation(fc.Naive(alias="theirs"), frame, 4, n_windows=8, level=80)
    theirs = theirs.sample(frac=1.0, random_state=3).drop(columns="y")
    return fc.compare([Last(), Moving(), Framed()], frame, 4, n_windows=8, forecasts=theirs)


def test_guests_and_given_forecasts_stand_in_the_table_as_what_they_are(result) -> None:
    table = result.table.set_index("model")
    for name in ("Last", "Moving", "Framed", "theirs"):
        assert table.loc[name, "MASE"] == pytest.approx(table.loc["Naive", "MASE"], rel=1e-12)
        assert result.protocol.roles[name] == "other"
    assert result.protocol.refit["Last"] == "every cutoff"
    assert result.protocol.refit["Moving"] == "once"
    assert result.protocol.refit["theirs"] == "elsewhere"
    assert table.loc["Last", "fit s"] > 0 and np.isnan(table.loc["theirs", "fit s"])


def test_coverage_of_what_has_no_intervals_is_unknown(result) -> None:
    table = result.table.set_index("model")
    assert np.isnan(table.loc["Last", "coverage 80 %"])
    assert np.isnan(table.loc["theirs", "coverage 95 %"])
    assert table.loc["theirs", "coverage 80 %"] == table.loc["Naive", "coverage 80 %"]
    assert table.loc["Framed", "coverage 95 %"] == 100.0


UNEQUAL = {
    "other horizon": (
        {"horizon": 3},
        "has a row which this comparison has not: series 'a', .* cutoff",
    ),
    "other origins": ({"step_size": 3}, "which this comparison has not: series 'a'"),
    "fewer origins": ({"n_windows": 7}, "lacks 4 of 32 rows.*call cross_validation with the same"),
    "gap": ({"gap": 1}, "rows: call cross_validation with the same data, horizon, n_windows"),
}


@pytest.mark.parametrize("kind", UNEQUAL)
def test_unequal_folds_are_refused(kind) -> None:
    changes, message = UNEQUAL[kind]
    options = {"horizon": 4, "n_windows": 8} | changes
    theirs = fc.cross_validation(fc.Naive(alias="theirs"), walk(), **options)
    with pytest.raises(ValueError, match=message):
        fc.compare([], walk(), 4, n_windows=8, forecasts=theirs)


def test_a_frame_of_other_data_or_shape_is_refused() -> None:
    def compare(frame):
        fc.compare([], walk(), 4, n_windows=8, forecasts=frame)

    theirs = fc.cross_validation(fc.Naive(alias="theirs"), walk(), 4, n_windows=8)
    with pytest.raises(
        ValueError, match=r"has the actual value \S+ where the data have .*other data"
    ):
        compare(theirs.assign(y=theirs["y"] + 0.01))
    with pytest.raises(ValueError, match="has a row twice: series 'a'"):
        compare(pd.concat([theirs, theirs[3:4]]))
    with pytest.raises(ValueError, match="has no column 'cutoff'; it has unique_id, ds"):
        compare(theirs.drop(columns="cutoff"))
    with pytest.raises(ValueError, match="no column of forecasts beside its keys"):
        compare(theirs.drop(columns="theirs"))
    with pytest.raises(ValueError, match=r"theirs has no forecast .NaN. for series 'a'"):
        compare(theirs.assign(theirs=np.nan))
    with pytest.raises(TypeError, match="forecasts must be a frame as of cross_validation; got 3"):
        compare(3)
    with pytest.raises(ValueError, match="two forecasters are called 'Naive'"):
        compare(theirs.rename(columns={"theirs": "Naive"}))


# Seeds --------------------------------------------------------------------------------------------


def test_what_is_random_runs_from_three_seeds() -> None:
    frame = walk(70)
    esn = fc.ESNForecaster(units=12, seed=4)
    result = fc.compare([esn, fc.AR(lags=1, alias="one")], frame, 3, n_windows=8, level=None)
    assert result.backtest.replicates == {"ESN": ("ESN-seed-5", "ESN-seed-6")}
    alone = fc.cross_validation(fc.ESNForecaster(units=12, seed=6), frame, 3, n_windows=8)
    np.testing.assert_array_equal(result.backtest.frame["ESN-seed-6"], alone["ESN"])
    assert "ESN 4, 5, 6 (losses averaged" in result.run.settings["seeds"]
    assert result.run.seconds.loc["ESN", "runs"] == 3 and result.run.seconds.loc["one", "runs"] == 1
    assert "ESN-seed-5" not in [*result.run.seconds.index, *result.aliases()]


def test_one_seed_is_one_run() -> None:
    result = fc.compare(fc.ESNForecaster(units=12), walk(70), 3, n_windows=2, num_seeds=1)
    assert result.backtest.replicates == {} and "seeds" not in result.run.settings


def test_seeds_within_compositions_move_together() -> None:
    from forecast.compare.seeds import replicas_of

    esn = fc.ESNForecaster(seed=3)
    both = fc.Combine([esn, fc.Naive()], alias="both")
    piped = fc.Pipeline([fc.Log1p(), fc.LSTMForecaster(seed=1)], alias="piped")
    replicas = replicas_of([both, piped, fc.AR()], num_seeds=2)
    assert replicas.columns == {"both": ("both-seed-4",), "piped": ("piped-seed-2",)}
    assert replicas.all[0].forecasters[0].seed == 4 and esn.seed == 3
    assert replicas.all[1].steps[-1].seed == 2


def test_a_number_of_seeds_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="num_seeds"):
        fc.compare([], walk(), 4, num_seeds=0)


def test_the_settings_name_weights_and_the_kind_of_intervals() -> None:
    network = fc.RNNForecaster(
        training=fc.Training(truncation=fc.Truncation(weights=fc.TargetWeights("w")))
    )
    shown, columns = [network, fc.Naive()], Columns()
    options = {"level": 80, "intervals": "paths", "weights": weight_columns(shown)}
    plan = make_plan(walk().assign(w=1.0), columns, 4, Split(2), **options)
    found = settings_of(plan, default_season(plan.training_part(), None), shown)
    assert found["weights of targets"] == "w (RNN)" and found["intervals"] == "paths"
    plain = make_plan(walk(), columns, 4, Split(2))
    found = settings_of(plain, default_season(plain.training_part(), None), shown)
    assert not {"weights of targets", "intervals"} & set(found)
