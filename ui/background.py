"""Runs what takes long in a thread of its own, so that it can be stopped at once, whatever it waits for."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

_LOOK_SECONDS = 0.05
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Ended:
    """What comes last: what went wrong, if anything did."""

    error: BaseException | None


def until_stopped(steps: Generator[_T, None, None], stopped: Event) -> Iterator[_T]:
    """Yield what ``steps`` yields, until it ends or ``stopped`` is set; what it raises is raised here.

    When it is stopped, or when nobody looks on any more, ``steps`` is closed as soon as it has come as far as
    its next step; until then it goes on by itself.
    """
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
