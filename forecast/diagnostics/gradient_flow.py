"""How much of a gradient is left further back in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.diagnostics.jacobian_spectrum import jacobians_along
from forecast.diagnostics.series_walk import SeriesWalk
from forecast.pipelines import evenly_spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GradientFlow", "gradient_flow", "gradients_back"]

# Steps at which a gradient begins, spread over the series.
_MOST_ENDS = 12
# A gradient is called vanished, or exploded, beyond these sizes, and kept between the other two.
_VANISHED, _FADED, _GROWN, _EXPLODED = 1e-2, 0.1, 10.0, 1e2


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """What `fc.gradient_flow` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        table: a row a series and distance: `unique_id`, `distance` in steps (from 0), `gradient`
            (median over the steps where a gradient of length 1 begins), `low` and `high` (its
            quartiles), and `count` of these.
        kind: "vanishing", "fading", "near identity", "growing" or "exploding", at the largest
            distance.
    """

    verdict: str
    table: pd.DataFrame
    kind: str

    def plot(self) -> Figure:
        """Size of the gradient by distance, on a logarithmic axis.

        Returns:
            A new figure; `figure.savefig("gradient_flow.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.dynamics_pictures import gradient_figure

        return gradient_figure(self.table)

    def __str__(self) -> str:
        return self.verdict


def gradient_flow(
    forecaster: Any, df: Any, *, num_steps: int = 60, max_series: int = 5
) -> GradientFlow:
    """Size of a gradient k steps before the step where it begins: why networks forget.

    On its way back a gradient is multiplied by the Jacobian of every step,

        dL/ds[t-k] = J[t-k]' ... J[t-1]' dL/ds[t],    J[t] = d s[t+1] / d s[t]

    and of one that begins with length 1, in any direction alike, the root mean squared length is
    `|J[t-1] ... J[t-k]|_F / sqrt(n)`. It is 1 at all distances for an orthogonal J; below 1 it
    vanishes, above it explodes, at a constant rate in the end. The states are those of the true
    values, as in teacher forcing. What a network is fed directly, its newest values and lags, needs
    no gradient through time.

    Args:
        forecaster: fitted; what of it is looked at, see `jacobian_spectrum`.
        df: the series, histories included, of the columns given to `fit`.
        num_steps: largest distance, at least 1; at most half of the longest series, and
            shorter ones are left out.
        max_series: most series, at least 1; of more, some that are spread evenly.

    Returns:
        `table` (a row a series and distance), `kind`, `verdict` (also printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library; networks of symbols are taken too.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used, or a forecaster that cannot be looked into.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = fc.gradient_flow(fc.AR(lags=4).fit(df), df, num_steps=5)
        >>> found.table["gradient"].round(2).tolist(), found.kind
        ([1.0, 0.87, 0.71, 0.5, 0.0, 0.0], 'vanishing')

    Source: Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient
    descent is difficult, IEEE Transactions on Neural Networks 5; Pascanu, Mikolov and Bengio
    (2013), On the difficulty of training recurrent neural networks, ICML.
    """
    walk = SeriesWalk.of(forecaster, df, num_steps, max_series, symbols=True)
    sizes = gradients_back(jacobians_along(walk, free_running=False))
    low, middle, high = np.nanquantile(sizes, [0.25, 0.5, 0.75], axis=0)
    count = np.isfinite(sizes[:, 0]).sum(axis=0)
    tables = [
        pd.DataFrame({
            "unique_id": name, "distance": np.arange(len(count)), "gradient": middle[row],
            "low": low[row], "high": high[row], "count": count,
        })
        for row, name in enumerate(walk.ids)
    ]  # fmt: skip
    typical = np.median(middle, axis=0)
    kind = _kind(float(typical[-1]))
    table = pd.concat(tables, ignore_index=True)
    return GradientFlow(_verdict(walk, typical, kind), table, kind)


def gradients_back(jacobians: NDArray) -> NDArray:
    """`|J[t-1] ... J[t-k]|_F / sqrt(n)` from some steps t on.

    Args:
        jacobians: `(num_steps, num_systems, n, n)`.

    Returns:
        `(num_ends, num_systems, 1 + num_steps)`; NaN where it would reach back beyond the first.

    Example:
        >>> import numpy as np
        >>> halves = np.tile(0.5 * np.eye(3), (4, 1, 1, 1))
        >>> gradients_back(halves)[-1, 0].tolist()
        [1.0, 0.5, 0.25, 0.125, 0.0625]
    """
    num_steps, num_systems, count, _ = jacobians.shape
    ends = 1 + evenly_spread(num_steps, _MOST_ENDS)
    found = np.full((len(ends), num_systems, 1 + num_steps), np.nan)
    for place, end in enumerate(ends):
        product = np.tile(np.eye(count), (num_systems, 1, 1))
        for distance in range(end + 1):
            size = np.linalg.norm(product, axis=(1, 2)) / np.sqrt(count)
            found[place, :, distance] = size
            if distance < end:
                product = product @ jacobians[end - 1 - distance]
    return found


def _kind(last: float) -> str:
    names = ("vanishing", "fading", "near identity", "growing", "exploding")
    return names[int(np.searchsorted([_VANISHED, _FADED, _GROWN, _EXPLODED], last))]


def _verdict(walk: SeriesWalk, typical: NDArray, kind: str) -> str:
    distance = len(typical) - 1
    last = float(typical[-1])
    words = (
        f"{walk.part.words}, along {len(walk.ids)} series: {distance} steps back a gradient of "
        f"length 1 has the length {last:.2g} ({kind}); "
    )
    below = np.flatnonzero(typical < 0.5)
    half = f"half of it is lost after {below[0]} steps" if len(below) else "half is never lost"
    if 0.0 < last < np.inf:
        rate = last ** (1.0 / distance)
        half += f", {rate:.3f} is left of it at each step on average"
    return f"{words}{half}. {_MEANING[kind]}"


_MEANING = {
    "vanishing": "What lies further back cannot be learned through the state: gates (LSTM, GRU), "
    "an orthogonal start, second-order steps or a reservoir are the remedies; lags as inputs need "
    "none.",
    "fading": "What lies that far back is learned slowly through the state.",
    "near identity": "What lies that far back can be learned through the state.",
    "growing": "Gradients grow on their way back: clip them (`clip_norm`).",
    "exploding": "Gradients explode on their way back: clip them (`clip_norm`), or begin with "
    "smaller recurrent weights.",
}
