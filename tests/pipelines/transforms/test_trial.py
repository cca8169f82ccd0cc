"""What a transform of the user's may do wrong is refused when it is fitted, by name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.pipelines import Frequency, Panel
from forecast.pipelines.transforms import Chain

RNG = np.random.default_rng(8)
WALK = 40.0 + np.cumsum(RNG.normal(size=50))
GAPPY = np.where(np.arange(40) % 7 == 3, np.nan, 9.0 + RNG.normal(size=40))


def panel_of(*rows) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ids = np.array(list("abcdefgh"[: len(rows)]), dtype=object)
    starts = pd.DatetimeIndex(["2024-01-01"] * len(rows))
    return Panel(ids, np.concatenate(rows), offsets, starts, Frequency("D"))


PANEL = panel_of(WALK, GAPPY)


class Centred(fc.Transform):
    """A scaler as it should be; the planted mistakes below change one thing each."""

    def fit(self, panel, season_length):
        return {"centre": np.array([np.nanmean(panel.row(i)) for i in range(panel.num_series)])}

    def forward(self, values, view):
        return values - view.column("centre")

    def inverse(self, values, view):
        return values + view.column("centre")


class Change(fc.Transform):
    """A difference, as the docstring of `Transform` has it."""

    def memory(self, season_length):
        return 1

    def fit(self, panel, season_length):
        return {}

    def forward(self, values, view):
        return np.diff(np.concatenate([view.past, values], axis=-1))

    def inverse(self, values, view):
        return view.past + np.cumsum(values, axis=-1)


class Phased(Centred):
    """Uses its clock."""

    uses_clock = True

    def forward(self, values, view):
        return values - view.column("centre") - view.clock % 3

    def inverse(self, values, view):
        return values + view.column("centre") + view.clock % 3


class Clipped(Centred):
    """Loses outliers, and says so."""

    lossy = True

    def forward(self, values, view):
        return np.clip(values, None, view.column("centre"))

    def inverse(self, values, view):
        return values


@pytest.mark.parametrize("transform", [Centred(), Change(), Phased(), Clipped()], ids=repr)
@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_an_honest_transform_is_taken(transform, length):
    single = panel_of(WALK[:length], GAPPY[:length])
    chain = Chain((fc.FillGaps(), transform)).fit(single, 1)
    assert np.isfinite(chain.inverse(np.zeros((2, 3)), single)).all()


def test_the_difference_of_the_docstring_is_that_of_the_library():
    wanted = Chain((fc.Difference(),)).fit(PANEL, 1)
    found = Chain((Change(),)).fit(PANEL, 1)
    np.testing.assert_array_equal(found.forward(PANEL).values, wanted.forward(PANEL).values)
    steps = RNG.normal(size=(2, 4, 6))
    np.testing.assert_allclose(found.inverse(steps, PANEL), wanted.inverse(steps, PANEL))


class ByItsBlock(Centred):
    """Standardises by the mean of whatever block it is given: it looks ahead."""

    def forward(self, values, view):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return values - np.nanmean(values, axis=-1, keepdims=True)


class ByTheLargest(Centred):
    """Divides by the largest value so far, of this block only."""

    def forward(self, values, view):
        return values / np.maximum.accumulate(np.nan_to_num(values), axis=-1)


class FurtherBack(Change):
    """Says less than it looks back."""

    def forward(self, values, view):
        return values - np.roll(values, 2, axis=-1)


class NoInverse(Centred):
    """Adds where it should take away."""

    def inverse(self, values, view):
        return values - view.column("centre")


class OnlyOnPoints(Centred):
    """Its inverse takes the mean of the paths."""

    def inverse(self, values, view):
        lifted = np.arange(values.shape[1])[:, None] if values.ndim == 3 else 0.0
        return values + view.column("centre") + lifted


class InPlace(Centred):
    """Overwrites what it is given."""

    def forward(self, values, view):
        values -= view.column("centre")
        return values


class Keeps(fc.Transform):
    """Keeps the mean in the object."""

    def fit(self, panel, season_length):
        self.mean = np.nanmean(panel.values)
        return {}

    def forward(self, values, view):
        return values - self.mean

    def inverse(self, values, view):
        return values + self.mean


class Shorter(Centred):
    """Leaves out the first step."""

    def forward(self, values, view):
        return values[..., 1:]


class Nowhere(Centred):
    """Has no output for any of the values."""

    def forward(self, values, view):
        return np.log(-np.abs(values))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (ByItsBlock(), r"ByItsBlock.forward gives other numbers .* in two blocks: it looks ahead"),
        (ByTheLargest(), r"ByTheLargest.forward gives other numbers for the same steps"),
        (FurtherBack(), r"FurtherBack.forward .* or further back than its memory"),
        (NoInverse(), r"NoInverse.inverse does not give back .* of series 'a' became .*`lossy = T"),
        (OnlyOnPoints(), r"OnlyOnPoints.inverse does not give back what came"),
        (InPlace(), r"read-only"),
        (Keeps(), r"Keeps keeps what it has learned in self.mean.*view.column\('mean'\)"),
        (Shorter(), r"Shorter.forward must return the shape that it was given, \(1, 50\); got"),
        (Nowhere(), r"Nowhere.forward gives no number for any of the values of series 'a', such"),
    ],
)
def test_a_planted_mistake_is_refused(transform, message):
    with pytest.raises(ValueError, match=message):
        Chain((transform,)).fit(PANEL, 1)


@pytest.mark.parametrize(
    ("found", "error", "message"),
    [
        (None, TypeError, r"Gives.fit must return a dictionary of arrays.* or \{\} where nothing"),
        ({"m": 3.0}, ValueError, r"row for each of the 2 series; 'm' has dtype float64 and shape"),
        ({"m": np.zeros(1)}, ValueError, r"shape \(1,\). The same for all is np.full\(panel.num"),
        ({"m": ["x", "y"]}, ValueError, r"must return numbers.*'m' has dtype <U1"),
        ({"m": [1.0, np.nan]}, ValueError, r"gives 'm' = nan for series 'b'. Missing .*np.nanmean"),
        ({"m": [[np.inf, 1.0], [1.0, 2.0]]}, ValueError, r"'m' = \[inf  1.\] for series 'a'"),
    ],
)
def test_what_was_learned_is_a_row_of_numbers_a_series(found, error, message):
    class Gives(Centred):
        def fit(self, panel, season_length):
            return found

    with pytest.raises(error, match=message):
        Chain((Gives(),)).fit(PANEL, 1)


def test_lists_are_arrays_and_a_series_without_values_may_have_no_number():
    class Gives(Centred):
        def fit(self, panel, season_length):
            return {"centre": [4.0, np.nan]}

    empty = panel_of(WALK, np.full(9, np.nan))
    found = Chain((Gives(),)).fit(empty, 1).forward(empty)
    np.testing.assert_array_equal(found.row(0), WALK - 4.0)


def test_an_argument_under_another_name_is_refused():
    class Divided(Change):
        def __init__(self, factor=2.0):
            self.divisor = factor

    for use in (repr, lambda one: one.changed(factor=3.0), lambda one: one.get_params()):
        with pytest.raises(TypeError, match=r"Divided.__init__ must store its argument 'factor'"):
            use(Divided())
