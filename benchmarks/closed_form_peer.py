"""Seconds of statsforecast's AutoRegressive; run by closed_form.py in the peers' environment."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from statsforecast.models import AutoRegressive


def main() -> None:
    """Fit and predict the series of a file; print the seconds."""
    values, lags, horizon = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    AutoRegressive(lags=3).fit(values[0][:100]).predict(h=horizon)  # compiles
    began = time.perf_counter()
    for series in values:
        AutoRegressive(lags=lags).fit(series).predict(h=horizon)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "version": version("statsforecast")}))


if __name__ == "__main__":
    main()
