"""Reads, splits and encodes files ahead of their storing, so that none of these waits for another.

One thread reads and splits file after file, another has the encoder work on the texts of all of them, and
whoever iterates stores. They are never far apart: what is read and not yet stored is bounded.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Document, Metadata
from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import ENCODED_AT_ONCE, Unencoded, fingerprint, split_and_pack
from pincite.index.records import Receipt
from pincite.index.store import Store

MOST_AHEAD = 8_000_000
"""Bytes of files that are read and not yet stored, unless one file alone has more."""
_MOST_REMEMBERED = 16_384
_PATIENCE = 0.05

OnPage = Callable[[int, int], None]
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that somebody wants in the corpus, or text in hand under a file's name.

    ``content`` returns its bytes and ``read`` the documents in them, telling the pages read so far and of how
    many. What either raises as an ``OSError`` or ``UnsupportedDocument`` becomes the reason in the receipt.
    """

    source: str
    content: Callable[[], bytes]
    read: Callable[[bytes, OnPage], Sequence[Document]]
    metadata: Metadata
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that the corpus holds as it is; ``is_text`` if that was stored otherwise."""

    receipt: Receipt
    is_text: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A file that is read and split, and is being encoded. ``is_new``: the corpus holds nothing of it."""

    mark: str
    is_new: bool
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


class _StoppedError(Exception):
    """Nobody wants the rest any more."""


class ReadAhead:
    """A context in which files are read ahead. ``next`` and ``stored`` are for one thread."""

    def __init__(
        self,
        offers: Sequence[Offer],
        store: Store,
        encoder: Callable[[], Encoder],
        interrupt: Callable[[], None],
    ) -> None:
        """``encoder`` is called for once there is something to encode. ``interrupt`` breaks off the reading
        of a file, wherever it is; it is called until nothing is read any more.
        """
        self._offers = offers
        self._store = store
        self._load = encoder
        self._interrupt = interrupt
        self._encoder: Encoder | None = None
        self._ready: SimpleQueue[tuple[int, int] | Item | BaseException] = SimpleQueue()
        self._texts: SimpleQueue[tuple[Taken, int] | None] = SimpleQueue()
        self._room = _Room(MOST_AHEAD)
        self._sizes: deque[int] = deque()
        self._is_stopped = False
        self._threads = [
            threading.Thread(target=target, name=f"pincite-{name}", daemon=True)
            for target, name in ((self._read, "reading"), (self._encode, "encoding"))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_stopped = True
        self._room.close()
        self._texts.put(None)
        reading, encoding = self._threads
        reading.join(_PATIENCE)  # after the last file it is about to end by itself
        while reading.is_alive():  # it may only have begun with a file when it was interrupted
            self._interrupt()
            reading.join(_PATIENCE)
        encoding.join()

    def next(self, on_page: OnPage) -> Item:
        """Return the next file, in the order of the offers; ``on_page`` is told the pages that are read."""
        while isinstance(found := self._ready.get(), tuple):
            on_page(*found)
        if isinstance(found, BaseException):
            raise found
        return found

    def stored(self) -> None:
        """Say that the file has been dealt with."""
        self._room.give(self._sizes.popleft())

    def _read(self) -> None:
        try:
            for offer in self._offers:
                item = self._taken(offer)
                self._ready.put(item)
                if isinstance(item, Taken):
                    for place in item.unencoded.missing:
                        self._texts.put((item, place))
        except _StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 -- raised where the file is waited for
            self._ready.put(error)

    def _taken(self, offer: Offer) -> Item:
        started = time.perf_counter()
        raw = None
        try:
            raw = offer.content()
            self._take_room(len(raw))
            mark = fingerprint(raw, offer.metadata)
            with self._store.snapshot() as snapshot:
                known = snapshot.file_fingerprint(offer.source)
                if known == mark:
                    is_other = snapshot.is_text(offer.source) != offer.is_text
                    receipt = snapshot.file_receipt(offer.source)
                    seconds = time.perf_counter() - started
                    return Unchanged(replace(receipt, seconds=seconds), offer.is_text if is_other else None)
            documents = offer.read(raw, self._tell_page)
        except (UnsupportedDocument, OSError) as error:
            if raw is None:
                self._take_room(0)
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            return Receipt(offer.source, "failed", reason, seconds=time.perf_counter() - started)
        del raw  # it may be large
        if self._encoder is None:
            self._encoder = self._load()
        watched = _Watched(self._encoder, self._check)
        unencoded = split_and_pack(documents, offer.source, offer.metadata, watched, self._known)
        return Taken(mark, known is None, unencoded, started)

    def _take_room(self, size: int) -> None:
        self._room.take(size)
        self._sizes.append(size)

    def _tell_page(self, done: int, total: int) -> None:
        self._check()
        self._ready.put((done, total))

    def _check(self) -> None:
        if self._is_stopped:
            raise _StoppedError

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._store.snapshot() as snapshot:
            return snapshot.vectors_by_key(keys)

    def _encode(self) -> None:
        remembered: OrderedDict[bytes, Vector] = OrderedDict()  # those of files that are not stored yet
        while batch := self._batch():
            try:
                self._encode_batch(batch, remembered)
            except BaseException as error:  # noqa: BLE001 -- raised where the vectors are waited for
                for taken, _ in batch:
                    taken.tell(error)
                return
            while len(remembered) > _MOST_REMEMBERED:
                remembered.popitem(last=False)

    def _encode_batch(
        self, batch: Sequence[tuple[Taken, int]], remembered: OrderedDict[bytes, Vector]
    ) -> None:
        assert self._encoder is not None  # noqa: S101 -- what is encoded has been split for it
        texts = {taken.unencoded.keys[place]: taken.unencoded.texts[place] for taken, place in batch}
        new = {key: text for key, text in texts.items() if key not in remembered}
        remembered.update(zip(new, self._encoder.encode(list(new.values())), strict=True))
        for taken, places in groupby(batch, key=itemgetter(0)):
            filled = [place for _, place in places]
            for place in filled:
                taken.unencoded.fill(place, remembered[taken.unencoded.keys[place]])
            taken.tell(len(filled))

    def _batch(self) -> list[tuple[Taken, int]]:
        """Return some of the texts that wait, at least one; none when it is over."""
        batch = []
        item = self._texts.get()
        while item is not None and not self._is_stopped:
            batch.append(item)
            if len(batch) == ENCODED_AT_ONCE:
                break
            try:
                item = self._texts.get_nowait()
            except Empty:
                break
        return [] if self._is_stopped else batch


@dataclass(frozen=True, slots=True)
class _Watched:
    """An ``Encoder`` that calls ``check`` whenever it is asked something: a large file is split for minutes,
    asking all the while.
    """

    encoder: Encoder
    check: Callable[[], None]

    @property
    def identity(self) -> EncoderIdentity:
        return self.encoder.identity

    @property
    def max_tokens(self) -> int:
        return self.encoder.max_tokens

    def encode(self, texts: Sequence[str]) -> Vector:
        self.check()
        return self.encoder.encode(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.check()
        return self.encoder.count_tokens(texts)

    def known_share(self, text: str) -> float:
        self.check()
        return self.encoder.known_share(text)


class _Room:
    """Room for a number of things; what is larger than all of it has to be alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def take(self, count: int) -> None:
        """Take room, as soon as there is some. Raises ``_StoppedError`` once it is closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or not self._used or self._used + count <= self._most
            )
            if self._is_closed:
                raise _StoppedError
            self._used += count

    def give(self, count: int) -> None:
        """Give room back."""
        with self._changed:
            self._used -= count
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
