"""A report as a tree of tags, and what a reader without a picture gets of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br"}


@dataclass
class Tag:
    """One element: its name, attributes, children and the text directly inside."""

    name: str
    attributes: dict[str, str]
    children: list[Tag] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Tag]:
        """Every element of these names in this one, in the order of the page."""
        for child in self.children:
            if child.name in names or not names:
                yield child
            yield from child.all(*names)

    @property
    def text(self) -> str:
        """The text of this element and of all within."""
        return " ".join(" ".join([*self.pieces, *(child.text for child in self.children)]).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Tag("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.open[-1].children.append(Tag(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)


def read_page(page: str) -> Tag:
    """The tree of a page; fails where a tag is left open or closed twice."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1, [tag.name for tag in reader.open]
    return reader.root


def cells(table: Tag) -> list[list[str]]:
    """The text of a table's body, row by row."""
    (body,) = table.all("tbody")
    return [[cell.text for cell in row.all("th", "td")] for row in body.all("tr")]
