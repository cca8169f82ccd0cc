"""Our forecasters beside neuralforecast's, darts', GluonTS' and statsforecast's, in one table.

    python benchmarks/peers.py --part validation --output FILE.json
    python benchmarks/peers.py --again REASON

The panels of networks.py, all series, official splits. Every contender runs in a fresh process on
2 cores, gets the rows before the origin and nothing else, and its forecasts are scored by our code.
Of one origin `utilsforecast.evaluate` scores the same forecasts, series by series: losses that
differ by more than rounding end the run. Where a panel has several origins, a contender is fitted
once, before the first, and forecasts from each; of origins one step apart every 24th is taken.
Peers get the newest 4,096 steps before each origin as a series of its own, ours absorb the steps
since the origin before. Steps that are only counted are hours for peers, which need dates. Seconds
run from the frame in memory to the fitted model, and from there to the forecasts; imports are not
counted.

Rules, the same for all panels. Deep networks, ours too, are trained for at most --max-seconds, and
the peers' for no more steps than their default. Their settings are their defaults, with what their
examples set (peers_deep.py). Models of statsforecast know the season of the panel's score (ours
find it), run in 2 processes up to --cap-seconds, and the series that are not done by then get the
seasonal naive forecast; the row says how many. Our closed forms and classical models run to their
end. Nothing was chosen on a test part.

Peers live in an environment of their own in the folder for temporary files, made at the first run.
Each result is kept in benchmarks/results/peers.json as soon as it is there; a second call does what
is missing. On the test part each scoring is entered in the ledger, see accuracy.py.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
import pandas as pd
import records
from accuracy import reason
from catalogue import ALL_PANELS, read_named
from keeping import RESULTS
from ledger import PATH, Ledger, LedgerError, Version
from panels import PANELS, Parts
from peers_contenders import CONTENDERS, PEERS, Contender, ContenderError, Place, forecast
from peers_results import Results, Row, markdown, table
from peers_scores import Disagreement, difference, losses, losses_of_utilsforecast, score_origins
from peers_travel import received, sent
from scores import score_forecasts

ROOT = Path(__file__).resolve().parent.parent
Wanted = dict[str, list[Contender]]
RESULT = RESULTS / "peers.json"


def scored(
    contender: Contender, name: str, parts: Parts, arguments: argparse.Namespace, place: Place
) -> Row:
    """A contender's forecasts of a panel, scored by our code and by utilsforecast."""
    panel = ALL_PANELS[name]
    task = sent(contender, name, parts, arguments, place.folder)
    measured = forecast(contender, task, place)
    forecasts = received(task, parts)
    if panel.num_windows == 1:
        scores = score_forecasts(forecasts, "forecast", panel, parts, arguments.part)
    else:
        scores = score_origins(forecasts, panel, parts)
    if arguments.part == "test" and name in PANELS:
        kept = {key: scores[key] for key in records.SCORES if key in scores}
        why = arguments.again or ""
        Ledger(PATH).add(place.code, name, contender.name, kept, measured["choices"], why)
    versions = place.versions or {}
    installed = versions[contender.library] if contender.is_peer else version_of(contender.library)
    apart = None
    if place.python is not None and panel.num_windows == 1:
        theirs = losses_of_utilsforecast(forecasts, panel, parts, place.python, place.folder)
        apart = difference(losses(forecasts, "forecast", panel, parts), theirs)
    return {
        "panel": name, "model": contender.name, **scores, **measured,
        "version": f"{contender.library} {installed}", "largest difference": apart,
        **vars(place.code),
    }  # fmt: skip


def thinned(parts: Parts, count: int | None) -> Parts:
    """Some of the series, evenly spaced; all by default."""
    ids = parts.held["unique_id"].unique()
    if count is None or count >= len(ids):
        return parts
    chosen = ids[np.linspace(0, len(ids) - 1, count).astype(int)]
    return Parts(*(frame[frame["unique_id"].isin(chosen)]
                   for frame in (parts.train, parts.between, parts.held)))  # fmt: skip


