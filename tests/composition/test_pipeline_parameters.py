"""Arguments of pipelines: names, changes by name, what is refused."""

from __future__ import annotations

import pytest

import forecast as fc

STEPS = [fc.Log1p(), fc.Difference(), fc.Difference(12), fc.AR(lags=2)]


def test_the_name_is_that_of_the_steps():
    assert fc.Pipeline(STEPS).name == "Log1p+Difference+Difference2+AR"
    assert fc.Pipeline(STEPS, alias="mine").name == "mine"
    assert fc.Pipeline([fc.AR(alias="ar")]).name == "ar"


def test_it_is_what_its_last_step_is():
    network = fc.Pipeline([fc.Log1p(), fc.LSTMForecaster()])
    assert (network.role, network.closed_form, network.takes_new_series) == ("network", False, True)
    linear = fc.Pipeline([fc.StandardScaler(), fc.AR(season_length=7)])
    assert (linear.role, linear.point, linear.season_length) == ("linear", "mean", 7)
    assert linear.uses_covariates and linear.closed_form


def test_arguments_of_steps_are_reached_by_name():
    pipeline = fc.Pipeline(STEPS)
    params = pipeline.get_params()
    assert params["Difference2__lag"] == 12 and params["AR__lags"] == 2
    changed = pipeline.clone().set_params(Difference2__lag=7, AR__lags=5, AR__terms__trend="n")
    assert repr(changed.steps[:3]) == "[Log1p(), Difference(), Difference(lag=7)]"
    assert changed.steps[3].lags == 5 and changed.steps[3].terms.trend == "n"
    assert STEPS[2].lag == 12 and STEPS[3].lags == 2 and isinstance(changed.steps, list)
    assert isinstance(fc.Pipeline(tuple(STEPS)).set_params(AR__lags=1).steps, tuple)


def test_a_failed_change_changes_nothing():
    pipeline = fc.Pipeline(STEPS)
    with pytest.raises(ValueError, match=r"has no parameter 'Difference__lags'.*Did you mean"):
        pipeline.set_params(Difference__lags=3)
    with pytest.raises(ValueError, match=r"`lag` must be a whole number of at least 1; got 0"):
        pipeline.set_params(Difference__lag=0)
    with pytest.raises(ValueError, match=r"the new `steps` have no 'Difference2__lag'"):
        pipeline.set_params(steps=[fc.Difference(), fc.AR()], Difference2__lag=1)
    assert pipeline.steps is STEPS and repr(STEPS[1]) == "Difference()"


def test_a_transform_can_be_left_out():
    pipeline = fc.Pipeline(STEPS, alias="mine")
    assert repr(pipeline.without("Difference2").steps[2]) == "Identity()"
    other = fc.Pipeline(STEPS).without(0)
    assert repr(other.steps) == "[Identity(), Difference(), Difference(lag=12), AR(lags=2)]"
    assert other.name == "Difference+Difference2+AR" and pipeline.without(1).name == "mine"
    for wrong in ("AR", 3, -1, "log", True):
        with pytest.raises(ValueError, match=r"no transform .* known are \['Log1p', 'Difference'"):
            pipeline.without(wrong)


def test_without_a_transform_it_forecasts_as_if_it_were_not_there():
    frame = fc.load_dataset("sunspots").tail(100)
    left = fc.Pipeline([fc.Log1p(), fc.AR(lags=2)]).without("Log1p").fit(frame).predict(4)
    plain = fc.AR(lags=2).fit(frame).predict(4)
    assert left["AR"].tolist() == plain["AR"].tolist()


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([], ValueError, r"`steps` must be a list of transforms and, last, a forecaster"),
        (fc.AR(), ValueError, r"such as \[fc.Log1p\(\), fc.AR\(\)\]; got AR\(\)"),
        (
            [fc.Log1p()],
            TypeError,
            r"`steps\[0\]` must be a forecaster such as fc.AR\(\); got Log1p",
        ),
        ([fc.Log1p, fc.AR()], TypeError, r"`steps\[0\]` must be a transform .* Call the class to"),
        ([fc.AR(), fc.AR()], TypeError, r"`steps\[0\]` must be a transform such as fc.Log1p\(\)"),
        ([fc.Log1p(), fc.AR], TypeError, r"`steps\[1\]` must be a forecaster .* Call the class"),
    ],
)
def test_other_steps_are_refused(steps, error, message):
    with pytest.raises(error, match=message):
        fc.Pipeline(steps)
