"""Checks a corpus against everything it promises, and says what it finds in sentences."""

from collections.abc import Iterator

import numpy as np
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import Base

_LENGTH_TOLERANCE = 1e-3


def findings(snapshot: Snapshot, base: Base | None) -> list[str]:
    """Return what is wrong with the snapshot or with the FAISS file's ``base``; empty if nothing is."""
    return [*snapshot.integrity_problems(), *_spans(snapshot), *_vectors(snapshot), *_base(snapshot, base)]


def _spans(snapshot: Snapshot) -> Iterator[str]:
    for stored in snapshot.stored_documents():
        size = len(stored.document.text)
        for start, end in snapshot.spans(stored.row):
            if not 0 <= start < end <= size:
                yield f"{stored.source}: a span {start}-{end} is outside its text of {size} characters"


def _vectors(snapshot: Snapshot) -> Iterator[str]:
    passages = snapshot.count("passages")
    for table in ("vectors", "lexical"):
        if snapshot.count(table) != passages:
            yield f"{passages} passages but {snapshot.count(table)} rows in {table}"
    _, vectors = snapshot.vectors()
    lengths = np.linalg.norm(vectors, axis=1)
    off = int(np.sum((lengths != 0) & (np.abs(lengths - 1) > _LENGTH_TOLERANCE)))
    if off:
        yield f"{off} vectors are of neither unit length nor zero"


def _base(snapshot: Snapshot, base: Base | None) -> Iterator[str]:
    if base is None:
        if snapshot.count("passages"):
            yield "the FAISS file is missing or damaged: searches still work, `pincite index` mends it"
        return
    stored, vectors = snapshot.vectors()
    expected = np.union1d(stored[stored <= base.last_id], snapshot.deleted_since(base.generation))
    if not np.array_equal(np.sort(base.ids), np.intersect1d(expected, np.arange(base.last_id + 1))):
        yield "the FAISS file does not hold the passages of its generation"
        return
    for id_, vector in zip(stored, vectors, strict=True):
        if id_ <= base.last_id and not np.allclose(base.index.reconstruct(int(id_)), vector, atol=1e-6):
            yield f"the FAISS file has another vector than the database for passage {id_}"
