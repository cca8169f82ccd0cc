"""What every public forecaster of symbols promises; they are found by looking."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast import engine
from forecast.errors import NotFittedError
from forecast.pipelines import Block
from forecast.symbols import SymbolForecaster

TRAINING = fc.Training(num_steps=12, num_checks=1, batch_size=4, truncation=16, learning_rate=0.02)
SMALL = {
    "HiddenMarkovChain": {"num_states": 3, "num_starts": 1},
    "MarkovChain": {"order": 2},
    "SymbolGRU": {"units": 6, "num_layers": 2, "embedding": 3, "training": TRAINING},
    "SymbolLSTM": {"units": 5, "training": TRAINING},
    "SymbolRNN": {"units": 7, "embedding": 2, "training": TRAINING},
}
CLASSES = [
    value
    for value in (getattr(fc, name) for name in fc.__all__)
    if inspect.isclass(value)
    and issubclass(value, SymbolForecaster)
    and value is not SymbolForecaster
]


def frame_of(seed=0):
    """Ragged series of a machine, daily, with missing states."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, size in (("lathe", 50), ("mill", 23), ("press", 1), ("saw", 37)):
        states = rng.choice(["idle", "run", "stop"], size, p=[0.3, 0.5, 0.2]).astype(object)
        states[1:-1][rng.random(max(size - 2, 0)) < 0.15] = None
        days = pd.date_range("2024-03-01", periods=size)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": states}))
    return pd.concat(parts, ignore_index=True)


