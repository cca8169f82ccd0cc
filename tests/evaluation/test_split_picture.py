"""The picture of a split, against the steps that it shows."""

from __future__ import annotations

import matplotlib.dates as dates
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast.evaluation.split_picture import segments
from forecast.pipelines import Split, read_frame


def frame_of(*spans: tuple[int, int], freq: str | int = "D", zone: str | None = None):
    """A series for each first and last step, on one grid."""
    grid = pd.RangeIndex(0, 200, freq) if isinstance(freq, int) else None
    if grid is None:
        grid = pd.date_range("2024-03-01", periods=80, freq=freq, tz=zone)
    parts = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": grid[first:last], "y": 1.0})
        for i, (first, last) in enumerate(spans)
    ]
    return pd.concat(parts, ignore_index=True)


@given(
    spans=st.lists(st.tuples(st.integers(0, 20), st.integers(2, 40)), min_size=1, max_size=4),
    settings=st.builds(
        Split,
        st.integers(1, 4),
        st.integers(1, 5),
        st.integers(0, 3),
        st.none() | st.integers(2, 9),
        st.sampled_from(["series", "calendar"]),
    ),
)
def test_each_step_has_the_colour_of_its_part(spans, settings):
    panel = read_frame(frame_of(*((first, first + n) for first, n in spans)), freq="D").panel
    try:
        origins = settings.origins(panel, 3, 2)
    except ValueError:
        return
    parts = segments(panel, origins)
    for k, row in enumerate(origins.ends):
        for i, end in enumerate(row):
            found = np.full(panel.lengths[i], " ", dtype=object)
            for name, (first, last) in parts.items():
                found[first[k, i] : last[k, i]] = name
            start = 0 if origins.starts is None else origins.starts[k, i]
            steps = range(panel.lengths[i])
            assert found.tolist() == [part_of(step, start, end, settings.gap) for step in steps]


def part_of(step: int, start: int, end: int, gap: int) -> str:
    if end < 0 or not start <= step < end + gap + 3:
        return "not used"
    if step < end:
        return "known"
    return "gap" if step < end + gap else "scored"


def bars(axes) -> dict[str, list[tuple[float, float, float]]]:
    """Left edge, width and middle height of each bar, by the name of its part."""
    return {
        group.get_label(): [
            (bar.get_x(), bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in group
        ]
        for group in axes.containers
    }


def test_bars_lie_on_the_time_axis_in_lanes():
    axes = fc.plot_origins(frame_of((0, 20), (4, 15)), 3, n_windows=2, gap=2, max_train_size=6)
    found, day = bars(axes), dates.date2num(pd.Timestamp("2024-03-01"))
    assert list(found) == ["not used", "known", "gap", "scored"]
    # Lanes 0 and 1 are the first series' origins, 3 and 4 the second's.
    assert found["known"] == [(day + 6, 6, 0), (day + 4, 3, 3), (day + 9, 6, 1), (day + 4, 6, 4)]
    assert found["scored"] == [(day + 14, 3, 0), (day + 9, 3, 3), (day + 17, 3, 1),
                               (day + 12, 3, 4)]  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["s0", "s1"]
    assert list(axes.get_yticks()) == [0.5, 3.5]
    low, high = axes.get_ylim()
    assert low > high, "the earliest origin is at the top"
    words = "2 origins 3 steps apart, 3 steps ahead after a gap of 2, the last 6 steps known"
    assert axes.get_title(loc="left").replace("\n", " ") == words
    assert axes.get_legend() is not None


def test_moments_of_the_calendar_are_lines():
    frame = frame_of((0, 20), (4, 15))
    axes = fc.plot_origins(frame, 3, n_windows=2, align="calendar")
    day = dates.date2num(pd.Timestamp("2024-03-01"))
    assert [line.get_xdata(orig=False)[0] for line in axes.get_lines()] == [day + 14, day + 17]
    # The second series has ended by the second moment, and has one step after the first.
    assert bars(axes)["scored"] == [(day + 14, 3, 0), (day + 14, 1, 3), (day + 17, 3, 1)]
    assert "gap" not in bars(axes)
    assert not fc.plot_origins(frame, 3, n_windows=2).get_lines()


@pytest.mark.parametrize(("freq", "zone"), [(2, None), ("MS", None), ("D", "Europe/Berlin"),
                                            ("h", "UTC")])  # fmt: skip
def test_any_time_can_be_drawn(freq, zone, tmp_path):
    frame = frame_of((0, 40), (3, 38), freq=freq, zone=zone)
    axes = fc.plot_origins(frame, 4, gap=1, align="calendar", freq=freq)
    axes.figure.savefig(tmp_path / "split.png")
    assert (tmp_path / "split.png").stat().st_size > 5_000


def test_of_many_series_some_are_shown():
    frame = frame_of(*((0, 20),) * 9)
    axes = fc.plot_origins(frame, 3, n_windows=2, max_series=3)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["s0", "s4", "s8"]
    assert axes.get_ylabel() == "3 of 9 series"
    sliding = fc.plot_origins(frame, 3, n_windows=2, max_series=1, max_train_size=5)
    assert [width for _, width, _ in bars(sliding)["known"]] == [5, 5]
    with pytest.raises(ValueError, match="`max_series` must be a whole number of at least 1"):
        fc.plot_origins(frame, 3, max_series=0)
