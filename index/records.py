"""What is stored, on its way into the database and out of it."""

from dataclasses import dataclass

from pincite.index.document import Document, Group, Metadata
from pincite.index.passages import PassageDraft
from pincite.index.vectors import Matrix


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with everything that is stored for it.

    ``keys`` name what was encoded for each passage; ``vectors`` is float32, (n_passages, dim).
    """

    document_id: str
    source: str
    document: Document
    groups: tuple[Group, ...]
    drafts: tuple[PassageDraft, ...]
    keys: tuple[bytes, ...]
    vectors: Matrix


GONE = "its file is gone; --prune removes it (prune=True)"
"""The reason of a vanished file, unless it was indexed from elsewhere, which another says."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one file. ``status`` is "added", "unchanged", "replaced", "removed", "failed" or
    "vanished": the corpus holds what was read of it, and its file is gone from the folder.

    ``reason`` says why it failed, or what to do about a vanished one, and is empty otherwise. The counts are
    what the corpus now holds of the file; ``pages`` is 0 for a format without pages. ``notes`` say what of
    the file could not be read.
    """

    source: str
    status: str
    reason: str = ""
    documents: int = 0
    characters: int = 0
    pages: int = 0
    groups: int = 0
    passages: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a corpus holds of one document; ``characters`` counts code points."""

    document_id: str
    source: str
    title: str
    metadata: Metadata
    characters: int
    pages: int
    groups: int
    passages: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the database has it; ``row`` is its place there."""

    row: int
    document_id: str
    source: str
    document: Document


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with all that a corpus keeps of it but the vectors. ``base`` is the folder that its source was
    named from, where that is kept.
    """

    source: str
    fingerprint: str
    is_text: bool
    notes: tuple[str, ...]
    documents: tuple[Stored, ...]
    base: str = ""
