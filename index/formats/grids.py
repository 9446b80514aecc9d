"""Bounds the sheets of a workbook before calamine lays each out in memory as a full grid.

One cell far from the others makes a grid of billions, which no file says of itself and no library asks
about. What is met here is only where cells stand; their values are calamine's.
"""

import re
from collections.abc import Iterable, Iterator

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive

_MOST_PLACES = 10_000_000
_MOST_CELLS = 5_000_000
_MOST_COLUMNS = 16_384

_XLSX_TOKEN = re.compile(
    rb"<(?:[\w.]+:)?(?:(?P<row>row)|c)(?=[\s/>])(?:[^>]*?\sr\s*=\s*[\"'](?P<letters>[A-Za-z]*)(?P<digits>\d+)[\"'])?"
    rb"[^>]*?(?P<closed>/?)>"
)
_ODS_TOKEN = re.compile(
    rb"<(?P<end>/?)table:(?P<what>table|table-row|table-cell|covered-table-cell)(?=[\s/>])(?P<attributes>[^>]*)>"
)
_REPEATED = re.compile(rb"number-(?:rows|columns)-repeated\s*=\s*[\"'](\d{1,18})[\"']")
_XLSB_ROW, _XLSB_BLANK, _XLSB_LAST_CELL = 0, 1, 11
_XLS_CELLS = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00D6, 0x00FD})
_XLS_SHEET, _XLS_DIMENSIONS, _XLS_STRINGS, _XLS_PASSWORD = 0x0809, 0x0200, 0x00FC, 0x002F

Cell = tuple[int, int]
"""Row and column, from 0."""


def check_archive(archive: Archive) -> None:
    """Raise ``UnsupportedDocument`` if a sheet of a zipped workbook would need too large a grid."""
    for cells in _sheets(archive):
        _check(cells)


def check_records(stream: bytes) -> None:
    """The same for the records of an old .xls, which may be encrypted one by one."""
    for cells in _xls_sheets(stream):
        _check(cells)


def _check(cells: Iterable[Cell]) -> None:
    first = row = last_row = last_column = -1
    count = 0
    for row, column in cells:
        count += 1
        if first < 0:
            first = row
        last_row, last_column = max(row, last_row), max(column, last_column)
    height, width = last_row - max(first, 0) + 1, last_column + 1
    if row < first or width > _MOST_COLUMNS or height * width > _MOST_PLACES or count > _MOST_CELLS:
        raise UnsupportedDocument(
            f"the {count:,} cells of a sheet stand in {height:,} rows and {width:,} columns, more than can be"
            " read: save the part that is meant as a CSV file"
        )


def _sheets(archive: Archive) -> Iterator[Iterator[Cell]]:
    for name in archive.names():
        if name == "content.xml":
            archive.check_xml(name)  # calamine reads on for ever where a table does not end
            yield from _ods_sheets(_tokens(_ODS_TOKEN, archive.pieces(name)))
        elif name.endswith(".xml") and "sheets/" in name:
            yield _xlsx_cells(_tokens(_XLSX_TOKEN, archive.pieces(name)))
        elif name.endswith(".bin") and "sheets/" in name:
            yield _xlsb_cells(archive.read(name))


def _tokens(pattern: re.Pattern[bytes], pieces: Iterable[bytes]) -> Iterator[re.Match[bytes]]:
    rest = b""
    for piece in pieces:
        text = rest + piece
        end = text.rfind(b">") + 1
        yield from pattern.finditer(text, 0, end)
        rest = text[end:]


def _xlsx_cells(tokens: Iterable[re.Match[bytes]]) -> Iterator[Cell]:
    row, column = -1, -1
    for token in tokens:
        digits = token["digits"]
        if token["row"]:
            row, column = (int(digits) - 1 if digits else row + 1), -1
            continue
        column = _column(token["letters"]) if digits else column + 1
        row = int(digits) - 1 if digits else row
        if not token["closed"]:
            yield row, column


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _ods_sheets(tokens: Iterable[re.Match[bytes]]) -> Iterator[Iterator[Cell]]:
    """Yield the last cell of each run of repeated ones."""
    cells: list[Cell] = [(0, 0)]
    row = column = height = 0
    for token in tokens:
        what, attributes = token["what"], token["attributes"]
        if token["end"]:
            row += height if what == b"table-row" else 0
            continue
        if what == b"table":
            yield iter(cells)
            cells, row = [(0, 0)], 0
            continue
        repeated = _REPEATED.search(attributes)
        times = int(repeated[1]) if repeated else 1
        if what == b"table-row":
            height, column = times, 0
            row += times if attributes.endswith(b"/") else 0
            continue
        column += times
        if b"value-type" in attributes or not attributes.endswith(b"/"):
            cells.append((row + height - 1, column - 1))
            del cells[1:-1]
    yield iter(cells)


def _xlsb_cells(content: bytes) -> Iterator[Cell]:
    place, row = 0, 0
    while place < len(content):
        kind, place = _variable(content, place, 2)
        size, place = _variable(content, place, 4)
        number = int.from_bytes(content[place : place + 4], "little")
        if kind == _XLSB_ROW:
            row = number
        elif _XLSB_BLANK < kind <= _XLSB_LAST_CELL:
            yield row, number
        place += size


def _variable(content: bytes, place: int, most: int) -> tuple[int, int]:
    """Return a number written in sevens of bits, and where it ends."""
    number = 0
    for count, byte in enumerate(content[place : place + most]):
        number |= (byte & 0x7F) << (7 * count)
        place += 1
        if byte < 0x80:
            break
    return number, place


def _xls_sheets(stream: bytes) -> Iterator[Iterator[Cell]]:
    cells: list[Cell] = []
    place = 0
    while place + 4 <= len(stream):
        kind = int.from_bytes(stream[place : place + 2], "little")
        size = int.from_bytes(stream[place + 2 : place + 4], "little")
        data = stream[place + 4 : place + 4 + size]
        place += 4 + size
        if kind == _XLS_PASSWORD and size > 2:
            raise UnsupportedDocument("the workbook is encrypted: save it without a password")
        if kind == _XLS_SHEET:
            yield iter(cells)
            cells = []
        elif kind == _XLS_STRINGS and int.from_bytes(data[4:8], "little") > len(stream):
            raise UnsupportedDocument("not a readable XLS file: it counts more texts than it has bytes")
        elif kind == _XLS_DIMENSIONS:
            yield _xls_corners(data)
        elif kind in _XLS_CELLS:
            cells.append((int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")))
    yield iter(cells)


def _xls_corners(data: bytes) -> Iterator[Cell]:
    """Yield the first and last cell that a sheet says it has, which may be written in two ways."""
    width = 4 if len(data) == 14 else 2
    first, end = (int.from_bytes(data[at : at + width], "little") for at in (0, width))
    first_column, end_column = (
        int.from_bytes(data[at : at + 2], "little") for at in (2 * width, 2 * width + 2)
    )
    yield first, first_column
    if end and end_column:
        yield end - 1, end_column - 1
