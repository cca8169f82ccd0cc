"""What a comparison decides before its first cutoff does not depend on what comes after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.diagnostics.alteration import altered_panel, steps_known
from forecast.diagnostics.frame_template import FrameTemplate
from forecast.pipelines import Columns, read_frame, rolling_origins

HORIZON, WINDOWS = 4, 3


def ragged() -> pd.DataFrame:
    """Real quarterly series that begin and end at different times."""
    frame = fc.load_dataset("panel")
    return frame[frame["unique_id"].isin(["cpi", "infl", "realint", "unemp"])]


def changed_after(frame: pd.DataFrame, window: int) -> pd.DataFrame:
    reading = read_frame(frame)
    origins = rolling_origins(reading.panel.lengths, HORIZON, WINDOWS, min_length=2)
    known = steps_known(origins, window)
    template = FrameTemplate.of_frame(frame, Columns(), reading, None)
    return template.filled(altered_panel(reading.panel, known, window))


@pytest.fixture(scope="module")
def results():
    frame = ragged()
    frames = [frame, changed_after(frame, 0), changed_after(frame, 1)]
    return [fc.compare([], one, HORIZON, n_windows=WINDOWS) for one in frames]


def test_season_reference_and_scale_come_from_the_training_part(results):
    first, *others = results
    for other in others:
        assert other.reference == first.reference
        assert other.run.settings == first.run.settings
        assert other.backtest.denominators == first.backtest.denominators
        assert other.protocol.choices == first.protocol.choices


def test_forecasts_and_limits_before_a_cutoff_stay_and_later_ones_move(results):
    first = results[0].backtest.frame
    names = [name for name in first if name not in ("unique_id", "ds", "cutoff", "y")]
    rows = 4 * HORIZON
    for window, other in enumerate(results[1:]):
        kept = other.backtest.frame[names].head((window + 1) * rows)
        pd.testing.assert_frame_equal(
            kept, first[names].head((window + 1) * rows), check_exact=True
        )
        later = (window + 1) * rows
        assert (other.backtest.frame["y"] != first["y"])[(window * rows) :].all()
        assert np.mean(other.backtest.frame["Naive"] != first["Naive"]) > 0.2
        assert (other.backtest.frame["Naive"] != first["Naive"])[later:].all()
