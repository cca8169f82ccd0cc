"""Where a training starts from: the weights of an earlier fit of the same form."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.fitting import Fitted
from forecast.heads import Head
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.mixture import network_in
from forecast.models.scale_choice import Scale
from forecast.pipelines import Panel

__all__ = ["started_form", "started_scale", "warm_start"]


def started_form(start: Any) -> Blueprint:
    """The form of the network that a training starts from.

    Args:
        start: a fitted network that was trained by gradient descent, such as LSTMForecaster.

    Raises:
        ValueError: for anything else.
    """
    return _body(start).blueprint


def started_scale(start: Any) -> Scale:
    """The scale in which the network that a training starts from has learned to see series.

    Raises:
        ValueError: as `started_form`.
    """
    started_form(start)
    return "series" if network_in(start.fitted_.model).highway.knows_scales else "window"


def warm_start(start: Any, blueprint: Blueprint, head: Head, panel: Panel) -> Body:
    """The layers of the earlier fit.

    Args:
        start: the earlier forecaster.
        blueprint: form of the layers to be trained.
        head: what they are to emit.
        panel: the series given to the fit, those that its checks look at included.

    Raises:
        ValueError: for a start of another form, or one that has learned from later steps.
    """
    body = _body(start)
    there, here = _form(body.blueprint), _form(blueprint)
    if there != here:
        raise ValueError(
            f"the training cannot start from {start.name}: its network is {there}, the one to be "
            f"trained is {here}. Give both the same class, sizes and number of seasons."
        )
    emitted = network_in(start.fitted_.model).head
    if emitted != head:
        raise ValueError(
            f"the training cannot start from {start.name}: it emits {emitted!r}, the network to be "
            f"trained {head!r}. Give both the same head."
        )
    _refuse_later(start.name, start.fitted_, panel)
    return Body(blueprint, body.weights)


def _body(start: Any) -> Body:
    fitted = getattr(start, "fitted_", None)
    body = getattr(network_in(fitted.model), "body", None) if isinstance(fitted, Fitted) else None
    if isinstance(body, ReadBody) and body.blueprint.without_readout == body.blueprint:
        raise ValueError(
            f"the training cannot start from {start.name}: it is read in closed form. Fit the "
            "start with NetworkDesign(readout='trained'); a reservoir has no trained layers."
        )
    if not isinstance(body, Body):
        raise ValueError(
            "`start` must be a fitted network that was trained, such as "
            f"fc.LSTMForecaster().fit(df); got {start!r}{'' if fitted else ', not fitted'}."
        )
    return body


def _form(blueprint: Blueprint) -> str:
    return f"{blueprint.words} of {blueprint.layer} with {blueprint.num_features} inputs" + (
        "" if blueprint.num_outputs == 1 else f" and {blueprint.num_outputs} outputs"
    )


def _refuse_later(name: str, fitted: Fitted, panel: Panel) -> None:
    """Refuse weights that know the future of a series: a backtest would be none."""
    rows = fitted.positions(panel.ids)
    known = np.flatnonzero(rows >= 0)
    learned, given = fitted.until.take(rows[known]), panel.ends.take(known)
    later = np.asarray(learned > given)
    if later.any():
        odd = int(np.argmax(later))
        raise ValueError(
            f"the training cannot start from {name}: of series {panel.ids[known[odd]]!r} it has "
            f"learned until {learned[odd]}, later than {given[odd]}, the end of the rows given to "
            "fit. Fit the start on rows up to there."
        )
