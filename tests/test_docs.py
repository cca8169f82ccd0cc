"""The guide is true: its code runs and prints what it says, and no public name is missing in it."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sphinx.util.inventory import InventoryFile

import forecast as fc
from forecast.cli import _parser

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

# A block of code, and what it prints where a block of text follows at once.
CODE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.M | re.S)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder to write to, from which the code beside the guide can be imported."""
    # What is small stays in this process, also where a busy machine makes it slow.
    monkeypatch.setattr("forecast.backtesting.workers._WORTH_SECONDS", np.inf)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.syspath_prepend(DOCS / "examples")


# What the pages say -------------------------------------------------------------------------------


@every_page
def test_the_code_of_a_page_runs_and_prints_what_it_says(page, capsys):
    text, names = page.read_text(encoding="utf-8"), {"__name__": page.stem}
    for block in CODE.finditer(text):
        code, expected = block.groups()
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + code, str(page), "exec"), names)
        printed = capsys.readouterr().out
        same = expected is None or doctest.OutputChecker().check_output(expected, printed, OPTIONS)
        assert same, f"{page.name}, line {line + 1} prints\n{printed}\nnot\n{expected}"


@every_page
def test_the_commands_of_a_page_are_known(page):
    for command in re.findall(r"^\$ forecast (.*)$", page.read_text(encoding="utf-8"), re.M):
        _parser().parse_args(shlex.split(command))


@every_page
def test_the_names_and_files_of_a_page_exist(page):
    text = page.read_text(encoding="utf-8")
    missing = [name for name in re.findall(r"\bfc\.([A-Za-z_]\w*)", text) if not hasattr(fc, name)]
    files = re.findall(
        r"`((?:benchmarks|forecast|notebooks|tests)/[\w./]*|[\w]+\.(?:md|ipynb))`", text
    )
    folders = (ROOT, ROOT / "notebooks")
    missing += [name for name in files if not any((folder / name).exists() for folder in folders)]
    assert not missing


