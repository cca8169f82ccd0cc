"""A report in a real browser, where one is installed: nothing overflows, all can be reached."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from evaluation.synthetic import ROLES, SIZES, make_comparison, with_networks_inside

from forecast.evaluation import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--allow-file-access-from-files", "--virtual-time-budget=3000", "--dump-dom",
)  # fmt: skip
# The page runs no script: it is looked at from outside, through a frame of the width of a screen.
FRAME = """<body style="margin:0"><iframe id="page" style="border:0;width:{width}px;height:800px"
src="{page}"></iframe><pre id="found"></pre><script>
document.getElementById("page").onload = (event) => {{
  const page = event.target.contentDocument, all = [...page.querySelectorAll("body *")];
  const outside = (each) => !each.closest(".scroll, .skip, .hidden, svg")
    && each.getBoundingClientRect().right > {width} + 1;
  const sizes = all.filter((each) => !each.closest("svg") && each.textContent.trim())
    .map((each) => parseFloat(getComputedStyle(each).fontSize));
  document.getElementById("found").textContent = JSON.stringify({{
    width: page.documentElement.scrollWidth, charts: page.querySelectorAll("svg").length,
    outside: all.filter(outside).map((each) => each.tagName + ": " + each.textContent.slice(0, 60)),
    smallest: Math.min(...sizes),
  }});
}};
</script></body>"""

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    long_name = "AVeryLongNameOfAModelWithoutASpace"
    crowded = make_comparison(
        SIZES | {long_name: 1.3}, num_series=14, title="A_title_without_a_space_" * 4,
        roles=ROLES | {long_name: "other"},
    )  # fmt: skip
    parts = [with_networks_inside(crowded), make_comparison(num_origins=1)]
    return write_report(folder / "report.html", parts, title="Two comparisons")


def looked_at(page: Path, width: int, profile: Path) -> dict:
    frame = page.with_name(f"frame{width}.html")
    frame.write_text(FRAME.format(width=width, page=page.as_uri()), encoding="utf-8")
    command = [
        str(BROWSER), *QUIET, f"--user-data-dir={profile}", f"--window-size={width + 40},900",
        frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert found is not None and found[1], done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_part_of_the_page_is_wider_than_the_screen(
    page: Path, width: int, tmp_path: Path
) -> None:
    found = looked_at(page, width, tmp_path)
    assert found["outside"] == []
    assert found["width"] == width
    assert found["charts"] > 15
    assert found["smallest"] >= 13.0
