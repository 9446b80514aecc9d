"""A corpus on a Milvus server, as a ``Store``.

The server shards, replicates and keeps the rows; what counts as stored is told in ``collections``, how it
comes there in ``changes``, and who may write in ``claim``.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.index import retrieval
from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.errors import CorpusDamaged, CorpusLocked, CorpusNotFound, PinciteError
from pincite.index.filters import COMMON_FIELDS, Where, clauses_of
from pincite.index.loaded_encoders import LoadedEncoders
from pincite.index.milvus.changes import MilvusChanges, clear_up
from pincite.index.milvus.claim import Claim, claimed
from pincite.index.milvus.collections import Pair, create, drop, new_pair, pair_of
from pincite.index.milvus.filtering import expression_of, metadata
from pincite.index.milvus.searching import ChangedError, MilvusPassages
from pincite.index.milvus.server import Address, MissingError, Server
from pincite.index.milvus.snapshot import CorpusRow, MilvusSnapshot
from pincite.index.remembered_encodings import RememberedEncodings
from pincite.index.retrieval import Hit

if TYPE_CHECKING:
    from pincite.index.backup import Backup
    from pincite.index.ingestion import Progress

_TRIES = 20


class MilvusStore:
    """A ``Store`` at an address. Sources are named from the folder in which the process was when it was made,
    as those of a corpus in ``./.pincite`` are.
    """

    files_at_once = 256
    folder: Path | None = None

    def __init__(self, address: Address) -> None:
        self.base = Path.cwd()
        self.name = str(address)
        self._alias = address.collection
        self._server = Server(address)
        self._encodings = RememberedEncodings()
        self._claim: Claim | None = None
        self._written: Pair | None = None
        self._known: tuple[Pair, EncoderIdentity] | None = None

    def open(self, create: bool, new_encoder: Callable[[], EncoderIdentity]) -> None:
        if self._server.target(self._alias) is None:
            if self._server.has(self._alias):
                raise CorpusNotFound(
                    f"{self._alias} at {self.name} is a collection that is no corpus's: name another"
                )
            if not create:
                raise CorpusNotFound(
                    f"no corpus at {self.name}: make one with `pincite index PATH --corpus {self.name}`"
                )
            self._make(new_encoder())
        with self._told():
            self._snapshot()

    @contextmanager
    def snapshot(self) -> Iterator[MilvusSnapshot]:
        with self._told():
            yield self._snapshot()[1]

    @contextmanager
    def transaction(self) -> Iterator[MilvusChanges]:
        with self._told():
            changes = MilvusChanges(self._server, self._pair(), self._held(), str(self.base))
            yield changes
            changes.commit()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._told():
            pair = self._pair()
            with claimed(self._server, pair, self.name) as claim:
                if self._pair() != pair:
                    raise CorpusLocked(f"{self.name} has been re-encoded at this moment: try again")
                drop(self._server, pair.before())
                clear_up(self._server, pair)
                self._claim, self._written = claim, pair
                try:
                    yield
                finally:
                    self._claim = self._written = None

    def settle(self) -> None:
        """The engine does so by itself."""

    def search(self, query: str, top_k: int, where: Where | None, encoders: LoadedEncoders) -> list[Hit]:
        with self._told():
            for _ in range(_TRIES):
                with suppress(ChangedError, MissingError):
                    pair = self._pair()
                    snapshot = MilvusSnapshot(self._server, pair)
                    encoder = encoders.of(self._encoder_of(pair))
                    passages = MilvusPassages(
                        self._server,
                        pair,
                        snapshot,
                        self._expression(pair, snapshot, where),
                        encoder.identity.dimension,
                    )
                    encode = partial(self._encodings.encode, encoder)
                    return retrieval.search(query, top_k, passages, encoder, encode)
        raise CorpusDamaged(
            f"{self.name} changes too quickly to be searched, or has lost a collection or passages: try again"
        )

    def size(self) -> int:
        return 0

    def verify(self) -> list[str]:
        from pincite.index.milvus.verification import findings

        with self._told():
            pair, _ = self._snapshot()
            return findings(self._server, pair, MilvusSnapshot(self._server, pair, newest=True))

    def reencode(self, encoder: Encoder, tell: "Callable[[Progress], None]") -> None:
        from pincite.index.milvus.reencoding import reencode

        with self._told():
            pair = self._pair()
            self._written = None  # who reads meanwhile follows the alias
            reencode(self._server, pair, self._held(), self.files_at_once, encoder, tell)

    def backup(self, file: str | Path, *, overwrite: bool) -> "Backup":  # noqa: ARG002
        raise PinciteError(f"{self.name} is backed up by its server, or copied to a folder: `pincite copy`")

    def close(self) -> None:
        self._server.close()

    def _held(self) -> Claim:
        assert self._claim is not None  # noqa: S101 -- whoever writes is inside of ``writing``
        return self._claim

    def _make(self, identity: EncoderIdentity) -> None:
        pair = new_pair(self._server, self._alias)
        create(self._server, pair, identity.dimension)
        self._server.upsert(pair.texts, [CorpusRow(uuid.uuid4().hex, 0, identity).row()])
        self._server.name(self._alias, pair.passages)
        if self._pair() != pair:  # another process has made one meanwhile
            drop(self._server, pair)

    def _pair(self) -> Pair:
        if self._written is not None:  # only who may write changes over to another
            return self._written
        target = self._server.target(self._alias)
        if target is None:
            raise CorpusNotFound(f"the corpus at {self.name} is gone")
        pair = pair_of(self._alias, target)
        if pair is None:
            raise CorpusNotFound(f"{self._alias} at {self.name} stands for {target}, which is no corpus's")
        return pair

    def _encoder_of(self, pair: Pair) -> EncoderIdentity:
        """Return what made the vectors of a pair, which never changes. At the first look both collections are
        made ready, and what was written to them before is waited for.
        """
        if self._known is None or self._known[0] != pair:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._server.make_ready, (pair.texts, pair.passages)))
            self._known = (pair, CorpusRow.read(self._server, pair).encoder)
        return self._known[1]

    def _snapshot(self) -> tuple[Pair, MilvusSnapshot]:
        """Return the pair that counts, and a snapshot of it. A pair may be gone as soon as it is named."""
        for _ in range(_TRIES):
            pair = self._pair()
            with suppress(MissingError):
                self._encoder_of(pair)
                snapshot = MilvusSnapshot(self._server, pair, base=str(self.base))
                if self._written is None:
                    _ = snapshot.corpus  # raises where the pair has gone since
                return pair, snapshot
        raise CorpusDamaged(f"{self.name} has lost a collection")

    def _expression(self, pair: Pair, snapshot: MilvusSnapshot, where: Where | None) -> str:
        if not where:
            return ""
        asked = set(where) - COMMON_FIELDS if isinstance(where, Mapping) else set()
        there = {field for field in asked if isinstance(field, str) and self._has_field(pair, field)}
        others = snapshot.fields() - asked if there < asked else set()
        return expression_of(clauses_of(where, there | others))

    def _has_field(self, pair: Pair, field: str) -> bool:
        exists = f"exists {metadata(field)}"
        looks = (self._server.some(pair.passages, exists, ["id"], 1, newest=one) for one in (False, True))
        return any(looks)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MissingError as error:
            raise CorpusDamaged(
                f"{self.name} was replaced meanwhile, or has lost a collection: {error}"
            ) from error
