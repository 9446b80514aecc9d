"""Tells an HTML table that holds data from one that only lays out a page, and finds its headers.

Headers are the leading rows of ``th``. Where there is none, the first row counts as headers if it reads like
them: it is full, in words, and stands over numbers or over three columns and more. A wrong header would make
a row say something false, so in doubt there is none.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

_DIVIDING = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "form")
_OF_NUMBERS = re.compile(r"[\s$€£¥%(),.\-–—+\d/:]+")
_LONGEST_CELL_ON_AVERAGE = 120
_LONGEST_HEADER = 200
_LONGEST_REPEATED = 200
_MOST_REPEATED = 20_000_000
_WIDEST_SPAN = 30
_MOST_CELLS = 1_000_000
_MOST_HEADER_ROWS = 4

_Cell = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's rows, all cells in their columns. ``captions`` are what stands above its columns."""

    rows: Sequence[Sequence[str]]
    has_headers: bool
    captions: Sequence[str] = ()

    @property
    def named_rows(self) -> Sequence[Sequence[str]]:
        """The rows, except that two columns without headers are a name and its value in one cell."""
        if self.has_headers or len({n for row in self.rows for n, text in enumerate(row) if text}) != 2:
            return self.rows
        return [[": ".join(filter(None, (row[0].rstrip(" :："), *row[1:])))] for row in self.rows]

    @classmethod
    def of(cls, table: etree._Element, text_of: Callable[[etree._Element], str]) -> "Grid | None":
        """Return the grid of a table that holds data, else None."""
        if table.get("role") in ("presentation", "none") or _is_divided(table):
            return None
        rows, count = [], 0
        for row in _spread(table, text_of):
            count += len(row)
            if count > _MOST_CELLS:
                return None
            if any(text for text, _ in row):
                rows.append(row)
        captions = [text_of(caption) for caption in table.iterchildren("caption")]
        while rows and len({text for text, _ in rows[0] if text}) == 1 and _width(rows) > 1:
            captions.append(next(text for text, _ in rows.pop(0) if text))
        if len(rows) < 2 or _width(rows) < 2 or not (_has_th(rows) or _is_terse(rows)):
            return None
        return _with_headers(rows, captions)


def _is_divided(table: etree._Element) -> bool:
    return any(inner is not table for inner in table.iter(*_DIVIDING))


def _with_headers(rows: list[list[_Cell]], captions: list[str]) -> Grid:
    texts = [[text for text, _ in row] for row in rows]
    count = _header_rows(rows) or int(_reads_like_headers(texts))
    if count and count < len(rows):
        width = max(map(len, texts))
        headers = [
            _joined(row[column] for row in texts[:count] if column < len(row)) for column in range(width)
        ]
        if _are_bearable(headers, texts[count:]):
            return Grid([headers, *texts[count:]], True, captions)
    return Grid(texts, False, captions)


def _spread(table: etree._Element, text_of: Callable[[etree._Element], str]) -> Iterator[list[_Cell]]:
    """Yield the rows with each cell in its column; what spans rows stands in each of them."""
    below: dict[int, tuple[int, str, bool]] = {}
    for row in _rows(table):
        cells: list[_Cell] = []
        for cell in row:
            _fill_from_above(cells, below)
            text, is_header = text_of(cell), cell.tag == "th"
            columns = min(_span(cell, "colspan"), _WIDEST_SPAN)
            for column in range(len(cells), len(cells) + columns):
                if _span(cell, "rowspan") > 1:
                    below[column] = (
                        _span(cell, "rowspan") - 1,
                        text if column == len(cells) else "",
                        is_header,
                    )
            cells.append((text, is_header))
            cells += [(text if is_header and len(text) < _LONGEST_REPEATED else "", is_header)] * (
                columns - 1
            )
        _fill_from_above(cells, below)
        yield cells


def _fill_from_above(cells: list[_Cell], below: dict[int, tuple[int, str, bool]]) -> None:
    while len(cells) in below:
        column = len(cells)
        left, text, is_header = below.pop(column)
        cells.append((text if len(text) < _LONGEST_REPEATED else "", is_header))
        if left > 1:
            below[column] = (left - 1, text, is_header)


def _rows(table: etree._Element) -> Iterator[list[etree._Element]]:
    """Yield the cells of each row; cells that stand in no row make one."""
    stray: list[etree._Element] = []
    for element in table.iter("tr", "td", "th"):
        if element.tag == "tr":
            if stray:
                yield stray
                stray = []
            yield list(element.iterchildren("td", "th"))
        elif element.getparent().tag != "tr":
            stray.append(element)
    if stray:
        yield stray


def _span(cell: etree._Element, name: str) -> int:
    value = (cell.get(name) or "").strip()
    return max(int(value), 1) if re.fullmatch("[0-9]{1,5}", value) else 1


def _width(rows: Sequence[Sequence[_Cell]]) -> int:
    return len({column for row in rows for column, (text, _) in enumerate(row) if text})


def _has_th(rows: Sequence[Sequence[_Cell]]) -> bool:
    return any(is_header for row in rows for _, is_header in row)


def _is_terse(rows: Sequence[Sequence[_Cell]]) -> bool:
    lengths = [len(text) for row in rows for text, _ in row if text]
    return sum(lengths) <= len(lengths) * _LONGEST_CELL_ON_AVERAGE


def _header_rows(rows: Sequence[Sequence[_Cell]]) -> int:
    count = 0
    for row in rows[:_MOST_HEADER_ROWS]:
        if not all(is_header for text, is_header in row if text):
            break
        count += 1
    return count


def _reads_like_headers(texts: Sequence[Sequence[str]]) -> bool:
    first, rest = texts[0], texts[1:]
    if not all(first) or len(set(first)) < len(first) or any(map(_is_number, first)):
        return False
    if len(first) > 2 and len(rest) > 1:
        return True
    if len(first) == 2 and len(rest) < 2:
        return False
    return any(
        all(_is_number(row[column]) for row in rest if column < len(row) and row[column])
        for column in range(len(first))
        if any(column < len(row) and row[column] for row in rest)
    )


def _is_number(text: str) -> bool:
    return _OF_NUMBERS.fullmatch(text) is not None and any(map(str.isdigit, text))


def _joined(texts: Iterator[str]) -> str:
    return " ".join(dict.fromkeys(filter(None, texts)))


def _are_bearable(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether no header would be lost, for want of a cell under it, nor repeated beyond measure."""
    used = {column for row in rows for column, text in enumerate(row) if text}
    if any(header and column not in used for column, header in enumerate(headers)):
        return False
    size = sum(map(len, headers))
    return max(map(len, headers)) <= _LONGEST_HEADER and size * len(rows) <= _MOST_REPEATED
