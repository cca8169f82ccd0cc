"""The rooms and the house rules hold: who imports whom, and what no file of the library does.

Files are found by looking, so a new room or module is under these rules from its first line.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 300
Rule = Callable[["Source"], None]
NETWORK_LIBRARIES = {"keras", "tensorflow", "jax", "torch"}
NETWORK_ROOMS = {"feeding", "heads", "layers", "models", "patterns"}
TOP_ROOMS = {"adapters", "cli", "compare", "diagnostics", "search"}

# What each room must not import from forecast (`public`: the names that forecast/__init__.py
# re-exports, which stand above all rooms). pipelines and layers know nothing of any other room.
FORBIDDEN_ROOMS = {
    "adapters": {
        "public",
        "cli",
        "compare",
        "diagnostics",
        "evaluation",
        "io",
        "search",
        *NETWORK_ROOMS,
    },
    "archive": {
        "public",
        "backtesting",
        "baselines",
        "composition",
        "engine",
        "evaluation",
        "io",
        "protocol",
        *NETWORK_ROOMS,
        *TOP_ROOMS,
    },
    "protocol": {"public", "engine", "baselines", "evaluation", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "engine": {"public", "baselines", "evaluation", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "heads": {
        "public",
        "baselines",
        "evaluation",
        "feeding",
        "io",
        "models",
        "patterns",
        *TOP_ROOMS,
    },
    "feeding": {
        "public",
        "baselines",
        "evaluation",
        "heads",
        "io",
        "layers",
        "models",
        "patterns",
        *TOP_ROOMS,
    },
    "baselines": {"public", "evaluation", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "models": {"public", "evaluation", "io", "patterns", *TOP_ROOMS},
    "patterns": {"public", "backtesting", "composition", *TOP_ROOMS},
    "backtesting": {"public", "baselines", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "composition": {"public", "baselines", "evaluation", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "evaluation": {"public", "baselines", "io", *NETWORK_ROOMS, *TOP_ROOMS},
    "io": {"public", "evaluation", *TOP_ROOMS},
    "symbols": {"public", *NETWORK_ROOMS, *TOP_ROOMS},
    "diagnostics": {"public", "cli"},
    "compare": {"public", "adapters", "cli"},
    "search": {
        "public",
        "adapters",
        "cli",
        "compare",
        "diagnostics",
        "evaluation",
        "io",
        *NETWORK_ROOMS,
    },
}
ALONE = ("layers", "pipelines")
WITHOUT_NETWORKS = (
    "adapters",
    "archive",
    "backtesting",
    "baselines",
    "composition",
    "engine",
    "evaluation",
    "protocol",
    "search",
    "symbols",
)


@dataclass(frozen=True)
class Import:
    """One imported name: `module` dotted and absolute, `lazy` inside a function or a type check."""

    module: str
    line: int
    lazy: bool

    @property
    def library(self) -> str:
        return self.module.split(".")[0]


@dataclass(frozen=True)
class Source:
    """One Python file of the library."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self))

    @property
    def module(self) -> str:
        """The dotted name under which it is installed."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        return ".".join(parts if parts[0] == "forecast" else ("forecast", *parts))

    @property
    def room(self) -> str:
        """`layers` for forecast/layers/lstm.py, `engine` for forecast/engine.py."""
        return [*self.module.split("."), "public"][1]

    @cached_property
    def imports(self) -> list[Import]:
        return list(_imports(self.tree, self._package, lazy=False))

    @property
    def _package(self) -> str:
        is_package = self.path.name == "__init__.py"
        return self.module if is_package else self.module.rpartition(".")[0]

    def nodes(self, kind: type[ast.AST]) -> list:
        return [node for node in ast.walk(self.tree) if isinstance(node, kind)]

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))


def _imports(node: ast.AST, package: str, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for module in _imported_modules(child, package):
            yield Import(module, child.lineno, lazy)
        yield from _imports(child, package, lazy or _defers(child))


def _imported_modules(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            ancestors = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*ancestors, base]).rstrip(".")
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return []


def _defers(node: ast.AST) -> bool:
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    return is_function or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))


FILES = sorted([*ROOT.glob("forecast/**/*.py"), *ROOT.glob("pipelines/**/*.py")])
SOURCES = [Source(path) for path in FILES]
ROOMS = {source.room for source in SOURCES}


def of_each(sources: list[Source]) -> Callable[[Rule], Callable[[], None]]:
    """One test that holds a rule against each source: a test apiece takes longer than the rule."""

    def test_of(rule: Rule) -> Callable[[], None]:
        def test() -> None:
            broken = [said for source in sources if (said := _broken(rule, source))]
            assert not broken, "\n".join(broken)

        test.__name__, test.__doc__ = rule.__name__, rule.__doc__
        return test

    return test_of


def _broken(rule: Rule, source: Source) -> str | None:
    try:
        rule(source)
    except AssertionError as error:
        return f"{source}: {error}"
    return None


every_source = of_each(SOURCES)


def sources_in(*rooms: str) -> list[Source]:
    return [source for source in SOURCES if source.room in rooms]


def room_of(module: str) -> str | None:
    """The room of an imported name; None outside of forecast, `public` for forecast's own names."""
    library, _, rest = module.partition(".")
    if library == "pipelines":
        return "pipelines"
    if library != "forecast" or rest.startswith("__version__"):
        return None
    room = rest.split(".")[0]
    return room if room in ROOMS else "public"


def places(source: Source, nodes: list) -> list[str]:
    return [f"{source}:{node.lineno}" for node in nodes]


# Who imports whom ---------------------------------------------------------------------------------


