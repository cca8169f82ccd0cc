"""A server as an engineer would write it: NumPy and TensorFlow, nothing of this library.

    python export_server.py FOLDER...

It serves each exported folder with the rows in FOLDER/../rows.npz and writes FOLDER/../NAME.npz; it
runs the example of the folders that are called `guided` there.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

HORIZON = 9


def serve(model, folder: Path, rows: dict) -> dict:
    """All that the signatures give: steps one after the other, blocks, rollouts, one row alone."""
    call = {name: tools(model.signatures[name]) for name in model.signatures}
    known = dict(np.load(folder / "states.npz"))
    state = {name: known[name] for name in known if name.startswith("state_")}
    result = {"start": call["rollout"](horizon=np.int64(HORIZON), **state)["forecast"]}

    values, observed, valid = rows["values"], rows["observed"], rows["valid"]
    forecasts, now = [], state
    for column in np.where(observed, values, np.nan).T:
        answer = call["step"](values=column, **now)
        now = {name: answer[name] for name in state}
        forecasts.append(answer["forecast"])
    result |= {f"stepped_{name}": now[name] for name in state}
    result["steps"] = np.stack(forecasts, axis=1)

    for name, exists in (("whole", np.ones_like(valid)), ("padded", valid)):
        answer = call["batch"](values=values, observed=observed & exists, valid=exists, **state)
        result |= {f"{name}_{key}": array for key, array in answer.items()}
        after = {key: answer[key] for key in state}
        result[f"{name}_ahead"] = call["rollout"](horizon=np.int64(3), **after)["forecast"]

    second = {name: array[1:2] for name, array in state.items()}
    alone = call["batch"](values=values[1:2], observed=observed[1:2], valid=valid[1:2], **second)
    result["alone"] = alone["one_step"]
    nobody = {name: array[:0] for name, array in state.items()}
    result["nobody"] = call["rollout"](horizon=np.int64(4), **nobody)["forecast"]

    new = call["initial_state"](series=rows["series"])
    exists = np.ones_like(rows["history"], dtype=bool)
    history = call["batch"](values=rows["history"], observed=exists, valid=exists, **new)
    result |= {f"new_{key}": array for key, array in history.items()}
    late = {name: np.pad(array, ((0, 0), (2, 0))) for name, array in
            (("values", rows["history"]), ("observed", exists))}  # fmt: skip
    late = call["batch"](valid=np.ones_like(late["observed"]), **late, **new)
    result |= {f"late_{key}": array for key, array in late.items()}
    return result


def tools(signature):
    """A signature that takes and gives NumPy arrays."""

    def call(**inputs):
        answer = signature(**{name: tf.constant(array) for name, array in inputs.items()})
        return {name: tensor.numpy() for name, tensor in answer.items()}

    return call


def run_guide(model, folder: Path) -> dict:
    """What the example in the folder's README.md leaves behind.

    It says that it loads this folder; the model that was loaded from it is given to it.
    """

    def load(path: str):
        if Path(path).resolve() != folder.resolve():
            raise SystemExit(f"the example loads {path!r}, not the folder it stands in")
        return model

    os.chdir(folder)
    tf.saved_model.load, loading = load, tf.saved_model.load
    code = re.search(r"```python\n(.*?)```", Path("README.md").read_text(), re.DOTALL).group(1)
    names: dict = {}
    try:
        exec(code, names)
    finally:
        tf.saved_model.load = loading
    return {"guide": names["forecast"], "guide_low": names["low"], "guide_high": names["high"]}


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        manifest = json.loads((folder / "manifest.json").read_text())
        rows = dict(np.load(folder.parent / "rows.npz"))
        rows["series"] = rows["series" if manifest["takes_new_series"] else "fitted_series"]
        model = tf.saved_model.load(str(folder))
        result = serve(model, folder, rows)
        if folder.name in rows["guided"]:
            result |= run_guide(model, folder)
        np.savez(folder.parent / f"{folder.name}.npz", **result)
    if any(name.split(".")[0] in ("forecast", "pipelines") for name in sys.modules):
        raise SystemExit("the library itself was imported")
