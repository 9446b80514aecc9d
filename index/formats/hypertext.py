"""Writes the tree of a web page, a book's chapter or a mail's body into a document.

Headings make sections; a list's items are a line each; a table's rows carry their headers; code keeps its
lines. Words at the border of two blocks or cells stay two words, and markup inside a word does not split it.
What a page does not show is left out: scripts, styles, hidden elements, and readings above characters (ruby).
"""

import re
from collections.abc import Callable, Iterator

from lxml import etree

from pincite.index.formats.builder import Builder
from pincite.index.formats.grid import Grid

UNSEEN = frozenset(
    "head script style template noscript iframe object embed applet audio video canvas svg datalist"
    " rt rp".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_VERBATIM = frozenset({"pre", "listing", "xmp", "plaintext", "textarea"})
_LINES = frozenset({"li", "dt", "dd", "option", "optgroup", "tr"})
_BLOCKS = frozenset(
    "address article aside blockquote body button caption center details dialog div dl fieldset figcaption"
    " figure footer form header hgroup hr html legend main nav p section summary table tbody td tfoot"
    " th thead title".split()
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_LONGEST_HEADING = 300
_DEEPEST_INDENT = 8


class Writer:
    """Writes elements to a builder as they come; ``write`` takes a whole tree."""

    def __init__(self, builder: Builder, unseen: frozenset[str] = UNSEEN) -> None:
        self.builder = builder
        self._unseen = unseen
        self._inline: list[str] = []
        self._lines: list[str] = []
        self._lists: list[int | None] = []
        self._marker = ""
        self._heading = 0
        self._verbatim = 0

    def write(self, root: etree._Element) -> None:
        """Write what the tree shows."""
        for kind, piece in _pieces(root, self._take):
            if kind == "text":
                self._inline.append(piece if self._verbatim else _SPACE.sub(" ", piece).replace("\xad", ""))
            elif kind == "start":
                self.start(piece)
            else:
                self.end(piece)
        self.end_paragraph()

    def start(self, element: etree._Element) -> None:
        """Begin an element; its text follows."""
        tag = element.tag
        if tag == "br":
            self._break()
        elif tag in _HEADINGS:
            self._end_heading()
            self.end_paragraph()
            self._heading, self._marker = _HEADINGS[tag], ""
        elif tag in _LISTS:
            self._end_block()
            self._lists.append(_first_number(element) if tag == "ol" else None)
        elif tag in _LINES:
            self._end_line()
            if tag == "li":
                self._marker = self._next_marker()
        elif tag in _VERBATIM:
            self._end_block()
            self._verbatim += 1
        elif tag in _BLOCKS:
            self._end_block()

    def end(self, element: etree._Element) -> None:
        """End an element."""
        tag = element.tag
        if tag in _HEADINGS:
            self._end_heading()
        elif tag in _LISTS:
            self._end_line()
            self._lists.pop()
            self._end_block()
        elif tag in _LINES:
            self._end_line()
        elif tag in _VERBATIM:
            self._end_line()
            self._verbatim -= 1
            self._end_block()
        elif tag in _BLOCKS:
            self._end_block()

    def heading(self, level: int, title: str) -> None:
        """Write a heading."""
        self.builder.heading(level, title)

    def end_paragraph(self) -> None:
        """Write the lines at hand as a paragraph."""
        self._end_line()
        self.builder.paragraph("\n".join(self._lines).rstrip())
        self._lines.clear()

    def _take(self, element: etree._Element) -> bool:
        """Whether the element has been dealt with as a whole."""
        if element.tag in self._unseen or _is_hidden(element):
            return True
        if element.tag != "table" or self._lists or self._heading:
            return False
        grid = Grid.of(element, text_of)
        if grid is None:
            return False
        self.end_paragraph()
        for caption in grid.captions:
            self.builder.paragraph(caption)
        self.builder.table(grid.named_rows, has_headers=grid.has_headers)
        return True

    def _end_block(self) -> None:
        if self._lists or self._heading:
            self._end_line()
        else:
            self.end_paragraph()

    def _end_line(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if not text.strip():
            return
        if self._verbatim:
            self._lines.append(text.strip("\n"))
            return
        depth = min(len(self._lists), _DEEPEST_INDENT)
        indent = "  " * (depth - 1 if self._marker else depth)
        self._lines.append(indent + self._marker + re.sub(" {2,}", " ", text).strip())
        self._marker = ""

    def _break(self) -> None:
        if self._verbatim:
            self._inline.append("\n")
        elif any(map(str.strip, self._inline)):
            self._end_line()
        elif self._lines and self._lines[-1]:
            self._lines.append("")

    def _end_heading(self) -> None:
        if self._heading:
            self._end_line()
            title = " ".join(self._lines)
            if len(title) > _LONGEST_HEADING:
                self.end_paragraph()
            else:
                self._lines.clear()
                self.heading(self._heading, title)
            self._heading = 0

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "


def text_of(element: etree._Element) -> str:
    """Return what an element shows, in one line."""
    parts = []
    for kind, piece in _pieces(element, lambda inner: inner.tag in UNSEEN or _is_hidden(inner)):
        if kind == "text":
            parts.append(piece)
        elif piece.tag in _BLOCKS or piece.tag in _LINES or piece.tag in ("br", *_LISTS):
            parts.append(" ")
    return _SPACE.sub(" ", "".join(parts)).replace("\xad", "").strip()


def _pieces(
    root: etree._Element, takes: Callable[[etree._Element], bool]
) -> Iterator[tuple[str, etree._Element]]:
    """Yield ("start", element), ("text", its text) and ("end", element) in reading order, and nothing of
    those below the root that ``takes`` takes.
    """
    walk = etree.iterwalk(root, events=("start", "end"))
    taken = None
    for event, element in walk:
        if event == "start":
            if element is not root and takes(element):
                walk.skip_subtree()
                taken = element
                continue
            yield event, element
            if element.text:
                yield "text", element.text
            continue
        if element is not taken:
            yield event, element
        taken = None
        if element is not root and element.tail:
            yield "text", element.tail


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDING.search(element.get("style") or ""))


def _first_number(element: etree._Element) -> int:
    start = element.get("start") or ""
    return int(start) if re.fullmatch(r"-?[0-9]{1,6}", start) else 1
