"""Markov chains beside counts by hand, brute force over all continuations, and matrices."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
from symbols.material import parity_bits, parity_frame

import forecast as fc
from forecast.symbols.decoding import drawn, tempered

RNG = np.random.default_rng(3)
TEXTS = ["".join(RNG.choice(list("abc"), size, p=[0.5, 0.3, 0.2])) for size in (40, 23, 1, 61)]
END = "."


def probability(texts, context, symbol, smoothing, codes):
    """`(n(c a) + s P(a | c')) / (n(c) + s)` by looking for the context in every text."""
    if context is None:
        return 1.0 / len(codes)
    counts = Counter(
        text[place]
        for text in texts
        for place in range(1, len(text))
        if text[max(0, place - len(context)) : place] == context
    )
    shorter = context[1:] if context else None
    base = probability(texts, shorter, symbol, smoothing, codes)
    total = sum(counts.values())
    if total + smoothing == 0:
        return base
    return (counts[symbol] + smoothing * base) / (total + smoothing)


def fitted(order, smoothing=0.7, end=None, texts=TEXTS):
    frame = fc.symbols.from_text(texts)
    return fc.MarkovChain(order, smoothing, fc.Alphabet(end=end)).fit(frame)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("end", [None, END])
@pytest.mark.parametrize("smoothing", [0.0, 0.7])
def test_probabilities_are_the_counts_by_hand(order, end, smoothing):
    chain = fitted(order, smoothing, end)
    codes = "abc" + (end or "")
    marked = ["^" + text + (end or "") for text in TEXTS]  # "^" is the start mark
    for history in ("a", "cb", "abca", "bbbb", "ccccc"):
        found = chain.condition(fc.symbols.from_text(history)).predict_proba(1)["probability"]
        context = ("^" + history)[max(0, len(history) + 1 - order) :] if order else ""
        wanted = [probability(marked, context, symbol, smoothing, codes) for symbol in codes]
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_distributions_ahead_are_sums_over_all_continuations():
    chain = fitted(2, end=END).condition(fc.symbols.from_text("ab"))
    ahead = chain.predict_proba(3).pivot(index="ds", columns="y", values="probability")
    assert ahead.to_numpy().sum(axis=1) == pytest.approx(1.0)
    marked, codes = ["^" + text + END for text in TEXTS], "abc" + END
    shares = np.zeros((3, 4))
    for path in product(codes, repeat=3):
        history, weight = "^ab", 1.0
        for step, symbol in enumerate(path):
            if END in path[:step]:
                weight *= symbol == END  # one that has ended stays so
            else:
                weight *= probability(marked, history[-2:], symbol, 0.7, codes)
                history += symbol
        for step, symbol in enumerate(path):
            shares[step, codes.index(symbol)] += weight
    np.testing.assert_allclose(ahead[list(codes)], shares, rtol=1e-10)


def test_order_one_ahead_is_the_power_of_a_matrix_through_a_gap_too():
    chain = fitted(1)
    moves = np.exp([chain.condition(fc.symbols.from_text("b" + last)).fitted_.model.ahead(
        chain.store_.state.select("model."))[0] for last in "abc"])  # fmt: skip
    gap = pd.DataFrame({"unique_id": "g", "ds": [0, 1, 5], "y": ["a", "c", "b"]})
    chain.condition(gap[:2])
    frame = chain.log_probabilities(gap[2:])
    after_three_missing = np.linalg.matrix_power(moves, 4)[2]
    assert np.exp(frame["MarkovChain"][0]) == pytest.approx(after_three_missing[1], rel=1e-12)
    ahead = chain.update(gap[2:]).predict_proba(6)["probability"].to_numpy().reshape(6, 3)
    np.testing.assert_allclose(ahead[5], np.linalg.matrix_power(moves, 6)[1], rtol=1e-12)


def test_a_very_long_gap_forgets_what_was_before():
    chain = fitted(2)
    gap = pd.DataFrame({"unique_id": "g", "ds": [0, 400], "y": ["a", "b"]})
    found = chain.condition(gap[:1]).log_probabilities(gap[1:])["MarkovChain"][0]
    share = sum(text.count("b") for text in TEXTS) / sum(map(len, TEXTS))
    assert np.exp(found) == pytest.approx(share, abs=0.02)


def test_an_order_too_low_misses_what_depends_on_two_symbols():
    chains = [fc.MarkovChain(order, alias=f"order {order}").fit(parity_frame(6, 400, 1))
              for order in (1, 2)]  # fmt: skip
    new = parity_frame(6, 400, 2)
    table = fc.symbols.score(chains, new.assign(unique_id=new["unique_id"] + 100))
    assert parity_bits(1) == pytest.approx(1.0)
    np.testing.assert_allclose(table["bits"], [parity_bits(1), parity_bits(2)], atol=0.02)
    assert table["p_value"][1] < 1e-6
    assert table["perplexity"].tolist() == pytest.approx((2.0 ** table["bits"]).tolist())


def test_greedy_and_sampled_decoding():
    chain = fitted(2, end=END).condition(fc.symbols.from_text({"p": "ab", "q": "c"}))
    greedy = chain.predict(30)
    cold = chain.sample(30, num_paths=2, temperature=0.0)
    for path in (0, 1):
        assert cold[cold["path"] == path]["y"].tolist() == greedy["MarkovChain"].tolist()
    paths = chain.sample(1, num_paths=6_000, seed=4)
    told = chain.predict_proba(1).pivot(index="unique_id", columns="y", values="probability")
    shares = pd.crosstab(paths["unique_id"], paths["y"], normalize="index")
    np.testing.assert_allclose(shares, told[shares.columns], atol=0.02)
    hot = chain.sample(1, num_paths=6_000, temperature=2.0, seed=4)
    flat = told.to_numpy() ** 0.5
    found = pd.crosstab(hot["unique_id"], hot["y"], normalize="index")
    np.testing.assert_allclose(
        found, flat / flat.sum(axis=1, keepdims=True), atol=0.02
    )  # fmt: skip


def test_shares_at_any_temperature():
    logs = np.log([[0.5, 0.3, 0.2], [1e-9, 0.5, 0.5]])
    np.testing.assert_allclose(tempered(logs, 1.0), np.exp(logs) / np.exp(logs).sum(1)[:, None])
    np.testing.assert_allclose(tempered(logs, 1e-3)[0], [1.0, 0.0, 0.0], atol=1e-200)
    np.testing.assert_allclose(tempered(logs, 1e6), 1 / 3, atol=1e-4)
    rest = np.array([[0.1] * 10 + [0.0]])  # adds up to less than 1
    assert drawn(rest, np.array([1.0 - 2.0**-53])).tolist() == [9]


def test_paths_end_at_the_end_mark_and_begin_anew():
    chain = fitted(2, end=END, texts=["ab", "aab", "b"] * 10)
    made = chain.generate(50, num_paths=200, seed=2)
    assert (
        made.groupby("unique_id")["ds"].apply(lambda ds: ds.tolist() == list(range(len(ds)))).all()
    )
    assert (made.groupby("unique_id")["y"].last() == END).mean() > 0.99
    assert (made["y"] == END).sum() == made["unique_id"].nunique()
    texts = list(fc.symbols.to_text(made, end=END).values())
    assert {"ab", "aab", "b"} <= set(texts)
    assert texts == list(fc.symbols.to_text(chain.generate(50, 200, seed=2), end=END).values())
    chain.generate(5, 3)
    with pytest.raises(ValueError, match="at least 1"):
        chain.generate(0)


def test_complete_sequences_count_their_end():
    chain = fitted(1, end=END)
    new = fc.symbols.from_text({9: "abcc"})
    assert len(chain.log_probabilities(new)) == 4
    whole = chain.log_probabilities(new, complete=True)
    assert whole["y"].tolist() == [*"abcc", END]
    assert whole["ds"].tolist() == [0, 1, 2, 3, 4]
    chain.update(new)
    told = chain.predict_proba(1).query("unique_id == 9 and y == @END")["probability"]
    assert np.exp(whole["MarkovChain"].iloc[-1]) == pytest.approx(told.item(), rel=1e-12)
    with pytest.raises(ValueError, match="alphabet has none"):
        fitted(1).log_probabilities(new, complete=True)


def test_orders_and_smoothings_that_make_no_sense():
    for order in (-1, 1.5, True):
        with pytest.raises(ValueError, match="`order` must be a whole number of at least 0"):
            fc.MarkovChain(order)
    with pytest.raises(ValueError, match="`smoothing` must be a number from"):
        fc.MarkovChain(smoothing=-0.1)
    with pytest.raises(ValueError, match=r"`alphabet` must be of the class Alphabet, such as fc"):
        fc.MarkovChain(alphabet="abc").fit(fc.symbols.from_text("ab"))
    with pytest.raises(ValueError, match="the name 'MarkovChain' stands twice"):
        fc.symbols.score([fitted(1), fitted(2)], fc.symbols.from_text({"n": "a"}))


def test_tables_that_fit_no_memory_are_refused(monkeypatch):
    monkeypatch.setattr("forecast.symbols.contexts._MOST_NUMBERS", 100)
    with pytest.raises(ValueError, match=r"order=4 makes a table of .* take a lower order"):
        fitted(4)
