"""The command line: `forecast --help`. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import traceback
from collections.abc import Container, Sequence

__all__ = ["main"]

_DESCRIPTION = "Forecast time series with recurrent networks, compared honestly with linear models."
_EPILOG = (
    "forecast COMMAND --help shows the options of a command; forecast demo shows what comes out."
)
_MODELS = (
    "lstm, gru, rnn, esn, seq2seq, temporalconvolution, transformer, ar, pooledar, var, "
    "lineardynamicalsystem, hiddenmarkov, ets, theta, naive2, seasonalnaive, naive, drift"
)
# What users meet: bad input, files, optional libraries. Anything else is a bug and shows its trace.
_ERRORS = (ValueError, TypeError, OSError, ImportError)
_FAILED, _INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words of the command line, those of the process by default.

    Returns:
        Exit code: 0, or 2 after an error, which is one line on standard error.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(words)
    options.line = shlex.join(["forecast", *words])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's chatter while it starts
    try:
        _run(options)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except _ERRORS as error:
        return _fail(error, options)
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return _INTERRUPTED
    return 0


def _run(options: argparse.Namespace) -> None:
    from forecast import commands

    getattr(commands, options.command)(options)
    sys.stdout.flush()


def _fail(error: BaseException, options: argparse.Namespace) -> int:
    if options.debug:
        traceback.print_exception(error)
    words = " ".join(str(error).split()) or type(error).__name__
    sys.stderr.write(f"error: {_with_options(words, vars(options))}\n")
    return _FAILED


def _with_options(words: str, known: Container[str]) -> str:
    """A message with arguments written as options: `id_col=` as `--id-col`."""

    def written(found: re.Match[str]) -> str:
        name = found[1]
        return "--" + name.replace("_", "-") if name in known else found[0]

    return re.sub(r"\b(\w+)=(?=[\s,).;]|$)", written, words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("forecast", description=_DESCRIPTION, epilog=_EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error comes from")
    for add in (_check, _compare, _fit, _predict, _update, _export, _datasets, _demo):
        add(commands, common)
    return parser


def _check(commands, common) -> None:
    parser = commands.add_parser(
        "check", parents=[common, _source(), _covariates(), _season(), _fitting()],
        help="look at a file: series, frequency, season, gaps, origins",
    )  # fmt: skip
    parser.add_argument("--horizon", type=int, required=True, help="steps to forecast")
    parser.add_argument(
        "--leakage", metavar="MODEL", help=f"prove that a model does not look ahead, of {_MODELS}"
    )


def _compare(commands, common) -> None:
    parser = commands.add_parser(
        "compare", parents=[common, _source(), _covariates(), _season(), _fitting()],
        help="backtest models against the baselines: table, verdict, report",
    )  # fmt: skip
    parser.add_argument("--horizon", type=int, required=True, help="steps to forecast")
    parser.add_argument("--n-windows", type=int, help="origins (default: as many as fit, up to 20)")
    parser.add_argument("--step-size", type=int, help="steps between origins (default: horizon)")
    parser.add_argument(
        "--gap", type=int, default=0,
        help="steps between the last known one and the first one scored (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-train-size", type=int, help="most steps known at an origin (default: all)"
    )
    parser.add_argument(
        "--align", choices=("series", "calendar"), default="series",
        help="origins counted from the end of each series, or from the latest end "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--refit", type=_refit, metavar="WHEN",
        help="always, never (fitted once), or at every so many origins (default: networks never, "
        "others always)",
    )  # fmt: skip
    parser.add_argument(
        "--n-jobs", type=int, metavar="N",
        help="processes for refits (default: all cores where refits take long)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N",
        help="runs of each network, from --seed on; losses are averaged (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--save", metavar="PATH.kfr", help="keep the comparison in a file")
    parser.add_argument(
        "--models", type=_words, default="lstm,gru,esn",
        help=f"comma-separated, of {_MODELS} (default: %(default)s)",
    )  # fmt: skip
    _add_level(parser, default="80,95")
    parser.add_argument("--report", metavar="PATH.html", help="write a page with pictures")
    parser.add_argument("--out", metavar="PATH", help="write all forecasts as .csv or .parquet")


def _fit(commands, common) -> None:
    parser = commands.add_parser(
        "fit", parents=[common, _source(), _covariates(), _season(), _fitting()],
        help="fit a model and save it",
    )  # fmt: skip
    parser.add_argument("--model", required=True, help=f"one of {_MODELS}")
    parser.add_argument("--horizon", type=int, help="steps ahead that matter most")
    parser.add_argument("--out", required=True, metavar="MODEL.kfc", help="file to write")


def _predict(commands, common) -> None:
    parser = commands.add_parser("predict", parents=[common], help="forecast with a saved model")
    parser.add_argument("model", metavar="MODEL.kfc", help="what `forecast fit` wrote")
    parser.add_argument("--horizon", type=int, help="steps ahead (default: that of the fit)")
    _add_level(parser, default=None)
    parser.add_argument("--data", metavar="FILE", help="another history to forecast from")
    parser.add_argument("--future", metavar="FILE", help="covariates of the steps to forecast")
    parser.add_argument("--out", metavar="PATH", help=".csv or .parquet (default: csv on stdout)")


def _update(commands, common) -> None:
    parser = commands.add_parser(
        "update", parents=[common], help="let a saved model absorb newer rows"
    )
    parser.add_argument("model", metavar="MODEL.kfc", help="what `forecast fit` wrote")
    parser.add_argument("file", metavar="FILE", help=".csv or .parquet with later rows")
    parser.add_argument(
        "--learn", action="store_true", help="also move the parameters by them, where a model can"
    )
    parser.add_argument("--out", metavar="NEW.kfc", help="file to write (default: MODEL.kfc)")


def _export(commands, common) -> None:
    parser = commands.add_parser(
        "export", parents=[common],
        help="write a saved model as a TensorFlow SavedModel, which serves without this library",
    )  # fmt: skip
    parser.add_argument("model", metavar="MODEL.kfc", help="what `forecast fit` wrote")
    parser.add_argument("folder", metavar="FOLDER", help="folder to make; none may be there yet")


def _datasets(commands, common) -> None:
    commands.add_parser("datasets", parents=[common], help="list the bundled data sets")


def _demo(commands, common) -> None:
    parser = commands.add_parser(
        "demo", parents=[common], help="networks against baselines on real series, in a minute"
    )
    parser.add_argument(
        "--report", metavar="PATH.html", default="report.html", help="default: %(default)s"
    )


def _source() -> argparse.ArgumentParser:
    """Where the data come from, and the names of the columns."""
    parser = argparse.ArgumentParser(add_help=False)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("file", nargs="?", metavar="FILE", help=".csv or .parquet, a row a step")
    where.add_argument("--dataset", metavar="NAME", help="a data set of `forecast datasets`")
    parser.add_argument("--id-col", default="unique_id", help="default: %(default)s")
    parser.add_argument("--time-col", default="ds", help="default: %(default)s")
    parser.add_argument("--target-col", default="y", help="default: %(default)s")
    parser.add_argument(
        "--freq", type=_frequency, help="pandas alias or whole number (default: inferred)"
    )
    return parser


def _covariates() -> argparse.ArgumentParser:
    """What is known beside the values."""
    parser = argparse.ArgumentParser(add_help=False)
    for kind, meaning in (
        ("future", "known ahead"), ("past", "known up to the last row"), ("static", "one a series"),
    ):  # fmt: skip
        parser.add_argument(
            f"--{kind}-covariates", type=_words, metavar="COLUMNS",
            help=f"comma-separated columns: {meaning}",
        )  # fmt: skip
    parser.add_argument(
        "--calendar-features", type=_features, metavar="NAMES",
        help="comma-separated, such as hour_of_day,day_of_week; all: those that suit the frequency",
    )  # fmt: skip
    return parser


def _season() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--season-length", type=int, help="steps in a season (default: found)")
    return parser


def _fitting() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--max-seconds", type=float, help="time to train each network")
    return parser


def _add_level(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--level", type=_numbers, default=default, help="intervals in percent, such as 80,95"
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _features(text: str) -> list[str] | bool:
    return text == "all" or _words(text)


def _numbers(text: str) -> list[float]:
    """Whole numbers stay whole: they name columns."""
    try:
        numbers = [float(word) for word in _words(text)]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 80,95") from error
    return [int(number) if number.is_integer() else number for number in numbers]


def _refit(text: str) -> bool | int:
    if text.isdecimal():
        return int(text)
    if text not in ("always", "never"):
        raise argparse.ArgumentTypeError(f"{text!r} is not always, never or a whole number")
    return text == "always"


def _frequency(text: str) -> str | int:
    return int(text) if text.isdecimal() else text
