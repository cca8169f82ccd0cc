"""Labels of series and of steps: known answers, probabilities, refusals."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from pattern_material import latched_frame, persistent_frame

import forecast as fc


def test_the_sign_of_a_coefficient_is_learned(classified):
    assert classified.table.loc["SeriesClassifier", "accuracy"] >= 0.9
    assert classified.table.loc["logistic regression", "accuracy"] >= 0.9
    assert classified.table.loc["most frequent class", "accuracy"] <= 0.7


def test_a_label_that_needs_memory_is_learned(labelled):
    """The last 8 steps tell nothing of the first one once it has left them: chance."""
    trial = labelled.trial
    late = trial.steps >= 8
    share = {name: 1 - trial.errors(name)[late].mean() for name in trial.said}
    assert share["SequenceLabeler"] >= 0.95
    assert abs(share["logistic regression"] - 0.5) < 0.15
    assert labelled.verdict.startswith("SequenceLabeler pays")


def test_without_memory_it_is_not():
    network = fc.SequenceLabeler("Dense", units=4, training=fc.Training(num_steps=20, num_checks=1))
    network.fit(latched_frame(), label_col="state")
    frame = latched_frame()
    said = network.predict(frame)
    late = (frame.groupby("unique_id").cumcount() >= 3) & frame["state"].notna()
    share = (said["state"].to_numpy() == frame["state"].to_numpy())[late].mean()
    assert abs(share - 0.5) < 0.1
    assert said["state"].dtype.kind == "i"


def test_probabilities_add_up_and_name_the_classes(classified):
    said = classified.network.predict_proba()
    assert list(said.columns) == ["unique_id", "ds", "quick", "slow"]
    np.testing.assert_allclose(said[["quick", "slow"]].sum(axis=1), 1.0)
    likely = said[["quick", "slow"]].idxmax(axis=1)
    assert (classified.network.predict()["label"] == likely).all()


def test_evidence_is_there_at_any_time(classified):
    """Row after row, what is said is what the whole series up to there says."""
    frame = persistent_frame()[:18].drop(columns="label")
    network = copy(classified.network).condition(frame[:3])
    for end in range(4, 8):
        network.update(frame[end - 1 : end])
        whole = network.predict_proba(frame[:end])
        np.testing.assert_allclose(network.predict_proba()["slow"], whole["slow"], atol=1e-6)


def test_online_labels_are_those_of_the_whole(labelled):
    frame = latched_frame()[:16].drop(columns="state")
    whole = labelled.network.predict_proba(frame)
    online = copy(labelled.network).condition(frame[:5])
    for step in range(5, 9):
        online.update(frame[step : step + 1])
        newest = online.predict_proba()
        np.testing.assert_allclose(newest["1"], whole["1"][step], atol=1e-6)
        assert newest["ds"].iloc[0] == whole["ds"][step]


def test_a_causal_label_never_looks_ahead_and_a_bidirectional_one_does(untrained):
    frame = latched_frame()
    changed = frame.assign(y=frame["y"].where(frame.groupby("unique_id").cumcount() < 9, 5.0))
    first = (frame.groupby("unique_id").cumcount() < 9).to_numpy()
    said = {}
    for bidirectional in (False, True):
        network = fc.SequenceLabeler(units=3, bidirectional=bidirectional)
        network.fit(frame, label_col="state")
        said[bidirectional] = [network.predict_proba(one)["1"][first] for one in (frame, changed)]
    np.testing.assert_array_equal(*said[False])
    assert not np.allclose(*said[True])
    with pytest.raises(ValueError, match="every new row changes the labels before it"):
        network.update(frame)
    with pytest.raises(ValueError, match="call predict\\(df\\) with them"):
        network.predict()


def test_the_last_step_alone_may_be_read(untrained):
    frame = persistent_frame()[:300]
    network = fc.SeriesClassifier(units=3, pooling="last").fit(frame)
    state = network.store_.state
    np.testing.assert_array_equal(network.fitted_.model.outputs(state.select("model.")),
                                  state.arrays["model.evidence"])  # fmt: skip


def test_further_columns_and_gaps_in_them_are_inputs(untrained):
    frame = persistent_frame()[:300].assign(kind="a", other=1.0)
    frame["other"] = np.where(frame.index % 4 == 0, np.nan, np.arange(len(frame)) % 5)
    network = fc.SeriesClassifier(units=3).fit(
        frame, past_covariates=["other"], static_covariates=["kind"]
    )
    altered = frame.assign(other=frame["other"].fillna(2.0))
    assert not np.allclose(network.predict_proba(frame)["slow"],
                           network.predict_proba(altered)["slow"])  # fmt: skip


# Refusals -----------------------------------------------------------------------------------------


def test_what_is_wrong_with_labels_is_said():
    frame = persistent_frame()
    network = fc.SeriesClassifier()
    with pytest.raises(ValueError, match="there is no label column 'kind'; the frame has"):
        network.fit(frame, "kind")
    with pytest.raises(ValueError, match="has one class only, 'slow'"):
        network.fit(frame[frame["label"] == "slow"])
    with pytest.raises(ValueError, match=r"varies within series 's000': .* take SequenceLabeler"):
        network.fit(frame.assign(label=np.where(frame.index % 2, "a", "b")))
    missing = frame.assign(label=frame["label"].where(frame["unique_id"] != "s001"))
    with pytest.raises(ValueError, match="empty in all rows of series 's001'"):
        network.fit(missing)
    with pytest.raises(ValueError, match="has no label at all"):
        fc.SequenceLabeler().fit(frame.assign(label=np.nan))
    with pytest.raises(ValueError, match="`pooling` must be one of last, mean; got 'max'"):
        fc.SeriesClassifier(pooling="max")


def test_a_frame_without_what_was_fitted_is_refused(classified):
    frame = persistent_frame()[:40]
    with pytest.raises(ValueError, match="missing column 'y'"):
        classified.network.predict(frame.drop(columns="y"))
    assert len(classified.network.predict(frame.drop(columns="label"))) == 2


def test_other_text_than_numbers_is_refused(untrained):
    frame = persistent_frame()[:100].assign(shop="x")
    network = fc.SeriesClassifier(units=3).fit(frame, static_covariates=["shop"])
    with pytest.raises(ValueError, match="holds numbers where the training part had the labels"):
        network.predict(frame.assign(shop=1.0))
    with pytest.raises(ValueError, match="missing covariate 'shop'"):
        network.predict(frame.drop(columns="shop"))
    other = pd.DataFrame({"unique_id": "s000", "ds": [999], "y": [1.0], "shop": ["z"]})
    with (
        pytest.warns(UserWarning, match="is 'z' .* which training has not shown"),
        pytest.raises(ValueError, match="static covariate 'shop' of series 's000' is 'unseen'"),
    ):
        network.update(other)
