"""The texts that wait to be encoded, of all files that are read: each once, in the order in which they came.

What was encoded last is remembered, for files that say the same and are not stored yet. Safe to share between
threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pincite.index.offers import Taken

_MOST_REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class Text:
    """A text for the encoder, and how many tried to encode it and were lost."""

    key: bytes
    text: str
    tries: int = 0


class WaitingTexts:
    """``changed`` is notified whenever there is more to do, or nothing any more; ``guard`` is its lock."""

    def __init__(self, guard: threading.RLock | None = None) -> None:
        self.changed = threading.Condition(guard)
        self.is_closed = False
        self._waiting: deque[Text] = deque()
        self._wanted_by: dict[bytes, list[tuple[Taken, int]]] = {}
        self._remembered: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._failure: BaseException | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def want(self, taken: Taken) -> None:
        """Have what a file is missing encoded, or tell it why that will not be."""
        unencoded = taken.unencoded
        with self.changed:
            if self._failure is not None:
                taken.tell(self._failure)
                return
            filled, before = 0, len(self._waiting)
            for place in unencoded.missing:
                key = unencoded.keys[place]
                if (vector := self._remembered.get(key)) is not None:
                    unencoded.fill(place, vector)
                    filled += 1
                elif key in self._wanted_by:
                    self._wanted_by[key].append((taken, place))
                else:
                    self._wanted_by[key] = [(taken, place)]
                    self._waiting.append(Text(key, unencoded.texts[place]))
            if filled:
                taken.tell(filled)
            self.changed.notify(len(self._waiting) - before)

    def wait(self, most: int) -> list[Text]:
        """Take up to ``most`` texts, as soon as there is one; none once it is closed."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_closed or self._waiting)
            return [] if self.is_closed else self.take(most)

    def take(self, most: int) -> list[Text]:
        """Take up to ``most`` texts, if there are any; one that was tried before is alone."""
        with self.changed:
            found: list[Text] = []
            while self._waiting and len(found) < most and not (found and self._waiting[0].tries):
                found.append(self._waiting.popleft())
                if found[0].tries:
                    break
            return found

    def encoded(self, texts: Sequence[Text], vectors: NDArray[np.float32]) -> None:
        """Give each text's vector to the files that want it."""
        counts: dict[Taken, int] = {}
        with self.changed:
            for text, vector in zip(texts, vectors, strict=True):
                self._remembered[text.key] = vector
                for taken, place in self._wanted_by.pop(text.key, ()):
                    taken.unencoded.fill(place, vector)
                    counts[taken] = counts.get(taken, 0) + 1
            while len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        for taken, count in counts.items():
            taken.tell(count)

    def put_back(self, texts: Sequence[Text]) -> None:
        """Have texts that were taken wait again, before all others."""
        with self.changed:
            self._waiting.extendleft(reversed(texts))
            self.changed.notify(len(texts))

    def give_up(self, text: Text, error: Exception) -> None:
        """Tell the files that want a text that it cannot be encoded."""
        with self.changed:
            for taken, _ in self._wanted_by.pop(text.key, ()):
                taken.tell(error)

    def fail(self, error: BaseException) -> None:
        """Tell all files that want something, now or later, why nothing is encoded any more."""
        with self.changed:
            self._failure = error
            for wanting in self._wanted_by.values():
                for taken, _ in wanting:
                    taken.tell(error)
            self._wanted_by.clear()
            self._waiting.clear()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
