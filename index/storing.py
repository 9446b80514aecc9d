"""Stores files, several in one transaction where the store takes them so, and writes their receipts."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import receipt_for
from pincite.index.records import Prepared, Receipt
from pincite.index.store import Changes

PASSAGES_AT_ONCE = 512
"""So many are stored at the latest, where a store takes several files at once."""


class Target(Protocol):
    """What files are stored in: of a ``Store``, what that needs."""

    files_at_once: int

    def transaction(self) -> AbstractContextManager[Changes]: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that is ready to be stored; ``status`` is what its receipt will say. ``began`` is when it was
    begun or, if that was later, its turn.
    """

    source: str
    fingerprint: str
    is_text: bool
    prepared: Sequence[Prepared]
    status: str
    began: float
    base: str = ""


def store_together(files: Iterable[Ready | Receipt], target: Target) -> Iterator[Receipt]:
    """Store those of ``files`` that have no receipt yet; yield all receipts, each once its file is safe."""
    waiting: list[Ready | Receipt] = []
    passages = 0
    for one in files:
        waiting.append(one)
        passages += sum(len(document.drafts) for document in one.prepared) if isinstance(one, Ready) else 0
        if len(waiting) >= target.files_at_once or passages >= PASSAGES_AT_ONCE:
            yield from _settled(waiting, target)
            waiting, passages = [], 0
    yield from _settled(waiting, target)


def _settled(waiting: Sequence[Ready | Receipt], target: Target) -> list[Receipt]:
    refused: dict[str, str] = {}
    ready = [one for one in waiting if isinstance(one, Ready)]
    if ready:
        with target.transaction() as changes:
            for one in ready:
                try:
                    changes.add_file(
                        one.source, one.fingerprint, one.prepared, is_text=one.is_text, base=one.base
                    )
                except UnsupportedDocument as error:
                    refused[one.source] = str(error)
    return [one if isinstance(one, Receipt) else _receipt(one, refused.get(one.source)) for one in waiting]


def _receipt(one: Ready, reason: str | None) -> Receipt:
    seconds = time.perf_counter() - one.began
    if reason is not None:
        return Receipt(one.source, "failed", reason, seconds=seconds)
    return receipt_for(one.source, one.status, one.prepared, seconds)
