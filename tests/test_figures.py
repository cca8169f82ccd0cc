"""Figures are shown by a notebook that has made none with pyplot."""

from __future__ import annotations

import re

from forecast.figures import new_figure


def test_ipython_finds_a_picture_without_pyplot():
    from IPython.core.formatters import DisplayFormatter

    figure = new_figure(2.0, 1.0)
    figure.subplots().plot([1.0, 3.0, 2.0])
    shown, _ = DisplayFormatter().format(figure)
    assert shown["image/png"].startswith(b"\x89PNG")


def test_no_figure_is_made_outside_of_this_file(pytestconfig):
    """A plain figure would stay unseen as the first one of a notebook."""
    library = pytestconfig.rootpath / "forecast"
    makers = [
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"\bFigure\(\w|pyplot\.", path.read_text(encoding="utf-8"))
    ]
    assert makers == []
