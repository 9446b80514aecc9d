"""One writer at a time, across processes.

The lock is the operating system's, on ``writer.lock``: it ends with the process that holds it, however that
ends, so a crash leaves nothing to clean up. ``writer.pid`` beside it is for the message only. The writer
holds a lock on that file too, which dies with it: what a writer that was killed has left there names nobody,
not even while its successor has yet to write its own. Where the system has no such locks (Windows), the file
is believed as it stands.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from pincite.index.errors import CorpusLocked, CorpusNotFound
from pincite.index.faults import REFUSED, explained
from pincite.index.location import LOCK, PID, absence

if sys.platform != "win32":
    import fcntl


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the corpus's write lock. Raises ``CorpusLocked`` at once when another process or thread has it,
    ``CorpusNotFound`` where the folder is gone, ``CorpusDamaged`` where it cannot be written in.
    """
    with ExitStack() as held:
        with explained(folder, folder, "written"):
            if not folder.is_dir():  # FileLock would make it
                raise CorpusNotFound(absence(folder))
            lock = FileLock(folder / LOCK, thread_local=False, is_singleton=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise CorpusLocked(
                    f"{_holder(folder)} is writing to {folder}: wait until it is done, then try again"
                ) from None
            held.callback(lock.release)
            held.enter_context(_named(folder / PID))
        yield


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Let ``file``, made anew, name this process for as long as it writes."""
    try:
        with ExitStack() as held:
            try:
                file.unlink(missing_ok=True)
                opened = held.enter_context(file.open("xb", buffering=0))
                _lock(opened)
                opened.write(str(os.getpid()).encode())
            except OSError as error:
                # No room, or no locks in this file system, costs the name only.
                if error.errno in REFUSED:
                    raise
            yield
    finally:
        with suppress(OSError):  # left behind, it names nobody
            file.unlink()


def _holder(folder: Path) -> str:
    try:
        with (folder / PID).open("rb") as opened:
            pid = opened.read().decode("ascii") if _is_held(opened) else ""
    except (OSError, UnicodeDecodeError):
        pid = ""
    return f"process {pid}" if pid.isdecimal() else "another process"


def _lock(opened: IO[bytes]) -> None:
    if sys.platform != "win32":
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_held(opened: IO[bytes]) -> bool:
    """Whether whoever wrote this very file still lives and writes."""
    if sys.platform != "win32":
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
    return True
