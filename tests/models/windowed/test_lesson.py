"""Training material of window networks: the same as what they see when they serve."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.window import Past
from forecast.models.highway_model import HighwayModel
from forecast.models.seq2seq.design import Seq2SeqDesign
from forecast.models.seq2seq.form import Seq2SeqForm
from forecast.models.windowed.body import WindowBody
from forecast.models.windowed.lesson import WindowSequences, make_window_lesson
from forecast.models.windowed.model import WindowedModel
from forecast.models.windowed.view import WindowView
from forecast.pipelines import Frequency, Panel

BLOCK, CONTEXT, SEASON = 3, 5, 4
VALUES = [40, 26, 3]


@pytest.fixture(scope="module")
def panel() -> Panel:
    import pandas as pd

    rng = np.random.default_rng(0)
    series = [9.0 * i + rng.normal(size=n) + np.sin(np.arange(n)) for i, n in enumerate(VALUES)]
    series[0][[12, 13, 30]] = np.nan
    offsets = np.cumsum([0, *VALUES]).astype(np.int64)
    starts = pd.Index(np.zeros(len(VALUES), dtype=np.int64))
    return Panel(np.array(list("abc"), dtype=object), np.concatenate(series), offsets, starts,
                 Frequency(1))  # fmt: skip


@pytest.fixture(scope="module")
def model(panel) -> WindowedModel:
    design = Design(1.0, "none", "window", level_means=True, season_means=True, covariates=False)
    regression = Regression("squared", ridge=0.1, shrinkage=100.0, metric_weights=False)
    settings = PooledSettings((1, 2, 3), (SEASON,), BLOCK, design, regression)
    found = estimate_pooled(panel, settings)
    highway = HighwayModel.of(found)
    view = WindowView(highway, CONTEXT)
    form = Seq2SeqForm(Seq2SeqDesign("GRU"), 2, 1, view.num_features, view.num_ahead, 0)
    return WindowedModel(highway, WindowBody(form), CONTEXT)


@pytest.fixture(scope="module")
def lesson(model, panel):
    return make_window_lesson(model, panel, SEASON)


def test_layers_see_in_training_what_they_see_when_they_serve(model, panel, lesson):
    values, series = lesson.trail.values, np.array([0, 1, 0, 2])
    steps = np.array([6, 25, 33, 1])
    found = lesson.inputs(series, steps)
    for i, (row, step) in enumerate(zip(series, steps, strict=True)):
        past = Past.blank(model.window_length, np.array([row]))
        past = past.append(values[[row], : step + 1])
        anchor, wanted = model.seen(past, BLOCK, np.zeros((1, BLOCK, 0)))
        for name in ("features", "mask", "ahead"):
            np.testing.assert_allclose(
                getattr(found, name)[i], getattr(wanted, name)[0], rtol=1e-6, atol=1e-6
            )
        target = panel.row(row)[step + 1 : step + 1 + BLOCK]
        target = (target - anchor.base[0, : len(target)]) / anchor.unit[0]
        known = ~np.isnan(target)
        taught = lesson.weights[row, step] > 0
        assert not taught[len(target) :].any() and not taught[: len(target)][~known].any()
        told = lesson.targets[row, step][: len(target)]
        np.testing.assert_allclose(told[known], np.clip(target[known], -20.0, 20.0), rtol=1e-6)


def test_view_by_hand(model):
    window = np.array([[np.nan, np.nan, 1.0, 5.0, 3.0, 7.0, 4.0, 2.0]])
    past = Past.blank(model.window_length, np.array([-1]))
    past = past.append(window[:, 2:])
    anchor, inputs = model.seen(past, 2, np.zeros((1, 2, 0)))
    level = np.mean([7.0, 4.0, 2.0])
    unit = np.mean(np.abs(np.array([7.0, 4.0, 2.0]) - level))
    np.testing.assert_allclose([anchor.level[0], anchor.unit[0]], [level, unit])
    scaled = (np.array([5.0, 3.0, 7.0, 4.0, 2.0]) - level) / unit
    np.testing.assert_allclose(inputs.features[0, :, 0], scaled, rtol=1e-6)
    np.testing.assert_allclose(inputs.features[0, :, 1], [-0.8, -0.6, -0.4, -0.2, 0.0], rtol=1e-6)
    np.testing.assert_allclose(inputs.ahead[0, :, 0], (anchor.base[0] - level) / unit, rtol=1e-6)
    np.testing.assert_allclose(inputs.ahead[0, :, 1], [1 / BLOCK, 2 / BLOCK], rtol=1e-6)
    # The season before: of the four newest values the first two.
    np.testing.assert_allclose(
        inputs.ahead[0, :, 2], (np.array([3.0, 7.0]) - level) / unit, rtol=1e-6
    )


def test_batches_are_drawn_with_the_seed_and_never_force_what_is_unknown(lesson):
    batches = WindowSequences(lesson, 64, 3, seed=5, is_fed=True)
    inputs, targets, weights = batches.material(2)
    again, other = (WindowSequences(lesson, 64, 3, seed, is_fed=True) for seed in (5, 6))
    np.testing.assert_array_equal(again.material(2)[1], targets)
    assert (other.material(2)[1] != targets).any()
    assert (inputs["draws"][weights == 0] == 1.0).all() and (inputs["draws"] < 1.0).any()
    np.testing.assert_array_equal(inputs["truth"], targets)
    assert "truth" not in WindowSequences(lesson, 8, 1, seed=0).material(0)[0]
