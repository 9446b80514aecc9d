"""Room for what is read ahead: whoever reads waits for it, whoever stores gives it back."""

import threading
from collections import deque


class StoppedError(Exception):
    """Nobody wants the rest any more."""


class Room:
    """Room for a number of bytes; what is larger than all of it has to be alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: deque[int] = deque()
        self._used = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def take(self, count: int) -> None:
        """Take room, as soon as there is some. Raises ``StoppedError`` once it is closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or not self._used or self._used + count <= self._most
            )
            if self._is_closed:
                raise StoppedError
            self._taken.append(count)
            self._used += count

    def give_back(self) -> None:
        """Give back what was taken first."""
        with self._changed:
            self._used -= self._taken.popleft()
            self._changed.notify_all()

    def widen(self, most: int) -> None:
        """Have room for more."""
        with self._changed:
            self._most = most
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
