"""Paragraphs and tables of an office program as a document."""

from __future__ import annotations

from pincite.index.document import Document
from pincite.index.formats.blocks import MOST_COLUMNS, Block, Cell, Paragraph, Table, block_text, write_blocks
from pincite.index.formats.builder import Builder

from .office_files import rows_of


def written(*blocks: Block) -> Document:
    builder = Builder()
    write_blocks(builder, blocks)
    return builder.document({})


def row(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell((Paragraph(text),)) for text in texts)


def test_notes_follow_what_they_are_in() -> None:
    noted = Paragraph("cell", notes=("Footnote 3: c",))
    document = written(
        Paragraph("Heading", level=1, notes=("Footnote 1: a",)),
        Paragraph("item", is_item=True, notes=("Footnote 2: b",)),
        Paragraph("", is_item=True),
        Table((row("A", "B"), (Cell((noted,)), *row("2")))),
    )
    assert document.text == (
        "Heading\n\nFootnote 1: a\n\n- item\n\nFootnote 2: b\n\nA: cell; B: 2\n\nFootnote 3: c\n\n"
    )


def test_a_row_above_all_columns_is_the_table_s_title() -> None:
    title = (Cell((Paragraph("Table 1: Tea"),), columns=2),)
    table = Table((title, row("Year", "Tons"), row("2024", "30")), headers=2)
    assert written(table).text == "Table 1: Tea\n\nYear: 2024; Tons: 30\n\n"
    halves = Table((title, row("Year", "Tea"), row("", "tons"), row("2024", "30")), headers=3)
    assert written(halves).text == "Table 1: Tea\n\nYear: 2024; Tea tons: 30\n\n"
    assert written(Table((title, row("a", "b")))).text == "Table 1: Tea: a; Table 1: Tea: b\n\n"


def test_only_short_texts_are_repeated() -> None:
    long = "long " * 20
    rows = (row("A", "B"), row(long, "1"), (Cell((), continues=True), *row("2")))
    assert rows_of(written(Table(rows)))[1][2] == "B: 2"
    wide = (Cell((Paragraph(long),), columns=2), *row("C"))
    assert rows_of(written(Table((wide, row("1", "2", "3")))))[0][2] == f"{long.strip()}: 1; 2; C: 3"


def test_a_cell_that_continues_nothing_is_empty() -> None:
    first = (Cell((), continues=True), *row("B"), Cell((), continues=True))
    assert rows_of(written(Table((first, row("1", "2", "3")))))[0][2] == "1; B: 2; 3"


def test_no_table_is_wider_than_bearable_and_none_loses_a_cell() -> None:
    wide = (Cell((Paragraph("A"),), columns=10**9), Cell((Paragraph("B"),), columns=10**9))
    document = written(Table((wide, row(*map(str, range(MOST_COLUMNS + 2))))))
    (text,) = (text for _, _, text in rows_of(document))
    assert text.startswith("A: 0; A: 1; ")
    assert text.endswith(f"A: {MOST_COLUMNS - 1}; B: {MOST_COLUMNS}; {MOST_COLUMNS + 1}")


def test_empty_tables_are_nothing() -> None:
    assert written(Table(()), Table(((),)), Table((row("", ""), row("", "")))).text == ""


def test_the_text_of_blocks_is_one_line() -> None:
    blocks = (Paragraph("a"), Table((row("b", ""), row("c", "d"))), Paragraph(""), Paragraph("e"))
    assert block_text(blocks) == "a b c d e"
