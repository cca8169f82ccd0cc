"""Heat maps of the probabilities of symbols."""

from __future__ import annotations

import numpy as np
import pytest
from symbols.material import cycle_frame

import forecast as fc


@pytest.fixture(scope="module")
def chain():
    return fc.MarkovChain(2).fit(cycle_frame())


def test_a_heat_map_shows_the_table(chain):
    frame = chain.predict_proba(4)
    axes = fc.symbols.plot_probabilities(frame).axes[0]
    drawn = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(drawn[1], frame.loc[frame["y"] == "b", "probability"])
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abcd")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["120", "121", "122", "123"]
    assert axes.texts[0].get_text() == f"{100 * drawn[0, 0]:.0f}"
    with pytest.raises(ValueError, match="series 'x' is not in the frame, which has 'machine'"):
        fc.symbols.plot_probabilities(frame, "x")


def test_blanks_can_be_seen_and_long_tables_have_no_numbers():
    text = fc.MarkovChain().fit(fc.symbols.from_text("to be\nor not to be"))
    axes = fc.symbols.plot_probabilities(text.predict_proba(30)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["⏎", "␣"]
    assert not axes.texts
    assert len(axes.get_xticklabels()) <= 8
