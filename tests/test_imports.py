"""What importing costs, and that a user's own files do not get in the way.

Each check runs in a new Python process, started beside files as a user might have them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib", "statsmodels", "jinja2", "jax", "torch",
         "scipy.stats", "scipy.signal")  # fmt: skip
REPORT_HEAVY = f"import sys; print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
FORGET_FORECAST = """
for name in [name for name in sys.modules if name.split(".")[0] == "forecast"]:
    del sys.modules[name]
"""
RUN_HELP = """
import runpy, sys
sys.argv = ["forecast", "--help"]
try:
    runpy.run_module("forecast", run_name="__main__", alter_sys=True)
except SystemExit as done:
    code = done.code
"""
CALL_MAIN = """
import sys
from forecast.cli import main
sys.argv = ["forecast", "--help"]
try:
    code = main()
except SystemExit as done:
    code = done.code
"""


def run(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the arguments in a folder; the error it prints becomes the test's message."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def heavy_imports(code: str, cwd: Path) -> str:
    return run("-c", f"{code}\n{REPORT_HEAVY}", cwd=cwd).stderr.strip().splitlines()[-1]


# Light imports ------------------------------------------------------------------------------------


def test_import_forecast_is_light(tmp_path):
    assert heavy_imports("import forecast", tmp_path) == "[]"


def test_a_room_never_takes_the_place_of_the_function_that_it_gives(tmp_path):
    run("-c", "import forecast.compare, forecast as fc; fc.compare.__call__", cwd=tmp_path)


def test_rooms_without_networks_are_light(tmp_path):
    """Each can be imported first, and what it imports are not even the libraries of networks."""
    rooms = ["pipelines", "protocol", "engine", "baselines", "evaluation", "symbols"]
    code = [f"import forecast.{room}\n{REPORT_HEAVY}\n{FORGET_FORECAST}" for room in rooms]
    shown = run("-c", "\n".join(code), cwd=tmp_path).stderr.strip().splitlines()
    assert dict(zip(rooms, shown, strict=True)) == dict.fromkeys(rooms, "[]")


@pytest.mark.parametrize("code", [RUN_HELP, CALL_MAIN], ids=["python -m forecast", "main()"])
def test_help_is_light(code, tmp_path):
    code += "if code: raise SystemExit(f'--help ended with {code!r}')"
    assert heavy_imports(code, tmp_path) == "[]"


def test_help_shows_the_usage(tmp_path):
    assert "usage" in run("-m", "forecast", "--help", cwd=tmp_path).stdout.lower()


@pytest.mark.slow
def test_help_answers_in_half_a_second(tmp_path):
    """The best of several, so that a busy machine does not fail it."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        run("-m", "forecast", "--help", cwd=tmp_path)
        seconds.append(time.perf_counter() - start)
        if seconds[-1] < 0.5:
            return
    pytest.fail(f"forecast --help took {min(seconds):.2f} s at best, half a second is promised")


# Beside a user's own files ------------------------------------------------------------------------

USES_PIPELINES = """
import sys
import forecast
import forecast.pipelines
assert forecast.pipelines.__name__ == "forecast.pipelines"
assert "pipelines" not in sys.modules, "the user's own pipelines were imported"
print(forecast.__file__)
print(forecast.pipelines.__file__)
"""


def users_folder(kind: str, folder: Path) -> Path:
    """A folder with a user's own `pipelines`, which fails loudly when it is imported."""
    own = 'raise RuntimeError("this is the pipelines of the user")\n'
    if kind == "module":
        (folder / "pipelines.py").write_text(own)
    else:
        (folder / "pipelines").mkdir()
        name = "__init__.py" if kind == "package" else "panel.py"
        (folder / "pipelines" / name).write_text(own)
    (folder / "script.py").write_text(USES_PIPELINES)
    return folder


@pytest.mark.parametrize("kind", ["package", "module", "folder without __init__"])
@pytest.mark.parametrize("arguments", [("-c", USES_PIPELINES), ("script.py",)], ids=["-c", "file"])
def test_a_users_own_pipelines_do_not_break_the_import(kind, arguments, tmp_path):
    run(*arguments, cwd=users_folder(kind, tmp_path))


@pytest.fixture(scope="module")
def installed_copy(tmp_path_factory) -> Path:
    """The wheel of this working tree, installed into a folder of its own."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "target"))
    for name in ("forecast", "pipelines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    run(*install, "--no-index", "--target", target, source, cwd=target)
    return target


@pytest.mark.slow
def test_the_wheel_works_beside_a_users_own_pipelines(installed_copy, tmp_path):
    user = users_folder("package", tmp_path)
    shown = run("-c", USES_PIPELINES, cwd=user, PYTHONPATH=str(installed_copy)).stdout.split()
    inside = [Path(file).is_relative_to(installed_copy) for file in shown]
    assert inside == [True, True], f"another installation was imported: {shown}"


@pytest.mark.slow
def test_the_wheel_holds_every_file(installed_copy):
    """Templates and the typing marker too; no top-level package but forecast."""
    assert not (installed_copy / "pipelines").exists()
    for room, folder in [("forecast", ""), ("pipelines", "pipelines")]:
        here = {p.relative_to(ROOT / room) for p in (ROOT / room).rglob("*") if p.is_file()}
        here = {path for path in here if "__pycache__" not in path.parts}
        missing = {p for p in here if not (installed_copy / "forecast" / folder / p).exists()}
        assert not missing, f"left out of the wheel: {sorted(map(str, missing))}"
