"""Rolling origins against the picture in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import rolling_origins


def test_the_picture_of_the_docstring():
    assert rolling_origins(np.array([10]), 2, 3).ends[:, 0].tolist() == [4, 6, 8]


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    horizon=st.integers(1, 6),
    windows=st.integers(1, 5),
    step=st.integers(1, 7),
    least=st.integers(1, 5),
)
def test_origins_equal_a_loop(lengths, horizon, windows, step, least):
    fits = max(lengths) - horizon - (windows - 1) * step >= least
    if not fits:
        with pytest.raises(ValueError, match="do not fit: the longest series"):
            rolling_origins(np.array(lengths), horizon, windows, step, least)
        return
    origins = rolling_origins(np.array(lengths), horizon, windows, step, least)
    assert (origins.num_windows, origins.horizon, origins.step_size) == (windows, horizon, step)
    for k in range(windows):
        for i, length in enumerate(lengths):
            end = length - horizon - (windows - 1 - k) * step
            assert origins.ends[k, i] == (end if end >= least else -1)


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


def test_too_many_windows_say_how_many_fit():
    with pytest.raises(ValueError, match="longest series has 10 steps, enough for 4"):
        rolling_origins(np.array([10, 7]), 2, n_windows=10)
    with pytest.raises(ValueError, match="longest series has 2 steps, enough for 0"):
        rolling_origins(np.array([2]), 5)
