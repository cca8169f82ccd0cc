"""The page is whole, self-contained and escaped, or it is not there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluation.synthetic import SIZES, make_comparison

from forecast.evaluation import Comparison, write_report
from forecast.evaluation.breakdown import representative_series
from forecast.pipelines import Split


@pytest.fixture(scope="module")
def panel() -> Comparison:
    return make_comparison(num_series=5, step_size=6, title="Five <series>")


@pytest.fixture(scope="module")
def page(panel: Comparison, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert write_report(path, [make_comparison(), panel], title="Demo") == path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_comparison().to_html(tmp_path_factory.mktemp("plain") / "report.html").read_bytes()


def test_nothing_is_fetched(page: str) -> None:
    assert "http" not in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert not re.findall(r"url\((?!#)", page)
    assert "@import" not in page


def test_verdict_comes_first_then_every_section(page: str, panel: Comparison) -> None:
    part = page[page.index('<section id="p2"') :]
    places = [
        part.index(text)
        for text in (
            panel.verdict,
            "Model to use",
            "Skill of each model against PooledAR",
            ">All models</h3>",
            ">Where the errors are</h3>",
            ">History and forecasts</h3>",
            ">Do the intervals hold?</h3>",
            ">What was done to the data</h3>",
            ">What was run</h3>",
            "forecast compare --dataset example --horizon 12",
        )
    ]
    assert places == sorted(places)
    for alias in SIZES:
        assert f'<th scope="row">{alias}</th>' in part


def test_the_page_says_what_a_forecast_knows_and_where_the_gap_is(
    plain: bytes, tmp_path: Path
) -> None:
    comparison = make_comparison()
    split = dataclasses.replace(comparison.backtest, split=Split(step_size=12, gap=3))
    gapped = dataclasses.replace(comparison, backtest=split)
    page = gapped.to_html(tmp_path / "page.html").read_text("utf-8")
    words = "its forecast knows no value of a series after the line"
    assert (
        f"{words}." in plain.decode()
        and f"{words}; the 3 steps of the gap after it are left" in page
    )
    assert "12 steps ahead after a gap of 3." in page
    assert "MASE at steps 4 and 15" in page


def test_text_is_escaped(page: str) -> None:
    assert "Five &lt;series&gt;" in page and "<series>" not in page
    assert "Series &lt;S9&gt; had no value" in page


def test_the_same_comparison_gives_the_same_bytes(plain: bytes, tmp_path: Path) -> None:
    assert make_comparison().to_html(tmp_path / "again.html").read_bytes() == plain


def test_a_failure_leaves_the_old_page_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    comparison = make_comparison()

    def full_disk(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        comparison.to_html(path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_failing_picture_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(comparison: Comparison) -> None:
        raise RuntimeError("no font")

    monkeypatch.setattr("forecast.evaluation.plots.steps_figure", broken)
    with pytest.raises(RuntimeError, match="no font"):
        make_comparison().to_html(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_no_folder_and_no_comparison_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        make_comparison().to_html(tmp_path / "nowhere" / "report.html")
    with pytest.raises(ValueError, match="needs at least one"):
        write_report(tmp_path / "report.html", [])


def test_series_are_picked_by_their_skill(panel: Comparison) -> None:
    picked = representative_series(panel)
    network = next(a for a in panel.aliases() if a in ("LSTM", "ESN"))
    scores = panel.by_series.set_index("unique_id")
    order = list((scores[network] / scores[panel.best()]).sort_values().index)
    assert picked == {"best": order[0], "median": order[2], "worst": order[-1]}
    assert representative_series(make_comparison()) == {"median": "S0"}


def test_plot_answers_in_one_figure(panel: Comparison) -> None:
    figure = panel.plot(series="S1")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Skill against PooledAR",
        "MASE per step ahead",
        panel.best(),
    ]
    assert figure.axes[2].get_title(loc="right") == "series S1"
    assert figure.get_suptitle().replace("\n", " ") == panel.verdict
    with pytest.raises(ValueError, match="series 'S99' is not in the comparison"):
        panel.plot(series="S99")


@pytest.mark.parametrize("horizon", [1, 3])
def test_few_origins_short_horizons_and_no_levels(horizon: int, tmp_path: Path) -> None:
    comparison = make_comparison(num_origins=2, horizon=horizon, step_size=horizon)
    backtest = dataclasses.replace(comparison.backtest, levels=())
    for each in (comparison, dataclasses.replace(comparison, backtest=backtest)):
        text = each.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
        assert "too few origins to tell (2; at least 8 are needed)" in text.lower()


def test_integer_times_zones_gaps_and_constant_series(tmp_path: Path) -> None:
    comparison = make_comparison()
    backtest, history = comparison.backtest, comparison.material.history
    months = {t: n for n, t in enumerate(sorted(history["ds"]))}
    for change in (lambda t: t.map(months), lambda t: t.dt.tz_localize("Europe/Berlin")):
        frame = backtest.frame.assign(
            ds=change(backtest.frame["ds"]), cutoff=change(backtest.frame["cutoff"])
        )
        frame.loc[5:20, "y"] = np.nan
        material = dataclasses.replace(
            comparison.material, history=history.assign(ds=change(history["ds"]))
        )
        for scale in (1.0, 0.0):
            new = dataclasses.replace(backtest, frame=frame, denominators={"S0": scale})
            other = dataclasses.replace(comparison, backtest=new, material=material)
            assert other.verdict in other.to_html(tmp_path / "r.html").read_text(encoding="utf-8")


def test_seconds_may_be_unknown() -> None:
    comparison = make_comparison()
    run = dataclasses.replace(comparison.run, seconds=pd.DataFrame())
    table = dataclasses.replace(comparison, run=run).table
    assert table[["fit s", "predict s"]].isna().all(axis=None)


def test_long_and_foreign_names_missing_intervals_and_a_constant_series(tmp_path: Path) -> None:
    comparison = make_comparison(num_series=4)
    backtest, history = comparison.backtest, comparison.material.history
    names = {f"S{number}": f"{'a_very_long_name_' * 6}{number} 日本 $x$" for number in range(4)}
    frame = backtest.frame.assign(unique_id=backtest.frame["unique_id"].map(names))
    bounds = [name for name in frame if "-lo-" in name or "-hi-" in name]
    frame.loc[frame["unique_id"] == names["S1"], bounds] = np.nan
    frame.loc[frame["cutoff"] == frame["cutoff"].max(), "y"] = np.nan
    scales = {names[key]: value for key, value in backtest.denominators.items()}
    backtest = dataclasses.replace(
        backtest, frame=frame, denominators=scales | {names["S0"]: 0.0}
    )  # fmt: skip
    renamed = history.assign(unique_id=history["unique_id"].map(names))
    material = dataclasses.replace(comparison.material, history=renamed)
    odd = dataclasses.replace(comparison, backtest=backtest, material=material)
    text = odd.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().split()
    assert names["S0"] in text and "1 series constant" in text


@pytest.mark.long
def test_pages_of_many_series_stay_small(tmp_path: Path) -> None:
    path = make_comparison(num_series=250, num_origins=3).to_html(tmp_path / "report.html")
    assert path.stat().st_size < 1_500_000
