"""The FAISS projection: nearest vectors by inner product, kept beside the database and never trusted over it.

Two parts answer a query: a base, the FAISS file as last written, and the rows added since, scanned exactly.
Rows deleted since are masked by an id selector, before ranking. The file is ``vectors.faiss``: a header
(magic, the corpus's id, generation, last id and size, and the CRC-32 of all else), then FAISS's own bytes. A
file that is missing, damaged or of another corpus is passed over, and the vectors are read from SQLite
instead: that is slower, never wrong.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

FILE_NAME = "vectors.faiss"
_HEADER = struct.Struct("<8s16sQQQ")
_CHECKSUM = struct.Struct("<I")
_MAGIC = b"PINCITE1"

Ids = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Base:
    """What one FAISS file holds: an index, the generation it shows, the largest passage id up to then."""

    index: faiss.IndexIDMap2
    generation: int
    last_id: int

    @property
    def ids(self) -> Ids:
        return np.asarray(faiss.vector_to_array(self.index.id_map), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Passage ids with their inner products, best first."""

    ids: Ids
    scores: NDArray[np.float32]


class VectorIndex:
    """A base plus what was added and deleted since: one generation of the corpus, immutable."""

    def __init__(self, base: Base, added_ids: Ids, added: Matrix, deleted: Ids, generation: int) -> None:
        self.base = base
        self.generation = generation
        self.deleted = deleted
        self._added_ids = added_ids
        self._added = added

    @property
    def pending(self) -> int:
        """How many additions and deletions the base does not know."""
        return len(self._added_ids) + len(self.deleted)

    def search(self, query: NDArray[np.float32], top_k: int, allowed: Ids | None = None) -> Neighbours:
        """Return the ``top_k`` passages nearest to ``query`` (float32, (dim,)), of ``allowed`` if given."""
        base = self._search_base(query, top_k, allowed)
        mask = ~np.isin(self._added_ids, self.deleted)
        if allowed is not None:
            mask &= np.isin(self._added_ids, allowed)
        ids = np.concatenate([base.ids, self._added_ids[mask]])
        scores = np.concatenate([base.scores, self._added[mask] @ query])
        order = np.lexsort((ids, -scores))[:top_k]
        return Neighbours(ids[order], scores[order])

    def _search_base(self, query: NDArray[np.float32], top_k: int, allowed: Ids | None) -> Neighbours:
        size = min(top_k, self.base.index.ntotal)
        if not size:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        selector: faiss.IDSelector | None = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.setdiff1d(allowed, self.deleted))
        elif len(self.deleted):
            selector = faiss.IDSelectorNot(faiss.IDSelectorBatch(self.deleted))
        parameters = None if selector is None else faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, ids = self.base.index.search(query[np.newaxis], size, params=parameters)
        found = ids[0] >= 0
        return Neighbours(ids[0][found], scores[0][found])


def build_base(ids: Ids, vectors: Matrix, dimension: int, generation: int) -> Base:
    """Return an exact base over ``vectors`` (float32, (n, dim))."""
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
    if len(ids):
        index.add_with_ids(np.ascontiguousarray(vectors), ids)
    return Base(index, generation, int(ids.max(initial=0)))


def write_base(folder: Path, uid: str, base: Base) -> None:
    """Write ``vectors.faiss`` so that a crash leaves the old file or the new one, whole."""
    payload = faiss.serialize_index(base.index).tobytes()
    header = _HEADER.pack(_MAGIC, bytes.fromhex(uid), base.generation, base.last_id, len(payload))
    temporary = folder / f"{FILE_NAME}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(header)
            file.write(_CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(header))))
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / FILE_NAME)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)


def read_base(folder: Path, uid: str, dimension: int) -> Base | None:
    """Return the base on disk, or None when there is none that can be used."""
    try:
        content = (folder / FILE_NAME).read_bytes()
    except OSError:
        return None
    if len(content) < _HEADER.size + _CHECKSUM.size:
        return None
    magic, owner, generation, last_id, size = _HEADER.unpack_from(content)
    (checksum,) = _CHECKSUM.unpack_from(content, _HEADER.size)
    payload = memoryview(content)[_HEADER.size + _CHECKSUM.size :]
    if magic != _MAGIC or owner.hex() != uid or len(payload) != size:
        return None
    if zlib.crc32(payload, zlib.crc32(content[: _HEADER.size])) != checksum:
        return None
    index = faiss.deserialize_index(np.frombuffer(payload, dtype=np.uint8))
    if not isinstance(index, faiss.IndexIDMap2) or index.d != dimension:
        return None
    return Base(index, generation, last_id)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
