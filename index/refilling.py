"""Fills a corpus with what another keeps.

Texts are split again, and encoded only where a vector is not known: whole, they are what cannot disagree.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from pincite.index import storing
from pincite.index.encoder import Encoder
from pincite.index.ingestion import KnownVectors, Progress, prepare_again
from pincite.index.records import Prepared, Receipt, StoredFile
from pincite.index.store import Snapshot
from pincite.index.storing import Ready, store_together


class Target(storing.Target, Protocol):
    """What is filled: of a ``Store``, what that needs."""

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...


def refill(
    files: Iterable[StoredFile],
    count: int,
    target: Target,
    encoder: Encoder,
    known: KnownVectors,
    tell: Callable[[Progress], None],
) -> Iterator[Receipt]:
    """Store ``files``, of which there are ``count``, and yield each one's receipt once it is safe.

    A file that the target holds as it is stays, so that what was broken off goes on where it stopped.
    ``known`` returns the vectors that are already there for some keys.
    """
    yield from store_together(_ready(files, count, target, encoder, known, tell), target)
    tell(Progress("", count, count))


def _ready(
    files: Iterable[StoredFile],
    count: int,
    target: Target,
    encoder: Encoder,
    known: KnownVectors,
    tell: Callable[[Progress], None],
) -> Iterator[Ready | Receipt]:
    for number, file in enumerate(files):
        tell(Progress(file.source, number, count))
        began = time.perf_counter()
        with target.snapshot() as snapshot:
            held = snapshot.file_fingerprint(file.source)
            is_there = held == file.fingerprint and snapshot.is_text(file.source) == file.is_text
            unchanged = snapshot.file_receipt(file.source) if is_there else None
        if unchanged is not None:
            yield unchanged
        else:
            prepared = _prepared(file, encoder, known)
            status = "added" if held is None else "replaced"
            yield Ready(file.source, file.fingerprint, file.is_text, prepared, status, began, base=file.base)


def _prepared(file: StoredFile, encoder: Encoder, known: KnownVectors) -> list[Prepared]:
    prepared = [prepare_again(stored, encoder, known) for stored in file.documents]
    if prepared and file.notes:
        document = replace(prepared[0].document, notes=file.notes)
        prepared[0] = replace(prepared[0], document=document)
    return prepared
