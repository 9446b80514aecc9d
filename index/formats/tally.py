"""Counts the rows or records of a file, and says when they are too many."""

from typing import NoReturn

from pincite.index.errors import UnsupportedDocument

MOST_ROWS = 1_000_000
MOST_CHARACTERS = 50_000_000


class Tally:
    """What was counted so far, of things called ``kind``."""

    def __init__(self, kind: str) -> None:
        self.count = 0
        self._kind = kind
        self._characters = 0

    def add(self, text: str) -> None:
        """Count one more. Raises ``UnsupportedDocument`` when it is one too many."""
        self.count += 1
        self._characters += len(text)
        if self.count > MOST_ROWS:
            self._refuse(f"it has more than {MOST_ROWS:,} {self._kind}")
        if self._characters > MOST_CHARACTERS:
            self._refuse(f"its {self._kind} make more than {MOST_CHARACTERS:,} characters")

    def _refuse(self, complaint: str) -> NoReturn:
        raise UnsupportedDocument(f"{complaint}: split it into several files")
