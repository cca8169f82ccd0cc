"""The table, the test and the picture of a network beside simple models."""

from __future__ import annotations

import numpy as np
import pytest
from pattern_material import curves_frame, persistent_frame
from scipy.stats import binom

import forecast as fc


def test_the_table_is_made_of_the_losses(classified):
    table, losses = classified.table, classified.by_series
    np.testing.assert_allclose(table["accuracy"], 1.0 - losses.mean()[table.index])
    trial = classified.trial
    likely = trial.said["SeriesClassifier"][np.arange(len(trial.actual)), trial.actual]
    expected = -np.log(likely).mean()
    assert table.loc["SeriesClassifier", "log_loss"] == pytest.approx(expected)
    assert len(losses) == 40 and np.isnan(table.loc["SeriesClassifier", "p_value"])


def test_one_label_a_series_is_tested_by_mcnemar(classified):
    own, rival = (
        classified.by_series[name] for name in ("SeriesClassifier", "most frequent class")
    )
    only_rival, only_own = int((rival > own).sum()), int((rival < own).sum())
    count, least = only_rival + only_own, min(only_rival, only_own)
    expected = min(1.0, 2.0 * binom.cdf(least, count, 0.5))
    assert classified.table.loc["most frequent class", "p_value"] == pytest.approx(expected)


def test_no_series_held_out_was_learned_from(cold):
    assert not set(cold.by_series.index) & set(cold.network.fitted_.ids)
    assert len(cold.by_series) + len(cold.network.fitted_.ids) == 90


def test_the_verdict_says_what_pays(labelled, cold):
    assert "20 series held out" in labelled.verdict
    assert cold.verdict.startswith("ColdStart loses to ridge per step")


@pytest.mark.parametrize("name", ["classified", "labelled", "cold", "summed"])
def test_pictures_are_drawn(name, request, tmp_path):
    pytest.importorskip("matplotlib")
    figure = request.getfixturevalue(name).plot()
    figure.savefig(tmp_path / "held-out.png")
    assert (tmp_path / "held-out.png").stat().st_size > 5000


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(TypeError, match=r"are compared by fc\.compare"):
        fc.compare_held_out(fc.AR(), persistent_frame())
    with pytest.raises(ValueError, match="3 series cannot be parted"):
        fc.compare_held_out(fc.SeriesClassifier(), persistent_frame()[:50])
    with pytest.raises(ValueError, match="`test_share` must be above 0 and below 1; got 1"):
        fc.compare_held_out(fc.SeriesClassifier(), persistent_frame(), test_share=1)
    with pytest.raises(ValueError, match="the id column 'item' is needed"):
        fc.compare_held_out(fc.ColdStartForecaster(), curves_frame(), id_col="item")
