"""The FAISS projection: nearest vectors by inner product, kept beside the database and never trusted over it.

Two parts answer a query: a base, the FAISS file as last written, and the rows added since, scanned exactly.
What is deleted or filtered out is masked by an id selector, before ranking. The file, ``vectors.faiss``, is
memory-mapped: a header, then FAISS's own bytes. Opening checks the header, the length and the checksum of all
but the vectors' codes; ``is_intact`` checks everything.

A base is an inverted file (``IndexIVFScalarQuantizer``). A small one has a single list of float16 vectors, as
the database has them, so that it is exact. A large one has many lists of 8-bit codes. A query looks into
six times the square root of their number; a mask widens that by as much as it leaves out, up to all of them.
Codes only choose the candidates, whose scores the caller takes from the database's vectors. The recall of
this, on real vectors, is in docs/benchmarks.md.
"""

import math
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from pincite.index.location import sync_folder

FILE_NAME = "vectors.faiss"
EXACT_UP_TO = 50_000
_PROBED_PER_ROOT = 6
_TRAINED_PER_LIST = 40
_ID_BYTES = 8
_READ_AT_ONCE = 1 << 24
_MAGIC = b"PINCITE2"
_HEADER = struct.Struct("<8s16sQQQQQI")
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size + _CHECKSUM.size

Ids = NDArray[np.int64]
Matrix = NDArray[np.float32]
Mask = NDArray[np.bool_]
Batches = Iterable[tuple[Ids, Matrix]]


@dataclass(frozen=True, slots=True)
class Base:
    """What one FAISS file holds: vectors of the passages up to ``last_id``, as they were at ``generation``.

    ``drawn_up_to`` is the last id that there was when its lists were drawn.
    """

    index: faiss.IndexIVFScalarQuantizer
    generation: int
    last_id: int
    drawn_up_to: int
    content: mmap.mmap | None = None

    @property
    def count(self) -> int:
        return int(self.index.ntotal)

    def lists(self) -> Iterator["InvertedList"]:
        """Yield the lists that hold something."""
        lists = self.index.invlists
        for number in range(self.index.nlist):
            if size := lists.list_size(number):
                ids = faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
                codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
                centre = self.index.quantizer.reconstruct(number) if self.index.by_residual else np.float32(0)
                yield InvertedList(ids, codes.reshape(size, lists.code_size).copy(), centre)

    def has_coded(self, one: "InvertedList", vectors: Matrix) -> Mask:
        """Return which codes of a list are those of ``vectors``, a row for each; rounding aside."""
        codes = self.index.sq.compute_codes(np.ascontiguousarray(vectors - one.centre))
        steps = np.abs(codes.astype(np.int16) - one.codes.astype(np.int16)).max(axis=1, initial=0)
        return np.asarray(steps <= (1 if self.index.by_residual else 0))


@dataclass(frozen=True, slots=True)
class InvertedList:
    """One list of a base: ``codes`` is uint8, (n, code size), of what the vectors differ from ``centre``."""

    ids: Ids
    codes: NDArray[np.uint8]
    centre: NDArray[np.float32] | np.float32


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Passage ids with their inner products, best first."""

    ids: Ids
    scores: NDArray[np.float32]


class VectorIndex:
    """A base plus what was added and deleted since: one generation of the corpus, immutable.

    ``added`` is float32, (n, dim), of which zeros are left out here as in the base: near to nothing, they
    would still come before what is nearer to the opposite. ``deleted`` are ids that the base still has.
    """

    def __init__(self, base: Base, added_ids: Ids, added: Matrix, deleted: Ids, generation: int) -> None:
        self.base = base
        self.generation = generation
        says_something = added.any(axis=1)
        self.added_ids = added_ids[says_something]
        self.added = added[says_something]
        self._alive: Mask | None = None
        if len(deleted):
            self._alive = np.ones(base.last_id + 1, dtype=np.bool_)
            self._alive[deleted[deleted <= base.last_id]] = False

    def search(self, query: NDArray[np.float32], top_k: int, allowed: Mask | None = None) -> Neighbours:
        """Return about the ``top_k`` passages nearest to ``query`` (float32, (dim,)).

        ``allowed`` says of every passage id of the generation whether it may be returned.
        """
        base = self._search_base(query, top_k, self._alive if allowed is None else allowed)
        ids, scores = self.added_ids, self.added @ query
        if allowed is not None:
            ids, scores = ids[allowed[ids]], scores[allowed[ids]]
        ids, scores = np.concatenate([base.ids, ids]), np.concatenate([base.scores, scores])
        order = np.lexsort((ids, -scores))[:top_k]
        return Neighbours(ids[order], scores[order])

    def _search_base(self, query: NDArray[np.float32], top_k: int, allowed: Mask | None) -> Neighbours:
        index, size = self.base.index, min(top_k, self.base.count)
        probed, selector = probed_of(index.nlist), None
        if allowed is not None:
            allowed = allowed[: self.base.last_id + 1]
            # Ids that were gone before the base was written may be set too, when only the deleted are masked.
            chosen = min(int(np.count_nonzero(allowed)), self.base.count)
            size = min(size, chosen)
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
            probed = probed * self.base.count // max(chosen, 1) + 1
        if not size:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        parameters = faiss.SearchParametersIVF(nprobe=min(probed, index.nlist), sel=selector)
        scores, ids = index.search(query[np.newaxis], size, params=parameters)
        found = (ids[0] >= 0) & (ids[0] <= self.base.last_id)
        return Neighbours(ids[0][found], scores[0][found])


def stored_vector(vector: NDArray[np.float32]) -> bytes:
    """Return a vector as the database keeps it, float16."""
    return vector.astype("<f2").tobytes()


def read_vectors(stored: bytes, dimension: int) -> Matrix:
    """Return vectors, float32, (n, dim), from as many stored ones on end."""
    return np.frombuffer(stored, dtype="<f2").astype(np.float32).reshape(-1, dimension)


def vector_of_layout_1(stored: bytes) -> NDArray[np.float32]:
    """Return a vector from the bytes in which layout 1 kept it, float32."""
    return np.frombuffer(stored, dtype="<f4").astype(np.float32)


def lists_for(count: int) -> int:
    """Return how many lists a base of ``count`` vectors has: one while that is fast, then a power of two near
    four times the root.
    """
    return 1 if count <= EXACT_UP_TO else 1 << round(np.log2(4 * np.sqrt(count)))


def probed_of(lists: int) -> int:
    """Return how many of a base's lists a query looks into."""
    return _PROBED_PER_ROOT * math.isqrt(lists)


