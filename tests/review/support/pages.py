"""Reads an HTML page of a review: its elements, their texts, and whether they are nested and closed correctly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link", "path", "rect"}

SEPARATE = {"td", "th", "li", "dt", "dd", "p", "summary", "h1", "h2", "h3", "title", "caption"}
"""A browser shows nothing else on their line."""


@dataclass
class Element:
    """An element with its attributes, its elements and all its text."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element and of all in it, without repeated spaces."""
        return " ".join("".join(self.texts).split())

    def walk(self) -> Iterator[Element]:
        """The element and all in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag, with the values of some attributes; ``class_`` is one of the classes."""
        wanted_class = attributes.pop("class_", None)
        return [
            element
            for element in self.walk()
            if element.tag == tag
            and all(element.attributes.get(name) == value for name, value in attributes.items())
            and (wanted_class is None or wanted_class in element.attributes.get("class", "").split())
        ]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}> {self.open[-1].attributes}"
        if tag in SEPARATE:
            self.handle_data(" ")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        # A page says nothing in its style and its script.
        said_in = self.open[-1:] if self.open[-1].tag in ("style", "script") else self.open
        for element in said_in:
            element.texts.append(data)


def parse_page(html: str) -> Element:
    """The root of a page; fails where an element is not closed in its place."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.open == [parser.root], f"not closed: {[element.tag for element in parser.open]}"
    return parser.root
