"""scikit-learn's constructor contract on a small class of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import sklearn.base

from forecast.parameters import Parameters


@dataclass(frozen=True)
class Options:
    num_steps: int = 3
    rate: float = 0.1

    def __post_init__(self):
        if self.num_steps < 1:
            raise ValueError("num_steps must be at least 1")


class Thing(Parameters):
    def __init__(self, size=2, lags=None, options=Options()):
        if size < 0:
            raise ValueError(f"`size` must be at least 0; got {size}.")
        self.size = size
        self.lags = lags
        self.options = options


def test_get_params_lists_arguments_and_fields():
    thing = Thing(size=5)
    assert thing.get_params(deep=False) == {"size": 5, "lags": None, "options": Options()}
    assert thing.get_params() == {
        "size": 5, "lags": None, "options": Options(),
        "options__num_steps": 3, "options__rate": 0.1,
    }  # fmt: skip


def test_set_params_changes_by_name_and_returns_itself():
    thing = Thing()
    options = thing.options
    assert thing.set_params(size=7, options__num_steps=9) is thing
    assert thing.size == 7 and thing.options == Options(num_steps=9)
    assert options.num_steps == 3


def test_set_params_of_a_dataclass_and_its_field_together():
    thing = Thing().set_params(options=Options(rate=0.5), options__num_steps=2)
    assert thing.options == Options(2, 0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sise": 3},
            r"Thing has no parameter 'sise'; it has lags, options, size. Did you mean 'size'\?",
        ),
        ({"zzz": 3}, r"it has lags, options, size\.$"),
        ({"options__zzz": 3}, r"'options__zzz'; it has options__num_steps, options__rate\."),
        ({"lags__first": 3}, r"no parameter 'lags__first'"),
        ({"size": -1}, r"`size` must be at least 0; got -1"),
        ({"options__num_steps": 0}, r"num_steps must be at least 1"),
    ],
)
def test_a_refused_change_changes_nothing(changes, message):
    thing = Thing(size=4)
    before = thing.get_params()
    with pytest.raises(ValueError, match=message):
        thing.set_params(**({"lags": [1]} | changes))
    assert thing.get_params() == before


def test_clone_has_the_same_arguments():
    thing = Thing(lags=[1, 2], options=Options(5))
    thing.fitted_ = True
    twin = thing.clone()
    assert twin.get_params() == thing.get_params()
    assert twin.lags is thing.lags and not hasattr(twin, "fitted_")
    assert sklearn.base.clone(thing).get_params() == thing.get_params()


def test_repr_is_the_call_without_defaults():
    assert repr(Thing()) == "Thing()"
    assert repr(Thing(3, lags=[1])) == "Thing(size=3, lags=[1])"
    assert repr(Thing(lags=np.array([1, 2]))) == "Thing(lags=array([1, 2]))"
    assert repr(Thing(options=Options(4))) == "Thing(options=Options(num_steps=4, rate=0.1))"
