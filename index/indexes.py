"""Both indexes of a corpus folder, for one process: found for a snapshot, and put in order after a change."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from pincite.index.database import Database
from pincite.index.filters import Filter
from pincite.index.lexical import LexicalIndex
from pincite.index.projection import Outrun, Projection
from pincite.index.remembered_encodings import RememberedEncodings
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import Mask, VectorIndex

_KEPT_MASKS = 8


@dataclass(frozen=True, slots=True)
class Indexes:
    """Both indexes as one generation has them, and what was encoded last, in whichever generation."""

    vectors: VectorIndex
    lexical: LexicalIndex
    generation: int
    encodings: RememberedEncodings
    _masks: dict[Filter, Mask] = field(default_factory=dict)

    def allowed(self, snapshot: Snapshot, condition: Filter) -> Mask:
        """Return for each passage id whether its document meets ``condition``; the last few are kept."""
        mask = self._masks.get(condition)
        if mask is None:
            if len(self._masks) >= _KEPT_MASKS:
                self._masks.clear()
            mask = self._masks[condition] = snapshot.allowed(condition)
        return mask


class LiveIndexes:
    """The indexes of the newest generation that was asked for. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._projection = Projection(folder)
        self._encodings = RememberedEncodings()
        self._latest: Indexes | None = None
        self._guard = threading.Lock()

    def of(self, snapshot: Snapshot, outrun: Outrun | None = None) -> Indexes:
        """Return the indexes that show exactly the snapshot's generation. Raises ``Outrun``, as
        ``Projection.index_for`` does.
        """
        with self._guard:
            latest = self._latest
            if latest is None or latest.generation != snapshot.generation:
                vectors = self._projection.index_for(snapshot, outrun)
                lexical = snapshot.lexical_index(latest.lexical if latest else None)
                latest = self._latest = Indexes(vectors, lexical, snapshot.generation, self._encodings)
            return latest

    def settle(self, database: Database) -> None:
        """Put both in order after a change, which is already safe and found; under the write lock."""
        with database.snapshot() as snapshot:
            is_unsettled = snapshot.is_lexical_unsettled()
        if is_unsettled:
            with database.transaction() as writer:
                writer.settle_lexical()
        self._projection.refresh(database)

    def close(self) -> None:
        """Let go of the files."""
        with self._guard:
            self._latest = None
            self._projection.close()
