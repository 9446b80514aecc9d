"""Reads Word documents: headings by style or outline level, paragraphs, lists, tables, text boxes, footnotes.

The text is as it stands when every tracked change is accepted: what was deleted or moved away is left out,
what was inserted is kept. Left out too are hidden text, comments, and the headers and footers of pages. The
XML is walked itself: python-docx passes over content controls, text boxes and footnotes, and opens no .docm.
A text box, chart or footnote follows the paragraph that it hangs on.
"""

from collections.abc import Iterator

from lxml import etree

from pincite.index.document import Document
from pincite.index.formats.blocks import Block, Cell, Content, Paragraph, Table, block_text, write_blocks
from pincite.index.formats.builder import Builder
from pincite.index.formats.docx_styles import Styles, is_on, stated
from pincite.index.formats.file import File
from pincite.index.formats.ooxml import ALTERNATE, A, Package, R, W, chosen, number_of, open_package
from pincite.index.formats.ooxml_charts import CHART, chart_blocks
from pincite.index.formats.ooxml_math import MATH, math_text

_WRAPPERS = frozenset(
    f"{W}{name}"
    for name in "sdt sdtContent customXml smartTag ins moveTo hyperlink fldSimple dir bdo".split()
)
_CHARACTERS = {
    f"{W}tab": "\t",
    f"{W}ptab": "\t",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
}
_OBJECTS = frozenset({f"{W}drawing", f"{W}pict", f"{W}object"})
_BOX, _ALTERNATIVE_FORMAT = f"{W}txbxContent", f"{W}altChunk"
_PICTURES = frozenset({f"{A}blip", "{urn:schemas-microsoft-com:vml}imagedata"})
_PRIVATE_USE = range(0xE000, 0xF900)
_BLOCKS_BETWEEN_SIGNS = 500


def read(file: File) -> list[Document]:
    """Return a Word document."""
    package, root = open_package(file.content, "DOCX file", "word/document.xml", f"{W}document")
    builder, reader = Builder(), _Reader(package)
    top = [block for body in root.iterfind(f"{W}body") for block in _flat(body)]
    for number, element in enumerate(top):
        if number % _BLOCKS_BETWEEN_SIGNS == 0:
            file.on_page(number, len(top))
        write_blocks(builder, reader.blocks(element))
    write_blocks(builder, reader.rest())
    metadata = package.metadata()
    if reader.title:
        metadata.setdefault("title", reader.title)
    return [builder.document(metadata, notes=reader.left_out())]


