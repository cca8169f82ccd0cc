"""What stands beside the SavedModel: where the series stand, names and shapes, how to serve it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.io.export.support import serves_new_series

if TYPE_CHECKING:
    from forecast.forecaster import Forecaster

__all__ = ["MANIFEST", "README", "STATES", "describe", "readme", "standing", "to_json"]

_FORMAT_VERSION = 1
MANIFEST, README, STATES = "manifest.json", "README.md", "states.npz"
_LEVELS = (50, 80, 90, 95, 99)

_README = """# {name}: a forecaster as a TensorFlow SavedModel

One step is {step}. Everything is a pure function: what a series has seen stands in arrays
named `state_...`, one row a series, which every call takes and returns. Keep them between calls, by
series. Any number of rows may come at once, the same in all arrays of a call, in the dtypes of
`manifest.json`; what does not fit together is refused.

- `step`: `values` (one new value a series, NaN where the step passed without one) and the state
  give `forecast` of the next step, `scale` (mean absolute one-step error so far) and the new state.
- `batch`: blocks of `values`, `observed` (False: the step passed without a value) and `valid`
  (False: padding, the series stands still), each (series, steps), give `one_step` (the forecast of
  each step made before it), `forecast` of the step after the block, `scale` and the new state.
- `rollout`: the state and `horizon`, a number of steps, give `forecast`, (series, horizon),
  `scale`, `lowest` and `highest`.
- `initial_state`: `series` gives the state before the first step ({series}).
  A series begins with its first value: steps without one before it change nothing.

`states.npz` has the states of all series at the time of the export, with `ids`, `ends` (the time
each stands at) and `series`. `manifest.json` has all names, shapes and dtypes. A central interval
is `forecast +- scale * width`, `width` by level and step ahead under `intervals` in the manifest,
cut at `lowest` and `highest`: neither forecast nor interval leaves the range of the history by more
than one range, or falls below 0 where no value did.

```python
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

model = tf.saved_model.load(".")  # this folder
known = dict(np.load("states.npz"))
state = {{name: tf.constant(known[name]) for name in known if name.startswith("state_")}}

values = tf.constant(np.full(len(known["ids"]), np.nan))  # put the newest value of each series here
moved = model.signatures["step"](values=values, **state)
state = {{name: moved[name] for name in state}}  # keep it for the next value

horizon = tf.constant({horizon}, tf.int64)
ahead = model.signatures["rollout"](horizon=horizon, **state)
ahead = {{name: tensor.numpy() for name, tensor in ahead.items()}}
forecast = ahead["forecast"]
width = np.array(json.loads(Path("manifest.json").read_text())["intervals"]["80"])
spread = ahead["scale"][:, None] * width
low = np.maximum(forecast - spread, ahead["lowest"][:, None])
high = np.minimum(forecast + spread, ahead["highest"][:, None])
print(dict(zip(known["ids"].tolist(), forecast.round(3).tolist())))
```

A SavedModel is a program: load one only if you know who wrote it.
"""


def describe(forecaster: Forecaster, graphs: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest: JSON that says what the folder holds.

    Args:
        forecaster: fitted.
        graphs: the concrete functions by name.
    """
    from forecast import __version__

    fitted = forecaster.fitted_
    calibration, horizon = fitted.calibration, fitted.horizon
    widths = {str(level): calibration.half_width(level, horizon).tolist() for level in _LEVELS}
    return {
        "format": "keras-forecast export",
        "format_version": _FORMAT_VERSION,
        "library_version": __version__,
        "forecaster": type(forecaster).__name__,
        "name": forecaster.name,
        "choices": fitted.estimate.choices,
        "frequency": forecaster.store_.frequency.alias,
        "season_length": fitted.season.length,
        "horizon": horizon,
        "signatures": {name: _signature(graph) for name, graph in graphs.items()},
        "states": STATES,
        "takes_new_series": serves_new_series(forecaster),
        "fitted_ids": [_plain(name) for name in fitted.ids],
        "intervals": widths,
    }


def readme(forecaster: Forecaster) -> str:
    """The guide beside the manifest."""
    alias = forecaster.store_.frequency.alias
    step = f"{alias} of the integer time" if isinstance(alias, int) else f"{alias!r} (pandas)"
    series = (
        "position among `fitted_ids` of the\n"
        "  manifest, -1 for a series that the forecaster was not fitted on"
        if serves_new_series(forecaster)
        else "position among `fitted_ids` of the\n"
        "  manifest, for no other series, and time counted from where the fitted series began"
    )
    return _README.format(
        name=forecaster.name, step=step, series=series, horizon=forecaster.fitted_.horizon
    )


def standing(forecaster: Forecaster, state: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The arrays of `states.npz`.

    Args:
        forecaster: fitted.
        state: the state of every series, by the names of the signatures.
    """
    store = forecaster.store_
    series = pd.Index(forecaster.fitted_.ids).get_indexer(pd.Index(store.ids))
    ends = [_plain(end) for end in store.ends]
    ids = [_plain(name) for name in store.ids]
    return {"ids": _column(ids), "ends": _column(ends), "series": series.astype(np.int64), **state}


def to_json(manifest: Mapping[str, Any]) -> str:
    """The manifest as text."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _signature(graph: Any) -> dict[str, Any]:
    in_order, by_name = graph.structured_input_signature
    return {
        "inputs": {spec.name: _tensor(spec) for spec in (*in_order, *by_name.values())},
        "outputs": {name: _tensor(spec) for name, spec in graph.structured_outputs.items()},
    }


def _tensor(spec: Any) -> dict[str, Any]:
    return {"shape": spec.shape.as_list(), "dtype": spec.dtype.name}


def _plain(value: Any) -> int | str:
    """Whole numbers as they are, times in ISO format, all else as text."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_):
        return int(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _column(values: list[int | str]) -> NDArray:
    """Numbers where all are, else text: never objects, which would need pickle."""
    numbers = all(isinstance(value, int) for value in values)
    return np.array(values, dtype=np.int64) if numbers else np.array([str(v) for v in values])
