"""Runs what takes long in a thread of its own, so that it can be stopped at once, whatever it waits for; and
has what can wait give way to what cannot.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Condition, Event, Thread
from typing import TypeVar

MOST_RUNNING = 16
_LOOK_SECONDS = 0.05
_ROOM = BoundedSemaphore(MOST_RUNNING)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Ended:
    """What comes last: what went wrong, if anything did."""

    error: BaseException | None


def until_stopped(steps: Generator[_T, None, None], stopped: Event) -> Iterator[_T]:
    """Yield what ``steps`` yields, until it ends or ``stopped`` is set; what it raises is raised here.

    When it is stopped, or when nobody looks on any more, ``steps`` is closed as soon as it has come as far as
    its next step; until then it goes on by itself. ``MOST_RUNNING`` may be under way, those that were stopped
    too: one more waits for room.
    """
    while not _ROOM.acquire(timeout=_LOOK_SECONDS):
        if stopped.is_set():
            return
    made: SimpleQueue[_T | _Ended] = SimpleQueue()

    def run() -> None:
        try:
            for step in steps:
                made.put(step)
                if stopped.is_set():
                    break
            steps.close()
        except BaseException as error:  # noqa: BLE001 - raised again by who looks on
            made.put(_Ended(error))
        else:
            made.put(_Ended(None))
        finally:
            _ROOM.release()

    Thread(target=run, daemon=True).start()
    try:
        while not stopped.is_set():
            try:
                step = made.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            if isinstance(step, _Ended):
                if step.error is not None:
                    raise step.error
                return
            yield step
    finally:
        stopped.set()


class Precedence:
    """Knows when there is something urgent, so that what is not can give way to it; but not for ever."""

    def __init__(self) -> None:
        self._urgent = 0
        self._ended = time.monotonic()
        self._changed = Condition()

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Do something that others give way to."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def giving_way(self, quiet_seconds: float, most_seconds: float) -> Callable[[], None]:
        """Return what to call before each of one's steps: it waits until there has been nothing urgent for
        ``quiet_seconds``, this call counting as such. Beyond ``most_seconds`` from now it waits no more.
        """
        begun = time.monotonic()
        end = begun + most_seconds

        def give_way() -> None:
            with self._changed:
                while (now := time.monotonic()) < end:
                    quiet = end if self._urgent else min(end, max(begun, self._ended) + quiet_seconds)
                    if now >= quiet:
                        break
                    self._changed.wait(quiet - now)

        return give_way

    def _count(self, change: int) -> None:
        with self._changed:
            self._urgent += change
            self._ended = time.monotonic()
            self._changed.notify_all()
