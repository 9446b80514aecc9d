"""Has files read, split and encoded by workers on any number of machines, ahead of their storing.

This process stays the one that knows the corpus: it reads the bytes of each file, sends those that are new or
changed to a worker, looks up which of the passages that come back are encoded already, sends the texts of the
others to whichever worker is free, and stores. What is on its way is bounded, for each worker, in files and
in bytes. What a worker had when it was lost is given to others; what ``TRIES`` workers were lost with fails.

Where the workers come from is left to a ``Workers``: see ``ray_cluster``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

from pincite.index.errors import PinciteError, UnsupportedDocument
from pincite.index.offers import Item, Offer, OnPage, Taken, Unchanged, failed, look_up
from pincite.index.read_ahead import MOST_AHEAD
from pincite.index.room import Room, StoppedError
from pincite.index.store import Store
from pincite.index.vectors import Matrix
from pincite.index.waiting_texts import Text
from pincite.index.waiting_work import WaitingFile, WaitingWork
from pincite.index.worker import Outcome, Pages, Sent, Unreadable

TRIES = 3
_LEAST = 65_536
"""Bytes that a file counts for if it has less: for each worker 122 files are on their way at most."""
_LOST = f"{TRIES} workers were lost while they had it: it may take more memory than their machines have"


class WorkerLostError(Exception):
    """A worker, or its machine, is gone, and with it what it had not yet returned."""


class DistantWorker(Protocol):
    """A ``Worker`` in another process. Both raise ``WorkerLostError``."""

    def read(self, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        """See ``Worker``."""

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See ``Worker``."""


class Workers(Protocol):
    """Where workers come from; safe to share between threads."""

    @property
    def most(self) -> int:
        """How many there may be at once."""

    def start(self) -> DistantWorker:
        """Return a worker once it is ready. Raises ``WorkerLostError`` if it is lost before."""

    def end(self, worker: DistantWorker) -> None:
        """Give a worker back, which may be lost."""

    def stop(self) -> None:
        """End all workers: those who wait for one find it lost."""

    def close(self) -> None:
        """Leave, when nobody waits for a worker any more."""


class Spread:
    """An ``Ahead`` that has workers work."""

    def __init__(self, offers: Sequence[Offer], store: Store, connect: Callable[[], Workers]) -> None:
        """``connect`` is called once there is something to send."""
        self._offers = offers
        self._store = store
        self._connect = connect
        self._workers: Workers | None = None
        self._ready: SimpleQueue[Item | WaitingFile | BaseException] = SimpleQueue()
        self._room = Room(MOST_AHEAD)
        self._waiting = WaitingWork()
        self._looking = threading.Lock()
        self._reading = threading.Thread(target=self._offer_all, name="pincite-reading", daemon=True)
        self._serving: list[threading.Thread] = []
        self._at_work: set[DistantWorker] = set()

    def __enter__(self) -> Self:
        self._reading.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.close()
        self._waiting.close()
        self._reading.join()
        if self._workers is not None:
            self._workers.stop()
            for thread in self._serving:
                thread.join()
            self._workers.close()

    def next(self, on_page: OnPage) -> Item:
        """See ``Ahead``."""
        found = self._ready.get()
        if isinstance(found, BaseException):
            raise found
        return found.item(on_page) if isinstance(found, WaitingFile) else found

    def stored(self) -> None:
        """See ``Ahead``."""
        self._room.give_back()

    def _offer_all(self) -> None:
        try:
            for offer in self._offers:
                self._ready.put(self._offered(offer))
        except StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 -- raised where the file is waited for
            self._ready.put(error)

    def _offered(self, offer: Offer) -> Item | WaitingFile:
        started = time.perf_counter()
        try:
            content = offer.content()
        except (UnsupportedDocument, OSError) as error:
            self._room.take(_LEAST)
            return failed(offer.source, error, started)
        self._room.take(max(_LEAST, len(content)))
        found = look_up(offer, content, self._store, started)
        if isinstance(found, Unchanged):
            return found
        if self._workers is None:
            self._begin()
        sent = Sent(offer.source, offer.name, content, offer.password, offer.metadata)
        file = WaitingFile(offer, found, sent, started)
        self._waiting.add(file)
        return file

    def _begin(self) -> None:
        """Find out how many workers there are, and have as many threads talk to them, each to one."""
        self._workers = self._connect()
        self._room.widen(MOST_AHEAD * self._workers.most)
        self._waiting.shares = self._workers.most
        for _ in range(self._workers.most):
            thread = threading.Thread(
                target=self._serve, args=(self._workers,), name="pincite-worker", daemon=True
            )
            self._serving.append(thread)
            thread.start()

    def _serve(self, workers: Workers) -> None:
        """Have a worker work, and another one when it is lost. Where none starts it is left to the others, if
        there are any.
        """
        failures = 0
        try:
            while self._waiting.needs_another():
                try:
                    worker = self._started(workers)
                except WorkerLostError as error:
                    failures += 1
                    if failures < TRIES:
                        continue
                    if self._at_work:
                        return
                    raise PinciteError(f"workers are lost as soon as they start: {error}") from error
                failures = 0
                self._have_work(workers, worker)
        except BaseException as error:  # noqa: BLE001 -- raised where a file is waited for
            self._waiting.fail(error)

    def _started(self, workers: Workers) -> DistantWorker:
        try:
            return workers.start()
        finally:
            self._waiting.has_started()

    def _have_work(self, workers: Workers, worker: DistantWorker) -> None:
        """Have a worker work until there is nothing more to do, or it is lost."""
        self._at_work.add(worker)
        try:
            while job := self._waiting.take():
                if job.texts:
                    self._encode(worker, job.texts)
                else:
                    self._read(worker, job.files)
        except WorkerLostError:
            return
        finally:
            self._at_work.discard(worker)
            workers.end(worker)

    def _read(self, worker: DistantWorker, files: Sequence[WaitingFile]) -> None:
        left = deque(files)
        try:
            for found in worker.read([file.sent for file in files]):
                if isinstance(found, Pages):
                    left[0].tell(found)
                else:
                    self._finish(left[0], found)
                    left.popleft()
        except WorkerLostError:
            if left:  # what the worker had in hand may be why it is lost, what it had not begun with is not
                left[0] = replace(left[0], tries=left[0].tries + 1)
            if left and left[0].tries == TRIES:
                spent = left.popleft()
                spent.tell(failed(spent.offer.source, UnsupportedDocument(_LOST), spent.started))
            self._waiting.put_back(left)
            raise
        except BaseException as error:
            for file in left:
                file.tell(error)
            raise

    def _finish(self, file: WaitingFile, outcome: Outcome) -> None:
        if isinstance(outcome, Unreadable):
            file.tell(failed(file.offer.source, UnsupportedDocument(outcome.reason), file.started))
            return
        with self._looking, self._store.snapshot() as snapshot:
            outcome.know(snapshot.vectors_by_key(outcome.keys))
        taken = Taken(file.wanted, outcome, file.started)
        file.tell(taken)
        self._waiting.want(taken)

    def _encode(self, worker: DistantWorker, texts: Sequence[Text]) -> None:
        try:
            vectors = worker.encode([one.text for one in texts])
        except WorkerLostError:
            again = [replace(one, tries=one.tries + 1) for one in texts]
            for one in again:
                if one.tries == TRIES:
                    self._waiting.texts.give_up(one, UnsupportedDocument(_LOST))
            self._waiting.texts.put_back([one for one in again if one.tries < TRIES])
            raise
        self._waiting.texts.encoded(texts, vectors)
