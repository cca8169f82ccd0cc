"""The reference pages of the guide: every public name, found by looking. Needs no Sphinx.

A name that enters `forecast.__all__`, or that of a room which is reached by its name, stands in
the reference from the next build on. A page holds one room: its public names, and the classes that
its functions return.
"""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import forecast
from forecast.archive.errors import BundleError
from forecast.errors import NotFittedError
from forecast.forecaster import Forecaster
from forecast.layers.recurrent import RecurrentLayer
from forecast.layers.recurrent_cell import RecurrentCell

# Rooms whose names are public but not re-exported: `fc.heads.Normal`, `forecast.layers.LSTM`.
ROOMS = tuple(sorted({"layers", *forecast._ROOMS}))

# No public names, but what they do is common to many public classes, or met by every user.
SHARED: tuple[type, ...] = (
    Forecaster,
    RecurrentLayer,
    RecurrentCell,
    NotFittedError,
    BundleError,
)

_ROLE = re.compile(r":\w+:(?=`)")


@dataclass(frozen=True)
class Name:
    """A name of the reference.

    Args:
        path: dotted, as users write it: `forecast.AR`, `forecast.layers.LSTM`.
        value: what it stands for.
        described: the name under which it is described, where it has two; its own by default.
    """

    path: str
    value: Any
    described: str = ""

    @property
    def room(self) -> str:
        """`layers` for forecast.layers.LSTM; the room that a re-exported name comes from."""
        parts = self.path.split(".")
        return (parts if len(parts) > 2 else forecast._HOME_OF[parts[1]].split("."))[1]

    @property
    def is_callable(self) -> bool:
        """False for a constant, which has no docstring of its own."""
        return callable(self.value)

    @property
    def summary(self) -> str:
        """First paragraph of its docstring."""
        if not self.is_callable:
            return f"A constant: ``{self.value!r}``."
        return first_paragraph(self.value)

    @staticmethod
    def of_class(cls: type) -> Name:
        """A class that is reached by the module that defines it."""
        return Name(f"{cls.__module__}.{cls.__qualname__}", cls)


def first_paragraph(value: Any) -> str:
    """The first paragraph of a docstring as one line without references."""
    paragraph = (inspect.getdoc(value) or "").split("\n\n")[0]
    return _ROLE.sub("", " ".join(paragraph.split()))


def public_names() -> list[Name]:
    """Every public name, in the order of the alphabet."""
    own = [name for name in forecast.__all__ if name != "__version__"]
    found = {f"forecast.{name}": getattr(forecast, name) for name in own}
    for room in ROOMS:
        module = import_module(f"forecast.{room}")
        found |= {f"forecast.{room}.{name}": getattr(module, name) for name in module.__all__}
    first: dict[int, str] = {}
    names = [Name(path, value, first.setdefault(id(value), path)) for path, value in found.items()]
    return sorted(names, key=lambda name: name.path.lower())


def forecasters_that(attribute: str, value: bool = True) -> str:
    """Public forecasters of whose class an attribute has a value, in the order of the alphabet."""
    classes = [name for name in public_names() if _is_ours(name.value)]
    forecasters = [name for name in classes if issubclass(name.value, Forecaster)]
    found = [name for name in forecasters if getattr(name.value, attribute) is value]
    return ", ".join(f"`{name.path.split('.')[-1]}`" for name in found)


def beside_them(names: Iterable[Name]) -> Iterator[Name]:
    """Classes that users meet without naming them: shared bases, and what functions return."""
    known = {name.value for name in names if inspect.isclass(name.value)}
    for cls in (*SHARED, *_returned(names)):
        if cls not in known:
            known.add(cls)
            yield Name.of_class(cls)


def _returned(names: Iterable[Name]) -> Iterator[type]:
    """Classes of this library in the annotations of what functions return."""
    for function in (name.value for name in names if inspect.isfunction(name.value)):
        for word in re.findall(r"\w+", str(function.__annotations__.get("return", ""))):
            found = function.__globals__.get(word)
            if _is_ours(found):
                yield found


def _is_ours(value: Any) -> bool:
    return inspect.isclass(value) and value.__module__.startswith("forecast.")


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    names = public_names()
    by_room: dict[str, list[Name]] = defaultdict(list)
    for name in (*names, *beside_them(names)):
        by_room[name.room].append(name)
    rooms = {f"{room}.rst": _room_page(room, by_room[room]) for room in sorted(by_room)}
    return {"index.rst": _index(names, sorted(by_room)), **rooms}


def _index(names: list[Name], rooms: list[str]) -> str:
    listed = "\n".join(f"   {room}" for room in rooms)
    about = (
        "``fc`` stands for ``import forecast as fc``. A page holds the names of one room; what\n"
        "all forecasters can do stands once, in :py:obj:`forecast.forecaster.Forecaster`.\n\n"
    )
    tree = f"\n.. toctree::\n   :hidden:\n\n{listed}\n"
    return _title("Every public name") + about + _table(names) + tree


def _room_page(room: str, names: list[Name]) -> str:
    about = first_paragraph(import_module(f"forecast.{room}"))
    entries = "\n".join(_entry(name) for name in names)
    return f"{_title(f'forecast.{room}')}{about}\n\n{_table(names)}\n{entries}"


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def _table(names: list[Name]) -> str:
    rows = [f"   * - :py:obj:`{_short(n.path)} <{n.path}>`\n     - {n.summary}" for n in names]
    return ".. list-table::\n   :widths: 30 70\n\n" + "\n".join(rows) + "\n"


def _short(path: str) -> str:
    """`fc.AR` for forecast.AR, `layers.LSTM` for forecast.layers.LSTM, else the name alone."""
    parts = path.split(".")
    if len(parts) == 2:
        return f"fc.{parts[1]}"
    return ".".join(parts[1:]) if parts[1] in ROOMS and len(parts) == 3 else parts[-1]


def _entry(name: Name) -> str:
    if name.described not in ("", name.path):
        return f".. py:data:: {name.path}\n\n   Another name of :py:obj:`{name.described}`.\n"
    if not name.is_callable:
        return f".. py:data:: {name.path}\n   :value: {name.value!r}\n\n   {name.summary}\n"
    if not inspect.isclass(name.value):
        return f".. autofunction:: {name.path}\n"
    bases = ", ".join(sorted(_described_elsewhere(name.value)))
    head = f".. autoclass:: {name.path}{_signature(name.value)}"
    entry = f"{head}\n   :members:\n   :inherited-members: {bases}\n"
    is_forecaster = issubclass(name.value, Forecaster) and name.value is not Forecaster
    return f"{entry}   :show-inheritance:\n" if is_forecaster else entry


def _signature(cls: type) -> str:
    """The arguments of a Keras class, which Keras hides behind `*args`; else found by Sphinx."""
    if "keras" not in {base.__module__.split(".")[0] for base in cls.__mro__}:
        return ""
    _, *given = inspect.signature(cls.__init__).parameters.values()
    return f"({', '.join(str(one.replace(annotation=one.empty)) for one in given)})"


def _described_elsewhere(cls: type) -> set[str]:
    """Bases whose methods are not repeated: of other libraries, and those described once."""
    once = {base for shared in SHARED if shared is not cls for base in shared.__mro__}
    return {base.__name__ for base in cls.__mro__[1:] if base in once or not _is_ours(base)}


def write_pages(folder: Path) -> None:
    """Write the pages that changed, and remove those of rooms that are gone."""
    folder.mkdir(exist_ok=True)
    wanted = pages()
    for file in set(folder.iterdir()) - {folder / name for name in wanted}:
        file.unlink()
    for name, text in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