# The build ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, int, str]:
    """The guide in HTML, the exit status of its build, and what went wrong.

    In a process of its own: Sphinx writes other signatures into the classes that it describes.
    """
    folder = tmp_path_factory.mktemp("html")
    options = ["-q", "-E", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return folder, done.returncode, done.stderr


@pytest.mark.slow
def test_the_guide_is_built_without_a_warning(built):
    _, status, problems = built
    assert status == 0, problems


def public_paths() -> set[str]:
    """Public names as users write them."""
    rooms = {"layers", *fc._ROOMS}
    names = {f"forecast.{name}" for name in fc.__all__ if name != "__version__"}
    for room in rooms:
        module = importlib.import_module(f"forecast.{room}")
        names |= {f"forecast.{room}.{name}" for name in module.__all__}
    return names


@pytest.mark.slow
def test_every_public_name_stands_in_the_reference(built):
    with (built[0] / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda *parts: parts[-1])
    described = {name for kind, found in inventory.items() if kind[:3] == "py:" for name in found}
    assert not public_paths() - described
    assert "forecast.forecaster.Forecaster.update" in described


def test_a_new_public_name_enters_the_reference_by_itself(monkeypatch):
    import public_names

    class Fresh(fc.Naive):
        """As fresh as can be."""

    monkeypatch.setattr(fc, "Fresh", Fresh, raising=False)
    monkeypatch.setitem(fc._HOME_OF, "Fresh", "forecast.baselines")
    monkeypatch.setattr(fc, "__all__", [*fc.__all__, "Fresh"])
    monkeypatch.setattr(fc.heads, "Fresh", Fresh, raising=False)
    monkeypatch.setattr(fc.heads, "__all__", [*fc.heads.__all__, "Fresh"])
    pages = public_names.pages()
    assert ".. autoclass:: forecast.Fresh\n" in pages["baselines.rst"]
    assert "As fresh as can be." in pages["index.rst"]
    assert "Another name of :py:obj:`forecast.Fresh`." in pages["heads.rst"]


def test_docstrings_are_read_as_they_are_written():
    import docstrings

    assert doctest.testmod(docstrings) == (0, 2)
    listed = ["Args:", "    rows: a", "", "    more", "", "- one", "", "    of it"]
    assert docstrings.with_equations(listed) == listed


# The measured table -------------------------------------------------------------------------------


def measured_row(panel: str, skill: float, p: float | None, interval: list[float] | None) -> dict:
    return {
        "panel": panel, "measure": "MASE", "AR": 2.0, "PooledAR": 1.5, "best linear": "PooledAR",
        "GRU": 1.5 * (1 - skill), "spread": 0.25, "skill": skill, "interval": interval, "p": p,
        "test over": "series",
    }  # fmt: skip


def test_the_table_of_networks_is_that_of_the_record(tmp_path):
    import measured

    rows = [
        measured_row("first", -0.2, 0.01, [-0.3, -0.1]),
        measured_row("henon", 0.1, 0.0004, [0.05, 0.15]),
        measured_row("third", 0.04, 0.05, None),
        measured_row("fourth", 0.02, None, [-0.5, 0.5]),
    ]
    record = tmp_path / "networks.json"
    record.write_text(json.dumps({"model": "GRU", "rows": rows}), encoding="utf-8")
    found = measured.substitutions(record)
    assert (found["num_better"], found["num_level"], found["num_worse"]) == (1, 2, 1)
    assert found["panels_better"] == "`henon`" and found["panels_level"] == "`third`, `fourth`"
    lines = found["networks_table"].splitlines()
    assert lines[2] == (
        "| `henon` | Hénon map, simulated | MASE | PooledAR 1.500 | 1.350 ± 0.250 | +10.0% | "
        "+5.0% to +15.0% | < 0.001 | series | better |"
    )
    assert lines[-1].startswith("| `first` |  |") and lines[-1].endswith("| worse |")
    assert "| - | 0.050 | series | level |" in lines[3] and "| - | series | level |" in lines[4]


def test_window_networks_stand_beside_the_best_linear_and_the_lstm(tmp_path):
    import measured_networks

    record, beside = tmp_path / "rows.json", {"skill": -0.015, "p": 0.2}
    saved = {"best linear": "AR", "skill": 0.02, "interval": [0.01, 0.03], "p": 0.0001}
    rows = [
        {"panel": "m4_weekly", "model": "AR", "score": 0.75},
        {"panel": "m4_weekly", "model": "LSTM", "score": 0.71, **saved},
        {"panel": "m4_weekly", "model": "Seq2Seq", "score": 0.72, "beside LSTM": beside, **saved},
    ]
    record.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert measured_networks.window_table(record).splitlines()[2:] == [
        "| `m4_weekly` | `LSTM` | 0.710 | AR 0.750 | +2.0% | +1.0% to +3.0% | < 0.001 | - | - |",
        "| `m4_weekly` | `Seq2Seq` | 0.720 | AR 0.750 | +2.0% | +1.0% to +3.0% | < 0.001 | -1.5% "
        "| 0.200 |",
    ]


def test_a_network_of_a_pattern_stands_beside_the_best_of_the_simple_models(tmp_path):
    import measured_networks

    about = {"pattern": "one to one", "data": "load", "network": "Dense", "measure": "accuracy"}
    rows = [
        about | {"model": "line", "simple": True, "score": 0.5, "saved": 0.4, "p": 0.01},
        about | {"model": "better", "simple": True, "score": 0.7, "saved": -0.1, "p": None},
        about | {"model": "LSTM", "simple": False, "score": 0.8, "saved": -0.3, "p": 0.01},
        about | {"model": "Dense", "simple": False, "score": 0.6512},
    ]
    (tmp_path / "rows.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert measured_networks.pattern_table(tmp_path / "rows.json").splitlines()[2:] == [
        "| one to one | load | Dense: accuracy 0.651 | better: accuracy 0.7 | -10.0% | - | - |"
    ]


def test_what_the_guide_says_of_panels_was_measured():
    """The words around the table are typed: they must still fit the record."""
    import measured

    rows = measured.rows()
    better = {row.entry["panel"] for row in rows if row.outcome == "better"}
    assert 2 * len(better) < len(rows), "choose_a_model.md says: on most none is better"
    many = {name for name in measured.DATA if name.startswith(("m4", "nn5", "tourism", "hospital"))}
    rules = {"henon", "logistic", "mackey_glass_17", "lorenz", "santafe_laser", "laser_equations"}
    alone = rules | {"us_births"}
    assert rules <= better <= many | alone
    assert better & many and better - many
    assert not better & {"tourism_monthly", "tourism_quarterly", "m4_monthly_200", "m4_hourly"}


# The worked example of a forecaster ---------------------------------------------------------------


def test_the_worked_forecaster_is_exponential_smoothing():
    """Levels of pandas' `ewm`, whose missing values are left out of the recursion."""
    from smoothed_level import WEIGHTS, SmoothedLevel

    rng = np.random.default_rng(0)
    values = 50 + np.cumsum(rng.normal(size=60)) + rng.normal(scale=2, size=60)
    values[[7, 30]] = np.nan
    frame = pd.DataFrame({"unique_id": "a", "ds": range(60), "y": values})
    model = SmoothedLevel().fit(frame, horizon=2)
    weight = model.fitted_.model.weight
    errors = {w: squared_one_step_error(values, w) for w in WEIGHTS}
    assert weight == min(errors, key=errors.get) and WEIGHTS[0] < weight < WEIGHTS[-1]
    level = pd.Series(values).dropna().ewm(alpha=weight, adjust=False).mean().iloc[-1]
    np.testing.assert_allclose(model.predict()["SmoothedLevel"], level)


def squared_one_step_error(values: np.ndarray, weight: float) -> float:
    seen = pd.Series(values).dropna()
    return float(((seen - seen.ewm(alpha=weight, adjust=False).mean().shift()) ** 2).mean())
