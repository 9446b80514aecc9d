"""Reads presentations: a part for each slide, its title as the heading in it, and the notes at its end.

Shapes are read top to bottom, then left to right; a text frame that is a slide's body becomes a list. Tables
and charts become rows with their headers. Footers, dates and slide numbers are left out, and so are comments.
The XML is read itself, part by part: python-pptx opens a presentation whole, pictures and films included.
"""

from collections.abc import Iterator

from lxml import etree

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.blocks import Block, Cell, Paragraph, Table, write_blocks
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.ooxml import A, P, Package, R, number_of, open_package
from pincite.index.formats.ooxml_charts import (
    CHART,
    DIAGRAM,
    chart_blocks,
    diagram_blocks,
    drawn_text,
    paragraph_text,
)
from pincite.index.formats.pptx_shapes import TITLES, Places, in_reading_order, placeholder_of

_FURNITURE = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})


def read(file: File) -> list[Document]:
    """Return a presentation."""
    package, root = open_package(file.content, "PPTX file", "ppt/presentation.xml", f"{P}presentation")
    identifiers = [one.get(f"{R}id") for one in root.iterfind(f"{P}sldIdLst/{P}sldId")]
    targets = (package.target(package.main, identifier) for identifier in identifiers)
    slides = list(dict.fromkeys(target for target in targets if target))
    if not slides:
        raise UnsupportedDocument("the presentation has no slides")
    builder, reader = Builder(), _Reader(package)
    for number, slide in enumerate(slides, start=1):
        builder.part(f"slide {number}")
        reader.write(builder, slide, number)
        file.on_page(number, len(slides))
    metadata = package.metadata()
    metadata.setdefault("title", reader.title)
    return [builder.document(metadata, notes=reader.notes())]


class _Reader:
    """Writes slides, and counts what is not text in them."""

    def __init__(self, package: Package) -> None:
        self.title = ""
        self._package = package
        self._pictures = 0
        self._hidden: list[int] = []
        self._seen: set[str] = set()

    def write(self, builder: Builder, slide: str, number: int) -> None:
        """Write a slide and its notes."""
        root = self._package.xml(slide)
        if root.get("show") in ("0", "false"):
            self._hidden.append(number)
        places = Places(self._package, slide)
        shapes = [
            shape for tree in root.iterfind(f"{P}cSld/{P}spTree") for shape in in_reading_order(tree, places)
        ]
        title = next(filter(_is_title, shapes), None)
        if title is not None:
            heading = " ".join(drawn_text(title).split())
            builder.heading(1, heading)
            self.title = self.title or heading
        for shape in shapes:
            if shape is not title:
                write_blocks(builder, self._shape(slide, shape))
        for notes in self._unseen(self._package.related(slide, "notesSlide")):
            text = _notes_text(self._package.xml(notes))
            builder.paragraph(f"Notes: {text}" if text else "")

    def notes(self) -> list[str]:
        """Return sentences about the slides that are hidden, and the pictures, which are not in the text."""
        found = []
        if self._hidden:
            which = ", ".join(map(str, self._hidden))
            found.append(f"hidden in the show, but read: slide{'s' * (len(self._hidden) > 1)} {which}")
        if self._pictures:
            found.append(f"{self._pictures} image{'s' * (self._pictures > 1)} without text")
        return found

    def _shape(self, slide: str, shape: etree._Element) -> Iterator[Block]:
        placeholder = placeholder_of(shape)
        if placeholder and placeholder.kind in _FURNITURE:
            return
        if shape.tag == f"{P}graphicFrame":
            yield from self._graphic(slide, shape)
        self._pictures += shape.tag == f"{P}pic"
        texts = _texts(shape.find(f"{P}txBody"))
        is_list = placeholder is not None and placeholder.is_body and len(texts) > 1
        yield from (Paragraph(text, is_item=is_list) for text in texts)

    def _graphic(self, slide: str, frame: etree._Element) -> Iterator[Block]:
        for element in frame.iter(f"{A}tbl", CHART, DIAGRAM):
            if element.tag == f"{A}tbl":
                yield _table(element)
                continue
            name = f"{R}id" if element.tag == CHART else f"{R}dm"
            part = self._package.target(slide, element.get(name))
            read_part = chart_blocks if element.tag == CHART else diagram_blocks
            for unseen in self._unseen([part] if part else []):
                yield from read_part(self._package.xml(unseen))

    def _unseen(self, parts: list[str]) -> Iterator[str]:
        """Yield each part once only, however often it is referred to."""
        for part in parts:
            if part not in self._seen:
                self._seen.add(part)
                yield part


def _is_title(shape: etree._Element) -> bool:
    placeholder = placeholder_of(shape)
    return placeholder is not None and placeholder.kind in TITLES


def _texts(body: etree._Element | None) -> list[str]:
    paragraphs = () if body is None else body.iterfind(f"{A}p")
    return [text for text in map(paragraph_text, paragraphs) if text]


def _notes_text(root: etree._Element) -> str:
    bodies = (
        shape.find(f"{P}txBody")
        for shape in root.iter(f"{P}sp")
        if (placeholder := placeholder_of(shape)) and placeholder.kind == "body"
    )
    return "\n".join(text for body in bodies for text in _texts(body))


def _table(table: etree._Element) -> Table:
    rows = table.iterfind(f"{A}tr")
    return Table(
        tuple(
            tuple(_cell(cell) for cell in row.iterfind(f"{A}tc") if not _is_on(cell, "hMerge"))
            for row in rows
        )
    )


def _cell(cell: etree._Element) -> Cell:
    texts = _texts(cell.find(f"{A}txBody"))
    blocks = tuple(Paragraph(text) for text in texts)
    return Cell(blocks, max(1, number_of(cell.get("gridSpan"), 1)), _is_on(cell, "vMerge"))


def _is_on(cell: etree._Element, name: str) -> bool:
    return cell.get(name) in ("1", "true")
