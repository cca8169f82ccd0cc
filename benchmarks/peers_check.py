"""Losses of each series by utilsforecast; run by peers.py in the peers' environment.

    python peers_check.py SCORED TRAIN SEASON

SCORED is a Parquet file `unique_id`, `ds`, `y`, `forecast`, TRAIN one of the rows before. Prints
JSON, a list for each loss in the order of the series in SCORED.
"""

from __future__ import annotations

import json
import sys
from functools import partial

import pandas as pd
from utilsforecast.evaluation import evaluate
from utilsforecast.losses import mae, mase, smape


def main() -> None:
    """Evaluate and print."""
    scored, train = (pd.read_parquet(path).astype({"unique_id": object}) for path in sys.argv[1:3])
    losses = [mae, smape, partial(mase, seasonality=int(sys.argv[3]))]
    found = evaluate(scored, metrics=losses, models=["forecast"], train_df=train)
    wide = found.pivot(index="unique_id", columns="metric", values="forecast")
    wide = wide.loc[scored["unique_id"].unique()]
    print(json.dumps({name: wide[name].tolist() for name in wide.columns}))


if __name__ == "__main__":
    main()