class _Reader:
    """Turns elements into blocks, and counts what it leaves out."""

    def __init__(self, package: Package) -> None:
        self.title = ""
        self._package = package
        self._styles = Styles(package.roots(package.main, "styles"))
        self._notes = {kind: self._note_elements(kind) for kind in ("footnote", "endnote")}
        self._numbers = {"footnote": 0, "endnote": 0}
        self._comments = self._pictures = self._embedded = 0
        self._charts: set[str] = set()
        self._carried: Content | None = None

    def blocks(self, element: etree._Element) -> Iterator[Block]:
        """Yield what one paragraph or table holds."""
        if element.tag == f"{W}p":
            yield from self._paragraph(element)
        elif element.tag == f"{W}tbl":
            yield Table(*self._rows(element))
        elif element.tag == _ALTERNATIVE_FORMAT:
            self._embedded += 1

    def left_out(self) -> list[str]:
        """Return sentences about what of the document is not in its text."""
        counts = (
            (self._pictures, "image", "without text"),
            (self._comments, "comment", "left out"),
            (self._embedded, "embedded document", "left out"),
        )
        return [f"{count} {name}{'s' * (count > 1)} {what}" for count, name, what in counts if count]

    def _inside(self, element: etree._Element) -> tuple[Block, ...]:
        blocks = [block for child in _flat(element) for block in self.blocks(child)]
        return (*blocks, *self.rest())

    def rest(self) -> Iterator[Block]:
        """Yield the paragraph whose end was deleted, when none follows that it could go on in."""
        content, self._carried = self._carried, None
        if content:
            yield Paragraph("".join(content.text).strip(), notes=tuple(content.notes))
            yield from content.boxes

    def _paragraph(self, element: etree._Element) -> Iterator[Block]:
        properties = element.find(f"{W}pPr")
        style = stated(properties, self._styles.of(properties, "pStyle"))
        content, self._carried = self._carried or Content(), None
        for child in _flat(element):
            if child.tag == f"{W}r":
                self._run(child, content)
            elif child.tag in MATH:
                content.text.append(math_text(child))
        if properties is not None and properties.find(f"{W}rPr/{W}del") is not None:
            self._carried = content
            return
        text = "".join(content.text).strip()
        level = style.level or 0
        if style.is_title and text and not level:
            self.title, level = self.title or " ".join(text.split()), int(bool(self.title))
        yield Paragraph(text, level, bool(style.is_item), tuple(content.notes))
        yield from content.boxes

    def _run(self, run: etree._Element, content: Content) -> None:
        properties = run.find(f"{W}rPr")
        if stated(properties, self._styles.of(properties, "rStyle")).is_hidden:
            return
        for piece in _flat(run):
            if piece.tag == f"{W}t":
                content.text.append(piece.text or "")
            elif piece.tag in _CHARACTERS:
                content.text.append(_CHARACTERS[piece.tag])
            elif piece.tag == f"{W}ruby":
                for base in piece.iterfind(f"{W}rubyBase/{W}r"):
                    self._run(base, content)
            elif piece.tag == f"{W}sym":
                content.text.append(_symbol(piece.get(f"{W}char", "")))
            elif piece.tag in _OBJECTS:
                self._object(piece, content.boxes)
            elif piece.tag == f"{W}commentReference":
                self._comments += 1
            elif piece.tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
                kind = piece.tag.removeprefix(W).removesuffix("Reference")
                content.notes += self._note(kind, piece.get(f"{W}id", ""))

    def _object(self, element: etree._Element, boxes: list[Block]) -> None:
        """Collect the text boxes and charts in a drawing, and count its pictures."""
        for child in element:
            if child.tag == _BOX:
                boxes += self._inside(child)
            elif child.tag == CHART:
                part = self._package.target(self._package.main, child.get(f"{R}id"))
                if part and part not in self._charts:
                    self._charts.add(part)
                    boxes += chart_blocks(self._package.xml(part))
            else:
                self._pictures += child.tag in _PICTURES
                self._object(chosen(child) if child.tag == ALTERNATE else child, boxes)

    def _note_elements(self, kind: str) -> dict[str, etree._Element]:
        roots = self._package.roots(self._package.main, f"{kind}s")
        found = (element for root in roots for element in root.iterfind(f"{W}{kind}"))
        return {one.get(f"{W}id", ""): one for one in found if one.get(f"{W}type", "normal") == "normal"}

    def _note(self, kind: str, identifier: str) -> list[str]:
        """Return a footnote's text, the first time that it is referred to."""
        element = self._notes[kind].pop(identifier, None)
        if element is None:
            return []
        self._numbers[kind] += 1
        return [f"{kind.capitalize()} {self._numbers[kind]}: {block_text(self._inside(element))}"]

    def _rows(self, table: etree._Element) -> tuple[tuple[tuple[Cell, ...], ...], int]:
        """Return a table's rows, and how many of the first are headers."""
        rows, headers, above_are_headers = [], 0, True
        for row in _flat(table):
            properties = row.find(f"{W}trPr")
            if row.tag != f"{W}tr" or is_on(properties, "del") or is_on(properties, "hidden"):
                continue
            above_are_headers = above_are_headers and bool(is_on(properties, "tblHeader"))
            headers += above_are_headers
            before = row.find(f"{W}trPr/{W}gridBefore")
            gap = () if before is None else (Cell((), max(1, number_of(before.get(f"{W}val")))),)
            rows.append((*gap, *(self._cell(cell) for cell in _flat(row) if cell.tag == f"{W}tc")))
        return tuple(rows), headers

    def _cell(self, cell: etree._Element) -> Cell:
        span, merge = cell.find(f"{W}tcPr/{W}gridSpan"), cell.find(f"{W}tcPr/{W}vMerge")
        columns = 1 if span is None else max(1, number_of(span.get(f"{W}val"), 1))
        return Cell(self._inside(cell), columns, merge is not None and merge.get(f"{W}val") != "restart")


def _flat(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield an element's children, those in content controls, insertions and other wrappers among them."""
    for child in parent:
        if child.tag in _WRAPPERS:
            yield from _flat(child)
        elif child.tag == ALTERNATE:
            yield from _flat(chosen(child))
        else:
            yield child


def _symbol(code: str) -> str:
    """Return the character of ``w:sym``, unless it is a symbol font's own."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    return chr(number) if number < 0x110000 and number not in _PRIVATE_USE else ""
