"""Networks of symbols beside an oracle in NumPy, and on languages whose entropy is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special
from symbols.material import Grammar, cycle_frame, parity_bits, parity_frame

import forecast as fc
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.encoder import SymbolInput
from forecast.models.symbols.lesson import make_material
from forecast.models.symbols.model import SymbolNetworkModel
from forecast.pipelines import Block, Columns
from forecast.protocol import Static
from forecast.symbols.decoding import Paths, Sampling, expected
from forecast.symbols.reading import read_symbols

CYCLE = fc.Training(
    num_steps=80, batch_size=8, learning_rate=0.03, truncation=24, num_checks=2
)  # fmt: skip


def random_body(layer="SimpleRNN", embedding=3, num_layers=2, num_codes=4, seed=1):
    """Layers with weights that are all different, those of the readout too."""
    body = Body(Blueprint(layer, 5, num_layers, 1, seed, num_outputs=num_codes,
                          symbols=SymbolInput(num_codes + 1, embedding)))  # fmt: skip
    rng = np.random.default_rng(seed)
    return body.with_weights([rng.normal(0.0, 0.7, weight.shape) for weight in body.weights])


def block_of(codes, valid=None):
    codes = np.asarray(codes, dtype=float)
    valid = np.ones(codes.shape, dtype=bool) if valid is None else valid
    observed = valid & ~np.isnan(codes)
    return Block(np.where(observed, codes, 0.0), observed, valid)


def begun(model, num_rows=1):
    return model.init_state(num_rows, Static(np.full(num_rows, -1)))


def oracle(weights, codes, vectors):
    """Log-probabilities after each code of two simple layers, in float64."""
    first, second = np.zeros(5), np.zeros(5)
    *layers, kernel, bias = [np.asarray(weight, dtype=np.float64) for weight in weights]
    w1, u1, b1, w2, u2, b2 = layers
    told = []
    for code in codes:
        first = np.tanh(vectors[code] @ w1 + first @ u1 + b1)
        second = np.tanh(first @ w2 + second @ u2 + b2)
        told.append(special.log_softmax(second @ kernel + bias))
    return np.array(told)


@pytest.mark.parametrize("embedding", [3, None])
def test_the_walk_is_the_equation(embedding):
    body = random_body(embedding=embedding)
    layers = body.weights if embedding is None else body.weights[1:]
    vectors = np.eye(5) if embedding is None else body.weights[0].astype(float)
    model, codes = SymbolNetworkModel(body, None), [2, 0, 3, 3, 1]
    wanted = oracle(layers, [4, *codes], vectors)  # 4 is the start mark
    state, found = model.walk(begun(model), block_of([codes]))
    np.testing.assert_allclose(found[0], wanted[:-1], atol=2e-6)
    np.testing.assert_allclose(model.ahead(state)[0], wanted[-1], atol=2e-6)


def test_one_hot_is_an_embedding_by_the_identity():
    one_hot = random_body("LSTM", embedding=None)
    learned = random_body("LSTM", embedding=5).with_weights([np.eye(5), *one_hot.weights])
    block = block_of([[0, 1, 3, 2, 2, 1], [3, 3, 0, 1, 2, 0]])
    for one, other in zip(*(walked(SymbolNetworkModel(body, 3), block)
                            for body in (one_hot, learned)), strict=True):  # fmt: skip
        np.testing.assert_allclose(one, other, atol=1e-6)


def walked(model, block):
    state, found = model.walk(begun(model, 2), block)
    return found, *state.arrays.values()


def test_a_missing_symbol_is_fed_as_the_most_probable_one():
    model = SymbolNetworkModel(random_body(), None)
    _, gap = model.walk(begun(model), block_of([[2, np.nan, np.nan, 1]]))
    filled = [2, *gap[0, 1:3].argmax(axis=1)]
    codes = [2]
    for _ in range(2):
        state, _ = model.walk(begun(model), block_of([codes]))
        codes.append(int(model.ahead(state)[0].argmax()))
    assert codes == [int(code) for code in filled]
    _, known = model.walk(begun(model), block_of([[*codes, 1]]))
    np.testing.assert_allclose(gap, known, atol=1e-6)


def test_what_is_told_ahead_is_the_sum_over_what_may_come():
    model = SymbolNetworkModel(random_body("GRU", None, 1, num_codes=3), None)
    state, _ = model.walk(begun(model), block_of([[0, 1, 2]]))
    first = np.exp(model.ahead(state))[0]
    states = [model.walk(begun(model), block_of([[0, 1, 2, code]]))[0] for code in range(3)]
    second = first @ np.exp([model.ahead(state)[0] for state in states])
    told = expected(model, Paths(state, np.array([7]), Sampling(3000)), 2)[0]
    np.testing.assert_allclose(told[0], first, rtol=1e-6)
    np.testing.assert_allclose(told[1], second, atol=0.015)


def test_material_begins_with_the_start_mark_and_ends_with_the_end():
    ids, steps = list("aaaabb"), [0, 1, 2, 3, 0, 1]
    symbols = ["x", None, "x", "y", "y", "x"]
    frame = pd.DataFrame({"unique_id": ids, "ds": steps, "y": symbols})
    reading, alphabet = read_symbols(frame, Columns(), fc.Alphabet(end="."))
    lesson = make_material(reading.panel, alphabet).lesson
    assert lesson.features[:, :, 0].tolist() == [[3, 0, 1, 0, 1], [3, 1, 0, 2, 0]]
    assert lesson.targets[0].tolist() == [0, 1, 0, 1, 2]
    assert lesson.targets[1, :3].tolist() == [1, 0, 2]
    assert lesson.weights.tolist() == [[1, 0, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert lesson.lengths.tolist() == [5, 3]


@pytest.mark.parametrize("num_series", [3, 20])
def test_what_is_held_out_is_not_learned_from(num_series):
    frame = fc.symbols.from_text(["abcab" * 20] * num_series)
    reading, alphabet = read_symbols(frame, Columns(), fc.Alphabet())
    material = make_material(reading.panel, alphabet)
    learned = material.lesson.weights > 0
    assert learned.sum() + material.held_out.counted.sum() == 100 * num_series
    if num_series == 20:
        assert np.flatnonzero(~learned.any(axis=1)).tolist() == [9, 19]
    else:
        assert learned[:, :90].all()
        assert not learned[:, 90:].any()


@pytest.fixture(scope="module")
def cycle():
    """A network that has learned a cycle in which one symbol has two successors."""
    return fc.SymbolGRU(units=12, training=CYCLE).fit(cycle_frame())


def test_a_cycle_is_learned_perfectly(cycle):
    text = "".join(cycle.predict(50)["SymbolGRU"])
    assert text == "abcdb" * 10
    new = fc.symbols.from_text({"other": "abcdb" * 8})
    assert cycle.log_probabilities(new)["SymbolGRU"][5:].min() > np.log(0.97)
    assert cycle.sample(20, num_paths=1, seed=1)["y"].str.cat() == "abcdb" * 4


def test_its_learning_curve_is_drawn(cycle):
    assert cycle.num_steps_ == 80
    assert "one-hot), 1 x 12 units, best of 3 checks" in cycle.choices_
    axes = fc.symbols.plot_learning(cycle, {"order 1": 1.4}).axes[0]
    np.testing.assert_allclose(
        axes.lines[0].get_ydata(), np.exp(cycle.history_["free_running"][1:])
    )  # fmt: skip
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["SymbolGRU", "order 1"]


def test_a_training_starts_from_an_earlier_one_or_says_why_not(cycle):
    run = fc.TrainingRun(start=cycle)
    one = fc.Training(num_steps=1, num_checks=1, run=run)
    again = fc.SymbolGRU(units=12, training=one).fit(cycle_frame(60))
    assert again.history_["free_running"][0] < 0.05
    with pytest.raises(
        ValueError, match=r"cannot start from SymbolGRU: it has 1 x 12 units of GRU"
    ):
        fc.SymbolLSTM(units=12, training=one).fit(cycle_frame(60))
    with pytest.raises(ValueError, match="`start` must be a fitted network of symbols"):
        fc.SymbolGRU(training=fc.Training(run=fc.TrainingRun(start=fc.AR()))).fit(cycle_frame(60))


def test_a_finished_checkpoint_is_taken_and_another_refused(tmp_path):
    run = fc.TrainingRun(checkpoint=tmp_path / "way.npz")
    settings = fc.Training(num_steps=12, num_checks=1, batch_size=2, truncation=8, run=run)
    one = fc.SymbolGRU(units=12, training=settings).fit(cycle_frame(60))
    again = fc.SymbolGRU(units=12, training=settings).fit(cycle_frame(60))
    assert again.history_ == one.history_
    for mine, theirs in zip(one.fitted_.model.body.weights, again.fitted_.model.body.weights,
                            strict=True):  # fmt: skip
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match=r"of another training: data \("):
        fc.SymbolGRU(units=12, training=settings).fit(cycle_frame(65))


def test_two_symbols_back_where_one_is_not_enough():
    training = fc.Training(
        num_steps=120, batch_size=16, learning_rate=0.02, truncation=32, num_checks=2
    )
    network = fc.SymbolGRU(units=12, training=training).fit(parity_frame(6, 300, 1))
    chain = fc.MarkovChain().fit(parity_frame(6, 300, 1))
    new = parity_frame(8, 300, 2)
    table = fc.symbols.score([network, chain], new.assign(unique_id=new["unique_id"] + 100))
    assert table["bits"][1] == pytest.approx(parity_bits(1), abs=0.02)
    assert table["bits"][0] == pytest.approx(parity_bits(2), abs=0.06)
    assert table["p_value"][1] < 1e-6


def test_one_symbol_alone_is_certain():
    network = fc.SymbolRNN(units=3).fit(fc.symbols.from_text("aaaa"))
    assert network.predict(2)["SymbolRNN"].tolist() == ["a", "a"]
    assert network.choices_.endswith("nothing to learn")
    assert network.num_steps_ == 0


def test_trainings_that_make_no_sense():
    with pytest.raises(ValueError, match=r"teacher_forcing=0\.5 feeds a network its own forecasts"):
        fc.SymbolLSTM(training=fc.Training(teacher_forcing=0.5))
    with pytest.raises(ValueError, match=r"weights='equal' of a truncation are for forecasts of n"):
        fc.SymbolLSTM(training=fc.Training(truncation=fc.Truncation(8, weights="equal")))
    with pytest.raises(ValueError, match="HessianFree follows the curvature of the loss of a fore"):
        fc.SymbolLSTM(training=fc.Training(optimizer=fc.HessianFree()))
    with pytest.raises(TypeError, match=r"`training` must be an fc\.Training"):
        fc.SymbolLSTM(training=10)
    with pytest.raises(ValueError, match="`embedding` must be a whole number of at least 1"):
        fc.SymbolLSTM(embedding=0)


@pytest.mark.long
def test_a_language_model_learns_a_grammar_and_writes_on():
    """Verbs agree with nouns that stand up to 27 characters before: too far for Markov chains."""
    grammar = Grammar()
    train = fc.symbols.from_text(grammar.text(400, seed=1))
    new = fc.symbols.from_text({"new": grammar.text(60, seed=2)})
    training = fc.Training(num_steps=600, batch_size=16, learning_rate=0.01,
                           truncation=fc.Truncation(64, sequences="streams"))  # fmt: skip
    network = fc.SymbolLSTM(training=training).fit(train)
    chains = [fc.MarkovChain(order, 0.2, alias=f"order {order}").fit(train) for order in (3, 8, 12)]
    table = fc.symbols.score([network, *chains], new)
    assert table["bits"][0] < grammar.bits + 0.03
    assert table["bits"].idxmin() == 0
    assert (table["p_value"][1:] < 1e-3).all()
    written = fc.symbols.to_text(network.sample(600, num_paths=3, temperature=0.5, seed=1))
    sentences = [part for text in written.values() for part in text.split(". ")[1:-1]]
    known = set(grammar.text(20_000, seed=3).split(". "))
    assert np.mean([sentence in known for sentence in sentences]) > 0.9
