"""One writer at a time, across processes.

The lock is the operating system's, on ``writer.lock``: it ends with the process that holds it, however that
ends, so a crash leaves nothing to clean up. ``writer.pid`` beside it is for the message only.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pincite.index.errors import CorpusDamaged, CorpusLocked

_LOCK = "writer.lock"
_PID = "writer.pid"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the corpus's write lock. Raises ``CorpusLocked`` at once when another process or thread has it,
    ``CorpusDamaged`` where nothing can be written.
    """
    lock = FileLock(folder / _LOCK, thread_local=False, is_singleton=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CorpusLocked(
            f"process {_holder(folder)} is writing to {folder}: wait until it is done, then try again"
        ) from None
    except OSError as error:
        raise CorpusDamaged(f"{folder} cannot be written: {error.strerror or error}") from None
    try:
        with suppress(OSError):  # a disk that is full may still have room for a removal
            (folder / _PID).write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        with suppress(OSError):
            (folder / _PID).unlink(missing_ok=True)
        lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / _PID).read_text(encoding="ascii").strip() or "?"
    except (OSError, UnicodeDecodeError):
        return "?"
