"""The report: one page of HTML that opens offline, on a phone too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.evaluation import sections
from forecast.evaluation.error_section import errors
from forecast.evaluation.facts import key_facts
from forecast.evaluation.formatting import display_table, protocol_sentence, table_notes
from forecast.files import replaced_file

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    path: str | Path, comparisons: Sequence[Comparison], title: str | None = None
) -> Path:
    """Writes comparisons as one self-contained page, a part each.

    The page appears whole or not at all: it is written under a temporary name beside ``path`` and
    renamed.

    Args:
        path: file to write; its folder must exist; an older file there is replaced.
        comparisons: one or more.
        title: of the page; None is the title of the first comparison.

    Returns:
        The path.

    Raises:
        ValueError: no comparison.
        FileNotFoundError: the folder does not exist.
        ImportError: matplotlib or jinja2 is not installed.
    """
    target = Path(path)
    if not comparisons:
        raise ValueError("no comparison was given; a report needs at least one")
    with replaced_file(target) as temporary:
        temporary.write_text(report_html(comparisons, title), encoding="utf-8")
    return target


def report_html(comparisons: Sequence[Comparison], title: str | None = None) -> str:
    """The page of :func:`write_report` as text."""
    jinja2 = _jinja2()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    parts = [_part(comparison, f"p{number}") for number, comparison in enumerate(comparisons, 1)]
    return template.render(title=title or comparisons[0].run.title, parts=parts)


def _jinja2() -> Any:
    try:
        import jinja2
        import matplotlib  # noqa: F401  # asked for here, so that one message names both
    except ImportError as error:
        raise ImportError(
            f"the report needs {error.name}, which is not installed; "
            "pip install 'keras-forecast[report]'"
        ) from error
    return jinja2


def _part(comparison: Comparison, anchor: str) -> dict[str, Any]:
    table = display_table(comparison)
    settings = {key: _setting(value) for key, value in comparison.run.settings.items()}
    return {
        "anchor": anchor,
        "title": comparison.run.title,
        "verdict": comparison.verdict,
        "facts": key_facts(comparison),
        "protocol": protocol_sentence(comparison),
        "skill": sections.skill(comparison, anchor),
        "errors": errors(comparison, anchor),
        "forecasts": sections.forecasts(comparison, anchor),
        "intervals": sections.intervals(comparison, anchor),
        "networks": sections.networks(comparison, anchor),
        "split": sections.split(comparison, anchor),
        "headers": list(table.columns),
        "rows": table.to_numpy().tolist(),
        "best": comparison.best(),
        "table_notes": table_notes(comparison),
        "notes": comparison.material.notes,
        "flags": comparison.material.flags,
        "choices": comparison.choices.to_dict("records"),
        "settings": settings,
        "versions": dict(comparison.run.versions),
        "command": comparison.run.command,
    }


def _setting(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
