"""Collects the paragraphs and tables of an RTF text: the document's own, a footnote's or a text box's."""

from dataclasses import dataclass, field, replace

from pincite.index.formats.blocks import Block, Paragraph
from pincite.index.formats.rtf_tables import CellDefinition, Row, table_of


@dataclass(slots=True)
class Flow:
    """Blocks that are complete, and the paragraph, cell and row that are being read."""

    kind: str
    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    is_item: bool = False
    is_in_row: bool = False
    definition: CellDefinition = field(default_factory=lambda: CellDefinition(0))
    row: Row = field(default_factory=Row)
    _text: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _boxes: list[Block] = field(default_factory=list)
    _cell: list[Block] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add text to the paragraph."""
        self._text.append(text)

    def note(self, text: str) -> None:
        """Hang a footnote on the paragraph."""
        self._notes.append(text)

    def box(self, blocks: list[Block]) -> None:
        """Put a text box behind the paragraph."""
        self._boxes += blocks

    def end_paragraph(self, *, level: int = 0, is_title: bool = False, in_table: bool = False) -> None:
        """Complete the paragraph."""
        text = _joined("".join(self._text)).strip()
        if is_title and text and not level:
            self.title, level = self.title or " ".join(text.split()), int(bool(self.title))
        found: list[Block] = [Paragraph(text, level, self.is_item, tuple(self._notes)), *self._boxes]
        self._text, self._notes, self._boxes, self.is_item = [], [], [], False
        if in_table or self.is_in_row:
            self._cell += found
        else:
            self._end_table()
            self.blocks += found

    def begin_row(self) -> None:
        """Begin to say what the cells of a row are like."""
        self.is_in_row = True
        self.row = Row(self.row.cells)
        self.definition = CellDefinition(0)

    def begin_cells(self, left: int) -> None:
        """Say where the row's first cell begins."""
        self.row.left = left

    def mark_header(self) -> None:
        """Say that the row is one of headers."""
        self.row.is_header = True

    def merge_cell(self, *, left: bool = False, above: bool = False) -> None:
        """Say that the next cell to be defined goes on from another."""
        self.definition.joins_left |= left
        self.definition.joins_above |= above

    def define_cell(self, right: int) -> None:
        """Say where a cell ends, which completes what is said of it."""
        self.row.definitions.append(replace(self.definition, right=right))
        self.definition = CellDefinition(0)

    def end_cell(self) -> None:
        """Complete the cell."""
        self.end_paragraph(in_table=True)
        self.row.cells.append([block for block in self._cell if block != Paragraph("")])
        self._cell = []

    def end_row(self) -> None:
        """Complete the row. What was said of its cells holds for the next one as well."""
        if self.row.cells:
            self._rows.append(self.row)
        self.row = replace(self.row, cells=[])
        self.is_in_row = False

    def end(self) -> list[Block]:
        """Complete everything, and return it."""
        if self._text or self._boxes or self._notes:
            self.end_paragraph(in_table=bool(self._cell))
        if self._cell:
            self.end_cell()
        self.end_row()
        self._end_table()
        return self.blocks

    def _end_table(self) -> None:
        if self._rows:
            self.blocks.append(table_of(self._rows))
            self._rows = []


def _joined(text: str) -> str:
    """Return text with pairs of surrogates as the characters that they make."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
