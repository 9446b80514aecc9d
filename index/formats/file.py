"""What a format's reader is given."""

from collections.abc import Callable
from dataclasses import dataclass


def _tell_nobody(_done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes under its name, of which readers look at the ending only.

    ``on_page`` is to be called with the pages read so far, and of how many: a reader that says nothing for
    long is taken to hang. ``depth`` counts the files that this one is inside of.
    """

    name: str
    content: bytes
    password: str | None = None
    on_page: Callable[[int, int], None] = _tell_nobody
    depth: int = 0
