"""Keeps the FAISS projection in step with the database.

Reading: the newest base that is not ahead of the snapshot, plus the rows since. Writing: once more than a
twentieth of the rows are not in the file, it is written anew from SQLite, after the commit that it shows.
``forgotten`` in the database is the generation up to which deletions are no longer remembered; a base older
than that is of no use.
"""

import threading
from pathlib import Path

import numpy as np

from pincite.index.database import Database
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import Base, VectorIndex, build_base, read_base, write_base

_PENDING_SHARE = 0.05


class Projection:
    """The vector index of a corpus folder, for one process. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: VectorIndex | None = None
        self._guard = threading.Lock()

    def index_for(self, snapshot: Snapshot) -> VectorIndex:
        """Return the index that shows exactly the snapshot's generation."""
        with self._guard:
            if self._current is None or self._current.generation != snapshot.generation:
                self._current = _bring_up(self._base_for(snapshot), snapshot)
            return self._current

    def refresh(self, database: Database) -> None:
        """Write the file anew if too much is missing from it. Call it after a change, with the write lock
        held.
        """
        with database.snapshot() as snapshot:
            index = self.index_for(snapshot)
            on_disk = read_base(self._folder, snapshot.uid, snapshot.encoder.dimension)
            is_current = on_disk is not None and on_disk.generation == index.base.generation
            if is_current and index.pending <= _PENDING_SHARE * index.base.index.ntotal:
                return
            base = _build(snapshot)
            write_base(self._folder, snapshot.uid, base)
        with database.transaction() as writer:
            writer.forget_deletions(base.generation)

    def _base_for(self, snapshot: Snapshot) -> Base:
        known = [self._current.base] if self._current else []
        if not known or not _is_usable(known[0], snapshot):
            on_disk = read_base(self._folder, snapshot.uid, snapshot.encoder.dimension)
            known = [on_disk] if on_disk else []
        return known[0] if known and _is_usable(known[0], snapshot) else _build(snapshot)


def _is_usable(base: Base, snapshot: Snapshot) -> bool:
    is_of_encoder = base.index.d == snapshot.encoder.dimension
    return is_of_encoder and snapshot.forgotten <= base.generation <= snapshot.generation


def _build(snapshot: Snapshot) -> Base:
    return build_base(*snapshot.vectors(), snapshot.encoder.dimension, snapshot.generation)


def _bring_up(base: Base, snapshot: Snapshot) -> VectorIndex:
    ids, vectors = snapshot.vectors(after=base.last_id)
    deleted = np.intersect1d(snapshot.deleted_since(base.generation), base.ids)
    return VectorIndex(base, ids, vectors, deleted, snapshot.generation)
