"""What cannot be exported is refused with a reason; an export is whole or not there."""

from __future__ import annotations

import numpy as np
import pytest
from io_samples import long_frame

import forecast as fc
from forecast.cli import main
from forecast.errors import NotFittedError
from forecast.io.export.folder import new_folder
from forecast.io.export.signatures import PREFIX

FRAME = long_frame(steps=60)


@pytest.fixture(scope="module")
def naive():
    return fc.Naive().fit(FRAME)


@pytest.fixture(scope="module")
def loaded(naive, tmp_path_factory):
    """Signatures of an export, and the states of its two series."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("export") / "1"
    naive.export(folder)
    known, model = np.load(folder / "states.npz"), tf.saved_model.load(str(folder))
    state = {name: tf.constant(known[name]) for name in known if name.startswith(PREFIX)}
    return model.signatures, state


def refusal(signature, **inputs) -> str:
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        signature(**{name: tf.constant(array) for name, array in inputs.items()})
    return str(caught.value)


@pytest.mark.parametrize("shape", [(1,), (3,), (0,), (), (2, 2)], ids=str)
def test_values_that_are_not_one_for_each_row(shape, loaded):
    """One value would else stand for all series."""
    signatures, state = loaded
    message = refusal(signatures["step"], values=np.ones(shape), **state)
    assert shape == (2, 2) or "row for each row of the state" in message


@pytest.mark.parametrize("odd", ["values", "observed", "valid"])
@pytest.mark.parametrize("shape", [(1, 4), (2, 1), (2, 5), (4,)], ids=str)
def test_blocks_of_unequal_shape(odd, shape, loaded):
    signatures, state = loaded
    block = {"values": np.ones((2, 4)), "observed": np.ones((2, 4), bool)}
    block |= {"valid": block["observed"]}
    block[odd] = np.ones(shape, block[odd].dtype)
    message = refusal(signatures["batch"], **block, **state)
    assert "must have the same shape" in message or "row for each row of the state" in message


def test_blocks_without_a_step(loaded):
    signatures, state = loaded
    mask = np.ones((2, 0), bool)
    message = refusal(
        signatures["batch"], values=np.ones((2, 0)), observed=mask, valid=mask, **state
    )
    assert "with one step or more" in message


def test_states_of_unequal_rows(loaded):
    signatures, state = loaded
    state = state | {"state_clock": state["state_clock"][:1]}
    assert "row for each row of the state" in refusal(
        signatures["step"], values=np.ones(2), **state
    )
    assert "row for each row of the state" in refusal(
        signatures["rollout"], horizon=np.int64(3), **state
    )


@pytest.mark.parametrize("horizon", [0, -1])
def test_a_horizon_below_one(horizon, loaded):
    signatures, state = loaded
    message = refusal(signatures["rollout"], horizon=np.int64(horizon), **state)
    assert "horizon must be at least 1" in message


@pytest.mark.parametrize("series", [-2, 2])
def test_a_position_beyond_the_fitted_series(series, loaded):
    message = refusal(loaded[0]["initial_state"], series=np.array([0, series]))
    assert "series must be a position from -1 to 1" in message


def test_an_unfitted_forecaster(tmp_path):
    with pytest.raises(NotFittedError, match="fit"):
        fc.Naive().export(tmp_path / "1")


@pytest.mark.parametrize(
    "forecaster, model",
    [
        (fc.Theta(), "SmoothingModel"),
        (fc.Pipeline([fc.Log1p(), fc.Naive()]), "PipelineModel"),
        (fc.Combine([fc.Naive(), fc.ETS()]), "SmoothingModel"),
    ],
    ids=["Theta", "Pipeline", "Combine"],
)
def test_a_model_without_equations_in_tensors(forecaster, model, tmp_path):
    forecaster.fit(FRAME)
    with pytest.raises(ValueError, match=rf"its {model} has no .* AR, PooledAR, .* save\(path\)"):
        forecaster.export(tmp_path / "1")
    assert not list(tmp_path.iterdir())


def test_covariates(tmp_path):
    frame = FRAME.assign(price=np.arange(len(FRAME)) % 5.0)
    model = fc.AR(lags=3).fit(frame, future_covariates=["price"])
    with pytest.raises(ValueError, match=r"covariates \['price'\].* fit it without them"):
        model.export(tmp_path / "1")


def test_channels(tmp_path):
    frame = FRAME.assign(z=FRAME["y"] * 2.0)
    model = fc.Naive().fit(frame, target_col=["y", "z"])
    with pytest.raises(ValueError, match=r"channels \['y', 'z'\].* one target_col"):
        model.export(tmp_path / "1")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_exists_is_never_replaced(kind, naive, tmp_path):
    path = tmp_path / "model"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match=r"exists already.* a new name"):
        naive.export(path)
    assert list(tmp_path.iterdir()) == [path]


def test_another_backend_of_keras(naive, tmp_path, monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"runs on jax here.* KERAS_BACKEND=tensorflow"):
        naive.export(tmp_path / "1")


def test_a_folder_around_it_is_needed(naive, tmp_path):
    with pytest.raises(FileNotFoundError, match="create it first"):
        naive.export(tmp_path / "no" / "1")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_interrupted_export_leaves_nothing(error, naive, tmp_path, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise error("stopped")

    monkeypatch.setattr(np, "savez", interrupted)  # the model itself is written by then
    with pytest.raises(error, match="stopped"):
        naive.export(tmp_path / "1")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_came_meanwhile_is_left(tmp_path):
    with pytest.raises(FileExistsError, match="exists already"), new_folder(tmp_path / "1"):
        (tmp_path / "1").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_the_command_line(naive, tmp_path, capsys):
    naive.save(tmp_path / "model.kfc")
    words = ["export", str(tmp_path / "model.kfc"), str(tmp_path / "1")]
    assert main(words) == 0
    assert "2 series, known until" in capsys.readouterr().out
    assert (tmp_path / "1" / "saved_model.pb").is_file()
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err
