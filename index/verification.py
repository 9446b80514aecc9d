"""Checks a corpus against everything it promises, and says what it finds in sentences.

Of the lexical index, each passage's terms are held against the checksum that was stored with it; that they
are those of its text is taken on trust, since only the encoder's window could tell where a passage was cut.
"""

import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from pincite.index.filters import comparable
from pincite.index.ingestion import identify
from pincite.index.lexical import CHECKSUM_BITS, UNREADABLE
from pincite.index.records import Stored
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import Base, InvertedList, is_intact

_LENGTH_TOLERANCE = 1e-3
_UNREADABLE = {
    "documents": "NOT (json_valid(metadata) AND json_valid(metadata_spans)"
    " AND json_valid(sections) AND json_valid(pages))",
    "files": "NOT json_valid(notes)",
    "groups": "NOT json_valid(path)",
    "passages": "NOT json_valid(points)",
    "recent": "NOT json_valid(weights)",
}
_OUTSIDE_ITS_GROUP = (
    'id NOT IN (SELECT p.id FROM passages p JOIN groups g ON g.id = p."group" AND g.document = p.document'
    ' WHERE g.start <= p.start AND p.start < p."end" AND p."end" <= g."end")'
)


_MISCOUNTED = (
    "characters != length(text) OR groups != (SELECT count(*) FROM groups WHERE document = documents.id)"
    " OR passages != (SELECT count(*) FROM passages WHERE document = documents.id"
    " AND id >= first_passage AND id < first_passage + documents.passages)"
    " OR passages != (SELECT count(*) FROM passages WHERE document = documents.id)"
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
    if missing := snapshot.count("passages", "id NOT IN (SELECT passage FROM vectors)"):
        yield f"{missing} passages without a row in vectors"
    if extra := snapshot.count("vectors", "passage NOT IN (SELECT id FROM passages)"):
        yield f"{extra} rows in vectors without a passage"
    size = snapshot.vector_bytes
    if odd := snapshot.count("vectors", "typeof(vector) != 'blob' OR length(vector) != ?", size):
        yield f"{odd} vectors have not {snapshot.encoder.dimension} numbers"
    if outside := snapshot.count("passages", _OUTSIDE_ITS_GROUP):
        yield f"{outside} passages outside their group"
    if miscounted := snapshot.count("documents", _MISCOUNTED):
        yield f"{miscounted} documents with other characters, groups or passages than they count"


def _documents(snapshot: Snapshot) -> Iterator[str]:
    for row in snapshot.document_rows():
        stored = snapshot.stored_document(row)
        yield from (f"{stored.source}: {problem}" for problem in _document(snapshot, stored))


def _document(snapshot: Snapshot, stored: Stored) -> Iterator[str]:
    document = stored.document
    if identify(stored.source, document) != stored.document_id:
        yield "its text or source is not the one that was indexed"
    size, spans = len(document.text), snapshot.group_spans(stored.row)
    for start, end in spans:
        if not 0 <= start < end <= size:
            yield f"a group {start}-{end} is outside its text of {size} characters"
    if len(document.places) not in (0, 4 * size):
        yield "it has not one place on its pages for each character"
    if any(first_end > second for (_, first_end), (second, _) in pairwise(spans)):
        yield "its groups overlap"
    expected = {field: comparable(field, value) for field, value in document.metadata.items()}
    if snapshot.fields(stored.row) != expected:
        yield "filters see other metadata than it has"


def _lexical(snapshot: Snapshot) -> Iterator[str]:
    """Add up every posting again, by passage."""
    expected = snapshot.lexical_checksums()
    sums = np.zeros(snapshot.last_id + 1, dtype=np.uint64)
    lengths = np.zeros(len(sums), dtype=np.int64)
    try:
        for first, stored in snapshot.segment_lengths():
            lengths[first : first + len(stored)] = stored
        for ids, term, weights in snapshot.posting_lists():
            sums[ids] += np.uint64(zlib.crc32(term.encode())) * weights.astype(np.uint64)
    except UNREADABLE as error:
        yield f"the lexical index cannot be read: {error}"
        return
    flushed = int(np.flatnonzero(lengths).max(initial=-1))
    lost = sum(
        int(sums[id_]) & CHECKSUM_BITS != checksum or (id_ <= flushed and lengths[id_] != length)
        for id_, checksum, length in expected
    )
    if lost:
        yield f"{lost} passages that the lexical index does not have as they are"
    lengths[[id_ for id_, _, _ in expected]] = 0
    if left := np.count_nonzero(lengths):
        yield f"{left} passages in the lexical index that are gone"


def _lengths(snapshot: Snapshot) -> Iterator[str]:
    off = 0
    for _, vectors in snapshot.vector_batches():
        lengths = np.linalg.norm(vectors, axis=1)
        off += int(np.sum((lengths != 0) & ~(np.abs(lengths - 1) <= _LENGTH_TOLERANCE)))
    if off:
        yield f"{off} vectors are of neither unit length nor zero"


def _base(snapshot: Snapshot, base: Base | None) -> Iterator[str]:
    if base is None or not is_intact(base):
        if snapshot.count("passages"):
            yield "the FAISS file is missing or damaged: searches still work, `pincite index` mends it"
        return
    deleted = snapshot.deleted_since(base.generation)
    held = np.sort(np.concatenate([np.empty(0, np.int64), *(one.ids for one in base.lists())]))
    expected = [ids[vectors.any(axis=1)] for ids, vectors in snapshot.vector_batches(until=base.last_id)]
    if not np.array_equal(np.setdiff1d(held, deleted), np.concatenate([np.empty(0, np.int64), *expected])):
        yield "the FAISS file does not hold the passages of its generation"
        return
    for one in base.lists():
        order = np.argsort(one.ids)
        stored_ids, stored = snapshot.vectors_of(one.ids.tolist())
        still = order[np.isin(one.ids[order], stored_ids)]
        of_those = InvertedList(one.ids[still], one.codes[still], one.centre)
        for id_ in stored_ids[~base.has_coded(of_those, stored)]:
            yield f"the FAISS file has another vector than the database for passage {id_}"
