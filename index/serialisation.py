"""A document as plain values, for JSON and the database, and back."""

import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from pincite.index.document import Document, Item, Section, Span


def plain_document(document: Document) -> dict[str, Any]:
    """Return a document as values that JSON knows, but for its ``places``."""
    return {
        "text": document.text,
        "metadata": dict(document.metadata),
        "metadata_spans": plain_spans(document),
        "sections": plain_sections(document),
        "pages": document.pages,
        "part": document.part,
        "notes": document.notes,
    }


def document_from(plain: dict[str, Any], places: bytes = b"") -> Document:
    """Return the document that ``plain_document`` made plain. Raises TypeError, KeyError, ValueError or
    AttributeError where that is something else.
    """
    return Document(
        plain["text"],
        plain["metadata"],
        {field: Span(**span) for field, span in plain["metadata_spans"].items()},
        tuple(
            Section(
                one["start"],
                one["end"],
                one["body_start"],
                tuple(one["path"]),
                tuple(Item(*item) for item in one.get("items", ())),
            )
            for one in plain["sections"]
        ),
        tuple(plain["pages"]),
        places,
        plain.get("part", ""),
        tuple(plain.get("notes", ())),
    )


def plain_spans(document: Document) -> dict[str, dict[str, int]]:
    """Return where the metadata stand in the text."""
    return {field: asdict(span) for field, span in document.metadata_spans.items()}


def plain_sections(document: Document) -> list[dict[str, Any]]:
    """Return the sections, an item in them as a list of its values."""
    return [
        {
            "start": section.start,
            "end": section.end,
            "body_start": section.body_start,
            "path": section.path,
            "items": [(item.start, item.end, item.number, item.kind) for item in section.items],
        }
        for section in document.sections
    ]


def packed_places(places: bytes) -> bytes:
    """Return a document's ``places`` as they are stored: the differences, compressed."""
    if not places:
        return b""
    steps = np.diff(np.frombuffer(places, "<i4"), prepend=np.int32(0))
    return zlib.compress(steps.tobytes())


def unpacked_places(packed: bytes) -> bytes:
    """Return what ``packed_places`` packed. Raises ValueError where that is something else."""
    if not packed:
        return b""
    try:
        steps = np.frombuffer(zlib.decompress(packed), "<i4")
    except zlib.error as error:
        raise ValueError(str(error)) from None
    return np.cumsum(steps, dtype="<i4").tobytes()
