"""Scores of backtest frames: M4's published ones, group-bys, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast as fc

M4 = {  # published: sMAPE, MASE, OWA of the organisers' forecasts, and the season of the MASE
    "hourly": (
        24,
        {
            "Naive2": (18.383, 2.395, 1.000),
            "SES": (18.094, 2.385, 0.990),
            "Naive": (43.003, 11.608, 3.593),
            "sNaive": (13.912, 1.193, 0.627),
        },
    ),
    "weekly": (
        1,
        {
            "Naive2": (9.161, 2.777, 1.000),
            "SES": (9.012, 2.685, 0.975),
            "Naive": (9.161, 2.777, 1.000),
            "sNaive": (9.161, 2.777, 1.000),
        },
    ),
}


@pytest.mark.parametrize("name", M4)
def test_organisers_forecasts_score_as_published(name: str, shared_data: Path) -> None:
    season, published = M4[name]
    data = pd.read_parquet(shared_data / "m4" / f"{name}.parquet")
    data["unique_id"] = data["unique_id"].astype(str)
    test = data[data["split"] == "test"].copy()
    test["step"] = test.groupby("unique_id").cumcount() + 1
    theirs = pd.read_parquet(shared_data / "m4" / "organisers_forecasts.parquet")
    frame = test.merge(theirs.rename(columns={"ds": "step"}), on=["unique_id", "step"])
    assert len(frame) == len(test)
    frame = frame[["unique_id", "ds", "y", *published]]
    scores = fc.score(
        frame, ["sMAPE", "MASE", "OWA"], train_df=data, season_length=season, freq=1
    ).set_index("model")
    for model, wanted in published.items():
        np.testing.assert_allclose(scores.loc[model], wanted, atol=6e-4, err_msg=model)
