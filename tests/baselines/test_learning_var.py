"""VAR learns from newer rows what NumPy's least squares says of all rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ar_material import panel_of, with_gaps
from learning_material import learned

from forecast import engine
from forecast.baselines import learning
from forecast.baselines.vector.fit import VARSettings, estimate_var
from forecast.draws import text_keys

KNOWN = np.full(4, 80)
MOVING = ("coefficients", "intercepts", "slopes")


def system(length, seed, matrix=((0.5, 0.2), (-0.3, 0.4))):
    rng, values = np.random.default_rng(seed), np.zeros((length, 2))
    for step in range(1, length):
        values[step] = np.array(matrix) @ values[step - 1] + rng.normal(size=2) + [1.0, 2.0]
    return values.T


@pytest.fixture(scope="module")
def panel():
    parts = [*system(150, 0), *system(150, 1)]
    parts[3] = with_gaps(parts[3], 0.06)
    return replace(panel_of(*parts), num_channels=2)


def fitted(panel, lags, trend="c", ridge=None):
    orders = dict.fromkeys(text_keys(panel.ids[::2]), lags)
    return estimate_var(panel, VARSettings(lags, trend, ridge), orders)[0]


@pytest.mark.parametrize("step", [1, 13, 1000])
@pytest.mark.parametrize(
    ("lags", "trend", "ridge"),
    [(2, "n", None), (1, "c", 0.1), (3, "ct", None), (0, "c", None), (0, "ct", None)],
)
def test_learning_equals_fitting_all_rows(panel, lags, trend, ridge, step):
    model = fitted(panel.head(KNOWN), lags, trend, ridge)
    after, goal = learned(model, panel, KNOWN, step), fitted(panel, lags, trend, ridge)
    for name in (*MOVING, *(() if ridge else ("covariances",))):
        np.testing.assert_allclose(
            getattr(after, name), getattr(goal, name), rtol=1e-8, atol=1e-10, err_msg=name
        )


def test_coefficients_are_least_squares_of_complete_rows(panel):
    after = learned(fitted(panel.head(KNOWN), 2), panel, KNOWN, 4)
    values = np.stack([panel.row(2), panel.row(3)], axis=1)
    rows = np.array([np.concatenate(values[[s, s - 1, s - 2]]) for s in range(2, 150)])
    rows = rows[~np.isnan(rows).any(axis=1)]
    design = np.column_stack([rows[:, 2:], np.ones(len(rows))])
    oracle = np.linalg.lstsq(design, rows[:, :2], rcond=None)[0]
    np.testing.assert_allclose(np.concatenate(after.coefficients[1], axis=1), oracle[:4].T, 1e-8)
    np.testing.assert_allclose(after.intercepts[1], oracle[4], rtol=1e-8)


def test_an_explosive_system_is_damped():
    grown = np.concatenate([system(60, 2), 10.0 * 1.3 ** np.arange(30) * np.ones((2, 1))], axis=1)
    panel = replace(panel_of(*grown), num_channels=2)
    known = np.array([60, 60])
    after = learned(fitted(panel.head(known), 1), panel, known, 3)
    roots = np.abs(np.linalg.eigvals(after.coefficients[0, 0]))
    assert 1.0 < roots.max() <= 1.01 + 1e-9
    np.testing.assert_allclose(after.coefficients, fitted(panel, 1).coefficients, rtol=1e-6)


def test_a_system_too_short_stays_at_its_last_value():
    panel = replace(panel_of(*system(40, 0), *system(6, 1)), num_channels=2)
    known = np.array([30, 30, 4, 4])
    model = fitted(panel.head(known), 1)
    after = learned(model, panel, known, 1)
    np.testing.assert_array_equal(after.coefficients[1, 0], np.eye(2))
    assert (after.coefficients[0] != model.coefficients[0]).all()


def test_too_many_numbers_are_not_kept(panel, monkeypatch):
    monkeypatch.setattr(learning, "MOST_NUMBERS", 10)
    model = fitted(panel.head(KNOWN), 2)
    state = engine.begin(model, np.arange(4)).select("model.")
    with pytest.raises(ValueError, match=r"VAR cannot learn .* use fewer lags or channels, or"):
        model.learn(state, panel.block(0, 5))
