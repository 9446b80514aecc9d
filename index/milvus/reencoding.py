"""Changes a corpus on a Milvus server over to another encoder.

A new pair of collections is filled while the old one serves. Then the alias moves to it, which is one step,
and the old pair is dropped.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from pincite.index.encoder import Encoder
from pincite.index.ingestion import Progress
from pincite.index.milvus.changes import MilvusChanges, clear_up
from pincite.index.milvus.claim import Claim
from pincite.index.milvus.collections import Pair, create, drop
from pincite.index.milvus.server import Server
from pincite.index.milvus.snapshot import CorpusRow, MilvusSnapshot
from pincite.index.refilling import refill

_FILES_AT_ONCE = 256


class _Filled:
    """The pair that is being filled."""

    def __init__(self, server: Server, pair: Pair, claim: Claim, files_at_once: int) -> None:
        self.files_at_once = files_at_once
        self._server = server
        self._pair = pair
        self._claim = claim

    @contextmanager
    def snapshot(self) -> Iterator[MilvusSnapshot]:
        yield MilvusSnapshot(self._server, self._pair)

    @contextmanager
    def transaction(self) -> Iterator[MilvusChanges]:
        changes = MilvusChanges(self._server, self._pair, self._claim)
        yield changes
        changes.commit()


def reencode(
    server: Server,
    pair: Pair,
    claim: Claim,
    files_at_once: int,
    encoder: Encoder,
    tell: Callable[[Progress], None],
) -> None:
    """Change the corpus in ``pair`` over to ``encoder``; under the claim. What a run that was broken off has
    filled already is not encoded again.
    """
    old, new = MilvusSnapshot(server, pair), pair.next()
    _make_ready(server, new, CorpusRow(old.uid, 0, encoder.identity))
    filled = _Filled(server, new, claim, files_at_once)
    _remove_others(old, filled)
    known = MilvusSnapshot(server, new).vectors_by_key
    files = old.totals()[0]
    for _ in refill(old.stored_files(), files, filled, encoder, known, tell):
        pass
    row = CorpusRow.read(server, new)
    server.upsert(new.texts, [replace(row, generation=old.generation + 1).row()])
    claim.check()
    server.rename(pair.name, new.passages)
    drop(server, pair)


def _remove_others(old: MilvusSnapshot, filled: _Filled) -> None:
    """Remove what a run that was broken off has filled and the corpus has no more."""
    with filled.snapshot() as snapshot:
        files = snapshot.files()
        while some := list(islice(files, _FILES_AT_ONCE)):
            there = old.versions_of([file.id for file in some])
            with filled.transaction() as changes:
                for file in some:
                    if file.id not in there:
                        changes.remove_file(file.source)


def _make_ready(server: Server, pair: Pair, corpus: CorpusRow) -> None:
    """Go on with the pair where one for this encoder was begun, or begin one."""
    if server.has(pair.passages) and server.has(pair.texts):
        server.load(pair.texts)
        server.load(pair.passages)
        begun = CorpusRow.of(server, pair, newest=True)
        if begun is not None and (begun.uid, begun.encoder) == (corpus.uid, corpus.encoder):
            server.upsert(pair.texts, [begun.row()])  # whoever has written sees all that was written before
            clear_up(server, pair)
            return
    drop(server, pair)
    create(server, pair, corpus.encoder.dimension)
    server.upsert(pair.texts, [corpus.row()])
