"""Keeps the FAISS projection in step with the database.

Reading: the newest base that is not ahead of the snapshot, plus the rows since. Writing: once too many rows
are not in the file, it is written anew, after the commit that it shows: the old base with the changes, its
lists drawn anew whenever it has doubled or halved, or most of it has been replaced, as another encoder does.
``forgotten`` in the database is the generation up to which deletions are no longer remembered; a base older
than that is of no use.
"""

import logging
import threading
from pathlib import Path

import faiss
import numpy as np

from pincite.index.database import Database
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import (
    Base,
    VectorIndex,
    add_to,
    clear_unfinished,
    generation_on_disk,
    lists_for,
    new_index,
    read_base,
    sample_size,
    writable,
    write_base,
)

_LOG = logging.getLogger(__name__)
_PENDING_SHARE = 0.1
_LEAST_PENDING, _MOST_PENDING = 64, 16_384


class Outrun(Exception):
    """The file shows a later generation than the snapshot: a writer was at work in between, unless a new
    snapshot has the same generation.
    """

    def __init__(self, generation: int) -> None:
        super().__init__(f"the vector index is ahead of generation {generation}")
        self.generation = generation


class Projection:
    """The vector index of a corpus folder, for one process. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: VectorIndex | None = None
        self._guard = threading.Lock()

    def index_for(self, snapshot: Snapshot, outrun: Outrun | None = None) -> VectorIndex:
        """Return the index that shows exactly the snapshot's generation.

        Raises ``Outrun`` when the file is ahead of it; handed that at the next try, it raises none again for
        the same generation, but does without the file.
        """
        with self._guard:
            if self._current is None or self._current.generation != snapshot.generation:
                is_foreign = outrun is not None and outrun.generation == snapshot.generation
                self._current = self._bring_up(snapshot, is_foreign)
            return self._current

    def refresh(self, database: Database) -> None:
        """Write the file anew if too much is missing from it. Call it after a change, with the write lock
        held.

        A file that cannot be written is no loss but of speed: the next change tries again.
        """
        clear_unfinished(self._folder)
        with database.snapshot() as snapshot:
            base = self._usable_base(snapshot)
            is_on_disk = base is not None and base.generation == generation_on_disk(self._folder)
            if base is not None and is_on_disk and _pending(base, snapshot) <= _tolerated(base):
                return
            renewed = _renewed(base, snapshot)
            try:
                write_base(self._folder, snapshot.uid, renewed)
            except OSError as error:
                _LOG.warning("%s cannot be written: %s; searches read the database", self._folder, error)
                return
        with database.transaction() as writer:
            writer.forget_deletions(renewed.generation)

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            self._current = None

    def _bring_up(self, snapshot: Snapshot, is_foreign: bool) -> VectorIndex:
        base = self._usable_base(snapshot)
        if base is None and not is_foreign and self._is_ahead(snapshot):
            raise Outrun(snapshot.generation)
        base = base or _exact(snapshot)
        known = self._current
        if known is None or known.base is not base or known.generation > snapshot.generation:
            ids, vectors = snapshot.vectors(after=base.last_id)
            deleted = snapshot.deleted_since(base.generation)
            return VectorIndex(base, ids, vectors, deleted, snapshot.generation)
        ids, vectors = snapshot.vectors(after=int(known.added_ids.max(initial=base.last_id)))
        deleted = snapshot.deleted_since(base.generation)
        kept = ~np.isin(known.added_ids, deleted)
        ids = np.concatenate([known.added_ids[kept], ids])
        vectors = np.concatenate([known.added[kept], vectors])
        return VectorIndex(base, ids, vectors, deleted, snapshot.generation)

    def _is_ahead(self, snapshot: Snapshot) -> bool:
        base = read_base(self._folder, snapshot.uid, snapshot.encoder.dimension)
        return base is not None and base.generation > snapshot.generation

    def _usable_base(self, snapshot: Snapshot) -> Base | None:
        """Return the base at hand or on disk, the newer one, if it fits the snapshot."""
        base = self._current.base if self._current else None
        if base is None or base.content is None or base.generation != generation_on_disk(self._folder):
            on_disk = read_base(self._folder, snapshot.uid, snapshot.encoder.dimension)
            if on_disk is not None and on_disk.generation <= snapshot.generation:
                base = on_disk
        return base if base is not None and _is_usable(base, snapshot) else None


def _is_usable(base: Base, snapshot: Snapshot) -> bool:
    is_of_encoder = base.index.d == snapshot.encoder.dimension
    return is_of_encoder and snapshot.forgotten <= base.generation <= snapshot.generation


def _pending(base: Base, snapshot: Snapshot) -> int:
    return snapshot.last_id - base.last_id + snapshot.count("deleted", "generation > ?", base.generation)


def _tolerated(base: Base) -> int:
    return min(max(int(_PENDING_SHARE * base.count), _LEAST_PENDING), _MOST_PENDING)


def _exact(snapshot: Snapshot) -> Base:
    """Return a base of all vectors that no file is needed for; slow to search once they are many."""
    dimension = snapshot.encoder.dimension
    index = new_index(np.empty((0, dimension), np.float32), dimension, 0)
    add_to(index, snapshot.vector_batches())
    return Base(index, snapshot.generation, snapshot.last_id, 0)


def _renewed(base: Base | None, snapshot: Snapshot) -> Base:
    """Return a base of the snapshot: ``base`` with the changes since, or a new one where its lists no longer
    fit.
    """
    count, dimension = snapshot.count("vectors"), snapshot.encoder.dimension
    if base is not None and base.content is not None and _still_fits(base, count):
        index = writable(base)
        index.remove_ids(faiss.IDSelectorBatch(snapshot.deleted_since(base.generation)))
        if index.nlist == 1 or index.ntotal >= base.trained_on / 2:
            add_to(index, snapshot.vector_batches(after=base.last_id))
            return Base(index, snapshot.generation, snapshot.last_id, base.trained_on)
    if lists_for(count) > 1:
        _LOG.info("drawing up the vector index of %s passages", f"{count:,}")
    index = new_index(snapshot.some_vectors(sample_size(count)), dimension, count)
    add_to(index, snapshot.vector_batches())
    return Base(index, snapshot.generation, snapshot.last_id, count)


def _still_fits(base: Base, count: int) -> bool:
    """Whether the base's lists suit ``count`` vectors."""
    if base.index.nlist == 1 or lists_for(count) == 1:
        return int(base.index.nlist) == lists_for(count)
    return base.trained_on / 2 <= count <= base.trained_on * 2