def sample_size(count: int) -> int:
    """Return how many of ``count`` vectors are needed to draw the lists."""
    return 0 if lists_for(count) == 1 else min(count, _TRAINED_PER_LIST * lists_for(count))


def new_index(sample: Matrix, dimension: int, count: int) -> faiss.IndexIVFScalarQuantizer:
    """Return an empty index for ``count`` vectors, its lists drawn from ``sample`` (float32, (n, dim))."""
    lists = lists_for(len(sample) and count)
    quantizer = faiss.IndexFlatIP(dimension)
    code = faiss.ScalarQuantizer.QT_8bit if lists > 1 else faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, lists, code, faiss.METRIC_INNER_PRODUCT, lists > 1
    )
    index.cp.min_points_per_centroid = 1
    if lists == 1:
        sample = np.zeros((1, dimension), dtype=np.float32)
        quantizer.add(sample)
    index.train(sample)
    return index


def add_to(index: faiss.IndexIVFScalarQuantizer, batches: Batches) -> None:
    """Add vectors, but for those of zeros, which are near to nothing."""
    for ids, vectors in batches:
        says_something = vectors.any(axis=1)
        if says_something.any():
            index.add_with_ids(np.ascontiguousarray(vectors[says_something]), ids[says_something])


def writable(base: Base) -> faiss.IndexIVFScalarQuantizer:
    """Return a copy in memory of the index of a base that was read from its file."""
    assert base.content is not None  # noqa: S101 -- else it would be the caller's to change
    base.content.seek(_HEADER_BYTES)
    return faiss.read_index(faiss.PyCallbackIOReader(base.content.read))


def write_base(folder: Path, uid: str, base: Base) -> None:
    """Write ``vectors.faiss`` so that a crash leaves the old file or the new one, whole."""
    temporary = folder / f"{FILE_NAME}.tmp"
    checksum = 0

    def write(data: bytes) -> int:
        nonlocal checksum
        checksum = zlib.crc32(data, checksum)
        return file.write(data)

    try:
        with temporary.open("w+b") as file:
            file.write(bytes(_HEADER_BYTES))
            faiss.write_index(base.index, faiss.PyCallbackIOWriter(write))
            size = file.tell() - _HEADER_BYTES
            checked = size - base.count * (base.index.code_size + _ID_BYTES)
            fields = (base.generation, base.last_id, base.drawn_up_to, size, checked, checksum)
            header = _HEADER.pack(_MAGIC, bytes.fromhex(uid), *fields)
            file.seek(_HEADER_BYTES)
            at_opening = zlib.crc32(file.read(checked), zlib.crc32(header))
            file.seek(0)
            file.write(header + _CHECKSUM.pack(at_opening))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / FILE_NAME)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)


def clear_unfinished(folder: Path) -> None:
    """Remove what a writer that died while it wrote the file has left."""
    (folder / f"{FILE_NAME}.tmp").unlink(missing_ok=True)


def generation_on_disk(folder: Path) -> int | None:
    """Return the generation that the file's header names, unchecked; None when there is no such file."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return int(_HEADER.unpack(file.read(_HEADER.size))[2])
    except (OSError, struct.error):
        return None


def read_base(folder: Path, uid: str, dimension: int) -> Base | None:
    """Return the base on disk, mapped into memory, or None when there is none that can be used."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    if len(content) < _HEADER_BYTES:
        return None
    magic, owner, generation, last_id, drawn_up_to, size, checked, _ = _HEADER.unpack_from(content)
    if magic != _MAGIC or owner.hex() != uid or len(content) != _HEADER_BYTES + size or checked > size:
        return None
    view = memoryview(content)
    header, structure = view[: _HEADER.size], view[_HEADER_BYTES : _HEADER_BYTES + checked]
    if _CHECKSUM.unpack_from(content, _HEADER.size)[0] != zlib.crc32(structure, zlib.crc32(header)):
        return None
    payload = np.frombuffer(content, dtype=np.uint8, offset=_HEADER_BYTES)
    index = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(payload), len(payload)))
    if not isinstance(index, faiss.IndexIVFScalarQuantizer) or index.d != dimension:
        return None
    return Base(index, generation, last_id, drawn_up_to, content)


def is_intact(base: Base) -> bool:
    """Whether every byte of a base that was read from its file is as it was written."""
    if base.content is None:
        return True
    written = int(_HEADER.unpack_from(base.content)[-1])
    total = 0
    for start in range(_HEADER_BYTES, len(base.content), _READ_AT_ONCE):
        total = zlib.crc32(base.content[start : start + _READ_AT_ONCE], total)
    return total == written
