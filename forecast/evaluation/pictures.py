"""A figure as part of a page: inline SVG, what it shows in words, and its numbers."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.evaluation.formatting import format_column

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Numbers", "Picture", "picture"]

_PIXELS_PER_INCH = 118  # at most: text of 9 points is then about as large as that of the page
_MOST_ROWS = 60


@dataclass(frozen=True)
class Numbers:
    """The numbers of a picture as a table of text.

    Args:
        headers: names of the columns; the first column names the rows.
        rows: cells, row by row.
        note: what the table leaves out, or "".
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @staticmethod
    def of_frame(frame: pd.DataFrame, name: str, most_rows: int = _MOST_ROWS) -> Numbers:
        """The table of a frame of numbers: all columns with the same decimals, few rows.

        Args:
            frame: numbers; its index names the rows.
            name: header of the index.
            most_rows: rows kept at most; of more, every second, every third ...
        """
        every = -(-len(frame) // most_rows) if len(frame) else 1
        shown = frame.iloc[::every]
        flat = format_column(shown.to_numpy(float).ravel().tolist())
        width = max(shown.shape[1], 1)
        rows = [
            (str(label), *flat[width * row : width * (row + 1)])
            for row, label in enumerate(shown.index)
        ]
        note = f"Every {every}th of {len(frame)} rows." if every > 1 else ""
        return Numbers((name, *map(str, frame.columns)), tuple(rows), note)


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Args:
        svg: inline SVG with a role and a label.
        text: what it shows, in words: its label for those who do not see it.
        caption: a sentence below it, for all.
        numbers: what it draws; None where that is said elsewhere on the page.
    """

    svg: Any
    text: str
    caption: str = ""
    numbers: Numbers | None = None


def picture(
    figure: Figure, text: str, prefix: str, caption: str = "", numbers: Numbers | None = None
) -> Picture:
    """Inline SVG without anything that a page would fetch, its ids made unique by a prefix.

    The figure is used up: its canvas and its backgrounds are changed.
    """
    from markupsafe import Markup, escape

    svg = _svg(figure)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg).replace("url(#", f"url(#{prefix}-")
    width = float(figure.get_size_inches()[0]) * _PIXELS_PER_INCH
    opening = (
        f'<svg role="img" aria-label="{escape(text)}" class="chart" style="max-width:{width:.0f}px"'
    )
    return Picture(Markup(svg.replace("<svg", opening, 1)), text, caption, numbers)


def _svg(figure: Figure) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set_facecolor("none")
    with (
        rc_context({"svg.hashsalt": "forecast", "svg.fonttype": "path"}),
        warnings.catch_warnings(),
    ):
        # A name in a script that the font lacks is drawn as boxes; the page itself names it.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        # `figure.savefig` would lay out and draw it twice.
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\n\s*", "\n", svg)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    opening, rest = svg.split(">", 1)  # width and height are the style sheet's
    return re.sub(r'\s(width|height)="[^"]*"', "", opening) + ">" + rest
