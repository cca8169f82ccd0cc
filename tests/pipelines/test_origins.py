"""Rolling origins against the picture in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import rolling_origins


def test_the_picture_of_the_docstring():
    assert rolling_origins(np.array([10]), 2, 3).ends[:, 0].tolist() == [4, 6, 8]
    assert rolling_origins(np.array([10]), 2, 3, gap=1).ends[:, 0].tolist() == [3, 5, 7]
    sliding = rolling_origins(np.array([10]), 2, 3, max_train_size=3)
    assert (sliding.ends - sliding.starts).tolist() == [[3], [3], [3]]


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    horizon=st.integers(1, 6),
    windows=st.integers(1, 5),
    step=st.integers(1, 7),
    least=st.integers(1, 5),
    gap=st.integers(0, 4),
    most=st.none() | st.integers(5, 20),
)
def test_origins_equal_a_loop(lengths, horizon, windows, step, least, gap, most):
    settings = (np.array(lengths), horizon, windows, step, least, gap, most)
    if max(lengths) - gap - horizon - (windows - 1) * step < least:
        needed = least + gap + horizon + (windows - 1) * step
        with pytest.raises(ValueError, match=f"needs? {needed} steps, {least} of them known at"):
            rolling_origins(*settings)
        return
    origins = rolling_origins(*settings)
    assert (origins.num_windows, origins.horizon, origins.step_size) == (windows, horizon, step)
    assert (origins.gap, origins.steps_ahead) == (gap, gap + horizon)
    assert (origins.starts is None) == (most is None)
    for i, length in enumerate(lengths):
        after = length  # the step after the last scored one, walking back from the end
        for k in reversed(range(windows)):
            end = after - horizon - gap
            assert origins.ends[k, i] == (end if end >= least else -1)
            if most is not None and end >= least:
                assert origins.starts[k, i] == (end - most if end > most else 0)
            after -= step


@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5), windows=st.integers(1, 5))
def test_what_is_known_at_the_first_origin_equals_a_loop(lengths, windows):
    if max(lengths) < 3 * windows + 2:
        return
    origins = rolling_origins(np.array(lengths), 3, windows, min_length=2)
    wanted = [min((end for end in ends if end >= 0), default=length)
              for ends, length in zip(origins.ends.T, lengths, strict=True)]  # fmt: skip
    assert origins.first_ends(np.array(lengths)).tolist() == wanted


def test_some_of_the_windows():
    origins = rolling_origins(np.array([20, 9]), 2, 4, gap=1, max_train_size=5)
    part = origins.windows(slice(1, 3))
    np.testing.assert_array_equal(part.ends, origins.ends[1:3])
    np.testing.assert_array_equal(part.starts, origins.starts[1:3])
    assert (part.horizon, part.step_size, part.gap) == (2, 2, 1)
    assert rolling_origins(np.array([20]), 2, 4).windows([0]).starts is None


@given(length=st.integers(2, 500), horizon=st.integers(1, 30), least=st.integers(1, 50))
def test_default_windows_keep_half_for_training(length, horizon, least):
    if length - horizon < least:
        return
    origins = rolling_origins(np.array([length, 1]), horizon, min_length=least)
    first, windows = origins.ends[0, 0], origins.num_windows
    assert 1 <= windows <= 20
    assert windows == 1 or first >= max(length / 2, least)
    assert windows == 20 or first - horizon < max(length / 2, least)  # one more would not fit
    assert origins.step_size == horizon


@pytest.mark.parametrize("name", ["horizon", "n_windows", "step_size", "min_length"])
@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
def test_numbers_below_one_are_refused(name, bad):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1; got"):
        rolling_origins(**{"lengths": np.array([30]), "horizon": 2, name: bad})


@pytest.mark.parametrize(("name", "bad", "least"), [
    ("gap", -1, 0), ("gap", 0.5, 0), ("gap", None, 0),
    ("max_train_size", 2, 3), ("max_train_size", True, 3),
])  # fmt: skip
def test_gap_and_sliding_window_have_their_own_least_numbers(name, bad, least):
    words = f"{name} must be a whole number of at least {least}; got {bad}"
    with pytest.raises(ValueError, match=words):
        rolling_origins(np.array([30]), 2, min_length=3, **{name: bad})


def test_too_many_windows_say_how_many_fit():
    with pytest.raises(ValueError, match="longest series has 10 steps, enough for 4"):
        rolling_origins(np.array([10, 7]), 2, n_windows=10)
    with pytest.raises(ValueError, match="longest series has 2 steps, enough for 0"):
        rolling_origins(np.array([2]), 5)
    words = "1 origin of horizon 5 after a gap of 4 does .* 10 steps, .* Lower gap or the horizon,"
    with pytest.raises(ValueError, match=words):
        rolling_origins(np.array([9]), 5, gap=4)
    words = "3 origins of horizon 4, 2 steps apart, do.* Lower n_windows or the horizon or step_"
    with pytest.raises(ValueError, match=words):
        rolling_origins(np.array([8]), 4, 3, step_size=2)
