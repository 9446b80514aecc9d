"""A corpus in a folder.

``corpus.sqlite3`` holds everything; ``vectors.faiss`` is a projection of it that can be thrown away. Writing
is for one process at a time, reading for any number, and a search sees one generation of the corpus
throughout. The tables are left to ``schema``.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.index import retrieval
from pincite.index.database import Database
from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.errors import CorpusNotFound
from pincite.index.faults import explained
from pincite.index.filters import Where, compile_filter
from pincite.index.indexes import Indexes, LiveIndexes
from pincite.index.loaded_encoders import LoadedEncoders
from pincite.index.location import absence, holds_database, make_folder, may_become_corpus, size_of
from pincite.index.passages import Passage
from pincite.index.projection import Outrun
from pincite.index.retrieval import Hit, Vector
from pincite.index.snapshot import Snapshot
from pincite.index.vectors import Mask, Matrix, read_base
from pincite.index.writer import Writer

if TYPE_CHECKING:
    from pincite.index.backup import Backup
    from pincite.index.ingestion import Progress

_LOG = logging.getLogger(__name__)


class FolderStore:
    """A ``Store`` in ``folder``, which is absolute."""

    files_at_once = 1

    def __init__(self, folder: Path) -> None:
        self.base = folder.parent
        self.name = str(folder)
        self.folder: Path | None = folder
        self._folder = folder
        self._database = Database(folder)
        self._indexes = LiveIndexes(folder)

    def open(self, create: bool, new_encoder: Callable[[], EncoderIdentity]) -> None:
        folder, database = self._folder, self._database
        is_begun = holds_database(folder)
        if not (is_begun and database.is_laid_out):
            if not (create and (is_begun or may_become_corpus(folder))):
                raise CorpusNotFound(absence(folder))
            identity = new_encoder()
            make_folder(folder)
            with self.writing():
                if not database.is_laid_out:
                    database.lay_out(identity)
        if database.is_outdated:
            _LOG.info("bringing %s to the layout of this version", folder)
            with self.writing():
                database.migrate()
                self.settle()

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        return self._database.snapshot()

    def transaction(self) -> AbstractContextManager[Writer]:
        return self._database.transaction()

    def writing(self) -> AbstractContextManager[None]:
        from pincite.index.locking import writing

        self._database.check()
        return writing(self._folder)

    def settle(self) -> None:
        with explained(self._folder, self._folder, "written"):
            self._indexes.settle(self._database)

    def search(self, query: str, top_k: int, where: Where | None, encoders: LoadedEncoders) -> list[Hit]:
        outrun = None
        while True:
            with self._database.snapshot() as snapshot:
                try:
                    indexes = self._indexes.of(snapshot, outrun)
                except Outrun as ahead:
                    outrun = ahead
                    continue
                encoder = encoders.of(snapshot.encoder)
                condition = compile_filter(where, snapshot.field_names()) if where else None
                allowed = indexes.allowed(snapshot, condition) if condition else None
                encode = partial(indexes.encodings.encode, encoder)
                return retrieval.search(
                    query, top_k, _Searchable(snapshot, indexes, allowed), encoder, encode
                )

    def size(self) -> int:
        with explained(self._folder, self._folder, "read"):
            return sum(map(size_of, self._folder.rglob("*")))

    def verify(self) -> list[str]:
        from pincite.index.verification import findings

        outrun = None
        while True:
            with self._database.snapshot() as snapshot:
                base = read_base(self._folder, snapshot.uid, snapshot.encoder.dimension)
                is_ahead = base is not None and base.generation > snapshot.generation
                if not is_ahead or outrun == snapshot.generation:
                    return findings(snapshot, base)
                outrun = snapshot.generation

    def reencode(self, encoder: Encoder, tell: "Callable[[Progress], None]") -> None:
        from pincite.index.reencoding import reencode

        reencode(self._database, encoder, tell)
        self.settle()

    def backup(self, file: str | Path, *, overwrite: bool) -> "Backup":
        from pincite.index.backup import back_up

        return back_up(self._database, self._folder, file, overwrite=overwrite)

    def close(self) -> None:
        self._indexes.close()
        self._database.close()


@dataclass(frozen=True, slots=True)
class _Searchable:
    """One generation's passages; of those only the ``allowed`` ones, where that is given."""

    snapshot: Snapshot
    indexes: Indexes
    allowed: Mask | None

    @property
    def most(self) -> int:
        return self.snapshot.last_id

    def lexical(self, terms: Iterable[str], count: int, *, by_prefix: bool = False) -> dict[int, float]:
        found = self.snapshot.lexical(self.indexes.lexical, terms, count, self.allowed, by_prefix=by_prefix)
        return {hit.id: hit.score for hit in found}

    def dense(self, vector: Vector, count: int) -> list[int]:
        found: list[int] = self.indexes.vectors.search(vector, count, self.allowed).ids.tolist()
        return found

    def vectors_of(self, keys: Sequence[int]) -> tuple[list[int], Matrix]:
        known, vectors = self.snapshot.vectors_of(keys)
        return known.tolist(), vectors

    def passages(self, keys: Sequence[int]) -> dict[int, Passage]:
        return self.snapshot.passages(keys)
