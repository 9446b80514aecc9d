"""Puts the rows of an RTF table together, whose cells are merged by where their right edges are."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from pincite.index.formats.blocks import Block, Cell, Table


@dataclass(slots=True)
class CellDefinition:
    """What ``\\cellx`` says of a cell: where it ends, and whether it goes on from its left or from above."""

    right: int
    joins_left: bool = False
    joins_above: bool = False


@dataclass(slots=True)
class Row:
    """A row as it is read. ``left`` is where its first cell begins."""

    cells: list[list[Block]] = field(default_factory=list)
    definitions: list[CellDefinition] = field(default_factory=list)
    left: int = 0
    is_header: bool = False


def table_of(rows: Sequence[Row]) -> Table:
    """Return rows as a table, in which a cell takes up as many columns as other rows have in its width."""
    edges = sorted({definition.right for row in rows for definition in row.definitions})
    headers = next((number for number, row in enumerate(rows) if not row.is_header), len(rows))
    return Table(tuple(_cells(row, edges) for row in rows), headers)


def _cells(row: Row, edges: Sequence[int]) -> tuple[Cell, ...]:
    if len(row.definitions) != len(row.cells):
        return tuple(Cell(tuple(blocks)) for blocks in row.cells)
    cells: list[Cell] = []
    left = bisect_right(edges, row.left)
    if left:
        cells.append(Cell((), left))
    for blocks, definition in zip(row.cells, row.definitions, strict=True):
        right = bisect_right(edges, definition.right)
        width, left = max(1, right - left), right
        if definition.joins_left and cells:
            before = cells.pop()
            cells.append(Cell((*before.blocks, *blocks), before.columns + width, before.continues))
        else:
            cells.append(Cell(tuple(blocks), width, definition.joins_above))
    return tuple(cells)
