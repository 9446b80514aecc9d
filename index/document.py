"""The values that flow through indexing: a document, its groups and their points.

Every span counts code points of ``Document.text``, end exclusive, and for each value here
``document.text[x.start:x.end] == x.text``. Passages, the unit that is retrieved, are in ``passages``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Metadata = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in a document's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part that the format itself marks: a heading with what follows it.

    ``body_start`` is where the text under the heading begins; ``path`` names the headings above it, outermost
    first, its own last, and is empty for text before the first heading.
    """

    start: int
    end: int
    body_start: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Text plus metadata, as a format's reader made it.

    ``metadata`` holds ``title``, ``publisher``, ``date`` (ISO 8601, no zone), ``language`` and whatever the
    caller adds. ``metadata_spans`` says where a value stands in the text, for those that do. ``pages`` holds
    the offset at which each page begins, and is empty for a format without pages.
    """

    text: str
    metadata: Metadata = field(default_factory=dict)
    metadata_spans: Mapping[str, Span] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One item of a grouped summary. Its text leaves out the marker, the separator and the references."""

    start: int
    end: int
    text: str
    number: int
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The part a document is split by.

    ``path`` is what a reader of the document would call it: ``("Group 2",)``, headings, or nothing.
    ``body_start`` is where its marker or heading ends. A group of plain prose has no points. ``page`` counts
    from 1.
    """

    start: int
    end: int
    text: str
    body_start: int
    path: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    page: int | None = None
