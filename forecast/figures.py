"""Figures without pyplot, whose figures are global; a notebook shows them all the same."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["new_figure"]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, laid out by itself.

    A notebook draws figures by a hook that pyplot sets once it made one of its own; these bring a
    picture along, so that the first figure of a notebook is shown too.

    Args:
        width: inches.
        height: inches.

    Returns:
        A `matplotlib.figure.Figure`.

    Example:
        >>> new_figure(4.0, 3.0).get_size_inches().tolist()
        [4.0, 3.0]
    """
    return _shown_figure()(figsize=(width, height), layout="constrained")


@cache
def _shown_figure() -> type[Figure]:
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        """A figure that IPython can show by itself."""

        def _repr_png_(self) -> bytes:
            picture = BytesIO()
            self.savefig(picture, format="png")
            return picture.getvalue()

    return ShownFigure
