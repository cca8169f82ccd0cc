"""The heat map of attention."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import plot_attention


def weights(times: pd.Index, steps: int = 2) -> pd.DataFrame:
    """Rows of one step ahead after the other; they grow towards the newest step."""
    rng, context = np.random.default_rng(0), len(times) - steps
    drawn = np.sort(rng.random((steps, context)), axis=1)
    drawn /= drawn.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "unique_id": "shop",
            "ds": np.repeat(times[context:], context),
            "attended": np.tile(times[:context], steps),
            "weight": drawn.ravel(),
        }
    )


def test_cells_hold_the_weights_at_their_times():
    frame = weights(pd.date_range("2024-01-01", periods=7, freq="D"), steps=3)
    figure = plot_attention(frame)
    axes = figure.axes[0]
    mesh = axes.collections[0]
    np.testing.assert_allclose(np.ravel(mesh.get_array()), frame["weight"])
    assert axes.get_title(loc="left") == "What the forecast of shop looked at"
    low, high = axes.get_ylim()
    assert low > high, "the first step ahead stands on top"


@pytest.mark.parametrize("steps", [1, 2])
def test_whole_numbers_are_times_too(steps):
    frame = weights(pd.Index(np.arange(5)), steps)
    assert plot_attention(frame, "shop").axes[0].get_xlim() == (-0.5, 4.5 - steps)


def test_other_frames_and_series_are_refused():
    frame = weights(pd.Index(np.arange(5)))
    with pytest.raises(ValueError, match="output of explain\\(\\) is expected"):
        plot_attention(frame.drop(columns="weight"))
    with pytest.raises(ValueError, match="series 'other' is not among those explained"):
        plot_attention(frame, "other")
