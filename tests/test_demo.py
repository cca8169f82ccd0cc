"""The demo says its plan, shows both parts and writes one page; here without networks."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import forecast as fc
from forecast.demo import PARTS, Part, run_demo

SMALL = (
    Part("sunspots", "Sunspots", ("ar",), 5, 8, 1.0, num_steps=150),
    Part("panel", "Ragged panel", ("naive",), 4, 3, 1.0),
)


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=120)


def test_both_parts_are_shown_and_written_as_one_page(console, tmp_path):
    run_demo(tmp_path / "report.html", console, SMALL)
    shown = console.file.getvalue()
    assert shown.replace("\n", "").startswith(
        "Sunspots: 8 origins, horizon 5, networks trained once from one seed, budget 1 s each; "
        "closed forms, ESN too, at every origin"
    )
    assert "Ragged panel: 3 origins" in shown
    assert str(tmp_path) in shown.replace("\n", "")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Sunspots (statsmodels.datasets.sunspots)" in page
    assert "Ragged panel (statsmodels.datasets.macrodata)" in page
    assert "forecast demo" in page
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_said_before_anything_is_computed(console, tmp_path, monkeypatch):
    monkeypatch.setattr(fc, "compare", lambda *_, **__: pytest.fail("work"), raising=False)
    with pytest.raises(FileNotFoundError, match="nowhere does not exist; create it first"):
        run_demo(tmp_path / "nowhere" / "report.html", console)
    assert console.file.getvalue() == ""


def test_the_parts_are_those_that_the_documentation_promises():
    co2, panel = PARTS
    assert (co2.dataset, co2.models, co2.horizon) == ("co2", ("lstm", "esn"), 52)
    assert co2.num_windows >= 8
    assert panel.dataset == "panel"
    assert "unequal lengths" in panel.title
    assert all(part.dataset in fc.datasets() for part in PARTS)
