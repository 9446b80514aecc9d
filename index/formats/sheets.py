"""Reads spreadsheets through calamine: a section for each sheet, an item for each row.

Cells hold what was computed when the file was saved. Of a cell that holds an error, calamine gives nothing;
of a percentage, the plain number. Before calamine lays a sheet out in memory as a full grid, ``grids`` checks
that it is of a bearable size.
"""

import datetime
import io
from collections.abc import Iterator

from lxml import etree
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.grids import check_grids
from pincite.index.formats.tables import Row, Tables, filled

_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "the workbook is encrypted: save it without a password"
_ROWS_BETWEEN_REPORTS = 5_000
_PROPERTIES = ("docProps/core.xml", "meta.xml")

Cell = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta


def read(file: File) -> list[Document]:
    """Return the workbook as a document with a section for each sheet that has cells."""
    archive = _check(file.content)
    builder, notes = Builder(), []
    tables = Tables(builder)
    with _open(file.content) as workbook:
        for place, sheet in enumerate(workbook.sheets_metadata):
            if _is_grid(sheet):
                before = tables.written
                _write(sheet.name, _sheet(workbook, place), file, builder, tables)
                if sheet.visible != SheetVisibleEnum.Visible and tables.written > before:
                    notes.append(f"the sheet {sheet.name} is hidden, and was read")
            else:
                notes.append(f"the chart {sheet.name} has no cells")
    return [builder.document(_metadata(archive) if archive else {}, notes=notes)]


def cell_text(value: Cell) -> str:
    """Return a cell's value as a person sees it.

    >>> cell_text(30.0), cell_text(True), cell_text(datetime.datetime(2024, 11, 5, 10, 30))
    ('30', 'TRUE', '2024-11-05 10:30')
    """
    match value:
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case datetime.datetime():
            text = value.isoformat(sep=" ", timespec="seconds").removesuffix(":00")
            return text.removesuffix(" 00:00")
        case datetime.time():
            return value.isoformat(timespec="seconds").removesuffix(":00")
        case datetime.timedelta():
            return _duration(value)
    return str(value)


def _duration(value: datetime.timedelta) -> str:
    sign, seconds = ("-" if value.days < 0 else ""), round(abs(value.total_seconds()))
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _check(content: bytes) -> Archive | None:
    """Raise ``UnsupportedDocument`` for what should not be opened; return the archive that a workbook is."""
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise UnsupportedDocument(_ENCRYPTED)
        check_grids(content, None)
        return None
    archive = Archive(content, "spreadsheet")
    check_grids(content, archive)
    return archive


def _open(content: bytes) -> CalamineWorkbook:
    try:
        return load_workbook(io.BytesIO(content))
    except PasswordError:
        raise UnsupportedDocument(_ENCRYPTED) from None
    except CalamineError as error:
        raise UnsupportedDocument(f"not a readable spreadsheet: {error}") from None
    except BaseException as error:
        raise _panic(error) from None


def _sheet(workbook: CalamineWorkbook, place: int) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_index(place)
    except CalamineError as error:
        name = workbook.sheet_names[place]
        raise UnsupportedDocument(f"the sheet {name} is damaged: {error}") from None
    except BaseException as error:
        raise _panic(error) from None


def _panic(error: BaseException) -> BaseException:
    """Return what to raise for an error: calamine's panics are no ``Exception``, and mean a broken file."""
    if type(error).__name__ == "PanicException":
        return UnsupportedDocument("not a readable spreadsheet: it is damaged")
    return error


def _is_grid(sheet: SheetMetadata) -> bool:
    return sheet.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet, SheetTypeEnum.DialogSheet)


def _write(name: str, sheet: CalamineSheet, file: File, builder: Builder, tables: Tables) -> None:
    start = sheet.start
    if start is None:
        return
    builder.part(name)
    left = start[1]
    merged = [
        ((top, first - left), (bottom, last - left))
        for (top, first), (bottom, last) in sheet.merged_cell_ranges or ()
        if first >= left
    ]
    tables.write(_rows(sheet, file), merged)


def _rows(sheet: CalamineSheet, file: File) -> Iterator[Row]:
    def numbered() -> Iterator[tuple[int, list[str]]]:
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number % _ROWS_BETWEEN_REPORTS == 0:
                file.on_page(number, sheet.total_height)
            yield number, [cell_text(cell) if cell != "" else "" for cell in cells]

    return filled(numbered())


def _metadata(archive: Archive) -> dict[str, str]:
    """Return the title, author and date that the workbook states of itself, if it can be read."""
    try:
        name = next((name for name in _PROPERTIES if name in archive.names()), None)
        root = archive.xml(name) if name else etree.Element("none")
    except UnsupportedDocument:
        return {}
    found = {
        etree.QName(one).localname: " ".join((one.text or "").split()) for one in root.iter(etree.Element)
    }
    author = found.get("creator") or found.get("initial-creator", "")
    date = found.get("modified") or found.get("date", "")
    return {"title": found.get("title", ""), "author": author, "date": _moment(date)}


def _moment(text: str) -> str:
    try:
        return datetime.datetime.fromisoformat(text[:16]).isoformat(timespec="minutes")
    except ValueError:
        return ""
