"""A report can be read with a keyboard, by a screen reader, without colours, and offline."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from evaluation.pages import Tag, read_page
from evaluation.synthetic import make_comparison, with_networks_inside

from forecast.evaluation import write_report
from forecast.evaluation.drawing import INK, MUTED, colours

STYLE = Path(__file__).parents[2] / "forecast" / "evaluation" / "templates" / "style.html"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Tag:
    path = tmp_path_factory.mktemp("report") / "report.html"
    parts = [make_comparison(num_origins=2), with_networks_inside(make_comparison(num_series=14))]
    write_report(path, parts, title="Demo")
    return read_page(path.read_text(encoding="utf-8"))


def test_language_title_landmarks_and_a_way_past_the_head(root: Tag) -> None:
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    assert next(root.all("title")).text == "Demo"
    assert [len(list(root.all(name))) for name in ("main", "header", "h1")] == [1, 1, 1]
    first = next(root.all("a"))
    assert first.attributes["href"] == "#main" and next(root.all("main")).attributes["id"] == "main"
    for name in ("section", "nav"):
        for each in root.all(name):
            assert each.attributes.keys() & {"aria-label", "aria-labelledby"}


def test_headings_go_down_one_level_at_a_time(root: Tag) -> None:
    levels = [int(each.name[1]) for each in root.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    assert all(each.text for each in root.all("h1", "h2", "h3", "h4"))


def test_tables_have_a_caption_and_headers_with_scope(root: Tag) -> None:
    tables = list(root.all("table"))
    assert len(tables) > 10
    for table in tables:
        assert next(table.all("caption")).text
        assert all(each.attributes["scope"] in ("col", "row") for each in table.all("th"))
        columns = len([each for each in table.all("th") if each.attributes["scope"] == "col"])
        for row in next(table.all("tbody")).all("tr"):
            assert len(list(row.all("th", "td"))) == columns
            assert row.children[0].attributes["scope"] == "row"


def test_what_scrolls_can_be_reached_and_is_named(root: Tag) -> None:
    ids = {each.attributes["id"] for each in root.all() if "id" in each.attributes}
    scrolling = [each for each in root.all("div") if each.attributes.get("class") == "scroll"]
    assert len(scrolling) == len(list(root.all("table")))
    for each in scrolling:
        assert each.attributes["tabindex"] == "0" and each.attributes["role"] == "region"
        label = each.attributes.get("aria-label") or each.attributes["aria-labelledby"] in ids
        assert label


def test_ids_are_unique_and_every_reference_leads_somewhere(root: Tag) -> None:
    ids = [each.attributes["id"] for each in root.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in root.all():
        for name in ("href", "xlink:href"):
            target = each.attributes.get(name, "#main")
            assert target[0] == "#" and target[1:] in ids
        for used in re.findall(r"url\(([^)]+)\)", " ".join(each.attributes.values())):
            assert used[1:] in ids
        label = each.attributes.get("aria-labelledby")
        assert label is None or label in ids


def test_every_picture_says_what_it_shows(root: Tag) -> None:
    pictures = list(root.all("svg"))
    assert len(pictures) > 15
    labels = [each.attributes["aria-label"] for each in pictures]
    assert all(each.attributes["role"] == "img" for each in pictures)
    assert all(len(label) > 30 for label in labels)
    assert any("PooledAR" in label and "%" in label for label in labels)
    assert len(list(root.all("figure"))) == len(pictures)


def test_nothing_is_fetched_and_nothing_runs(root: Tag) -> None:
    fetching = ("script", "link", "img", "iframe", "object", "embed", "image", "base", "form")
    assert not list(root.all(*fetching))
    for each in root.all():
        for name, value in each.attributes.items():
            assert "//" not in value, (each.name, name, value)
            assert not name.startswith("on")
    style = STYLE.read_text(encoding="utf-8")
    assert "@import" not in style and "url(" not in style


def _luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _palettes() -> list[dict[str, str]]:
    """The named colours of the page where a screen is light and where it is dark."""
    style = STYLE.read_text(encoding="utf-8")
    blocks = re.findall(r":root {(.*?)}", style)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]


def test_text_has_the_contrast_of_wcag_aa_on_light_and_dark_screens() -> None:
    light, dark = _palettes()
    assert light.keys() == dark.keys() and "@media screen and (prefers-color-scheme: dark)" in (
        STYLE.read_text(encoding="utf-8")
    )
    for palette in (light, dark):
        for text in ("ink", "muted", "accent", "link"):
            for ground in ("paper", "best", "tint"):
                assert _contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


def _turned_round(colour: str) -> str:
    """What `filter: invert(1) hue-rotate(180deg)` makes of a colour."""
    inverted = 1.0 - np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    weights = np.array([0.213, 0.715, 0.072])  # of CSS: a half turn is 2 * grey - colour
    turned = np.clip(2.0 * (weights @ inverted) - inverted, 0.0, 1.0)
    return "#" + "".join(f"{round(255 * share):02x}" for share in turned)


def test_text_in_pictures_has_that_contrast_too() -> None:
    light, dark = _palettes()
    for colour in (INK, MUTED, *colours(make_comparison()).values()):
        assert _contrast(colour, light["paper"]) >= 4.5, colour
        assert _contrast(_turned_round(colour), dark["paper"]) >= 4.5, colour
