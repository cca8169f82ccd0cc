"""What compiled functions see of a past, against the NumPy view of the same window."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from models.material import highway_of, past_of

from forecast.baselines.window import Past
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import read_inputs
from forecast.models.lens import Lens
from forecast.models.tensor_inputs import Highway, Recent, recent_of, tensor_inputs

WINDOW, LENGTHS = 20, (0, 1, 2, 3, 4, 5, 8, 14, 19, 20, 21, 60)
VALUES = np.random.default_rng(1).normal(30.0, 4.0, (len(LENGTHS), 90))
HIGHWAYS = {
    "window": highway_of(5, (3, 4), WINDOW),
    "logarithm": highway_of(5, (3, 4), WINDOW, logarithm=True),
    "no season": highway_of(5, (), WINDOW),
    "long season": highway_of(4, (19, 25), WINDOW),
    "own coefficients": highway_of(5, (4,), WINDOW, num_series=len(LENGTHS)),
}
# Of some series their own, of the others that of the newest lags.
SCALES = np.random.default_rng(2).uniform((20.0, 2.0), (40.0, 6.0), (1 + len(LENGTHS), 2))
SCALES[::3] = 0.0
HIGHWAYS |= {f"{name}, own scales": HIGHWAYS[name].seen_in(SCALES) for name in list(HIGHWAYS)}


def joined(pasts: list[Past]) -> Past:
    names = ("window", "total", "size", "clock", "first", "series")
    return Past(*(np.concatenate([getattr(past, name) for past in pasts]) for name in names))


def pasts_of(more: int = 0) -> Past:
    """Series of all lengths, some shorter than the window; `more` steps later if asked for."""
    places = range(len(LENGTHS))
    return joined([past_of(VALUES[i, : LENGTHS[i] + more], WINDOW, i) for i in places])


def highway_tensors(model: HighwayModel, series: np.ndarray) -> Highway:
    lens, features = Lens(model), model.features
    arrays = [lens.groups, *lens.coefficients(series)]
    is_scaled = features.scale == "window"
    return Highway(*map(ops.convert_to_tensor, arrays), features.span, len(features.seasons),
                   is_scaled)  # fmt: skip


def recent_tensors(past: Past, span: int) -> Recent:
    arrays = (past.window, past.total, past.clock.astype(float))
    return recent_of(*map(ops.convert_to_tensor, arrays), span)


def assert_same_view(found, recent: Recent, expected, path: int = 0) -> None:
    base = np.asarray(found.base + recent.reference[:, None])[:, path]
    np.testing.assert_allclose(base, expected.base, rtol=1e-11)
    np.testing.assert_allclose(np.asarray(found.unit)[:, path], expected.unit, rtol=1e-11)
    features = np.asarray(found.features)[:, :, path]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected.features, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", HIGHWAYS)
def test_windows_are_seen_as_numpy_sees_them(name: str) -> None:
    model, past = HIGHWAYS[name], pasts_of()
    assert Lens(model).is_whole
    recent = recent_tensors(past, model.features.span)
    found = tensor_inputs(highway_tensors(model, past.series), recent)
    assert_same_view(found, recent, read_inputs(model, past))


@pytest.mark.parametrize("name", HIGHWAYS)
@pytest.mark.parametrize("num_own", [1, 3, 7, 30])
def test_values_of_its_own_are_seen_as_part_of_the_past(name: str, num_own: int) -> None:
    model, past = HIGHWAYS[name], pasts_of()
    recent = recent_tensors(past, model.features.span)
    reference = np.asarray(recent.reference)
    steps = [VALUES[i, length : length + num_own] for i, length in enumerate(LENGTHS)]
    own = np.stack(steps) - reference[:, None]
    paths = np.stack([own[:, ::-1], 0.5 * own[:, ::-1]], axis=2)
    shared, known = np.zeros((2, len(own), WINDOW))
    if num_own < WINDOW:
        shared[:, num_own:] = np.asarray(recent.shared)[:, : WINDOW - num_own]
        known[:, num_own:] = np.asarray(recent.known)[:, : WINDOW - num_own]
    later = Recent(
        *map(ops.convert_to_tensor, (shared, known, paths)),
        recent.surplus + paths.sum(axis=1),
        recent.clock + num_own,
        recent.reference,
    )
    found = tensor_inputs(highway_tensors(model, past.series), later)
    assert_same_view(found, later, read_inputs(model, pasts_of(num_own)))
    halved = past.append(reference[:, None] + 0.5 * own)
    assert_same_view(found, later, read_inputs(model, halved), path=1)


@pytest.mark.parametrize("value", [0.0, 5.1, -3e8])
def test_a_constant_past_has_no_deviation(value: float) -> None:
    model = HIGHWAYS["window"]
    past = past_of(np.full(30, value), WINDOW)
    recent = recent_tensors(past, model.features.span)
    found = tensor_inputs(highway_tensors(model, past.series), recent)
    assert np.abs(np.asarray(found.features)[0, 1:3]).max() <= 1e-6
    assert np.asarray(found.unit)[0, 0] == 1e-9 * max(abs(value), 1.0)


def test_what_the_arrays_cannot_say_is_told() -> None:
    features = HIGHWAYS["window"].features
    wide = HighwayModel(
        features, np.zeros((1, 1, features.num_columns + 1)), HIGHWAYS["window"].power,
        np.zeros(1), np.ones(1),
    )  # fmt: skip
    assert not Lens(wide).is_whole
