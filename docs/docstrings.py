"""What docstrings of this library write more simply than reStructuredText. Needs no Sphinx."""

from __future__ import annotations

import re

# "Args:", "Call arguments:" alone on a line: what is indented below belongs to a section.
_SECTION = re.compile(r"[A-Z][A-Za-z ]+:$|.*::$|[-*] ")
_TYPE = ":type: "


def with_equations(lines: list[str]) -> list[str]:
    """Lines in which an indented equation stands in a block of text, as it was written.

    Args:
        lines: of a docstring, as indented as the margin demands.

    Example:
        >>> with_equations(["A line.", "", "    y = |x|", "", "The end."])
        ['A line.', '', '.. code-block:: text', '', '    y = |x|', '', 'The end.']
    """
    found: list[str] = []
    paragraph = ""  # the last line at the margin; none inside of an equation
    for line in lines:
        if line.startswith("    ") and paragraph and not _SECTION.match(paragraph):
            if not found[-1]:
                found += [".. code-block:: text", ""]
                paragraph = ""
        elif line and not line.startswith(" "):
            paragraph = line
        found.append(line)
    return found


def with_colon(lines: list[str]) -> list[str]:
    """Lines of an attribute whose words before a colon were taken for its type.

    Args:
        lines: of an attribute or property, as the reader of Google's convention left them.

    Example:
        >>> with_colon(["a second row for the products.", "", ":type: Shape of the bias"])
        ['Shape of the bias: a second row for the products.', '']
    """
    kinds = [line.removeprefix(_TYPE) for line in lines if line.startswith(_TYPE)]
    if not kinds:
        return lines
    first, *rest = (line for line in lines if not line.startswith(_TYPE))
    return [f"{kinds[0]}: {first}", *rest]
