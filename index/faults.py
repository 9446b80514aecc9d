"""What the system raises over a corpus's files, as the ``PinciteError`` that says what to do about it."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pincite.index.errors import CorpusDamaged, CorpusNotFound, PinciteError
from pincite.index.location import absence, holds_database

REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_REFUSED_BY_SQLITE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def explained(folder: Path, file: Path, done: str) -> Iterator[None]:
    """Raise what ``fault`` makes of an error of the system or of SQLite. A ``CorpusDamaged`` that passes on
    SQLite's own words is told what to do as well.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise fault(error, folder, file, done) from error
    except CorpusDamaged as error:
        cause = error.__context__
        if error.__cause__ is None and isinstance(cause, sqlite3.Error):
            raise CorpusDamaged(f"{error}: {_advice(cause, folder)}") from cause
        raise


def fault(error: OSError | sqlite3.Error, folder: Path, file: Path, done: str) -> PinciteError:
    """Return ``CorpusNotFound`` where the corpus's ``folder``, or its database, is gone; else
    ``CorpusDamaged`` that says why ``file`` cannot be "read", "written" and the like.
    """
    is_gone = isinstance(error, FileNotFoundError) and not holds_database(folder)
    if is_gone or not os.path.lexists(folder):
        return CorpusNotFound(absence(folder))
    return CorpusDamaged(f"{file} cannot be {done}: {reason(error)}: {_advice(error, folder)}")


def reason(error: Exception) -> str:
    """Return what the system says was wrong, without the file's name and the error's number."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _advice(error: OSError | sqlite3.Error, folder: Path) -> str:
    # An error that SQLite's Python module raises itself has no code.
    code = error.errno if isinstance(error, OSError) else getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_FULL if isinstance(error, OSError) else {sqlite3.SQLITE_FULL}):
        return "make room on its disk, then try again"
    refused = code in (REFUSED if isinstance(error, OSError) else _REFUSED_BY_SQLITE)
    if refused or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"pincite must be able to read and write in {folder}, also to search"
    if isinstance(error, sqlite3.Error) and code == sqlite3.SQLITE_BUSY:
        return "close the program that holds it, then try again"
    return "check its disk, then restore a backup or index the documents into a new corpus"
