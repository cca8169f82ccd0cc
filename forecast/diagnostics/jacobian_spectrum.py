"""The Jacobian of the dynamics along a series: its norm and its eigenvalues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.diagnostics.series_walk import SeriesWalk, gap
from forecast.diagnostics.state_view import jacobian_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["JacobianSpectrum", "jacobian_spectrum", "jacobians_along"]

# Within this distance of 1 a spectral radius is called near the identity.
_NEAR = 0.1


@dataclass(frozen=True, eq=False)
class JacobianSpectrum:
    """What `fc.jacobian_spectrum` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        table: a row a series and step: `unique_id`, `ds`, `norm` (largest singular value) and
            `radius` (largest absolute eigenvalue).
        spectrum: a row an eigenvalue: `unique_id`, `ds`, `real`, `imaginary`.
        free_running: whether the model was fed its own forecast at each step, else the true value.
    """

    verdict: str
    table: pd.DataFrame
    spectrum: pd.DataFrame
    free_running: bool

    def plot(self) -> Figure:
        """Norm and radius over time, and all eigenvalues beside the unit circle.

        Returns:
            A new figure; `figure.savefig("jacobian.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.dynamics_pictures import spectrum_figure

        return spectrum_figure(self.table, self.spectrum)

    def __str__(self) -> str:
        return self.verdict


def jacobian_spectrum(
    forecaster: Any,
    df: Any,
    *,
    free_running: bool = False,
    num_steps: int = 60,
    max_series: int = 5,
) -> JacobianSpectrum:
    """Norm and spectrum of `J[t] = d s[t+1] / d s[t]` along series, s the hidden state.

    Of a tanh network `J = diag(tanh') W_hh`; of an LSTM s holds h and c of all layers. Where all
    singular values are below 1 every step shrinks what came before it, and the gradient on its way
    back; near the identity both are kept. For networks J comes from automatic differentiation, for
    echo-state networks from its closed form, for all others from central differences of `observe`.

    With `free_running` each step is fed the model's own forecast, which is then part of what s
    depends on: of an autoregression J is the companion matrix, of a linear dynamical system A.
    Without it the state of an autoregression, a window, only moves on by a place.

    Args:
        forecaster: fitted. Of an `LSTMForecaster` beside linear ones the network is looked at, of a
            `Pipeline` the model inside, of an `Ensemble` its first member; the verdict says so.
        df: the series, histories included, of the columns given to `fit`.
        free_running: see above.
        num_steps: newest steps of each series that are looked at, at least 1; at most half of the
            longest, and shorter ones are left out.
        max_series: most series, at least 1; of more, some that are spread evenly.

    Returns:
        `table` (a row a series and step), `spectrum`, `verdict` (also printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library; networks of symbols are taken too.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used, or a forecaster that cannot be looked into.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> model = fc.AR(lags=2).fit(df)
        >>> found = fc.jacobian_spectrum(model, df, free_running=True, num_steps=3)
        >>> found.table["radius"].round(2).tolist()
        [0.83, 0.83, 0.83]

    Source: Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
    networks, ICML.
    """
    walk = SeriesWalk.of(forecaster, df, num_steps, max_series, symbols=True)
    found = jacobians_along(walk, free_running)
    norms, values = np.linalg.norm(found, 2, axis=(2, 3)), np.linalg.eigvals(found)
    radii = np.abs(values).max(axis=2)
    times, tables, spectra = walk.times(), [], []
    for row, name in enumerate(walk.ids):
        head = {"unique_id": name, "ds": times[row]}
        tables.append(pd.DataFrame({**head, "norm": norms[:, row], "radius": radii[:, row]}))
        flat, each = values[:, row].ravel(), values.shape[2]
        head["ds"] = times[row].repeat(each)
        spectra.append(pd.DataFrame({**head, "real": flat.real, "imaginary": flat.imag}))
    words = _verdict(walk, norms, radii, found.shape[2], free_running)
    table, spectrum = (pd.concat(parts, ignore_index=True) for parts in (tables, spectra))
    return JacobianSpectrum(words, table, spectrum, free_running)


def jacobians_along(walk: SeriesWalk, free_running: bool) -> NDArray:
    """J of every step, `(num_steps, num_systems, n, n)`."""
    found = []
    for state, block in walk.steps("Jacobians"):
        before, seen = walk.part.seen(state, gap(block) if free_running else block)
        found.append(jacobian_of(walk.part.model, before, seen, free_running))
    return np.stack(found)


def _verdict(
    walk: SeriesWalk, norms: NDArray, radii: NDArray, count: int, free_running: bool
) -> str:
    fed = "its own forecasts" if free_running else "the true values"
    radius, norm = float(np.median(radii)), float(np.median(norms))
    words = (
        f"{walk.part.words}: along {walk.num_steps} steps of {len(walk.ids)} series, fed {fed}, "
        f"the Jacobian of its state ({count} numbers) has the spectral radius {radius:.3g} "
        f"({radii.min():.3g} to {radii.max():.3g}) and the norm {norm:.3g} ({norms.min():.3g} to "
        f"{norms.max():.3g}). "
    )
    if radius > 1.0 + _NEAR:
        return f"{words}Some direction grows at each step: what is far back may explode."
    if radius >= 1.0 - _NEAR:
        return f"{words}Some direction is kept almost as it is, near the identity: it can remember."
    grows = " (though for a step or two it may grow: the norm is above 1)" if norm > 1.0 else ""
    return f"{words}Every direction shrinks{grows}: what is far back vanishes."