def missing(arguments: argparse.Namespace, results: Results, with_peers: bool) -> Wanted:
    """What is asked for and not there, by panel; nothing of panels that are complete.

    Raises:
        LedgerError: if one of it was scored on the test part before, and no reason is given.
    """
    asked = [one for one in CONTENDERS
             if one.name in arguments.models and (with_peers or not one.is_peer)]  # fmt: skip
    wanted = {
        name: [one for one in asked if not results.has(name, one.name)] for name in arguments.panels
    }
    wanted = {name: contenders for name, contenders in wanted.items() if contenders}
    if arguments.part == "test" and arguments.again is None:
        for name in [name for name in wanted if name in PANELS]:
            Ledger(PATH).refuse_second_look(name, [one.name for one in wanted[name]])
    return wanted


def run(wanted: Wanted, arguments: argparse.Namespace, results: Results, place: Place) -> int:
    """Score what is missing, keeping each row; returns how many failed."""
    failed = 0
    for name, contenders in wanted.items():
        measure = ALL_PANELS[name].measure
        parts = thinned(read_named(name, arguments.data, arguments.part), arguments.series)
        for contender in contenders:
            try:
                row = scored(contender, name, parts, arguments, place)
            except ContenderError as error:
                print(f"{name}: {error}", flush=True)
                failed += 1
                continue
            results.add(row, place.versions)
            print(
                f"{name} {contender.name}: {measure} {row[measure]:.3f}, "
                f"{row['fit s'] + row['predict s']:.1f} s", flush=True,
            )  # fmt: skip
    return failed


def agreement(rows: Sequence[Row]) -> str:
    """What the second scoring by utilsforecast said."""
    apart = [row["largest difference"] for row in rows if row["largest difference"] is not None]
    if not apart:
        return "Not scored by utilsforecast: it is not there, or there are several origins."
    return (
        f"utilsforecast.evaluate agrees with {len(apart)} of {len(rows)} rows: MAE, sMAPE and MASE "
        f"of every series differ by at most {max(apart):.1e} (relative)."
    )


def parsed(texts: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    names = [one.name for one in CONTENDERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panels", nargs="*", default=list(ALL_PANELS), choices=ALL_PANELS)
    parser.add_argument("--models", nargs="*", default=names, choices=names)
    parser.add_argument("--part", choices=["test", "validation"], default="test")
    parser.add_argument("--max-seconds", type=float, default=60.0, help="of training a network")
    parser.add_argument("--cap-seconds", type=float, default=180.0, help="of statsforecast")
    parser.add_argument("--series", type=int, default=None, help="some of them; validation only")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--without-peers", action="store_true", help="ours only")
    parser.add_argument(
        "--again", type=reason, default=None, metavar="REASON",
        help="look at test parts once more; the reason is written to the ledger",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=None, help="JSON file; needed to take up")
    arguments = parser.parse_args(texts)
    if arguments.part == "test":
        arguments.output = arguments.output or RESULT
        if arguments.series is not None:
            parser.error("--series is for --part validation: a test part is scored whole.")
    return arguments


def main(texts: Sequence[str] | None = None) -> None:
    """Score what is missing, keep it, print the tables."""
    arguments = parsed(texts)
    settings = {name: getattr(arguments, name) for name in
                ("part", "max_seconds", "cap_seconds", "series", "cores", "seed")}  # fmt: skip
    try:
        results = Results.opened(arguments.output, settings)
        missing(arguments, results, not arguments.without_peers)  # refused before it costs time
        python = None if arguments.without_peers else PEERS.python()
        if python is None:
            print("Peers are left out: not asked for, or not to be installed.")
        wanted = missing(arguments, results, python is not None)
        with tempfile.TemporaryDirectory() as folder:
            place = Place(python, PEERS.versions(python), Version.of_tree(), Path(folder))
            failed = run(wanted, arguments, results, place)
    except (LedgerError, FileNotFoundError, ValueError, Disagreement) as error:
        raise SystemExit(f"error: {error}") from error
    if results.rows:
        with pd.option_context("display.width", 250):
            print(table(results.rows, arguments.part))
        print(markdown(results.rows), agreement(results.rows), sep="\n\n")
    if failed:
        raise SystemExit(f"error: {failed} failed, see above; call again to do what is missing.")


if __name__ == "__main__":
    main()
