"""Networks come back from a bundle bit for bit, as baselines do."""

from __future__ import annotations

import pandas as pd
import pytest
from io_samples import later_rows, long_frame

import forecast as fc
from forecast.io import load, save

TRAINING = {"training__num_steps": 3, "training__num_checks": 1}
# The LSTM stands for those with linear forecasters beside the network.
ALONE = TRAINING | {"design": fc.NetworkDesign(linear="highway")}
NETWORKS = {"RNNForecaster": ALONE, "LSTMForecaster": TRAINING, "GRUForecaster": ALONE,
            "ESNForecaster": {}}  # fmt: skip

every_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(scope="module")
def fitted():
    """Every network, small, fitted once on all but the last rows."""
    frame = long_frame(steps=80)
    new = later_rows(frame)
    old = frame.drop(index=new.index)
    networks = {}
    for name, settings in NETWORKS.items():
        network = getattr(fc, name)(units=5, seed=3).set_params(**settings)
        networks[name] = network.fit(old, horizon=4)
    return networks, new


@every_network
def test_forecasts_are_equal_bit_for_bit(name, fitted, tmp_path):
    saved = fitted[0][name]
    save(saved, tmp_path / "model.kfc")
    loaded = load(tmp_path / "model.kfc")
    assert type(loaded) is type(saved)
    assert loaded.get_params() == saved.get_params()
    assert loaded.history_ == saved.history_
    pd.testing.assert_frame_equal(
        loaded.predict(9, level=[80]), saved.predict(9, level=[80]), check_exact=True
    )
    pd.testing.assert_frame_equal(
        loaded.sample(5, num_paths=3, seed=1), saved.sample(5, num_paths=3, seed=1),
        check_exact=True,
    )  # fmt: skip


@every_network
def test_update_goes_on_from_where_it_stood(name, fitted, tmp_path):
    networks, new = fitted
    save(networks[name], tmp_path / "model.kfc")
    updated = load(tmp_path / "model.kfc").update(new)
    again = load(tmp_path / "model.kfc").update(new)
    pd.testing.assert_frame_equal(updated.predict(4), again.predict(4), check_exact=True)
    assert updated.fitted_until_.max() == new["ds"].max()


@pytest.mark.parametrize("name", ["RNNForecaster", "LSTMForecaster", "GRUForecaster"])
def test_the_number_of_training_steps_is_kept(name, fitted, tmp_path):
    saved = fitted[0][name]
    save(saved, tmp_path / "model.kfc")
    assert load(tmp_path / "model.kfc").num_steps_ == saved.num_steps_