def later_than(frame, ends, steps):
    """Rows after a gap of two days."""
    rng = np.random.default_rng(9)
    parts = [
        pd.DataFrame({
            "unique_id": name, "ds": pd.date_range(ends[name] + pd.Timedelta("3D"), periods=count),
            "y": rng.choice(["idle", "run", "stop"], count),
        })
        for name, count in steps.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


FRAME = frame_of()
ENDS = FRAME.groupby("unique_id")["ds"].max()
NEW = later_than(FRAME, ENDS, {"saw": 6, "lathe": 3})


@pytest.fixture(scope="module", params=CLASSES, ids=lambda cls: cls.__name__)
def fitted(request):
    cls = request.param
    return cls(**SMALL[cls.__name__], alphabet=fc.Alphabet(end="off")).fit(FRAME)


@pytest.fixture
def model(fitted):
    """A copy that a test may move on; parameters are shared."""
    copy = fitted.clone()
    copy.__dict__.update(fitted.__dict__)
    return copy


def tolerance(model):
    return 1e-10 if type(model).__module__.startswith("forecast.symbols") else 2e-5


def assert_same_states(one, other, model):
    for name, array in one.arrays.items():
        np.testing.assert_allclose(array, other.arrays[name], atol=tolerance(model), err_msg=name)
    np.testing.assert_array_equal(one.clock, other.clock)
    np.testing.assert_array_equal(one.count, other.count)


def shares(model, horizon=1):
    return model.predict_proba(horizon, num_paths=30)["probability"].to_numpy()


def test_update_is_condition_on_all_rows(model):
    updated = model.update(NEW).store_
    conditioned = model.condition(pd.concat([FRAME, NEW])).store_
    assert_same_states(updated.state, conditioned.state, model)
    assert updated.ends.equals(conditioned.ends)


def test_any_blocks_give_the_same_state(model):
    panel_model, state = model.fitted_.model, engine.inner(model.store_.state)
    rng = np.random.default_rng(4)
    codes, observed = rng.integers(0, 3, (4, 12)), rng.random((4, 12)) < 0.8
    valid = np.arange(12) < np.array([12, 7, 0, 10])[:, None]
    observed &= valid
    values = np.where(observed, codes, 0.0)
    whole, ahead = panel_model.walk(state, Block(values, observed, valid))
    for cuts in ([5], [1, 2, 9]):
        parts, moved = [], state
        for steps in np.split(np.arange(12), cuts):
            block = Block(values[:, steps], observed[:, steps], valid[:, steps])
            moved, part = panel_model.walk(moved, block)
            parts.append(part)
        assert_same_states(moved, whole, model)
        np.testing.assert_allclose(
            np.concatenate(parts, axis=1)[valid], ahead[valid], atol=10 * tolerance(model)
        )
    assert_same_states(whole.take([2]), state.take([2]), model)


def test_probabilities_add_up_and_an_end_stays(model):
    found = shares(model, 6).reshape(4, 6, 4)
    np.testing.assert_allclose(found.sum(axis=2), 1.0, atol=1e-6)
    assert (np.diff(found[:, :, 3], axis=1) >= -1e-9).all()
    first = np.exp(model.fitted_.model.ahead(engine.inner(model.store_.state)))
    np.testing.assert_allclose(found[:, 0], first, rtol=1e-6)


def test_a_batch_is_its_series_alone(model):
    together, paths = shares(model, 3), model.sample(8, num_paths=5, seed=2)
    for row, name in enumerate(model.store_.ids):
        model.condition(FRAME[FRAME["unique_id"] == name])
        np.testing.assert_allclose(
            shares(model, 3), together.reshape(4, -1)[row], atol=10 * tolerance(model)
        )
        alone = model.sample(8, num_paths=5, seed=2)
        theirs = paths[paths["unique_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, theirs)


def test_paths_begin_with_shorter_paths_and_depend_on_the_seed(model):
    long = model.sample(9, num_paths=4, seed=5)
    short = model.sample(4, num_paths=2, seed=5)
    days = long.groupby("unique_id")["ds"].transform("min") + pd.Timedelta("4D")
    same = long[(long["path"] < 2) & (long["ds"] < days)].reset_index(drop=True)
    pd.testing.assert_frame_equal(short, same)
    pd.testing.assert_frame_equal(long, model.sample(9, num_paths=4, seed=5))
    assert not long.equals(model.sample(9, num_paths=4, seed=6))


def test_temperature_zero_is_greedy_and_ends_are_last(model):
    greedy = model.predict(12)
    cold = model.sample(12, num_paths=1, temperature=0.0, seed=3)
    assert greedy[model.name].tolist() == cold["y"].tolist()
    assert list(greedy.columns) == ["unique_id", "ds", model.name]
    paths = model.sample(40, num_paths=20, seed=1).groupby(["unique_id", "path"])["y"]
    assert (paths.apply(lambda path: "off" not in path.tolist()[:-1])).all()


def test_log_probabilities_are_those_of_one_step_after_the_other(model):
    before = model.store_
    frame = model.log_probabilities(NEW)
    assert model.store_ is before
    for name in ("lathe", "saw"):
        rows = NEW[NEW["unique_id"] == name]
        mine = np.exp(frame.loc[frame["unique_id"] == name, model.name].to_numpy())
        assert frame.loc[frame["unique_id"] == name, "y"].tolist() == rows["y"].tolist()
        for place in range(1, len(rows)):
            model.store_ = before
            told = model.update(rows[:place]).predict_proba(1)
            told = told[(told["unique_id"] == name) & (told["y"] == rows["y"].iloc[place])]
            assert mine[place] == pytest.approx(told["probability"].item(), rel=1e-4)


def test_nothing_depends_on_what_comes_later(model):
    changed = NEW.copy()
    late = changed.groupby("unique_id").cumcount() >= 2
    changed.loc[late, "y"] = changed.loc[late, "y"].map(
        {"idle": "run", "run": "stop", "stop": "idle"}
    )
    one, other = (model.log_probabilities(rows)[model.name].to_numpy() for rows in (NEW, changed))
    kept = (model.log_probabilities(NEW).groupby("unique_id").cumcount() < 2).to_numpy()
    np.testing.assert_array_equal(one[kept], other[kept])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (NEW.assign(y="broken"), r"column 'y' of series 'saw' has the symbol 'broken'"),
        (FRAME[FRAME["unique_id"] == "mill"], r"series 'mill'"),
        (NEW.assign(y="off"), "which is the end mark"),
    ],
    ids=["unseen", "older", "end"],
)  # fmt: skip
def test_refused_rows_change_nothing(model, rows, message):
    before = model.store_
    with pytest.raises(ValueError, match=message):
        model.update(rows)
    assert model.store_ is before


def test_rows_without_any_symbol_cannot_be_scored(model):
    with pytest.raises(ValueError, match="the rows have no symbol to score"):
        model.log_probabilities(NEW.assign(y=None))


def test_new_series_begin_at_the_start_mark(model):
    fresh = NEW.assign(unique_id="drill")[:3]
    updated = model.update(fresh).store_.state.take([4])
    assert_same_states(updated, model.condition(fresh).store_.state, model)
    assert model.generate(5, 3, seed=1)["unique_id"].tolist()[0] == 0


def test_saved_is_loaded_bit_for_bit(model, tmp_path):
    model.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert repr(loaded) == repr(model)
    assert loaded.alphabet_ == model.alphabet_
    assert (loaded.choices_, loaded.history_) == (model.choices_, model.history_)
    for one in (model, loaded):
        one.update(NEW)
    pd.testing.assert_frame_equal(model.sample(6, 3), loaded.sample(6, 3))
    pd.testing.assert_frame_equal(
        model.predict_proba(2, num_paths=9), loaded.predict_proba(2, num_paths=9), check_exact=True
    )


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_constructor_arguments_are_kept_as_given(cls):
    one = cls(**SMALL[cls.__name__], alias="mine")
    assert cls(**one.get_params(deep=False)).get_params() == one.get_params()
    assert one.name == "mine"
    assert cls().name == cls.__name__
    assert one.set_params(alphabet__end="|").alphabet.end == "|"
    with pytest.raises(NotFittedError, match="mine is not fitted yet"):
        one.predict(3)
    with pytest.raises(NotFittedError, match="mine is not fitted yet"):
        one.save("nowhere.kfc")


def test_horizons_and_draws_out_of_range(model):
    for call in (model.predict, model.sample, model.predict_proba, model.generate):
        with pytest.raises(ValueError, match="`horizon` must be a whole number of at least 1"):
            call(0)
    with pytest.raises(ValueError, match="`temperature` must be a number from"):
        model.sample(2, temperature=-1.0)
    with pytest.raises(ValueError, match="`num_paths` must be a whole number"):
        model.sample(2, num_paths=0)
    with pytest.raises(ValueError, match="`seed` must be a whole number"):
        model.sample(2, seed=-1)
