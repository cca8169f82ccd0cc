"""The constructor of a combination: what it takes, what it refuses, arguments of its members."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.base

import forecast as fc


def both(**changes):
    arguments = {"forecasters": [fc.AR(lags=2), fc.Naive(alias="last")]} | changes
    return fc.Combine(**arguments)


@pytest.mark.parametrize("nothing", [[], (), None, fc.AR(), "AR", {"AR": fc.AR()}], ids=repr)
def test_what_is_no_list_of_forecasters_is_refused(nothing):
    with pytest.raises(ValueError, match=r"`forecasters` must be a list of at least one fore.*got"):
        fc.Combine(nothing)


@pytest.mark.parametrize("member", ["ar", None, np.mean])
def test_a_member_that_is_no_forecaster_is_refused(member):
    with pytest.raises(TypeError, match=r"`forecasters\[1\]` must be a forecaster such as fc\.AR"):
        fc.Combine([fc.AR(), member])


def test_a_class_is_no_forecaster():
    with pytest.raises(TypeError, match=r"got <class '.*Naive'>\. Call the class to make one\."):
        fc.Combine([fc.Naive])


def test_two_members_of_one_name_are_refused():
    message = r"two forecasters are called 'AR'; give one of them another name, as in AR\(alias="
    with pytest.raises(ValueError, match=message):
        fc.Combine([fc.AR(lags=1), fc.AR(lags=2)])
    assert fc.Combine([fc.AR(lags=1), fc.AR(lags=2, alias="AR2")]).name == "Combine"


def test_a_name_that_would_hide_its_arguments_is_refused():
    with pytest.raises(ValueError, match=r"cannot be called 'my__ar': `__` stands between"):
        fc.Combine([fc.AR(alias="my__ar")])


@pytest.mark.parametrize("method", ["Median", "best", None, 3])
def test_an_unknown_method_is_refused(method):
    with pytest.raises(ValueError, match=r"`method` must be one of median, mean, weighted; got"):
        both(method=method)


def test_arguments_of_members_are_parameters():
    params = both().get_params()
    assert params["AR__lags"] == 2 and params["last__alias"] == "last"
    assert list(both().get_params(deep=False)) == ["forecasters", "method", "alias"]
    nested = fc.Combine([both(), fc.Drift()]).get_params()
    assert nested["Combine__AR__lags"] == 2 and nested["Combine__method"] == "median"


def test_arguments_of_members_are_set_by_name():
    combination = both()
    given, first = combination.forecasters, combination.forecasters[0]
    assert combination.set_params(AR__lags=5, AR__season_length=4, method="mean") is combination
    assert repr(combination.forecasters[0]) == "AR(lags=5, season_length=4)"
    assert combination.method == "mean"
    # What the user gave is left as it is: the combination has a member of its own now.
    assert first.lags == 2 and given[0] is first
    assert combination.forecasters[1] is given[1]


def test_arguments_of_nested_combinations_are_set_by_name():
    nested = fc.Combine((both(), fc.Drift())).set_params(Combine__AR__lags=7)
    assert repr(nested) == (
        "Combine(forecasters=(Combine(forecasters=[AR(lags=7), Naive(alias='last')]), Drift()))"
    )


def test_a_training_setting_of_a_network_is_reached():
    combination = fc.Combine([fc.LSTMForecaster()]).set_params(LSTM__training__num_steps=5)
    assert combination.forecasters[0].training.num_steps == 5


def test_a_member_may_be_renamed_and_replaced():
    assert both().set_params(AR__alias="ar").get_params()["ar__lags"] == 2
    found = both().set_params(forecasters=[fc.AR(), fc.Drift()], AR__lags=3)
    assert repr(found.forecasters) == "[AR(lags=3), Drift()]"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AR__lag": 3}, r"Combine has no parameter 'AR__lag'.*Did you mean 'AR__lags'\?"),
        ({"VAR__lags": 3}, r"Combine has no parameter 'VAR__lags'; it has alias, forecasters, me"),
        ({"AR__lags": -3}, r"lags"),
        ({"AR__alias": "last"}, r"two forecasters are called 'last'"),
        ({"forecasters": []}, r"`forecasters` must be a list of at least one"),
        ({"forecasters": [fc.Drift()], "AR__lags": 3}, r"have no member 'AR'; they are Drift\."),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_a_refused_change_changes_nothing(changes, message):
    combination = both()
    before, members = repr(combination), combination.forecasters
    with pytest.raises(ValueError, match=message):
        combination.set_params(alias="changed", **changes)
    assert repr(combination) == before and combination.forecasters is members


@pytest.mark.parametrize("kind", [list, tuple])
def test_members_are_cloned_with_the_combination(kind):
    first = both(forecasters=kind([fc.AR(lags=2), fc.Naive()]), alias="c")
    for twin in (first.clone(), sklearn.base.clone(first)):
        assert repr(twin) == repr(first) and isinstance(twin.forecasters, kind)
        pairs = zip(twin.forecasters, first.forecasters, strict=True)
        assert all(one is not other for one, other in pairs)


def test_fitting_leaves_the_members_alone():
    members = [fc.AR(lags=2), fc.Naive()]
    fc.Combine(members).fit(fc.load_dataset("sunspots"), horizon=3)
    assert all("fitted_" not in vars(member) for member in members)
