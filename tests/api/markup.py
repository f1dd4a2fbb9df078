"""A strict reader of HTML: every element is closed where it should be."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Reader", "read"]

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})


class Reader(HTMLParser):
    """What is in a piece of HTML: its elements with their attributes, in order, and its text outside of styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.styles: list[str] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.styles.append(data)
        else:
            self.text += data

    def close(self) -> None:
        super().close()
        assert self._open == [], f"never closed: {self._open}"

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def read(markup: str) -> Reader:
    """Read a piece of HTML; an assertion fails where it is not balanced."""
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader
