"""What becomes of files on their way into a corpus, whoever reads and encodes them ahead of their storing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

from pincite.index.document import Document, Metadata
from pincite.index.ingestion import Unencoded, fingerprint
from pincite.index.records import Receipt
from pincite.index.store import Store

OnPage = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that somebody wants in the corpus, or text in hand under a file's name.

    ``content`` returns its bytes and ``read`` the documents in them, telling the pages read so far and of how
    many. What either raises as an ``OSError`` or ``UnsupportedDocument`` becomes the reason in the receipt.
    ``name`` and ``password`` are for who reads the bytes on another machine.
    """

    source: str
    content: Callable[[], bytes]
    read: Callable[[bytes, OnPage], Sequence[Document]]
    metadata: Metadata
    is_text: bool = False
    name: str = ""
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that the corpus holds as it is; ``is_text`` if that was stored otherwise."""

    receipt: Receipt
    is_text: bool | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is new, or not as the corpus holds it. ``is_new``: the corpus holds nothing of it."""

    mark: str
    is_new: bool


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A file that is read and split, and is being encoded."""

    wanted: Wanted
    unencoded: Unencoded
    started: float
    _encoded: SimpleQueue[int | BaseException] = field(default_factory=SimpleQueue)

    def encoded(self) -> Iterator[int]:
        """Yield how many passages have their vectors, whenever there are more, until all have."""
        missing = len(self.unencoded.missing)
        done = len(self.unencoded.texts) - missing
        while missing:
            count = self._encoded.get()
            if isinstance(count, BaseException):
                raise count
            missing -= count
            done += count
            yield done

    def tell(self, count: int | BaseException) -> None:
        """Say that as many more have been encoded, or why there will be none."""
        self._encoded.put(count)


Item = Receipt | Unchanged | Taken


class Ahead(Protocol):
    """A context in which files are read ahead. ``next`` and ``stored`` are for one thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def next(self, on_page: OnPage) -> Item:
        """Return the next file, in the order of the offers; ``on_page`` is told the pages that are read."""

    def stored(self) -> None:
        """Say that the file has been dealt with."""


def look_up(offer: Offer, content: bytes, store: Store, started: float) -> Unchanged | Wanted:
    """Return what the corpus holds of an offer whose bytes are ``content``."""
    mark = fingerprint(content, offer.metadata)
    with store.snapshot() as snapshot:
        known = snapshot.file_fingerprint(offer.source)
        if known != mark:
            return Wanted(mark, known is None)
        is_other = snapshot.is_text(offer.source) != offer.is_text
        receipt = replace(snapshot.file_receipt(offer.source), seconds=time.perf_counter() - started)
        return Unchanged(receipt, offer.is_text if is_other else None)


def failed(source: str, error: Exception, started: float) -> Receipt:
    """Return the receipt of a file that cannot be read."""
    return Receipt(source, "failed", reason_for(error), seconds=time.perf_counter() - started)


def reason_for(error: Exception) -> str:
    """Return what a receipt says of an error."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
