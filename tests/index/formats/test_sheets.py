"""Spreadsheets: every cell in the row that Excel shows it in, as openpyxl reads the same file."""

from __future__ import annotations

import datetime
import io
import random
import struct
from collections.abc import Iterator

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, grids, read_documents
from pincite.index.formats.sheets import cell_text

from .real_files import real_files
from .spans import addresses_of, check_spans, read, rows_of
from .test_archive import zipped
from .workbooks import compound, ods, ods_table, rows_xlsx, xls, xlsx

BANKS: list[list[str | float | None]] = [["Bank", "Tools"], ["OCBC", 30], ["星展", 12.5]]


def refused(name: str, content: bytes) -> str:
    with pytest.raises(UnsupportedDocument) as caught:
        read_documents(File(name, content))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", rows_xlsx(*BANKS)),
        ("a.xls", xls(("Sheet", BANKS))),
        ("a.ods", ods(ods_table("Sheet", *BANKS))),
    ],
)
def test_a_row_carries_its_headers_in_every_format(name: str, content: bytes) -> None:
    document = read(name, content)
    assert rows_of(document) == [
        (("Sheet",), 2, "Bank: OCBC; Tools: 30"),
        (("Sheet",), 3, "Bank: 星展; Tools: 12.5"),
    ]
    assert addresses_of(document) == ["Sheet › row 2", "Sheet › row 3"]
    assert document.notes == ()


def test_values_read_as_a_person_sees_them() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(
            [
                datetime.datetime(2024, 11, 5),
                datetime.datetime(2024, 11, 5, 10, 30),
                datetime.time(9, 5),
                True,
                0.1 + 0.2,
                -7.0,
                "two\nlines",
                datetime.timedelta(hours=30),
            ]
        )

    row = "2024-11-05; 2024-11-05 10:30; 09:05; TRUE; 0.3; -7; two\nlines; 30:00:00"
    assert rows_of(read("a.xlsx", xlsx(fill))) == [(("Sheet",), 1, row)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e20, "100000000000000000000"),
        (1e-7, "1e-07"),
        (float("inf"), "inf"),
        (False, "FALSE"),
        (datetime.datetime(2024, 11, 5, 10, 30, 15), "2024-11-05 10:30:15"),
        (datetime.datetime(2024, 11, 5), "2024-11-05"),
        (datetime.date(2024, 11, 5), "2024-11-05"),
        (datetime.time(10, 0, 1), "10:00:01"),
        (datetime.timedelta(hours=-1, minutes=-1), "-1:01:00"),
    ],
)
def test_a_value_has_one_text(value: float | datetime.date, text: str) -> None:
    assert cell_text(value) == text


def test_rows_are_numbered_as_excel_shows_them_after_empty_ones() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet: Worksheet = book.active
        sheet.title = "Budget 预算"
        sheet["C4"], sheet["D4"], sheet["C5"], sheet["D5"] = "Item", "Cost", "Tea", 3
        sheet["D17"] = 4
        book.create_sheet("Empty")

    document = read("a.xlsx", xlsx(fill))
    assert addresses_of(document) == ["Budget 预算 › row 5", "Budget 预算 › row 17"]
    assert document.text == "Item: Tea; Cost: 3\nCost: 4\n"


def test_merged_headers_are_repeated_where_the_sheet_does_not_begin_in_column_a() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet: Worksheet = book.active
        for place, value in {"B2": "Area", "C2": "Sales", "B3": "Asia", "C3": 1, "D3": 2}.items():
            sheet[place] = value
        sheet.merge_cells("C2:D2")

    assert rows_of(read("a.xlsx", xlsx(fill)))[-1] == (("Sheet",), 3, "Area: Asia; Sales: 1; Sales: 2")


def test_hidden_sheets_are_read_and_said_so_and_charts_are_not() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(["seen"])
        hidden = book.create_sheet("Back")
        hidden.append(["unseen"])
        hidden.sheet_state = "veryHidden"
        book.create_sheet("Void").sheet_state = "hidden"
        book.create_chartsheet("Curve")

    document = read("a.xlsx", xlsx(fill))
    assert document.text == "seen\n\nunseen\n"
    assert document.notes == ("the sheet Back is hidden, and was read", "the chart Curve has no cells")


