"""Reads spreadsheets through calamine: a section for each sheet, an item for each row.

Cells hold what was computed when the file was saved. Of a cell that holds an error, calamine gives nothing;
of a percentage, the plain number. Before calamine lays a sheet out in memory as a full grid, ``grids`` checks
that it is of a bearable size.
"""

import datetime
import io
from collections.abc import Iterator
from contextlib import contextmanager

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
from pincite.index.formats.compound import SIGNATURE, compound_file, workbook_stream
from pincite.index.formats.file import File
from pincite.index.formats.grids import check_archive, check_records
from pincite.index.formats.properties import properties
from pincite.index.formats.tables import Row, Tables, filled

_ENCRYPTED = "the workbook is encrypted: save it without a password"
_ROWS_BETWEEN_REPORTS = 5_000
_PROPERTIES = ("docProps/core.xml", "meta.xml")

Cell = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta


def read(file: File) -> list[Document]:
    """Return the workbook as a document with a section for each sheet that has cells."""
    content, archive = _checked(file.content)
    builder, notes = Builder(), []
    tables = Tables(builder)
    with _open(content) as workbook:
        for place, sheet in enumerate(workbook.sheets_metadata):
            if _is_grid(sheet):
                before = tables.tally.count
                _write(sheet.name, _sheet(workbook, place), file, builder, tables)
                if sheet.visible != SheetVisibleEnum.Visible and tables.tally.count > before:
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


def _checked(content: bytes) -> tuple[bytes, Archive | None]:
    """Return a workbook that calamine may open, and the archive that it is, if it is one."""
    if content.startswith(SIGNATURE):
        stream = workbook_stream(content)
        check_records(stream)
        return compound_file(stream), None
    archive = Archive(content, "spreadsheet")
    if archive.is_locked():
        raise UnsupportedDocument(_ENCRYPTED)
    check_archive(archive)
    return content, archive


def _open(content: bytes) -> CalamineWorkbook:
    with _readable("not a readable spreadsheet"):
        return load_workbook(io.BytesIO(content))


def _sheet(workbook: CalamineWorkbook, place: int) -> CalamineSheet:
    with _readable(f"the sheet {workbook.sheet_names[place]} is damaged"):
        return workbook.get_sheet_by_index(place)


@contextmanager
def _readable(complaint: str) -> Iterator[None]:
    """Turn calamine's errors into reasons, and its panics, which are no ``Exception``."""
    try:
        yield
    except PasswordError:
        raise UnsupportedDocument(_ENCRYPTED) from None
    except CalamineError as error:
        what = "it is damaged" if "Cannot detect" in str(error) else error
        raise UnsupportedDocument(f"{complaint}: {what}") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise UnsupportedDocument(f"{complaint}: {error}") from None
        raise


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
    return properties(
        title=found.get("title", ""),
        author=found.get("creator") or found.get("initial-creator", ""),
        created=found.get("created", ""),
        modified=found.get("modified") or found.get("date", ""),
    )
