"""The report: one page of HTML that opens offline, on a phone too."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.evaluation import plots
from forecast.evaluation.drawing import contestants
from forecast.evaluation.formatting import (
    counted,
    cutoff_words,
    display_table,
    format_column,
    protocol_sentence,
    table_notes,
)
from forecast.files import replaced_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.evaluation.comparison import Comparison

TEMPLATE = Path(__file__).parent / "templates" / "report.html"


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
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
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
        "protocol": protocol_sentence(comparison),
        "skill": _skill_picture(comparison, anchor),
        "series": _series(comparison, anchor),
        "cutoffs": cutoff_words(comparison.backtest.split),
        "steps": _steps_picture(comparison, anchor),
        "headers": list(table.columns),
        "rows": table.to_numpy().tolist(),
        "best": comparison.best(),
        "reference": comparison.reference,
        "table_notes": table_notes(comparison),
        "notes": comparison.material.notes,
        "flags": comparison.material.flags,
        "choices": comparison.choices.to_dict("records"),
        "settings": settings,
        "command": comparison.run.command,
    }


def _setting(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _skill_picture(comparison: Comparison, anchor: str) -> dict[str, Any]:
    words = []
    for alias in comparison.aliases():
        if alias != comparison.reference:
            words.append(f"{alias} {100.0 * comparison.skill(alias):.0f} %")
    text = f"Skill of each model against {comparison.reference}: {', '.join(words)}."
    return _picture(plots.skill_figure(comparison), text, f"{anchor}-skill")


def _steps_picture(comparison: Comparison, anchor: str) -> dict[str, Any]:
    first, last = comparison.by_step.iloc[0], comparison.by_step.iloc[-1]
    words = [
        f"{alias} from {start} to {end}"
        for alias, start, end in zip(
            first.index, format_column(list(first)), format_column(list(last)), strict=True
        )
    ]
    text = f"MASE from step {first.name} to step {last.name}: {'; '.join(words)}."
    return _picture(plots.steps_figure(comparison), text, f"{anchor}-steps")


def _series(comparison: Comparison, anchor: str) -> list[dict[str, Any]]:
    """For each series shown: why it is shown, and a picture of each of the two contestants."""
    subject, against = contestants(comparison)
    shown = []
    for rule, series in plots.representative_series(comparison).items():
        pictures = [
            _picture(
                plots.forecast_figure(comparison, alias, series),
                f"Actual values of series {series} and forecasts of {alias} with intervals.",
                f"{anchor}-{rule}-{number}",
            )
            for number, alias in enumerate(dict.fromkeys((against, subject)))
        ]
        shown.append({"heading": _series_heading(comparison, rule, series), "pictures": pictures})
    return shown


def _series_heading(comparison: Comparison, rule: str, series: Any) -> str:
    if comparison.backtest.num_series == 1:
        return ""
    subject, against = contestants(comparison)
    scores = comparison.by_series.set_index(comparison.backtest.columns.id).loc[series]
    number = counted(comparison.backtest.num_series, "series", "series")
    return (
        f"{series}: {rule} skill of {subject} against {against} among {number} "
        f"(MASE {scores[subject]:.3g} and {scores[against]:.3g})"
    )


def _picture(figure: Figure, text: str, prefix: str) -> dict[str, Any]:
    """Inline SVG without anything that a page would fetch, its ids made unique by a prefix."""
    from markupsafe import Markup, escape

    svg = _svg(figure)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg).replace("url(#", f"url(#{prefix}-")
    width = float(figure.get_size_inches()[0])
    label = escape(text)
    opening = (
        f'<svg role="img" aria-label="{label}" class="chart" style="max-width:{width * 118:.0f}px"'
    )
    return {"svg": Markup(svg.replace("<svg", opening, 1)), "text": text}


def _svg(figure: Figure) -> str:
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": "forecast", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    opening, rest = svg.split(">", 1)  # width and height are the style sheet's
    return re.sub(r'\s(width|height)="[^"]*"', "", opening) + ">" + rest