def test_what_a_workbook_says_of_itself_is_metadata() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(["x"])
        book.properties.title, book.properties.creator = "Budget", "Ann Lee"
        book.properties.modified = datetime.datetime(2024, 11, 5, 10, 30)

    document = read("a.xlsx", xlsx(fill))
    assert document.metadata["title"] == "Budget"
    assert document.metadata["author"] == "Ann Lee"
    assert len(str(document.metadata["date"])) == len("2024-11-05T10:30")


def test_an_opendocument_sheet_may_repeat_cells_and_rows_and_end_in_a_million_empty_ones() -> None:
    table = (
        '<table:table table:name="T"><table:table-row table:number-rows-repeated="3"><table:table-cell/>'
        '</table:table-row><table:table-row><table:table-cell office:value-type="string"'
        ' table:number-columns-repeated="2"><text:p>twice</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    assert rows_of(read("a.ods", ods(table))) == [(("T",), 4, "twice; twice")]


def sheet_xml(rows: str) -> bytes:
    """A workbook whose sheet's cells are this XML."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(rows_xlsx(["x"]))) as book:
        members = {name: book.read(name) for name in book.namelist()}
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    members["xl/worksheets/sheet1.xml"] = (
        f"<worksheet {names}><sheetData>{rows}</sheetData></worksheet>".encode()
    )
    return zipped(members)


def repeated(rows: str, cells: str) -> bytes:
    """A workbook with rows and a cell that say how often they stand there."""
    cell = (
        f'<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated{cells}/>'
    )
    row = f"<table:table-row table:number-rows-repeated{rows}{cell}</table:table-row>"
    return ods(f'<table:table table:name="T">{row}</table:table>')


def far_apart(first: str, last: str) -> bytes:
    return sheet_xml("".join(f'<row><c r="{place}"><v>1</v></c></row>' for place in (first, last)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", far_apart("A1", "XFD1048576")),
        ("a.xlsx", far_apart("A9", "A1")),
        ("a.xlsx", far_apart("A1", "ZZZZZ2")),
        ("a.xlsx", sheet_xml("<row>" + "<c><v>1</v></c>" * 20_000 + "</row>")),
        ("a.xls", xls(("S", [["x"]]), extra=struct.pack("<HHIIHHH", 512, 14, 0, 2**31, 0, 65535, 0))),
        ("a.xls", xls(("S", [["x"]]), extra=b"\x03\x02\x0e\x00\xff\xff\xff\xff\0\0" + b"\0" * 8)),
        ("a.ods", repeated('="1048576">', '="16384"')),
        ("a.ods", repeated('="99999999999"/><table:table-row>', '="1"')),
    ],
)  # fmt: skip
def test_a_sheet_spread_too_far_is_refused_before_it_is_laid_out(name: str, content: bytes) -> None:
    assert "columns, more than can be read: save the part that is meant as a CSV" in refused(name, content)


def test_a_table_that_does_not_end_is_refused_and_not_read_for_ever() -> None:
    whole = ods_table("T", ["x"])
    assert "content.xml: " in refused("a.ods", ods(whole.replace("</table:table>", "")))
    assert "content.xml: " in refused("a.ods", ods(whole + "<table:table table:name='U'><table:table-row>"))


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = rows_xlsx(["a", "b"], ["c", "d"])
    monkeypatch.setattr(grids, "_MOST_CELLS", 3)
    assert "the 4 cells of a sheet" in refused("a.xlsx", content)


def test_a_sheet_of_formatted_but_empty_rows_has_no_text_and_a_value_among_them_is_found() -> None:
    empty = "".join(f'<row r="{n}"><c r="A{n}" s="0"/><c r="XFD{n}" s="0"/></row>' for n in range(1, 5_000))
    assert refused("a.xlsx", sheet_xml(empty)) == "there is no text in it"
    document = read("a.xlsx", sheet_xml(empty + '<row r="9000"><c r="B9000"><v>7</v></c></row>'))
    assert rows_of(document) == [(("Sheet",), 9000, "7")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "a.xlsx",
            compound("EncryptedPackage", b"x"),
            "it is encrypted: save it without a password",
        ),
        (
            "a.xls",
            xls(("S", [["x"]]), extra=b"\x2f\x00\x04\x00\x01\x00\x00\x00"),
            "the workbook is encrypted",
        ),
        (
            "a.ods",
            zipped(
                {"META-INF/manifest.xml": b"<m:encryption-data xmlns:m='m'/>", "content.xml": b"\x93\x01"}
            ),
            "the workbook is encrypted",
        ),
        ("a.xlsx", b"PK\x03\x04 and nothing more", "not a readable spreadsheet"),
        ("a.xlsx", zipped({"xl/workbook.xml": b"<workbook>"}), "not a readable spreadsheet"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more", "not a readable"),
        ("a.xls", compound("Other", b"x"), "there is no workbook in it"),
        ("a.xlsx", b"plain text", "not a readable spreadsheet"),
        ("a.xlsx", rows_xlsx(), "there is no text in it"),
    ],
)
def test_what_is_no_workbook_says_why(name: str, content: bytes, reason: str) -> None:
    assert reason in refused(name, content)


def test_long_sheets_report_how_far_they_are() -> None:
    seen: list[tuple[int, int]] = []
    content = rows_xlsx(*([float(n)] for n in range(12_000)))
    read_documents(File("a.xlsx", content, on_page=lambda done, total: seen.append((done, total))))
    assert [done for done, _ in seen] == [5_000, 10_000]


def cells_of(content: bytes) -> Iterator[tuple[str, int, str]]:
    """Sheet, row and text of every cell, as openpyxl reads them."""
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None and cell.data_type != "e":
                    text = cell_text(cell.value).strip()
                    if text:
                        yield sheet.title, cell.row, text


def check_against_openpyxl(content: bytes) -> int:
    """Assert that each cell is in the row of its number, or names a column of a later one."""
    document = read("a.xlsx", content)
    rows = {(path[0], number): text for path, number, text in rows_of(document)}
    numbers = {
        path[0]: max(n for p, n, _ in rows_of(document) if p == path) for path, _, _ in rows_of(document)
    }
    count = 0
    for sheet, number, text in cells_of(content):
        if (sheet, number) in rows:
            count += 1
            assert text in rows[sheet, number]
        else:
            assert number < numbers[sheet]
            assert text in document.text or " ".join(text.split()) in document.text
    return count


def test_every_cell_is_in_its_row() -> None:
    source = random.Random(4)

    def fill(book: openpyxl.Workbook) -> None:
        for name in ("One", "二"):
            sheet = book.create_sheet(name)
            for _ in range(150):
                row, column = source.randint(1, 90), source.randint(1, 12)
                values = ["word", "two words", source.randint(-9, 999), source.random(), True, "茶\n叶"]
                sheet.cell(row, column, source.choice(values))

    assert check_against_openpyxl(xlsx(fill)) > 250


@pytest.mark.skipif(not real_files("xlsx"), reason="the development data is not here: set PINCITE_DATA")
def test_every_cell_of_the_real_workbooks_is_in_its_row() -> None:
    failed = {}
    count = 0
    for path in real_files("xlsx"):
        try:
            count += check_against_openpyxl(path.read_bytes())
        except UnsupportedDocument as error:
            failed[path.name] = str(error)
    assert failed == {
        "emoji.xlsx": "there is no text in it",
        "empty.xlsx": "there is no text in it",
        "password_protected.xlsx": "it is encrypted: save it without a password",
    }
    assert count > 1_500


def test_a_document_of_several_sheets_keeps_them_apart() -> None:
    document = read("a.ods", ods(ods_table("A", ["one"]) + ods_table("B") + ods_table("C & D", ["two"])))
    assert [section.path for section in document.sections] == [("A",), ("C & D",)]
    check_spans(document)
