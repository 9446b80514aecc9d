"""Finds the header of each table among the rows of a sheet, and writes every other row with its headers.

A sheet is read as blocks of rows parted by empty ones. The header of a block is its first row of short,
distinct cells, nearly all text, that spans the columns below it. What stands above it is a title or a note.
A header may be parted from its rows by an empty one. A block without a header of its own goes on under the
one before, as after a gap between years. A header is a row of its own only where a column below it is empty.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from statistics import median

from pincite.index.formats.builder import Builder, row_text
from pincite.index.formats.tally import Tally

_ROWS_LOOKED_AT = 24
_ROWS_ABOVE_HEADER = 8
_ROWS_OF_HEADER = 4
_LONGEST_HEADER = 120
_MOSTLY = 0.6
_LONGEST_VALUE = 40
_VALUE = re.compile(
    r"(?:[A-Z]{3}\s?)?[^\w\n]*\d[\d\s.,:;/%+\-–()$€£¥TZ]*(?:\s?[^\W\d_]{1,3})?\W*|(?i:true|false)|[-–—]"
)
_YEAR = re.compile(r"(?:19|20)\d\d")

Merged = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of a merged range, each as row and column from 0."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has something in it, numbered from 1 as a spreadsheet shows it."""

    number: int
    cells: Sequence[str]


class Tables:
    """Writes rows to a builder; ``tally`` counts them.

    A first row of nothing but words names the columns if it has at least ``fewest_names``: of a sheet with
    two columns it is as likely the first of its entries.
    """

    def __init__(self, builder: Builder, *, fewest_names: int = 3) -> None:
        self.tally = Tally("rows")
        self._builder = builder
        self._fewest_names = fewest_names
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
        place = _header_place(first, None if self._headers else self._fewest_names)
        if above and _is_header(above[0], first, None):
            self._headers = _headers([*above, *first], 0, merged)
        elif place is not None:
            for row in islice(rows, place):
                self._above(row)
            header = next(rows)
            if not _names_filled_columns(header, first[place + 1 :]):
                self._item(header, [])
            self._headers = _headers(first, place, merged)
        elif not _fits(self._headers, first):
            self._headers = []
        for row in rows:
            self._item(row, self._headers)

    def _above(self, row: Row) -> None:
        texts = [cell for cell in row.cells if cell]
        if len(texts) == 1:
            self.tally.add(texts[0])
            self._builder.paragraph(texts[0])
        else:
            self._item(row, [])

    def _item(self, row: Row, headers: Sequence[str]) -> None:
        text = row_text(headers, row.cells)
        self.tally.add(text)
        self._builder.item(text, row.number, "row")


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


def _header_place(rows: list[Row], fewest_names: int | None) -> int | None:
    """Return which of a block's first rows is the header; None where there is none."""
    for place in range(min(len(rows) - 1, _ROWS_ABOVE_HEADER)):
        if _is_header(rows[place], rows[place + 1 :], fewest_names):
            return place
    return None


def _is_header(row: Row, below: list[Row], fewest_names: int | None) -> bool:
    """Whether a row names the columns below. ``fewest_names`` is how many do without any other sign of it;
    None: no number does.
    """
    names = [cell for cell in row.cells if cell]
    width = Counter(sum(map(bool, one.cells)) for one in below).most_common(1)[0][0]
    if len(names) < 2 or len(names) < _MOSTLY * width:
        return False
    texts = [name for name in names if not _is_value(name)]
    years = sum(
        _YEAR.fullmatch(name) is not None and not _are_years(column) for name, column in _columns(row, below)
    )
    if not texts or len(texts) + years < _MOSTLY * len(names) or max(map(len, names)) > _LONGEST_HEADER:
        return False
    if len({name.casefold() for name in names}) < len(names):
        return False
    if _differs(row, below):
        return True
    return fewest_names is not None and len(names) >= fewest_names and not _recurs(row, below)


def _names_filled_columns(row: Row, below: list[Row]) -> bool:
    """Whether each name is sure to be met again in a row below."""
    return sum(bool(name) for name, _ in _columns(row, below)) == sum(map(bool, row.cells))


def _names_columns(row: Row, below: list[Row]) -> bool:
    return not any(map(_is_value, row.cells)) and _differs(row, below)


def _differs(row: Row, below: list[Row]) -> bool:
    """Whether a column is named in text and filled with values, or named in brief and filled at length."""
    for name, column in _columns(row, below):
        values = sum(_is_value(cell) for cell in column)
        if name and not _is_value(name) and values > len(column) / 2:
            return True
        if name and len(column) > 1 and median(map(len, column)) > max(4 * len(name), 24):
            return True
    return False


def _is_value(cell: str) -> bool:
    return len(cell) <= _LONGEST_VALUE and _VALUE.fullmatch(cell) is not None


def _are_years(column: list[str]) -> bool:
    return sum(_YEAR.fullmatch(cell) is not None for cell in column) > len(column) / 2


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
    if (
        not spread
        or len(below) < 2
        or any(map(_is_value, below[0].cells))
        or not _differs(below[0], below[1:])
    ):
        return names
    lower = [*below[0].cells, *[""] * len(names)]
    return [" ".join(f"{name} {under}".split()) for name, under in zip(names, lower, strict=False)]


def _fits(headers: list[str], rows: list[Row]) -> bool:
    """Whether rows without a header of their own still stand under these headers: a lone text is a note."""
    width = Counter(sum(map(bool, row.cells)) for row in rows).most_common(1)[0][0]
    columns = {place for row in rows for place, cell in enumerate(row.cells) if cell}
    is_note = width == 1 and not any(_is_value(cell) for row in rows for cell in row.cells)
    return not is_note and all(place < len(headers) and headers[place] for place in columns)
