"""What must hold of every document that a reader makes, whatever the file."""

from __future__ import annotations

from pincite.index.document import Document
from pincite.index.formats import File, read_documents
from pincite.index.passages import draft_passages
from pincite.index.splitter import split
from tests.fakes import FakeEncoder


def read(name: str, content: bytes) -> Document:
    """The document in a file that holds one, its spans checked."""
    (document,) = read_documents(File(name, content))
    check_spans(document)
    return document


def rows_of(document: Document) -> list[tuple[tuple[str, ...], int, str]]:
    """Path, number and text of every row or record."""
    return [
        (section.path, item.number, document.text[item.start : item.end])
        for section in document.sections
        for item in section.items
    ]


def addresses_of(document: Document) -> list[str]:
    """What the rows, points and groups of a document are called, down to the smallest."""
    return [
        " › ".join([*group.path, *([f"{point.kind} {point.number}"] if point else [])])
        for group in split(document)[1]
        for point in group.points or [None]
    ]


def check_spans(document: Document) -> None:
    """Sections, items, groups, points and passages stand where they say, in order, without overlap."""
    end = 0
    for section in document.sections:
        assert end <= section.start <= section.body_start <= section.end <= len(document.text)
        end, inside = section.end, section.body_start
        for item in section.items:
            assert inside <= item.start < item.end <= section.end
            inside = item.end
    document, groups = split(document)
    end = 0
    for group in groups:
        assert end <= group.start < group.end
        assert document.text[group.start : group.end] == group.text
        end = group.end
        for point in group.points:
            assert document.text[point.start : point.end] == point.text == point.text.strip()
    for draft in draft_passages(document, groups, FakeEncoder().count_tokens, 60):
        assert draft.group.start <= draft.start < draft.end <= draft.group.end
        for point in draft.points:
            assert document.text[point.start : point.end] == point.text
