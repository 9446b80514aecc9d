"""What a text of an office program is made of, whichever format it is in, and how that is written down.

A list's items become lines with "- ", whatever their marks. A footnote follows the paragraph that refers to
it, as "Footnote 1: …", so that it stays under that paragraph's heading and no mark comes between the words
of a sentence. A table becomes rows with their headers, unless it only places text on the page: no row
with two texts, a table inside a table, or a cell with a long text make it prose.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pincite.index.formats.builder import Builder

MOST_COLUMNS = 1024
_LONGEST_HEADING = 250
_LONGEST_CELL = 500
_LONGEST_REPEATED = 80


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a heading where ``level`` is 1 or more. ``notes`` are the footnotes it refers to."""

    text: str
    level: int = 0
    is_item: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that takes up ``columns`` columns; ``continues`` the one above it where the two are merged."""

    blocks: tuple["Block", ...]
    columns: int = 1
    continues: bool = False

    @property
    def text(self) -> str:
        return block_text(self.blocks)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, of which at least the first row, and the first ``headers`` of them, are headers."""

    rows: tuple[tuple[Cell, ...], ...]
    headers: int = 1


Block = Paragraph | Table


@dataclass(slots=True)
class Content:
    """What a reader finds in a paragraph: text in pieces, footnotes it refers to, text boxes at it."""

    text: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    boxes: list[Block] = field(default_factory=list)


def block_text(blocks: Iterable[Block]) -> str:
    """Return the text of blocks as one line, without their footnotes."""
    pieces = (block.text if isinstance(block, Paragraph) else _table_text(block) for block in blocks)
    return " ".join(piece for piece in pieces if piece)


def write_blocks(builder: Builder, blocks: Iterable[Block]) -> None:
    """Write blocks in their order."""
    for block in blocks:
        if isinstance(block, Table):
            _write_table(builder, block)
            continue
        if block.level and len(block.text) <= _LONGEST_HEADING:
            builder.heading(block.level, block.text)
        elif block.is_item and block.text:
            builder.line(f"- {block.text}")
        else:
            builder.paragraph(block.text)
        for note in block.notes:
            builder.paragraph(note)


def _write_table(builder: Builder, table: Table) -> None:
    cells = [cell for row in table.rows for cell in row]
    if _is_layout(table):
        for cell in cells:
            write_blocks(builder, cell.blocks)
        return
    rows = _grid(table.rows)
    headers = table.headers
    while len(rows) > 2 and len(set(rows[0])) == 1:  # one cell above all the columns is the table's title
        builder.paragraph(rows.pop(0)[0])
        headers -= 1
    headers = headers if 1 < headers < len(rows) else 1
    builder.table([_merged(rows[:headers]), *rows[headers:]])
    for block in (block for cell in cells for block in cell.blocks):
        for note in block.notes if isinstance(block, Paragraph) else ():
            builder.paragraph(note)


def _is_layout(table: Table) -> bool:
    cells = [cell for row in table.rows for cell in row]
    return (
        all(sum(bool(cell.text) for cell in row) < 2 for row in table.rows)
        or any(isinstance(block, Table) for cell in cells for block in cell.blocks)
        or any(len(cell.text) > _LONGEST_CELL for cell in cells)
    )


def _grid(rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    """Return the cells' texts by column. A short text that reaches down or, in the first row, across several
    cells stands in each.
    """
    grid: list[list[str]] = []
    for row in rows:
        line: list[str] = []
        for cell in row:
            above = grid[-1][len(line)] if grid and len(line) < len(grid[-1]) else ""
            text = cell.text
            if cell.continues and not text and len(above) <= _LONGEST_REPEATED:
                text = above
            columns = max(1, min(cell.columns, MOST_COLUMNS - len(line)))
            across = text if not grid and len(text) <= _LONGEST_REPEATED else ""
            line += [text, *[across] * (columns - 1)]
        if any(line):
            grid.append(line)
    return grid


def _merged(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one row of headers for several: "2024" above "Q1" makes "2024 Q1"."""
    columns = range(max(map(len, rows), default=0))
    return [" ".join(dict.fromkeys(_in_column(rows, column))) for column in columns]


def _in_column(rows: Sequence[Sequence[str]], column: int) -> Iterator[str]:
    return (row[column] for row in rows if column < len(row) and row[column])


def _table_text(table: Table) -> str:
    return " ".join(text for row in table.rows for cell in row if (text := cell.text))
