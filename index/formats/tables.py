"""Finds the header of each table among the rows of a sheet, and writes every other row with its headers.

A sheet is read as blocks of rows parted by empty ones. The header of a block is its first row of short,
distinct cells, nearly all text, that spans the columns below it. What stands above it is a title or a note.
A header may be parted from its rows by an empty one. A block without a header of its own goes on under the one
before, as after a gap between years.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from statistics import median

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.builder import Builder, row_text

_MOST_ROWS = 1_000_000
_MOST_CHARACTERS = 50_000_000
_ROWS_LOOKED_AT = 24
_ROWS_ABOVE_HEADER = 8
_ROWS_OF_HEADER = 4
_LONGEST_HEADER = 120
_MOSTLY = 0.6
_VALUE = re.compile(
    r"[^\W\d_]{0,3}[^\w\n]*\d[\d\s.,:;/%+\-–()$€£¥TZ]*[^\W\d_]{0,3}\W*|TRUE|FALSE|true|false|[-–—]"
)

Merged = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of a merged range, each as row and column from 0."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has something in it, numbered from 1 as a spreadsheet shows it."""

    number: int
    cells: Sequence[str]


class Tables:
    """Writes rows to a builder; ``written`` counts them.

    ``expects_header`` is for a format whose first row nearly always names the columns, such as CSV.
    """

    def __init__(self, builder: Builder, *, expects_header: bool = False) -> None:
        self.written = 0
        self._builder = builder
        self._expects_header = expects_header
        self._characters = 0
        self._headers: list[str] = []

    def write(self, rows: Iterable[Row], merged: Sequence[Merged] = ()) -> None:
        """Write the rows of one sheet. Raises ``UnsupportedDocument`` when they become too many."""
        self._headers = []
        above: list[Row] = []
        for block in _blocks(rows):
            first = list(islice(block, _ROWS_LOOKED_AT))
            self._write_block(above, first, chain(first, block), merged)
            above = first[-1:] if len(first) <= _ROWS_OF_HEADER else []

    def _write_block(
        self, above: list[Row], first: list[Row], rows: Iterator[Row], merged: Sequence[Merged]
    ) -> None:
        place = _header_place(first, is_likely=self._expects_header or not self._headers)
        if above and _is_header(above[0], first, is_likely=False):
            self._headers = _headers([*above, *first], 0, merged)
        elif place is not None:
            for row in islice(rows, place):
                self._above(row)
            next(rows)
            self._headers = _headers(first, place, merged)
        elif not _fits(self._headers, first):
            self._headers = []
        for row in rows:
            self._item(row, self._headers)

    def _above(self, row: Row) -> None:
        texts = [cell for cell in row.cells if cell]
        if len(texts) == 1:
            self._count(texts[0])
            self._builder.paragraph(texts[0])
        else:
            self._item(row, [])

    def _item(self, row: Row, headers: Sequence[str]) -> None:
        text = row_text(headers, row.cells)
        self._count(text)
        self._builder.item(text, row.number, "row")

    def _count(self, text: str) -> None:
        self.written += 1
        self._characters += len(text)
        if self.written > _MOST_ROWS:
            raise UnsupportedDocument(f"it has more than {_MOST_ROWS:,} rows: split it into several files")
        if self._characters > _MOST_CHARACTERS:
            raise UnsupportedDocument(
                f"its rows make more than {_MOST_CHARACTERS:,} characters: split it into several files"
            )


def filled(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Row]:
    """Yield the numbered rows that have something in them, their cells without white space around."""
    for number, cells in rows:
        if any(cells):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield Row(number, stripped)


def _blocks(rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
    """Yield runs of rows whose numbers follow on each other; each is to be used up before the next."""
    source = iter(rows)
    following = next(source, None)

    def block(row: Row | None) -> Iterator[Row]:
        nonlocal following
        while row is not None:
            following = next(source, None)
            yield row
            row = following if following and following.number == row.number + 1 else None

    while following is not None:
        yield block(following)


def _header_place(rows: list[Row], *, is_likely: bool) -> int | None:
    """Return which of a block's first rows is the header; None where there is none."""
    for place in range(min(len(rows) - 1, _ROWS_ABOVE_HEADER)):
        if _is_header(rows[place], rows[place + 1 :], is_likely=is_likely):
            return place
    return None


def _is_header(row: Row, below: list[Row], *, is_likely: bool) -> bool:
    names = [cell for cell in row.cells if cell]
    width = Counter(sum(map(bool, one.cells)) for one in below).most_common(1)[0][0]
    if len(names) < 2 or len(names) < _MOSTLY * width:
        return False
    texts = [name for name in names if not _VALUE.fullmatch(name)]
    if len(texts) < _MOSTLY * len(names) or max(map(len, names)) > _LONGEST_HEADER:
        return False
    if len({name.casefold() for name in names}) < len(names):
        return False
    return _differs(row, below) or (is_likely and len(names) > 2 and not _recurs(row, below))


def _differs(row: Row, below: list[Row]) -> bool:
    """Whether a column is named in text and filled with values, or named in brief and filled at length."""
    for name, column in _columns(row, below):
        values = sum(_VALUE.fullmatch(cell) is not None for cell in column)
        if name and not _VALUE.fullmatch(name) and values > len(column) / 2:
            return True
        if name and len(column) > 1 and median(map(len, column)) > max(4 * len(name), 24):
            return True
    return False


def _recurs(row: Row, below: list[Row]) -> bool:
    return any(name and name in column for name, column in _columns(row, below))


def _columns(row: Row, below: list[Row]) -> Iterator[tuple[str, list[str]]]:
    for place, name in enumerate(row.cells):
        column = [one.cells[place] for one in below if place < len(one.cells) and one.cells[place]]
        if column:
            yield name, column


def _headers(rows: list[Row], place: int, merged: Sequence[Merged]) -> list[str]:
    """Return the header's names; one over several merged columns is repeated, and joined with those below."""
    names = [" ".join(cell.split()) for cell in rows[place].cells]
    spread = False
    for (top, left), (bottom, right) in merged:
        if top <= rows[place].number - 1 <= bottom and left < right and left < len(names):
            names += [""] * (right + 1 - len(names))
            names[left : right + 1] = [names[left]] * (right + 1 - left)
            spread = True
    below = rows[place + 1 : place + 3]
    if spread and len(below) == 2 and not any(map(_VALUE.fullmatch, below[0].cells)):
        if _differs(below[0], below[1:]):
            lower = [*below[0].cells, *[""] * len(names)]
            return [" ".join(f"{name} {under}".split()) for name, under in zip(names, lower, strict=False)]
    return names


def _fits(headers: list[str], rows: list[Row]) -> bool:
    """Whether rows without a header of their own still stand under these headers."""
    width = Counter(sum(map(bool, row.cells)) for row in rows).most_common(1)[0][0]
    columns = {place for row in rows for place, cell in enumerate(row.cells) if cell}
    return width > 1 and all(place < len(headers) and headers[place] for place in columns)
