"""What waits for a free worker: files to be read and split, and the texts of those that are.

Texts are given out first, since with them files can be stored, and there is room for others. A worker is
given its share of what waits, up to a limit. Safe to share between threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from pincite.index.ingestion import ENCODED_AT_ONCE
from pincite.index.offers import Item, Offer, OnPage, Taken, Wanted
from pincite.index.waiting_texts import Text, WaitingTexts
from pincite.index.worker import Pages, Sent

_READ_AT_ONCE = 16
_BYTES_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class WaitingFile:
    """A file that waits to be read, or is being read. ``tries`` workers have been lost with it."""

    offer: Offer
    wanted: Wanted
    sent: Sent
    started: float
    tries: int = 0
    _told: SimpleQueue[Pages | Item | BaseException] = field(default_factory=SimpleQueue)

    def tell(self, what: Pages | Item | BaseException) -> None:
        """Say how far it is read, or what has become of it."""
        self._told.put(what)

    def item(self, on_page: OnPage) -> Item:
        """Return what has become of it, once that is known."""
        while isinstance(found := self._told.get(), Pages):
            on_page(found.done, found.total)
        if isinstance(found, BaseException):
            raise found
        return found


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker is given: texts to encode or files to read."""

    texts: Sequence[Text] = ()
    files: Sequence[WaitingFile] = ()


class WaitingWork:
    """``shares`` is how many workers there may be."""

    def __init__(self) -> None:
        guard = threading.RLock()
        self.texts = WaitingTexts(guard)
        self.shares = 1
        self._given_out = self.texts.changed
        self._needed = threading.Condition(guard)
        self._starting = 0
        self._files: deque[WaitingFile] = deque()
        self._failure: BaseException | None = None

    def add(self, file: WaitingFile) -> None:
        """Have a file wait to be read."""
        with self._given_out:
            self._files.append(file)
            self._tell_of(1)

    def want(self, taken: Taken) -> None:
        """Have the texts of a file that is read wait to be encoded."""
        with self._given_out:
            self.texts.want(taken)
            self._needed.notify(len(self.texts))

    def put_back(self, files: Sequence[WaitingFile]) -> None:
        """Have files that were taken wait again, before all others."""
        with self._given_out:
            self._files.extendleft(reversed(files))
            self._tell_of(len(files))

    def needs_another(self) -> bool:
        """Wait until there is more to do than there are workers about to start, and count one more of these;
        False once it is over.
        """
        with self._needed:
            self._needed.wait_for(
                lambda: self._is_over() or len(self.texts) + len(self._files) > self._starting
            )
            if self._is_over():
                return False
            self._starting += 1
            return True

    def has_started(self) -> None:
        """Count one less."""
        with self._needed:
            self._starting -= 1
            self._needed.notify()

    def take(self) -> Job | None:
        """Take what one worker is to do next, as soon as there is something; None once it is over."""
        with self._given_out:
            self._given_out.wait_for(lambda: self._is_over() or self.texts or self._files)
            if self._is_over():
                return None
            if self.texts:
                return Job(texts=self.texts.take(self._share(len(self.texts), ENCODED_AT_ONCE)))
            return Job(files=self._some_files(self._share(len(self._files), _READ_AT_ONCE)))

    def fail(self, error: BaseException) -> None:
        """End it, and tell all files that wait, now or later, why."""
        with self._given_out:
            self._failure = self._failure or error
            self.texts.fail(self._failure)
            self._tell_of(0)

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._given_out:
            self.texts.close()
            self._needed.notify_all()

    def _share(self, waiting: int, most: int) -> int:
        return min(most, max(1, waiting // self.shares))

    def _some_files(self, most: int) -> list[WaitingFile]:
        """Take files that are not too large together; one with which a worker was lost is alone."""
        found = [self._files.popleft()]
        size = len(found[0].sent.content)
        while self._files and len(found) < most and not (found[0].tries or self._files[0].tries):
            size += len(self._files[0].sent.content)
            if size > _BYTES_AT_ONCE:
                break
            found.append(self._files.popleft())
        return found

    def _tell_of(self, count: int) -> None:
        """Wake as many as there is something new for; all, when it is over."""
        if self._failure is None:
            self._given_out.notify(count)
            self._needed.notify(count)
            return
        while self._files:
            self._files.popleft().tell(self._failure)
        self._given_out.notify_all()
        self._needed.notify_all()

    def _is_over(self) -> bool:
        return self.texts.is_closed or self._failure is not None
