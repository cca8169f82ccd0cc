"""The linear share of a network, against forecasts whose parts are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import forecast as fc
from forecast.backtesting.learning_curves import learning_curves
from forecast.backtesting.linear_share import linear_shares
from forecast.backtesting.outcome import Outcome
from forecast.backtesting.plan import Plan, make_plan
from forecast.fitting import Fitted, fit_model
from forecast.pipelines import Columns, Split
from forecast.protocol import Block, Feedback, StateBatch, Static


@dataclass(frozen=True)
class Moved:
    """The last value, moved by an amount at every step: a highway (or, with one, a network)."""

    amount: float
    highway: object | None = None
    block_length: int = 1

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        zeros = np.zeros(num_rows, dtype=np.int64)
        return StateBatch({"last": np.full(num_rows, np.nan)}, zeros, zeros)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        values = np.column_stack([state.arrays["last"], block.values])
        seen = np.column_stack([~np.isnan(state.arrays["last"]), block.observed])
        newest = np.where(seen, np.arange(values.shape[1]), 0).max(axis=1)
        last = values[np.arange(len(values)), newest]
        return state.advance({"last": last}, block), np.full(block.values.shape, np.nan)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        last = state.arrays["last"][:, None, None]
        return np.repeat(last + self.amount, horizon, axis=2)


def frame(num_series: int = 3) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {"unique_id": f"s{n}", "ds": range(40), "y": 100.0 + generator.normal(0.0, 5.0, 40)}
        )
        for n in range(num_series)
    ]
    return pd.concat(parts, ignore_index=True)


def plan_of(df: pd.DataFrame, gap: int = 0, **settings: object) -> Plan:
    return make_plan(df, Columns(), 4, Split(5, None, gap, **settings))  # type: ignore[arg-type]


def outcome_of(model: object, plan: Plan, name: str = "Net") -> Outcome:
    fitted: Fitted = fit_model(fc.Naive(), plan.training_part(), 4)
    return Outcome(name, first=replace(fitted, estimate=replace(fitted.estimate, model=model)))


@pytest.mark.parametrize(("linear", "whole", "share"), [(3.0, 4.0, 25.0), (2.0, 2.0, 0.0)])
def test_the_share_is_the_correction_beside_the_way_of_the_linear_part(linear, whole, share):
    plan = plan_of(frame())
    model = Moved(whole, highway=Moved(linear))
    [row] = linear_shares([outcome_of(model, plan)], plan, dict.fromkeys(("s0", "s1", "s2"), 2.0))\
        .to_dict("records")  # fmt: skip
    assert row["model"] == "Net"
    assert row["correction %"] == pytest.approx(share)
    assert row["linear %"] == pytest.approx(100.0 - share)


@pytest.mark.parametrize("gap", [0, 3])
def test_both_scores_are_those_of_the_last_three_origins(gap):
    df = frame()
    df.loc[[36, 38], "y"] = np.nan
    plan, scale = plan_of(df, gap=gap), {"s0": 2.0, "s1": 4.0, "s2": 0.0}
    model = Moved(1.0, highway=Moved(-2.0))
    [row] = linear_shares([outcome_of(model, plan)], plan, scale).to_dict("records")
    errors = {"MASE corrected": [], "MASE linear": []}
    for window in (2, 3, 4):
        for position, name in enumerate(("s0", "s1")):
            values = df.loc[df["unique_id"] == name, "y"].to_numpy()
            end = plan.origins.ends[window, position]
            known = values[:end][~np.isnan(values[:end])][-1]
            actual = values[end + gap : end + gap + 4]
            for column, amount in (("MASE corrected", 1.0), ("MASE linear", -2.0)):
                errors[column].extend(np.abs(actual - known - amount) / scale[name])
    for column, expected in errors.items():
        assert row[column] == pytest.approx(np.nanmean(expected))


def test_no_movement_is_all_linear_and_models_without_a_highway_are_left_out():
    plan = plan_of(frame())
    scale = dict.fromkeys(("s0", "s1", "s2"), 1.0)
    still = outcome_of(Moved(0.0, highway=Moved(0.0)), plan)
    table = linear_shares([outcome_of(Moved(1.0), plan, "Plain"), still], plan, scale)
    assert table["model"].tolist() == ["Net"] and table["linear %"].tolist() == [100.0]
    assert linear_shares([Outcome("Nothing")], plan, scale).empty


def test_sliding_windows_and_a_hundred_series_at_most():
    df = frame(130)
    plan = plan_of(df, max_train_size=10)
    seen = []

    @dataclass(frozen=True)
    class Counting(Moved):
        def init_state(self, num_rows: int, static: Static) -> StateBatch:
            seen.append(num_rows)
            return super().init_state(num_rows, static)

    model = Counting(1.0, highway=Moved(1.0))
    linear_shares([outcome_of(model, plan)], plan, dict.fromkeys(df["unique_id"].unique(), 1.0))
    assert set(seen) == {100}


def test_curves_of_a_network_and_of_the_members_of_a_combination():
    plan = plan_of(frame())
    one = outcome_of(Moved(0.0), plan, "LSTM")
    history = {"step": [0.0, 5.0], "loss": [2.0, 1.0], "free_running": [0.9, 0.8]}
    history["num_steps"] = [5.0]
    both = {f"{name}.{key}": values for name in ("A", "B") for key, values in history.items()}
    for outcome, curves in ((one, history), (two := outcome_of(Moved(0.0), plan, "Both"), both)):
        estimate = replace(outcome.first.estimate, history=curves)
        outcome.first = replace(outcome.first, estimate=estimate)
    table = learning_curves([one, two, Outcome("Nothing")])
    assert table["model"].tolist() == ["LSTM"] * 2 + ["Both.A"] * 2 + ["Both.B"] * 2
    assert table["step"].tolist() == [0.0, 5.0] * 3
    assert table["loss"].tolist() == [2.0, 1.0] * 3
    assert table["validation"].tolist() == [0.9, 0.8] * 3
    assert list(learning_curves([]).columns) == ["model", "step", "loss", "validation"]


def test_a_comparison_records_curves_shares_and_versions():
    df = fc.load_dataset("sunspots")
    network = fc.RNNForecaster(
        units=4,
        design=fc.NetworkDesign(linear="highway"),
        training=fc.Training(num_steps=12, num_checks=2),
        seed=0,
    )
    result = fc.compare([network], df, horizon=5, n_windows=3, num_seeds=1)
    curves, shares = result.run.curves, result.run.linear_shares
    assert curves["model"].unique().tolist() == ["RNN"] and curves["step"].iloc[-1] == 12.0
    [share] = shares.to_dict("records")
    assert share["linear %"] + share["correction %"] == pytest.approx(100.0)
    assert share["MASE corrected"] == pytest.approx(result.score("RNN"))
    assert result.run.versions["pandas"] == pd.__version__
