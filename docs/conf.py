"""How Sphinx builds the guide: `make docs`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from forecast import __version__
from forecast.quiet import native_errors_muted

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import docstrings
import measured
import measured_networks

with native_errors_muted():
    import public_names

project = "keras-forecast"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples"]

html_theme = "furo"
html_title = f"keras-forecast {release}"
html_copy_source = False
html_show_copyright = False

default_role = "code"  # what stands between single backticks in a docstring
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("Array", "ArrayLike", "NDArray", "View")}
autodoc_typehints_format = "short"
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_maximum_signature_line_length = 80

myst_enable_extensions = ["deflist", "substitution"]
myst_substitutions = {
    **measured.substitutions(),
    **measured_networks.substitutions(),
    "future_users": public_names.forecasters_that("uses_covariates"),
    "past_users": public_names.forecasters_that("uses_past_covariates"),
    "static_users": public_names.forecasters_that("uses_static_covariates"),
    "local_forecasters": public_names.forecasters_that("takes_new_series", value=False),
}

# A reference that leads nowhere is a warning, but for exceptions and for the types in signatures,
# which may belong to other libraries or to the inside of this one.
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*"), ("py:exc", ".*")]


def setup(app: Any) -> None:
    """Write the pages that are made by looking at the code; read docstrings as they are written."""
    app.connect("builder-inited", _write_pages)
    app.connect("autodoc-process-docstring", _before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=600)


def _write_pages(app: Any) -> None:
    public_names.write_pages(Path(app.srcdir) / "reference")
    measured.draw(Path(app.srcdir) / "generated" / "networks.svg")


def _before_napoleon(app: Any, what: str, name: str, value: Any, options: Any, lines: list) -> None:
    lines[:] = docstrings.with_equations(lines)


def _after_napoleon(app: Any, what: str, name: str, value: Any, options: Any, lines: list) -> None:
    if what in ("attribute", "property"):
        lines[:] = docstrings.with_colon(lines)
