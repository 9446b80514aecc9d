"""Checks a corpus against everything it promises, and says what it finds in sentences.

Of the lexical index, each passage is looked up by one of its terms; that its terms are those of its text is
taken on trust, since only the encoder's window could tell where a passage was cut.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from pincite.index.filters import comparable
from pincite.index.ingestion import identify
from pincite.index.records import Stored
from pincite.index.snapshot import FLOAT_BYTES, Snapshot
from pincite.index.vectors import Base

_LENGTH_TOLERANCE = 1e-3
_COMMON_TERM = re.compile(r"(?<!\S)(?:[a-z0-9]+|[\u4e00-\u9fff]+)(?!\S)")
_UNREADABLE = {
    "documents": "NOT (json_valid(metadata) AND json_valid(metadata_spans)"
    " AND json_valid(sections) AND json_valid(pages))",
    "groups": "NOT json_valid(path)",
    "passages": "NOT json_valid(points)",
}
_OUTSIDE_ITS_GROUP = (
    'id NOT IN (SELECT p.id FROM passages p JOIN groups g ON g.id = p."group" AND g.document = p.document'
    ' WHERE g.start <= p.start AND p.start < p."end" AND p."end" <= g."end")'
)


def findings(snapshot: Snapshot, base: Base | None) -> list[str]:
    """Return what is wrong with the snapshot or with the FAISS file's ``base``; empty if nothing is."""
    found = [*snapshot.integrity_problems(), *_rows(snapshot)]
    return found or [
        *_documents(snapshot),
        *_lexical(snapshot),
        *_lengths(snapshot),
        *_base(snapshot, base),
    ]


def _rows(snapshot: Snapshot) -> Iterator[str]:
    """Find rows that are missing, left over or unreadable: with those, nothing else can be looked at."""
    for table, condition in _UNREADABLE.items():
        if unreadable := snapshot.count(table, condition):
            yield f"{unreadable} unreadable rows in {table}"
    for table, key in (("vectors", "passage"), ("lexical", "rowid")):
        if missing := snapshot.count("passages", f"id NOT IN (SELECT {key} FROM {table})"):
            yield f"{missing} passages without a row in {table}"
        if extra := snapshot.count(table, f"{key} NOT IN (SELECT id FROM passages)"):
            yield f"{extra} rows in {table} without a passage"
    size = snapshot.encoder.dimension * FLOAT_BYTES
    if odd := snapshot.count("vectors", "typeof(vector) != 'blob' OR length(vector) != ?", size):
        yield f"{odd} vectors have not {snapshot.encoder.dimension} numbers"
    if outside := snapshot.count("passages", _OUTSIDE_ITS_GROUP):
        yield f"{outside} passages outside their group"


def _documents(snapshot: Snapshot) -> Iterator[str]:
    for stored in snapshot.stored_documents():
        yield from (f"{stored.source}: {problem}" for problem in _document(snapshot, stored))


def _document(snapshot: Snapshot, stored: Stored) -> Iterator[str]:
    document = stored.document
    if identify(stored.source, document) != stored.document_id:
        yield "its text or source is not the one that was indexed"
    size, spans = len(document.text), snapshot.group_spans(stored.row)
    for start, end in spans:
        if not 0 <= start < end <= size:
            yield f"a group {start}-{end} is outside its text of {size} characters"
    if any(first_end > second for (_, first_end), (second, _) in pairwise(spans)):
        yield "its groups overlap"
    expected = {field: comparable(field, value) for field, value in document.metadata.items()}
    if snapshot.fields(stored.row) != expected:
        yield "filters see other metadata than it has"


def _lexical(snapshot: Snapshot) -> Iterator[str]:
    lost = 0
    for id_, terms in snapshot.lexical_rows():
        term = _COMMON_TERM.search(terms)
        lost += term is not None and not snapshot.is_indexed(id_, term.group())
    if lost:
        yield f"{lost} passages that the lexical index does not find"


def _lengths(snapshot: Snapshot) -> Iterator[str]:
    _, vectors = snapshot.vectors()
    lengths = np.linalg.norm(vectors, axis=1)
    off = int(np.sum((lengths != 0) & ~(np.abs(lengths - 1) <= _LENGTH_TOLERANCE)))
    if off:
        yield f"{off} vectors are of neither unit length nor zero"


def _base(snapshot: Snapshot, base: Base | None) -> Iterator[str]:
    if base is None:
        if snapshot.count("passages"):
            yield "the FAISS file is missing or damaged: searches still work, `pincite index` mends it"
        return
    stored, vectors = snapshot.vectors()
    expected = np.union1d(stored, snapshot.deleted_since(base.generation))
    if not np.array_equal(np.sort(base.ids), expected[expected <= base.last_id]):
        yield "the FAISS file does not hold the passages of its generation"
        return
    for id_, vector in zip(stored, vectors, strict=True):
        if id_ <= base.last_id and not np.allclose(base.index.reconstruct(int(id_)), vector, atol=1e-6):
            yield f"the FAISS file has another vector than the database for passage {id_}"
