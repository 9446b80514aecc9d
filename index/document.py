"""The values that flow through indexing: a document, its groups and their points.

Every span counts code points of ``Document.text``, end exclusive, and for each value here
``document.text[x.start:x.end] == x.text``. Passages, the unit that is retrieved, are in ``passages``.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Metadata = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in a document's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a section that is never cut apart unless it is too long: a row of a table, a record.

    ``number`` is what the format counts it as, from 1; ``kind`` what it calls it: "row", "table 2 row".
    """

    start: int
    end: int
    number: int
    kind: str = "row"


@dataclass(frozen=True, slots=True)
class Section:
    """A part that the format itself marks: a heading with what follows it, a slide, a sheet.

    ``body_start`` is where the text under the heading begins; ``path`` names the headings above it, outermost
    first, its own last, and is empty for text before the first heading. Text between the ``items`` is prose.
    """

    start: int
    end: int
    body_start: int
    path: tuple[str, ...]
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Text plus metadata, as a format's reader made it.

    ``metadata`` holds ``title``, ``author``, ``publisher``, ``date`` (ISO 8601, no zone), ``language`` and
    whatever the caller adds. ``metadata_spans`` says where a value stands in the text, for those that do.
    ``pages`` holds the offset at which each page begins, and is empty for a format without pages. ``places``
    is for a PDF: a little-endian int32 for each code point of the text, the number of its character on its
    page as PDFium counts, or -1. ``part`` names a document inside a file, such as a mail's attachment.
    ``notes`` say what of the file is not in the text.
    """

    text: str
    metadata: Metadata = field(default_factory=dict)
    metadata_spans: Mapping[str, Span] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()
    places: bytes = b""
    part: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One item of a grouped summary, whose text leaves out the marker, the separator and the references; or
    an ``Item`` that the format marks, which has another ``kind``.
    """

    start: int
    end: int
    text: str
    number: int
    references: tuple[str, ...] = ()
    kind: str = "point"


@dataclass(frozen=True, slots=True)
class Group:
    """The part a document is split by.

    ``path`` is what a reader of the document would call it: ``("Group 2",)``, headings, or nothing.
    ``body_start`` is where its marker or heading ends. A group of plain prose has no points. ``page`` counts
    from 1. Between points of another kind than "point" is prose.
    """

    start: int
    end: int
    text: str
    body_start: int
    path: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    page: int | None = None


def page_at(pages: Sequence[int], offset: int) -> int | None:
    """Return the number, from 1, of the page that holds ``offset``, given where the pages begin; None for a
    format without pages.
    """
    return max(1, bisect_right(pages, offset)) if pages else None
