"""Reads, splits and encodes files ahead of their storing, so that none of these waits for another.

One thread reads and splits file after file, another has the encoder work on the texts of all of them, and
whoever iterates stores. They are never far apart: what is read and not yet stored is bounded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import ENCODED_AT_ONCE, split_and_pack
from pincite.index.offers import Item, Offer, OnPage, Taken, Unchanged, failed, look_up
from pincite.index.room import Room, StoppedError
from pincite.index.store import Store
from pincite.index.waiting_texts import WaitingTexts

MOST_AHEAD = 8_000_000
"""Bytes of files that are read and not yet stored, unless one file alone has more."""
_PATIENCE = 0.05

Vector = NDArray[np.float32]


class ReadAhead:
    """An ``Ahead`` that works in this process."""

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
        self._texts = WaitingTexts()
        self._room = Room(MOST_AHEAD)
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
        self._texts.close()
        reading, encoding = self._threads
        reading.join(_PATIENCE)  # after the last file it is about to end by itself
        while reading.is_alive():  # it may only have begun with a file when it was interrupted
            self._interrupt()
            reading.join(_PATIENCE)
        encoding.join()

    def next(self, on_page: OnPage) -> Item:
        """See ``Ahead``."""
        while isinstance(found := self._ready.get(), tuple):
            on_page(*found)
        if isinstance(found, BaseException):
            raise found
        return found

    def stored(self) -> None:
        """See ``Ahead``."""
        self._room.give_back()

    def _read(self) -> None:
        try:
            for offer in self._offers:
                item = self._taken(offer)
                self._ready.put(item)
                if isinstance(item, Taken):
                    self._texts.want(item)
        except StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 -- raised where the file is waited for
            self._ready.put(error)

    def _taken(self, offer: Offer) -> Item:
        started = time.perf_counter()
        raw = None
        try:
            raw = offer.content()
            self._room.take(len(raw))
            found = look_up(offer, raw, self._store, started)
            if isinstance(found, Unchanged):
                return found
            documents = offer.read(raw, self._tell_page)
        except (UnsupportedDocument, OSError) as error:
            if raw is None:
                self._room.take(0)
            return failed(offer.source, error, started)
        del raw  # it may be large
        if self._encoder is None:
            self._encoder = self._load()
        watched = _Watched(self._encoder, self._check)
        unencoded = split_and_pack(documents, offer.source, offer.metadata, watched, self._known)
        return Taken(found, unencoded, started)

    def _tell_page(self, done: int, total: int) -> None:
        self._check()
        self._ready.put((done, total))

    def _check(self) -> None:
        if self._is_stopped:
            raise StoppedError

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._store.snapshot() as snapshot:
            return snapshot.vectors_by_key(keys)

    def _encode(self) -> None:
        try:
            while texts := self._texts.wait(ENCODED_AT_ONCE):
                assert self._encoder is not None  # noqa: S101 -- what is encoded has been split for it
                self._texts.encoded(texts, self._encoder.encode([one.text for one in texts]))
        except BaseException as error:  # noqa: BLE001 -- raised where the vectors are waited for
            self._texts.fail(error)


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
