"""The command line: what each command does, and one clean line for every bad input."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from io_samples import later_rows, long_frame

import forecast as fc
from forecast.catalog import class_name, make_forecaster, model_names
from forecast.cli import main
from forecast.forecaster import Forecaster
from forecast.quiet import native_errors_muted


@pytest.fixture
def csv(tmp_path):
    """A file of two monthly series."""
    path = tmp_path / "data.csv"
    long_frame(steps=90).to_csv(path, index=False)
    return path


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def error_of(capsys, *words: object) -> str:
    """The line on standard error of a command that fails."""
    assert main([str(word) for word in words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1, "one line, no traceback"
    return shown.err


# Good input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["check", "compare", "fit", "predict", "update", "export", "datasets"]
)
def test_each_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    assert f"usage: forecast {command}" in capsys.readouterr().out


def test_check_shows_the_summary(csv, capsys):
    run("check", csv, "--horizon", 12)
    shown = capsys.readouterr().out
    assert shown.strip() == str(fc.check(pd.read_csv(csv), 12))
    assert "2 rolling origins of horizon 12 fit" in shown or "origins of horizon 12 fit" in shown


def test_check_takes_the_names_and_the_season(csv, capsys):
    frame = pd.read_csv(csv).rename(columns={"unique_id": "shop", "ds": "day", "y": "sales"})
    frame.to_csv(csv, index=False)
    names = ["--id-col", "shop", "--time-col", "day", "--target-col", "sales"]
    run("check", csv, "--horizon", 3, "--season-length", 6, "--freq", "ME", *names)
    assert "6 (given by the user)" in capsys.readouterr().out


def test_a_file_without_ids_is_one_series_from_fit_to_update(csv, capsys):
    """The commonest file: a time and a value."""
    rows = pd.read_csv(csv).query("unique_id == 'a'").rename(columns={"ds": "day", "y": "sales"})
    rows.drop(columns="unique_id")[:-2].to_csv(csv, index=False)
    model, newer = csv.with_suffix(".kfc"), csv.with_name("newer.csv")
    names = ["--time-col", "day", "--target-col", "sales"]
    run("fit", csv, "--model", "naive", "--horizon", 2, "--out", model, *names)
    assert "! no column 'unique_id': all rows are one series, named 'sales'." in (
        capsys.readouterr().out
    )
    rows.drop(columns="unique_id")[-2:].to_csv(newer, index=False)
    run("update", model, newer)
    capsys.readouterr()
    run("predict", model, "--horizon", 1)
    forecast = capsys.readouterr().out.splitlines()[1].split(",")
    assert forecast[0] == "sales"
    assert float(forecast[2]) == pytest.approx(rows["sales"].iloc[-1])
    run("predict", model, "--horizon", 1, "--data", newer)
    assert capsys.readouterr().out.splitlines()[1].split(",")[:2] == forecast[:2]


def test_a_file_of_dates_and_values_needs_no_options(csv, capsys):
    rows = pd.read_csv(csv).query("unique_id == 'a'").rename(columns={"ds": "day", "y": "sales"})
    rows[["day", "sales"]][:-2].to_csv(csv, index=False)
    model, newer = csv.with_suffix(".kfc"), csv.with_name("newer.csv")
    run("fit", csv, "--model", "naive", "--horizon", 2, "--out", model)
    shown = capsys.readouterr().out
    assert "! no column 'ds': 'day' holds the times.\n" in shown
    assert "! no columns 'unique_id' and 'y': each column beside 'day' ('sales') is" in shown
    rows[["day", "sales"]][-2:].to_csv(newer, index=False)
    run("update", model, newer)
    capsys.readouterr()
    run("predict", model, "--horizon", 1)
    series, _, forecast = capsys.readouterr().out.splitlines()[1].split(",")
    assert (series, float(forecast)) == ("sales", pytest.approx(rows["sales"].iloc[-1]))


@pytest.mark.parametrize(
    "columns",
    [
        {"day": ["2024-01-01", "2024-01-02"], "until": ["2024-01-02", "2024-01-03"], "sales": 1.0},
        {"month": ["May", "June"], "sales": 1.0},
        {"shop": [1, 2], "day": "2024-01-01", "sales": 1.0},
        {"day": ["2024-01-01", "someday 2"], "sales": 1.0},
    ],
    ids=["two columns of dates", "words", "a day of many shops", "no date"],
)
def test_which_column_holds_the_times_is_not_guessed(columns, csv, capsys):
    pd.DataFrame(columns).to_csv(csv, index=False)
    shown = error_of(capsys, "check", csv, "--horizon", 3)
    assert "missing column 'unique_id', 'ds', 'y'" in shown


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"comment": "good"}, "each column beside 'day' would be a series, but 'comment' holds no"),
        ({"day": ["2024-01-01", None, "2024-01-03"]}, "'ds' is empty in series 'sales' (row 1)"),
    ],
    ids=["text beside", "a missing date"],
)
def test_what_is_wrong_beside_dates_that_were_found_is_said(changes, message, csv, capsys):
    days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    pd.DataFrame({"day": days, "sales": [1.0, 2.0, 3.0]} | changes).to_csv(csv, index=False)
    assert main(["check", str(csv), "--horizon", "1"]) == 2
    assert message in capsys.readouterr().err


def test_a_file_with_a_column_a_series_needs_no_ids(csv, capsys):
    changed(
        csv, lambda frame: frame.pivot(index="ds", columns="unique_id", values="y").reset_index()
    )
    run("check", csv, "--horizon", 3)
    shown = capsys.readouterr().out
    assert "! no columns 'unique_id' and 'y': each column beside 'ds' ('a', 'b') is a" in shown
    assert shown.split("is a series.\n")[1].startswith("series     2\n")


def test_several_series_without_ids_are_refused(csv, capsys):
    changed(csv, lambda frame: frame.drop(columns="unique_id"))
    shown = error_of(capsys, "check", csv, "--horizon", 3)
    assert "missing column 'unique_id'" in shown
    assert "(--id-col, --time-col, --target-col)" in shown, "as options, not as arguments"


def test_a_column_of_text_among_columns_of_series_is_refused(csv, capsys):
    wide = pd.read_csv(csv).pivot(index="ds", columns="unique_id", values="y").reset_index()
    wide.assign(region="north").to_csv(csv, index=False)
    shown = error_of(capsys, "check", csv, "--horizon", 3)
    assert "would be a series, but 'region' holds no numbers, for example 'north'." in shown
    assert "(--id-col, --target-col)" in shown


def test_check_proves_that_a_model_does_not_look_ahead(csv, capsys, monkeypatch):
    run("check", csv, "--horizon", 3, "--leakage", "naive")
    shown = " ".join(capsys.readouterr().out.split())
    assert str(fc.check_leakage(fc.Naive(), pd.read_csv(csv), 3)) in shown
    unsteady = fc.diagnostics.LeakageReport("Naive leaks.", [1], [])
    monkeypatch.setattr(fc, "check_leakage", lambda *_, **__: unsteady)
    assert main(["check", str(csv), "--horizon", "3", "--leakage", "naive"]) == 2
    assert capsys.readouterr().err == "error: Naive leaks.\n"


def test_datasets_are_listed(capsys):
    run("datasets")
    shown = capsys.readouterr().out
    assert all(name in shown for name in fc.datasets())


def test_fit_predict_and_update_are_those_of_the_library(csv, tmp_path, capsys):
    frame = pd.read_csv(csv)
    new = later_rows(frame)
    old = frame.drop(index=new.index)
    old.to_csv(tmp_path / "old.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    bundle = tmp_path / "model.kfc"
    run("fit", tmp_path / "old.csv", "--model", "ar", "--horizon", 6, "--out", bundle)
    assert "AR: up to 13 lags by AIC, log(1 + y)" in capsys.readouterr().out
    run("update", bundle, tmp_path / "new.csv", "--out", tmp_path / "later.kfc")
    assert "2 series, known until" in capsys.readouterr().out
    run("predict", tmp_path / "later.kfc", "--level", "80,95")
    shown = pd.read_csv(io.StringIO(capsys.readouterr().out), parse_dates=["ds"])
    expected = fc.AR().fit(old, horizon=6).update(new).predict(level=[80, 95])
    assert shown.columns.tolist() == expected.columns.tolist()
    np.testing.assert_allclose(shown.iloc[:, 2:], expected.iloc[:, 2:], rtol=1e-12)
    assert (shown["ds"] == pd.to_datetime(expected["ds"])).all()


def test_update_replaces_the_model_by_default(csv, tmp_path, capsys):
    frame = pd.read_csv(csv)
    new = later_rows(frame)
    frame.drop(index=new.index).to_csv(tmp_path / "old.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    run("fit", tmp_path / "old.csv", "--model", "naive", "--out", tmp_path / "model.kfc")
    run("update", tmp_path / "model.kfc", tmp_path / "new.csv")
    last = fc.load(tmp_path / "model.kfc").predict(1)["Naive"].tolist()
    np.testing.assert_allclose(last, frame.groupby("unique_id")["y"].last())


def test_update_learns_where_asked_to(csv, tmp_path, capsys):
    frame = pd.read_csv(csv)
    new = later_rows(frame)
    old = frame.drop(index=new.index)
    old.to_csv(tmp_path / "old.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    bundle = tmp_path / "model.kfc"
    run("fit", tmp_path / "old.csv", "--model", "var", "--horizon", 3, "--out", bundle)
    run("update", bundle, tmp_path / "new.csv", "--learn")
    expected = fc.VAR().fit(old, horizon=3).update(new, learn=True).predict()
    np.testing.assert_allclose(fc.load(bundle).predict()["VAR"], expected["VAR"], rtol=1e-12)
    run("fit", tmp_path / "old.csv", "--model", "naive", "--out", bundle)
    before = bundle.read_bytes()
    capsys.readouterr()
    said = error_of(capsys, "update", bundle, tmp_path / "new.csv", "--learn")
    assert "Naive cannot learn from newer rows alone as it was fitted (last value)" in said
    assert bundle.read_bytes() == before


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_predict_from_another_history_into_a_file(suffix, csv, tmp_path, capsys):
    run("fit", csv, "--model", "drift", "--out", tmp_path / "model.kfc")
    out = tmp_path / f"forecasts{suffix}"
    short = pd.read_csv(csv).groupby("unique_id").head(40)
    short.to_csv(tmp_path / "short.csv", index=False)
    run("predict", tmp_path / "model.kfc", "--horizon", 2, "--data", tmp_path / "short.csv",
        "--out", out)  # fmt: skip
    written = fc.read_file(out)
    expected = fc.Drift().fit(short).predict(2)
    np.testing.assert_allclose(written["Drift"], expected["Drift"], rtol=1e-12)


def test_covariates_are_named_by_column(tmp_path, capsys):
    rng = np.random.default_rng(0)
    frame = long_frame(steps=40)
    frame = frame.assign(
        price=rng.normal(size=len(frame)), wind=rng.normal(size=len(frame)),
        kind="kind of " + frame["unique_id"].astype(str),
    )  # fmt: skip
    last = frame.groupby("unique_id").tail(3)
    frame.drop(index=last.index).to_csv(tmp_path / "past.csv", index=False)
    last.drop(columns=["y", "wind"]).to_csv(tmp_path / "ahead.csv", index=False)
    words = ["--future-covariates", "price", "--past-covariates", "wind", "--static-covariates",
             "kind", "--calendar-features", "all"]  # fmt: skip
    run("fit", tmp_path / "past.csv", "--model", "ar", "--out", tmp_path / "model.kfc", *words)
    columns = fc.load(tmp_path / "model.kfc").layout_.columns
    assert columns.covariates == ("price", "wind", "kind") and "month_of_year" in columns.calendar
    capsys.readouterr()
    run("predict", tmp_path / "model.kfc", "--horizon", 3, "--future", tmp_path / "ahead.csv")
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert len(found) == len(last) and np.isfinite(found["AR"]).all()
    shown = error_of(capsys, "compare", tmp_path / "past.csv", "--horizon", 2, "--models", "naive",
                     "--calendar-features", "hour")  # fmt: skip
    assert "unknown calendar feature 'hour'" in shown


def test_a_model_of_a_wide_frame_predicts_a_long_table(tmp_path, capsys):
    wide = long_frame().pivot(index="ds", columns="unique_id", values="y")
    fc.Naive().fit(wide).save(tmp_path / "model.kfc")
    run("predict", tmp_path / "model.kfc", "--horizon", 2)
    shown = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert shown.columns.tolist() == ["unique_id", "ds", "Naive"]
    assert len(shown) == 4


def test_compare_end_to_end(csv, tmp_path, capsys):
    out, report = tmp_path / "backtest.csv", tmp_path / "report.html"
    run("compare", csv, "--models", "ar", "--horizon", 4, "--n-windows", 8, "--level", "80",
        "--out", out, "--report", report)  # fmt: skip
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("AR", "PooledAR", "SeasonalNaive", "Naive", "MASE"))
    frame = pd.read_csv(out)
    assert {"cutoff", "AR", "AR-lo-80", "AR-hi-80", "PooledAR"} <= set(frame.columns)
    assert frame.groupby(["unique_id", "cutoff"]).size().eq(4).all()
    page = report.read_text(encoding="utf-8")
    assert "forecast compare" in page
    assert f"report: {report}" in shown
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backtest.csv", "data.csv", "report.html"]


@pytest.mark.parametrize(("words", "refit"), [("always", True), ("never", False), ("2", 2)])
def test_compare_takes_the_split(words, refit, csv, tmp_path):
    out = tmp_path / "backtest.csv"
    run("compare", csv, "--models", "ar", "--horizon", 4, "--n-windows", 3, "--step-size", 5,
        "--gap", 2, "--max-train-size", 40, "--align", "calendar", "--refit", words,
        "--out", out)  # fmt: skip
    settings = {"gap": 2, "max_train_size": 40, "align": "calendar", "refit": refit}
    wanted = fc.cross_validation(fc.AR(), pd.read_csv(csv), 4, n_windows=3, step_size=5, **settings)
    found = pd.read_csv(out)
    assert list(pd.to_datetime(found["cutoff"])) == list(wanted["cutoff"])
    np.testing.assert_allclose(found["AR"], wanted["AR"])


# Names of models ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pooledar", "PooledAR", " POOLEDAR "])
def test_names_may_be_short_and_in_any_case(name):
    assert class_name(name) == "PooledAR"


def test_the_help_lists_every_name(capsys):
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    listed = " ".join(capsys.readouterr().out.split()).split("comma-separated, of ")[1]
    assert set(listed.split(" (default")[0].split(", ")) == set(model_names())


def test_every_forecaster_has_a_name():
    named = {name for name in fc.__all__ if name.endswith("Forecaster")}
    public = {name for name in named if issubclass(getattr(fc, name), Forecaster)}
    baselines = set(fc.baselines.__all__) & set(fc.__all__)
    public |= {name for name in baselines if issubclass(getattr(fc, name), Forecaster)}
    assert {class_name(name) for name in model_names()} == public


def test_options_that_a_model_does_not_have_are_left_out():
    assert make_forecaster("naive", seed=3, max_seconds=2.0, season_length=4).get_params() == {
        "alias": None
    }


# Bad input ----------------------------------------------------------------------------------------


def changed(csv, change) -> None:
    frame = pd.read_csv(csv)
    frame = change(frame)
    frame.to_csv(csv, index=False)


def with_target(value):
    def change(frame):
        frame["y"] = frame["y"].astype(object)
        frame.loc[3, "y"] = value
        return frame

    return change


def shifted(frame):
    frame.loc[5, "ds"] = "2020-06-17"
    return frame


BAD_FRAMES = {
    "missing column": (lambda frame: frame.drop(columns="y"), "missing column 'y'"),
    "duplicate": (lambda frame: pd.concat([frame, frame.tail(1)]), "series 'b'"),
    "text": (with_target("many"), "column 'y' of series 'a' holds text"),
    "inf": (with_target(float("inf")), "inf"),
    "irregular time": (shifted, "2020-06-17"),
    "no rows": (lambda frame: frame.head(0), "has no rows"),
}
COMMANDS = {
    "check": ["--horizon", 3],
    "compare": ["--models", "naive", "--horizon", 3, "--out", "OUT.csv", "--report", "OUT.html"],
    "fit": ["--model", "naive", "--out", "OUT.kfc"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", BAD_FRAMES)
def test_bad_frames(case, command, csv, capsys, monkeypatch):
    monkeypatch.chdir(csv.parent)
    change, message = BAD_FRAMES[case]
    changed(csv, change)
    assert message in error_of(capsys, command, csv, *COMMANDS[command])
    assert [file.name for file in csv.parent.iterdir()] == ["data.csv"], "nothing half-written"


BAD_FILES = {
    "absent.csv": (None, "there is no file"),
    "empty.csv": (b"", "is empty (0 bytes)"),
    "binary.csv": (b"\xff\xfe\x00\x01" * 9, "cannot be read: it is no text in UTF-8"),
    "no.parquet": (b"unique_id,ds,y\n", "cannot be read as .parquet"),
    "data.xlsx": (b"PK", "unknown suffix '.xlsx'; give .csv, .parquet or .tsf"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(name, command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, message = BAD_FILES[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert message in error_of(capsys, command, name, *COMMANDS[command])
    assert [file.name for file in tmp_path.iterdir()] == ([] if content is None else [name])


@pytest.mark.parametrize("command", COMMANDS)
def test_horizon_zero(command, csv, capsys, monkeypatch):
    monkeypatch.chdir(csv.parent)
    words = [*COMMANDS[command], "--horizon", 0]
    assert "`horizon` must be a whole number of at least 1; got 0" in error_of(
        capsys, command, csv, *words
    )
    assert [file.name for file in csv.parent.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "--models", "naive,lstn", "--horizon", "3"],
        ["fit", "--model", "lstn", "--out", "m.kfc"],
    ],
)
def test_unknown_model(words, csv, capsys, monkeypatch):
    monkeypatch.chdir(csv.parent)
    message = error_of(capsys, words[0], csv, *words[1:])
    assert f"unknown model 'lstn'; known are {', '.join(model_names())}." in message
    assert "Did you mean 'lstm'?" in message
    assert [file.name for file in csv.parent.iterdir()] == ["data.csv"]


def test_unknown_data_set(capsys):
    assert "unknown data set 'co3'" in error_of(capsys, "check", "--dataset", "co3", "--horizon", 2)


def test_level_out_of_range(csv, tmp_path, capsys):
    run("fit", csv, "--model", "naive", "--out", tmp_path / "model.kfc")
    capsys.readouterr()
    message = error_of(capsys, "predict", tmp_path / "model.kfc", "--level", "80,100")
    assert "`level` must hold percentages from 1 to below 100" in message


@pytest.mark.parametrize("option", [["--out", "forecasts.txt"], ["--out", "nowhere/f.csv"],
                                    ["--report", "nowhere/report.html"]])  # fmt: skip
def test_where_nothing_can_be_written_is_said_before_the_work(option, csv, capsys, monkeypatch):
    monkeypatch.chdir(csv.parent)
    monkeypatch.setattr("forecast.compare", lambda *_, **__: pytest.fail("work"), raising=False)
    message = error_of(capsys, "compare", csv, "--models", "naive", "--horizon", 3, *option)
    assert "unknown suffix '.txt'" in message or "folder nowhere does not exist" in message


def test_a_file_that_is_no_bundle(csv, capsys):
    assert "is no bundle, or it is damaged" in error_of(capsys, "predict", csv)


def test_rows_that_are_not_newer_leave_the_model_as_it_was(csv, tmp_path, capsys):
    bundle = tmp_path / "model.kfc"
    run("fit", csv, "--model", "naive", "--out", bundle)
    capsys.readouterr()
    before = bundle.read_bytes()
    assert "Give rows later than that" in error_of(capsys, "update", bundle, csv)
    assert bundle.read_bytes() == before


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["check"], ["check", "a.csv"], ["compare", "a.csv"],
              ["check", "a.csv", "--horizon", "x"],
              ["check", "a.csv", "--dataset", "co2", "--horizon", "1"],
              ["compare", "a.csv", "--horizon", "1", "--refit", "often"],
              ["predict", "m.kfc", "--level", "wide"]], ids=" ".join,
)  # fmt: skip
def test_wrong_words_show_the_usage(words, capsys):
    with pytest.raises(SystemExit) as done:
        main(words)
    assert done.value.code == 2
    assert "usage: forecast" in capsys.readouterr().err


def test_debug_shows_where_an_error_comes_from(capsys):
    assert main(["check", "absent.csv", "--horizon", "1", "--debug"]) == 2
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.splitlines()[-1].startswith("error: there is no file")


def test_an_interrupt_is_one_line(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.commands.datasets", interrupted)
    assert main(["datasets"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_reader_that_stops_early_is_no_error(csv, tmp_path):
    run("fit", csv, "--model", "naive", "--out", tmp_path / "model.kfc")
    command = [sys.executable, "-m", "forecast", "predict", str(tmp_path / "model.kfc"),
               "--horizon", "2700"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_compiled_code_is_muted_and_python_is_not(capfd):
    with pytest.raises(ValueError, match="shown"), native_errors_muted():
        os.write(2, b"chatter")
        raise ValueError("shown")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


@pytest.mark.slow
def test_a_network_is_fitted_without_chatter(csv, tmp_path):
    command = [sys.executable, "-m", "forecast", "fit", str(csv), "--model", "LSTM",
               "--max-seconds", "0.2", "--out", str(tmp_path / "model.kfc")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "LSTM" in done.stdout
    command = [sys.executable, "-m", "forecast", "predict", str(tmp_path / "model.kfc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_that_would_replace_its_input_is_refused(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame({"unique_id": "a", "ds": range(40), "y": np.arange(40.0) % 7})
    frame.to_csv(path, index=False)
    before = path.read_bytes()
    words = ["fit", str(path), "--model", "naive", "--horizon", "2", "--out", str(path)]
    assert main(words) == 2
    assert "is named twice; write to another file" in capsys.readouterr().err
    assert path.read_bytes() == before
