"""Encoder and decoder as a forecaster: covariates, horizons, explanations, refusals."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast import engine

HORIZON, CONTEXT = 4, 6
LENGTHS = {"long": 60, "other": 45, "short": 4}
QUICK = fc.Training(num_steps=1, num_checks=1)
WINDOW = fc.WindowDesign(CONTEXT, linear="highway")


def rows(first: int, count: int, names=tuple(LENGTHS)) -> pd.DataFrame:
    """`count` steps of every series from its step `first` on (negative: before its end)."""
    parts = []
    for seed, name in enumerate(names):
        length = LENGTHS[name]
        rng = np.random.default_rng(seed)
        price = rng.normal(size=length + 30).round(3)
        values = 5.0 * seed + 2.0 * price + np.sin(np.arange(length + 30)) + 20.0
        begin = first if first >= 0 else max(length + first + 1, 0)
        steps = np.arange(begin, min(begin + count, length + 30))
        parts.append(pd.DataFrame({"unique_id": name, "ds": steps, "y": values[steps],
                                   "price": price[steps]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def history() -> pd.DataFrame:
    parts = [rows(0, length, (name,)) for name, length in LENGTHS.items()]
    return pd.concat(parts, ignore_index=True)


def upcoming(count: int) -> pd.DataFrame:
    return rows(-1, count).drop(columns="y")


def attending(**changes) -> fc.Seq2SeqForecaster:
    design = fc.Seq2SeqDesign("GRU", attention="additive", window=WINDOW)
    return fc.Seq2SeqForecaster(3, season_length=1, training=QUICK, design=design, **changes)


@pytest.fixture(scope="module")
def fitted() -> fc.Seq2SeqForecaster:
    """With random weights, so that everything matters."""
    model = attending().fit(history(), horizon=HORIZON, future_covariates=["price"])
    network, rng = model.fitted_.model, np.random.default_rng(1)
    weights = [rng.normal(0.0, 0.5, weight.shape) for weight in network.body.weights]
    network.body = network.body.with_weights(weights).scaled(0.2)  # far from the explosion guard
    return model.condition(history())


def test_explanation_says_when_each_step_was_looked_at(fitted):
    frame = fitted.explain(future_df=upcoming(HORIZON))
    assert list(frame.columns) == ["unique_id", "ds", "attended", "weight"]
    sums = frame.groupby(["unique_id", "ds"])["weight"].sum()
    assert len(sums) == 3 * HORIZON
    np.testing.assert_allclose(sums, 1.0, rtol=1e-5)
    for name, length in LENGTHS.items():
        part = frame[frame["unique_id"] == name]
        read = list(range(max(length - CONTEXT, 0), length))
        for time, row in part.groupby("ds"):
            assert list(row["attended"]) == read
            assert time in range(length, length + HORIZON)


def test_explanation_holds_the_weights_of_the_network(fitted):
    model, state = fitted.fitted_.model, engine.inner(fitted.store_.state)
    future = upcoming(HORIZON)["price"].to_numpy().reshape(3, HORIZON, 1)
    _, inputs = model.seen(model.paths(state, 1, HORIZON).past, HORIZON, future)
    frame = fitted.explain(future_df=upcoming(HORIZON))
    found = frame[frame["unique_id"] == "other"]["weight"].to_numpy().reshape(HORIZON, CONTEXT)
    np.testing.assert_allclose(found, model.body.attention(inputs)[1], rtol=1e-6)
    assert found.std() > 1e-3


def test_beyond_its_block_a_network_reads_its_own_forecasts(fitted):
    far = 2 * HORIZON + 1
    ahead = upcoming(far)
    forecasts = fitted.predict(far, future_df=ahead)
    near = fitted.predict(HORIZON, future_df=ahead)
    known = forecasts.groupby("unique_id").head(HORIZON).reset_index(drop=True)
    pd.testing.assert_frame_equal(known, near, rtol=1e-6)
    fed = near.rename(columns={fitted.name: "y"}).merge(ahead, on=["unique_id", "ds"])
    moved = copy(fitted).update(fed)
    later = forecasts.groupby("unique_id").tail(far - HORIZON).reset_index(drop=True)
    left = ahead.groupby("unique_id").tail(far - HORIZON)
    # Of the short series the explosion guard cuts: its range grows with what comes.
    later, left = (f[f["unique_id"] != "short"].reset_index(drop=True) for f in (later, left))
    moved.condition(pd.concat([history(), fed])[lambda f: f["unique_id"] != "short"])
    pd.testing.assert_frame_equal(
        moved.predict(far - HORIZON, future_df=left), later, rtol=1e-5, atol=1e-5
    )
    frame = fitted.explain(far, future_df=ahead)
    last = frame[(frame["unique_id"] == "long") & (frame["ds"] == LENGTHS["long"] + far - 1)]
    end = LENGTHS["long"] + 2 * HORIZON
    assert list(last["attended"]) == list(range(end - CONTEXT, end))


def test_another_history_is_explained_without_standing_there(fitted):
    part = history().groupby("unique_id").head(30)
    ahead = pd.concat([rows(30, HORIZON, ("long", "other")), rows(4, HORIZON, ("short",))])
    asked = ahead.drop(columns="y")
    before = fitted.store_
    found = fitted.explain(df=part, future_df=asked)
    assert fitted.store_ is before
    moved = copy(fitted).condition(part).explain(future_df=asked)
    pd.testing.assert_frame_equal(found, moved)


def test_decoder_uses_what_is_known_ahead_from_that_step_on(fitted):
    ahead = upcoming(HORIZON)
    changed = ahead.assign(
        price=ahead["price"] + 2.0 * (ahead.groupby("unique_id").cumcount() == 1)
    )
    one, other = (fitted.predict(HORIZON, future_df=frame) for frame in (ahead, changed))
    moved = (one[fitted.name] - other[fitted.name]).to_numpy().reshape(3, HORIZON)
    np.testing.assert_allclose(moved[:, 0], 0.0, atol=1e-9)
    assert (np.abs(moved[:, 1:]) > 1e-6).all()


def test_save_and_load_keep_forecasts_and_explanations(fitted, tmp_path):
    fitted.save(tmp_path / "model.kfc")
    loaded, ahead = fc.load(tmp_path / "model.kfc"), upcoming(HORIZON)
    pd.testing.assert_frame_equal(loaded.predict(future_df=ahead), fitted.predict(future_df=ahead))
    pd.testing.assert_frame_equal(loaded.explain(future_df=ahead), fitted.explain(future_df=ahead))


def test_what_cannot_be_forecast_is_refused(fitted):
    with pytest.raises(ValueError, match="fitted with the covariates \\['price'\\]"):
        fitted.predict(HORIZON)
    with pytest.raises(ValueError, match="price"):
        fitted.explain(future_df=upcoming(HORIZON).drop(columns="price"))
    with pytest.raises(ValueError, match="`horizon` must be"):
        fitted.explain(0, future_df=upcoming(1))
    with pytest.raises(ValueError, match="series 'long'"):
        fitted.predict(HORIZON + 1, future_df=upcoming(HORIZON))
    with pytest.raises(ValueError, match="`horizon` must be"):
        attending().fit(history(), horizon=0)
    with pytest.raises(fc.forecaster.NotFittedError):
        attending().explain()


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(ValueError, match="`attention` must be one of None, additive, dot; got 'x'"):
        fc.Seq2SeqDesign(attention="x")
    with pytest.raises(ValueError, match="`context` must be one of state, input, both"):
        fc.Seq2SeqDesign(context="none")
    with pytest.raises(ValueError, match="`convolutions` must be"):
        fc.Seq2SeqDesign(convolutions=-1)
    with pytest.raises(ValueError, match="`linear` must be one of combined, highway"):
        fc.WindowDesign(linear="none")
    with pytest.raises(ValueError, match=r"WindowDesign\(context_length=\.\.\.\)"):
        fc.Seq2SeqForecaster(training=fc.Training(truncation=24))
    with pytest.raises(ValueError, match="starts with weights of its own"):
        run = fc.TrainingRun(start=fc.AR())
        fc.Seq2SeqForecaster(training=fc.Training(run=run))
    with pytest.raises(TypeError, match=r"fc\.Training"):
        fc.Seq2SeqForecaster(training=3)


def test_combined_network_is_explained_by_its_own_part():
    plain, known = history().drop(columns="price"), {"future_covariates": ["price"]}
    design = fc.Seq2SeqDesign("SimpleRNN", attention="dot", window=fc.WindowDesign(CONTEXT))
    model = fc.Seq2SeqForecaster(2, season_length=1, training=QUICK, design=design)
    frame = model.fit(history(), horizon=HORIZON, **known).explain(future_df=upcoming(HORIZON))
    assert "PooledAR" in model.choices_
    assert np.isfinite(model.predict(future_df=upcoming(HORIZON))["Seq2Seq"]).all()
    np.testing.assert_allclose(frame.groupby(["unique_id", "ds"])["weight"].sum(), 1.0, rtol=1e-5)
    design = fc.Seq2SeqDesign("SimpleRNN", window=WINDOW)
    other = fc.Seq2SeqForecaster(2, season_length=1, training=QUICK, design=design)
    with pytest.raises(ValueError, match="fitted without attention"):
        other.fit(plain, horizon=HORIZON).explain()
