"""The notebooks run from top to bottom without a network, and are stored without what they show."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

import forecast as fc
import forecast.layers

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_A_CELL = 300  # of a busy machine; a cell that hangs must end

# Run by the kernel before the first cell: only the kernel's own sockets may connect.
NO_NETWORK = dedent("""
    import socket

    def connect(self, address, connect=socket.socket.connect):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a notebook must not use the network: {address}")
        return connect(self, address)

    socket.socket.connect = connect
""")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@cache
def stored(path: Path) -> NotebookNode:
    """A notebook as it is stored, valid."""
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@every_notebook
def test_a_name_begins_with_two_digits(path):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+", path.stem)


def test_no_two_notebooks_have_one_number():
    numbers = [path.stem[:2] for path in NOTEBOOKS]
    assert numbers and len(numbers) == len(set(numbers))


@every_notebook
def test_nothing_that_was_shown_is_stored(path):
    for number, cell in enumerate(code_cells(stored(path)), start=1):
        assert cell.outputs == [] and cell.execution_count is None, f"code cell {number}"


@every_notebook
def test_any_python_opens_it(path):
    """Neither the name of somebody's environment nor the version of their Python is stored."""
    metadata = stored(path).metadata
    assert metadata.kernelspec.name == "python3"
    assert "version" not in metadata.get("language_info", {})


# Seeds ------------------------------------------------------------------------------------------


@cache
def seeded_names() -> frozenset[str]:
    """Public callables that draw anew at every call unless they are given a seed."""
    public = [getattr(fc, name) for name in fc.__all__ if name != "__version__"]
    public += [getattr(forecast.layers, name) for name in forecast.layers.__all__]
    return frozenset(one.__name__ for one in public if _default_seed(one) is None)


def _default_seed(one: object) -> object:
    """The default of `seed`; a word where there is no such argument or no default."""
    try:
        parameters = inspect.signature(one).parameters
    except (TypeError, ValueError):
        return "no signature"
    return parameters["seed"].default if "seed" in parameters else "no seed"


def unseeded(code: str) -> Iterator[str]:
    """What is random in the code and has no seed."""
    tree = ast.parse(TransformerManager().transform_cell(code))
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    if "random" in imported:
        yield "random"
    if "keras" in imported and "set_random_seed" not in code:
        yield "keras without keras.utils.set_random_seed"
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        named = {keyword.arg for keyword in call.keywords}
        if name in ("default_rng", "RandomState") and not (call.args or named):
            yield ast.unparse(call)
        if name in seeded_names() and "seed" not in named:
            yield ast.unparse(call)


@every_notebook
def test_all_that_is_random_has_a_seed(path):
    code = "\n".join(cell.source for cell in code_cells(stored(path)))
    assert list(unseeded(code)) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import random", ["random"]),
        ("from keras import layers", ["keras without keras.utils.set_random_seed"]),
        ("import keras\nkeras.utils.set_random_seed(1)", []),
        ("%matplotlib inline\nnp.random.default_rng()", ["np.random.default_rng()"]),
        ("np.random.default_rng(1)", []),
        ("EchoState(5, noise=0.1)", ["EchoState(5, noise=0.1)"]),
        ("forecast.layers.EchoState(5, seed=2)", []),
        ("fc.LSTMForecaster()", []),
    ],
)
def test_what_has_no_seed_is_found(code, found):
    assert list(unseeded(code)) == found


# Execution --------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs a notebook as a user sees it, far from this user's own settings."""
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # pictures, as in a browser
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "no_network.py").write_text(NO_NETWORK, encoding="utf-8")
    place = tmp_path / "place"
    place.mkdir()

    def run(notebook: NotebookNode) -> NotebookNode:
        return NotebookClient(
            notebook,
            timeout=SECONDS_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": str(place)}},
        ).execute()

    return run


def warnings_of(notebook: NotebookNode) -> list[str]:
    """Python warnings that the cells show; what TensorFlow logs while it is loaded is none."""
    texts = [
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    return [line for text in texts for line in text.splitlines() if re.search(r"\wWarning:", line)]


@pytest.mark.slow
@every_notebook
def test_it_runs(path, run):
    notebook = run(deepcopy(stored(path)))
    assert warnings_of(notebook) == []
    shown = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)


@pytest.mark.slow
def test_a_notebook_that_warns_or_needs_the_network_is_noticed(run):
    warns = new_code_cell("import warnings; warnings.warn('old')")
    assert len(warnings_of(run(new_notebook(cells=[warns])))) == 1
    connects = new_code_cell("import socket; socket.create_connection(('192.0.2.1', 80))")
    with pytest.raises(CellExecutionError, match="must not use the network"):
        run(new_notebook(cells=[connects]))