@every_source
def test_a_room_imports_only_what_stands_below_it(source):
    if source.room in ALONE:
        wrong = {i.module for i in source.imports if room_of(i.module) not in (None, source.room)}
    else:
        forbidden = FORBIDDEN_ROOMS.get(source.room, set())
        wrong = {i.module for i in source.imports if room_of(i.module) in forbidden}
    assert not wrong, f"{source} is in room `{source.room}`, which must not import {sorted(wrong)}"


def test_rooms_form_a_graph_without_cycles():
    """By the imports that run when a module is loaded; CycleError names the circle."""
    graph: dict[str, set[str]] = {room: set() for room in ROOMS}
    for source in SOURCES:
        eager = {room_of(i.module) for i in source.imports if not i.lazy}
        graph[source.room] |= {room for room in eager if room} - {source.room}
    assert list(TopologicalSorter(graph).static_order())


@of_each(sources_in(*WITHOUT_NETWORKS))
def test_rooms_without_networks_never_import_them(source):
    wrong = [i for i in source.imports if i.library in NETWORK_LIBRARIES]
    assert not wrong, f"{source} imports {wrong}, not even a function there may"


def test_pipelines_import_tensorflow_in_at_most_one_file():
    pipelines = sources_in("pipelines")
    users = {lib: _importers(lib, pipelines) for lib in NETWORK_LIBRARIES}
    tensorflow = users.pop("tensorflow")
    assert len(tensorflow) <= 1, f"TensorFlow is imported in {tensorflow}"
    assert not any(users.values()), f"networks' libraries in pipelines: {users}"


def _importers(library: str, sources: list[Source]) -> list[str]:
    return [str(s) for s in sources if any(i.library == library for i in s.imports)]


def test_pipelines_import_each_other_relatively():
    """An absolute import would load the folder a second time, or a user's folder of that name."""
    wrong = [
        f"{source}:{node.lineno}"
        for source in sources_in("pipelines")
        for node in source.nodes(ast.ImportFrom)
        if not node.level and (node.module or "").split(".")[0] in {"forecast", "pipelines"}
    ]
    assert not wrong, f"write `from .panel import Panel` in {wrong}"


@of_each(sources_in("layers"))
def test_layers_import_only_keras_numpy_and_scipy(source):
    """The kernel of a backend lies in a file that begins with its name, and imports that one."""
    backend = source.path.stem.split("_")[0]
    allowed = {"keras", "numpy", "scipy", "forecast", *sys.stdlib_module_names}
    allowed |= {backend} & {"tensorflow", "jax"}
    wrong = {i.module for i in source.imports if i.library not in allowed}
    assert not wrong, f"{source} imports {sorted(wrong)}: a layer is written in keras.ops"


# What no file does --------------------------------------------------------------------------------


@every_source
def test_library_code_does_not_print(source):
    if source.room == "cli":
        return
    calls = [n for n in source.nodes(ast.Call) if ast.unparse(n.func) == "print"]
    assert not calls, f"print in {places(source, calls)}: only the command line writes"


@every_source
def test_library_code_does_not_assert(source):
    nodes = source.nodes(ast.Assert)
    assert not nodes, f"assert in {places(source, nodes)}: raise an error that says how to fix it"


@every_source
def test_no_handler_swallows_every_error(source):
    """Cleaning up after any error is fine where the handler ends with a bare `raise`."""
    broad = {"Exception", "BaseException"}
    nodes = [h for h in source.nodes(ast.ExceptHandler) if not h.type or _names(h.type) & broad]
    nodes = [handler for handler in nodes if ast.unparse(handler.body[-1]) != "raise"]
    assert not nodes, f"too broad an `except` in {places(source, nodes)}: name the errors"


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


@every_source
def test_files_are_short(source):
    num_lines = len(source.text.splitlines())
    assert num_lines <= MAX_LINES, f"{source} has {num_lines} lines: split it by its nouns"


@every_source
def test_public_names_have_docstrings(source):
    documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    public = [n for n in source.tree.body if isinstance(n, documented) and n.name[0] != "_"]
    missing = [node.name for node in public if not ast.get_docstring(node)]
    assert ast.get_docstring(source.tree), f"{source} has no module docstring"
    assert not missing, f"no docstring in {source}: {missing}"


# The repository -----------------------------------------------------------------------------------

FOLDERS = (".ci", "benchmarks", "docs", "forecast", "notebooks", "pipelines", "tests")
SUFFIXES = {"", ".cfg", ".html", ".ipynb", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}
# An absolute path of somebody's machine, or the host of a package registry.
MACHINE_PATH = re.compile(r"(?<![\w.:/~>)\]}-])/(?:home|root|work|Users|opt|mnt)/\w")
REGISTRY_HOST = re.compile(r"\b(?:pypi|pythonhosted|anaconda)\.(?:org|com)\b", re.IGNORECASE)


def _texts() -> list[Path]:
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths = [*inside, *ROOT.glob("*"), ROOT / ".gitignore"]
    # In a second working tree of a repository `.git` is a file that names a path.
    return sorted(p for p in paths if p.is_file() and p.suffix in SUFFIXES and p.name != ".git")


def test_no_file_names_a_machine_path_or_a_package_registry():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line) or REGISTRY_HOST.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_package_is_listed_in_pyproject():
    """Packages are listed by hand: one left out would be missing from the wheel only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {s.module for s in SOURCES if s.path.name == "__init__.py"}
    folders = {s.module.rpartition(".")[0] for s in SOURCES if s.path.name != "__init__.py"}
    listed = set(project["tool"]["setuptools"]["packages"])
    assert packages | folders <= listed, f"not listed: {sorted((packages | folders) - listed)}"


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "forecast" / "__init__.py").read_text(encoding="utf-8")
    stated = re.findall(r'^__version__ = "(.+)"', text, re.MULTILINE)
    assert stated in ([], [project["version"]])
