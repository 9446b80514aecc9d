"""Where a corpus may be: a folder, and whether one may be made there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pincite.index import schema
from pincite.index.errors import CorpusNotFound

LOCK = "writer.lock"
PID = "writer.pid"
RESTORING = "restoring"
_LEFT_BY_A_WRITER_THAT_DIED = frozenset(
    {schema.FILE_NAME, f"{schema.FILE_NAME}-wal", f"{schema.FILE_NAME}-shm", LOCK, PID, RESTORING}
)


def corpus_folder(location: str | Path) -> Path:
    """Return the folder meant, absolute. Raises ``CorpusNotFound`` for the address of a server."""
    if str(location).startswith("milvus://"):
        raise CorpusNotFound(f"{location} is no folder: name one, and `pincite copy` from there to Milvus")
    with _looking_at(location):
        return real_path(location)


def holds_database(folder: Path) -> bool:
    """Whether a corpus's database is in ``folder``. Raises ``CorpusNotFound`` where that cannot be told."""
    with _looking_at(folder):
        return (folder / schema.FILE_NAME).is_file()


def may_become_corpus(folder: Path) -> bool:
    """Whether ``folder`` is absent or empty; what a writer that died early left does not count. Raises
    ``CorpusNotFound`` where that cannot be told.
    """
    with _looking_at(folder):
        if not folder.exists():
            return True
        left = _LEFT_BY_A_WRITER_THAT_DIED
        return folder.is_dir() and all(entry.name in left for entry in folder.iterdir())


def make_folder(folder: Path) -> None:
    """Make a new corpus's folder. Raises ``CorpusNotFound`` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusNotFound(f"no corpus at {folder}, and none can be made: {error.strerror}") from None


def absence(folder: Path) -> str:
    """Say what there is at ``folder`` instead of a corpus. Raises ``CorpusNotFound`` where that cannot be
    told.
    """
    with _looking_at(folder):
        if not folder.exists():
            return f"no corpus at {folder}: make one with `pincite index PATH --corpus {folder}`"
        if not folder.is_dir():
            return f"{folder} is a file, not a corpus folder"
    return f"{folder} is a folder that holds no corpus: name another, or an empty one to make a corpus in"


def size_of(file: Path) -> int:
    """Return a file's size in bytes; 0 for anything else, and for one that a writer has removed meanwhile."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def real_path(path: str | Path) -> Path:
    """Return the absolute path without links, ``..`` and ``~``; nothing need exist there."""
    return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 -- Path's raises for "~nobody"


@contextmanager
def _looking_at(location: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CorpusNotFound(
            f"cannot look for a corpus at {location}: {error.strerror}: name a folder that you may read"
        ) from None
