"""Fills a corpus with what another keeps.

Texts are split again, and encoded only where a vector is not known: whole, they are what cannot disagree.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from pincite.index.adding import PASSAGES_AT_ONCE
from pincite.index.encoder import Encoder
from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import KnownVectors, Progress, prepare_again, receipt_for
from pincite.index.records import Prepared, Receipt, StoredFile
from pincite.index.store import Changes, Snapshot


class Target(Protocol):
    """What is filled: of a ``Store``, what that needs."""

    files_at_once: int

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...
    def transaction(self) -> AbstractContextManager[Changes]: ...


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
    waiting: list[tuple[StoredFile, list[Prepared], Receipt]] = []
    passages = 0
    for number, file in enumerate(files):
        tell(Progress(file.source, number, count))
        started = time.perf_counter()
        with target.snapshot() as snapshot:
            held = snapshot.file_fingerprint(file.source)
            is_there = held == file.fingerprint and snapshot.is_text(file.source) == file.is_text
            unchanged = snapshot.file_receipt(file.source) if is_there else None
        if unchanged is not None:
            waiting.append((file, [], unchanged))
        else:
            prepared = _prepared(file, encoder, known)
            status = "added" if held is None else "replaced"
            receipt = receipt_for(file.source, status, prepared, time.perf_counter() - started)
            waiting.append((file, prepared, receipt))
            passages += receipt.passages
        if len(waiting) >= target.files_at_once or passages >= PASSAGES_AT_ONCE:
            yield from _stored(waiting, target)
            waiting, passages = [], 0
    yield from _stored(waiting, target)
    tell(Progress("", count, count))


def _prepared(file: StoredFile, encoder: Encoder, known: KnownVectors) -> list[Prepared]:
    prepared = [prepare_again(stored, encoder, known) for stored in file.documents]
    if prepared and file.notes:
        document = replace(prepared[0].document, notes=file.notes)
        prepared[0] = replace(prepared[0], document=document)
    return prepared


def _stored(
    waiting: Sequence[tuple[StoredFile, list[Prepared], Receipt]], target: Target
) -> Iterator[Receipt]:
    new = [(file, prepared) for file, prepared, receipt in waiting if receipt.status != "unchanged"]
    refused: dict[str, str] = {}
    if new:
        with target.transaction() as changes:
            for file, prepared in new:
                try:
                    changes.add_file(file.source, file.fingerprint, prepared, is_text=file.is_text)
                except UnsupportedDocument as error:
                    refused[file.source] = str(error)
    for file, _, receipt in waiting:
        reason = refused.get(file.source)
        yield receipt if reason is None else Receipt(file.source, "failed", reason)
