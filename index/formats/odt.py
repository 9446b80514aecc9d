"""Reads OpenDocument texts: headings, paragraphs, lists, tables, text boxes, footnotes.

Deleted text that a file still tracks, hidden text and comments are left out. A text box or footnote follows
the paragraph that it hangs on.
"""

from collections.abc import Iterator

from lxml import etree

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive
from pincite.index.formats.blocks import (
    MOST_COLUMNS,
    Block,
    Cell,
    Content,
    Paragraph,
    Table,
    block_text,
    write_blocks,
)
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.odt_styles import DRAW, OFFICE, TABLE, TEXT, Styles
from pincite.index.formats.properties import properties

_ENCRYPTED = "the ODT file is encrypted: save it without a password"
_DC, _META = "{http://purl.org/dc/elements/1.1/}", "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_MOST_SPACES = 100
_MOST_REPEATED = 1_000_000
_BLOCKS_BETWEEN_SIGNS = 500
_CHARACTERS = {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
_NOT_READ = frozenset(
    {
        f"{TEXT}{name}"
        for name in "tracked-changes ruby-text hidden-text hidden-paragraph note-citation".split()
    }
    | {f"{OFFICE}annotation-end", f"{OFFICE}forms", f"{TEXT}sequence-decls", f"{TEXT}variable-decls"}
)
_COMMENT = f"{OFFICE}annotation"
_PARAGRAPHS = frozenset({f"{TEXT}p", f"{TEXT}h"})
_LISTS = frozenset({f"{TEXT}list-item", f"{TEXT}list-header"})


def read(file: File) -> list[Document]:
    """Return an OpenDocument text."""
    archive = Archive(file.content, "ODT file")
    names = archive.names()
    if archive.is_locked():
        raise UnsupportedDocument(_ENCRYPTED)
    root = archive.xml("content.xml")
    styles = Styles([root, *([archive.xml("styles.xml")] if "styles.xml" in names else [])])
    builder, reader = Builder(), _Reader(styles)
    top = [element for body in root.iterfind(f"{OFFICE}body/{OFFICE}text") for element in body]
    for number, element in enumerate(top):
        if number % _BLOCKS_BETWEEN_SIGNS == 0:
            file.on_page(number, len(top))
        write_blocks(builder, reader.blocks(element))
    metadata = _metadata(archive.xml("meta.xml")) if "meta.xml" in names else {}
    if reader.title:
        metadata.setdefault("title", reader.title)
    return [builder.document(metadata, notes=reader.left_out())]


class _Reader:
    """Turns elements into blocks, and counts what it leaves out."""

    def __init__(self, styles: Styles) -> None:
        self.title = ""
        self._styles = styles
        self._numbers = {"footnote": 0, "endnote": 0}
        self._comments = self._pictures = self._repeated = 0

    def blocks(self, element: etree._Element, *, is_item: bool = False) -> Iterator[Block]:
        """Yield what an element holds; anything that is no paragraph, table or frame is what is in it."""
        tag = element.tag
        if not isinstance(tag, str) or tag in _NOT_READ or element.get(f"{TEXT}display") == "none":
            return
        if tag in _PARAGRAPHS:
            yield from self._paragraph(element, is_item=is_item)
        elif tag == f"{TABLE}table":
            yield self._table(element)
        elif tag == f"{DRAW}frame":
            yield from self._frame(element)
        elif tag == _COMMENT:
            self._comments += 1
        else:
            for child in element:
                yield from self.blocks(child, is_item=is_item or tag in _LISTS)

    def left_out(self) -> list[str]:
        """Return sentences about what of the document is not in its text."""
        counts = ((self._pictures, "image", "without text"), (self._comments, "comment", "left out"))
        return [f"{count} {name}{'s' * (count > 1)} {what}" for count, name, what in counts if count]

    def _inside(self, element: etree._Element) -> tuple[Block, ...]:
        return tuple(block for child in element for block in self.blocks(child))

    def _paragraph(self, element: etree._Element, *, is_item: bool) -> Iterator[Block]:
        content = Content()
        self._inline(element, content)
        text = "".join(content.text).strip()
        style = element.get(f"{TEXT}style-name", "")
        level = self._styles.level(style) if element.tag == f"{TEXT}p" else _outline_level(element)
        if self._styles.is_title(style) and text and not level:
            self.title, level = self.title or " ".join(text.split()), int(bool(self.title))
        yield Paragraph(text, level, is_item, tuple(content.notes))
        yield from content.boxes

    def _inline(self, element: etree._Element, content: Content) -> None:
        """Collect the text in an element, and what hangs on it."""
        if self._styles.is_hidden(element.get(f"{TEXT}style-name", "")):
            return
        content.text.append(_folded(element.text))
        for child in element:
            self._piece(child, content)
            content.text.append(_folded(child.tail))

    def _piece(self, child: etree._Element, content: Content) -> None:
        if child.tag in _CHARACTERS:
            content.text.append(_CHARACTERS[child.tag])
        elif child.tag == f"{TEXT}s":
            content.text.append(" " * _count(child, f"{TEXT}c", _MOST_SPACES))
        elif child.tag == f"{TEXT}note":
            content.notes.append(self._note(child))
        elif child.tag == _COMMENT:
            self._comments += 1
        elif isinstance(child.tag, str) and child.tag.startswith(DRAW):
            content.boxes += self.blocks(child)
        elif isinstance(child.tag, str) and child.tag not in _NOT_READ:
            self._inline(child, content)

    def _note(self, element: etree._Element) -> str:
        kind = "endnote" if element.get(f"{TEXT}note-class") == "endnote" else "footnote"
        self._numbers[kind] += 1
        number = self._numbers[kind]
        body = [block for child in element.iterfind(f"{TEXT}note-body") for block in self._inside(child)]
        return f"{kind.capitalize()} {number}: {block_text(body)}"

    def _frame(self, element: etree._Element) -> Iterator[Block]:
        """Yield the text in a frame. One of several shapes of the same thing is enough: the first."""
        self._pictures += element.find(f"{DRAW}image") is not None
        box = element.find(f"{DRAW}text-box")
        yield from () if box is None else self._inside(box)

    def _table(self, table: etree._Element) -> Table:
        groups = {f"{TABLE}table-header-rows", f"{TABLE}table-row-group", f"{TABLE}table-rows"}
        rows: list[tuple[Cell, ...]] = []
        headers = 0
        for row, is_header in _rows(table, groups):
            cells = self._row(row)
            text = " ".join(cell.text for cell in cells)
            rows += [cells] * self._copies(row, "rows", text, _MOST_REPEATED)
            headers += is_header
        return Table(tuple(rows), headers)

    def _row(self, row: etree._Element) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        skip = 0
        for element in row:
            columns = _count(element, f"{TABLE}number-columns-repeated", MOST_COLUMNS)
            if element.tag == f"{TABLE}table-cell":
                span = _count(element, f"{TABLE}number-columns-spanned", MOST_COLUMNS)
                cell, skip = Cell(self._inside(element), span), span - 1
                if cell.text:
                    cells += [cell] * self._copies(element, "columns", cell.text, MOST_COLUMNS)
                else:
                    cells.append(Cell((), span * columns))
            elif element.tag == f"{TABLE}covered-table-cell":
                below, skip = max(0, columns - skip), max(0, skip - columns)
                cells += [Cell((), continues=True)] * below  # the others are covered by the cell before
        return tuple(cells)

    def _copies(self, element: etree._Element, what: str, text: str, most: int) -> int:
        """Return how often a row or cell stands there, which one without text need not do twice."""
        copies = _count(element, f"{TABLE}number-{what}-repeated", most) if text else 1
        self._repeated += (copies - 1) * (len(text) + 1)
        if self._repeated > _MOST_REPEATED:
            raise UnsupportedDocument(f"its tables repeat more than {_MOST_REPEATED:,} characters")
        return copies


def _rows(table: etree._Element, groups: set[str]) -> Iterator[tuple[etree._Element, bool]]:
    """Yield a table's rows, and whether they are headers."""
    for child in table:
        if child.tag == f"{TABLE}table-row":
            yield child, table.tag == f"{TABLE}table-header-rows"
        elif child.tag in groups:
            yield from _rows(child, groups)


def _metadata(root: etree._Element) -> dict[str, str]:
    said = {element.tag: element.text or "" for element in root.iter(etree.Element)}
    return properties(
        title=said.get(f"{_DC}title", ""),
        author=said.get(f"{_META}initial-creator") or said.get(f"{_DC}creator", ""),
        created=said.get(f"{_META}creation-date", ""),
        modified=said.get(f"{_DC}date", ""),
        language=said.get(f"{_DC}language", ""),
    )


def _outline_level(heading: etree._Element) -> int:
    return _count(heading, f"{TEXT}outline-level", 10)


def _count(element: etree._Element, name: str, most: int) -> int:
    """Return the number in an attribute, at least 1 and at most ``most``."""
    digits = element.get(name, "1")
    return max(1, min(int(digits[:10]), most)) if digits.isdecimal() else 1


def _folded(text: str | None) -> str:
    """Return text with its white space as one space: more is said by elements."""
    if not text:
        return ""
    words = " ".join(text.split())
    return f"{' ' * text[0].isspace()}{words}{' ' * (text[-1].isspace() and bool(words))}"
