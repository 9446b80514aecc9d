"""Puts a document together, piece by piece, and keeps count of where everything stands."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pincite.index.document import Document, Item, Section
from pincite.index.formats.text import plain_text

_PARAGRAPH = "\n\n"
_LINE = "\n"


class Builder:
    """Collects headings, paragraphs and tables in reading order; ``document`` returns what they make.

    A section begins with each heading or ``part``, and after ``page``. Nothing is written for a piece without
    text.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._items: list[Item] = []
        self._headings: list[tuple[int, str]] = []
        self._part: tuple[str, ...] = ()
        self._path: tuple[str, ...] = ()
        self._start = self._body_start = 0
        self._pages: list[int] = []
        self._tables = 0

    def page(self) -> None:
        """Begin the next page."""
        self._end_lines()
        self._close()
        self._open(self._path)
        self._pages.append(self._length)

    def part(self, *path: str) -> None:
        """Begin a part that the format has without a heading in its text, such as a slide or a sheet."""
        self._end_lines()
        self._close()
        self._headings = []
        self._part = path
        self._open(path)

    def heading(self, level: int, title: str) -> None:
        """Begin the section of a heading; ``level`` counts from 1, the outermost."""
        title = _line(title)
        if not title:
            return
        self._end_lines()
        self._close()
        self._headings = [*(one for one in self._headings if one[0] < level), (level, title)]
        self._start = self._length
        self._write(title, _PARAGRAPH)
        self._open((*self._part, *(name for _, name in self._headings)), self._start)

    def title(self, title: str) -> None:
        """Write the heading of the part just begun, which its path names already."""
        title = _line(title)
        if title:
            self._close()
            start = self._length
            self._write(title, _PARAGRAPH)
            self._open(self._path, start)

    def paragraph(self, text: str) -> None:
        """Write a paragraph. Lines in it keep their breaks."""
        text = plain_text(text).strip("\n")
        if text.strip():
            self._end_lines()
        self._write(text, _PARAGRAPH)

    def line(self, text: str) -> None:
        """Write a line that belongs with the ones around it, as in a list."""
        self._write(plain_text(text).strip("\n"), _LINE)

    def item(self, text: str, number: int, kind: str) -> None:
        """Write a row or record that is to be kept whole."""
        start, text = self._length, plain_text(text).strip()
        self._write(text, _LINE)
        if text:
            self._items.append(Item(start, start + len(text), number, kind))

    def table(self, rows: Iterable[Sequence[str]], *, has_headers: bool = True) -> None:
        """Write a table whose first row is the headers, each other row with them; or one without headers."""
        cells = [[_line(cell) for cell in row] for row in rows]
        cells = [row for row in cells if any(row)]
        if not cells:
            return
        self._end_lines()
        self._tables += 1
        kind = "row" if self._tables == 1 else f"table {self._tables} row"
        headers = cells.pop(0) if has_headers and len(cells) > 1 else []
        for number, row in enumerate(cells, start=1):
            self.item(row_text(headers, row), number, kind)
        self._write("", _LINE, even_empty=True)

    def document(
        self, metadata: Mapping[str, str | int | float], *, part: str = "", notes: Sequence[str] = ()
    ) -> Document:
        """Return the document. Of ``metadata``, what is empty is left out."""
        self._close()
        return Document(
            "".join(self._pieces),
            {name: value for name, value in metadata.items() if value != ""},
            sections=tuple(self._sections),
            pages=tuple(self._pages),
            part=part,
            notes=tuple(notes),
        )

    def _end_lines(self) -> None:
        """Set what comes next apart from the lines before it."""
        if self._pieces and not self._pieces[-1].endswith(_PARAGRAPH):
            self._write("", _LINE, even_empty=self._pieces[-1] != _LINE)

    def _open(self, path: tuple[str, ...], start: int | None = None) -> None:
        self._path = path
        self._start = self._length if start is None else start
        self._body_start = self._length
        self._tables = 0

    def _close(self) -> None:
        if self._length > self._start:
            section = Section(self._start, self._length, self._body_start, self._path, tuple(self._items))
            self._sections.append(section)
        self._items = []

    def _write(self, text: str, end: str, *, even_empty: bool = False) -> None:
        if text.strip() or even_empty:
            self._pieces.append(text + end)
            self._length += len(text) + len(end)


def row_text(headers: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row as text in which each cell that has something carries its header.

    >>> row_text(["Bank", "Tools"], ["OCBC", "30"])
    'Bank: OCBC; Tools: 30'
    """
    named = [*headers, *[""] * (len(cells) - len(headers))]
    return "; ".join(
        f"{header}: {cell}" if header and header != cell else cell
        for header, cell in zip(named, cells, strict=False)
        if cell
    )


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", plain_text(text)).strip()
