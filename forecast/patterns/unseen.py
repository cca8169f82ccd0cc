"""Labels of covariates that the training part has not shown."""

from __future__ import annotations

import warnings

from forecast.pipelines import Encoding, Panel

__all__ = ["UnseenCategoryWarning", "warn_of_unseen"]


class UnseenCategoryWarning(UserWarning):
    """A static covariate has a label that training has not shown: it tells nothing."""


def warn_of_unseen(encoding: Encoding, panel: Panel) -> None:
    """Warn of static labels that training has not shown; such a series is as one without label.

    Args:
        encoding: knows the labels of the training part.
        panel: as read.
    """
    schema = panel.covariates.schema.static
    given = {column.name: place for place, column in enumerate(schema)}
    for known in encoding.schema.static:
        place = given.get(known.name)
        if place is None or known.categories is None or schema[place].categories is None:
            continue
        labels = schema[place].categories or ()
        entries = panel.covariates.static[:, place]
        odd = [
            i for i, e in enumerate(entries) if e >= 0 and labels[int(e)] not in known.categories
        ]
        if odd:
            label = labels[int(entries[odd[0]])]
            warnings.warn(
                f"static covariate {known.name!r} of series {panel.ids[odd[0]]!r} is {label!r} "
                f"({len(odd)} series in all), which training has not shown: it had "
                f"{list(known.categories[:5])}. These series are taken as of no known label; fit "
                "again with such series to tell them apart.",
                UnseenCategoryWarning,
                stacklevel=4,
            )
