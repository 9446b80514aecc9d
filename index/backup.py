"""A live corpus in one file, and a corpus from such a file.

The file is the corpus's database as ``VACUUM INTO`` writes it: one generation, read in one transaction while
writers go on; and, unlike a page-by-page copy (SQLite's backup interface), without the free pages in which
the text of removed documents may still stand, and in no need of a ``-wal`` beside it. Ids stay as they are,
since every table that another refers to has an INTEGER PRIMARY KEY. The FAISS file is not in it: ``Corpus``
makes one from the stored vectors when it restores, without encoding anything.
"""

import os
import shutil
import sqlite3
import stat
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pincite.index import schema
from pincite.index.database import Database
from pincite.index.errors import CorpusDamaged, CorpusNotFound, PinciteError
from pincite.index.faults import explained, fault, reason
from pincite.index.location import (
    LOCK,
    RESTORING,
    absence,
    corpus_folder,
    holds_database,
    make_folder,
    may_become_corpus,
    real_path,
    sync_folder,
)
from pincite.index.locking import writing
from pincite.index.new_files import give_name, refuse_taken

_OF_THE_TARGET = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What the backup in ``file`` holds; ``bytes`` is its size."""

    file: str
    documents: int
    passages: int
    bytes: int
    generation: int


def back_up(database: Database, folder: Path, file: str | Path, *, overwrite: bool = False) -> Backup:
    """Write the corpus in ``folder`` to ``file``, which a crash leaves as it was or whole.

    Raises ``PinciteError`` where the file exists, unless it may be overwritten, and where it cannot be
    written.
    """
    target = real_path(file)
    if target.is_relative_to(folder):
        raise PinciteError(f"{target} is inside the corpus itself: name a file elsewhere")
    database.check()
    temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        refuse_taken(target, overwrite)
        temporary.touch(mode=stat.S_IMODE((folder / schema.FILE_NAME).stat().st_mode), exist_ok=False)
        database.copy(temporary)
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        backup = _described(temporary, target)
        give_name(temporary, target, overwrite)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error) and _code(error) not in _OF_THE_TARGET:
            raise fault(error, folder, folder / schema.FILE_NAME, "read") from error
        raise PinciteError(
            f"cannot back up to {target}: {reason(error)}: name a file where there is room and you may write"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return backup


@contextmanager
def restoring(file: str | Path, location: str | Path) -> Iterator[Path]:
    """Yield a folder with the corpus from the backup ``file``, for the caller to complete; what it holds then
    becomes the corpus at ``location``, or nothing does.

    Raises ``PinciteError`` where the file cannot be read or ``location`` holds a corpus already,
    ``CorpusDamaged`` where the file is no sound backup, ``CorpusNotFound`` where ``location`` is neither
    absent nor empty.
    """
    source, folder = real_path(file), corpus_folder(location)
    _check(source)
    _refuse_occupied(folder)
    with _made(folder):
        _refuse_occupied(folder)
        try:
            with explained(folder, folder, "written"):
                place = _copied(source, folder)
            yield place
            with explained(folder, folder, "written"):
                _move(place, folder)
        except CorpusDamaged as error:
            problem = str(error).replace(str(folder / RESTORING), str(folder))
            raise CorpusDamaged(f"{source} could not be restored: {problem}") from error
        finally:
            shutil.rmtree(folder / RESTORING, ignore_errors=True)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the folder of a new corpus and hold its write lock; after an error, neither is left."""
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    had_lock = (folder / LOCK).exists()
    make_folder(folder)
    try:
        with writing(folder):
            try:
                yield
            except BaseException:
                if not had_lock:
                    with suppress(OSError):
                        (folder / LOCK).unlink()
                raise
    except BaseException:
        with suppress(OSError):
            for place in absent:
                place.rmdir()
        raise


def _described(written: Path, target: Path) -> Backup:
    with closing(_read_only(written)) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages), generation FROM corpus"
        ).fetchone()
    return Backup(str(target), row[0], row[1], written.stat().st_size, row[2])


def _check(source: Path) -> None:
    """Raise an error unless ``source`` is a sound backup of a corpus."""
    try:
        with source.open("rb"):
            pass
        rest = source.with_name(f"{source.name}-wal")
        if rest.exists() and rest.stat().st_size:
            raise PinciteError(
                f"{source} is only a part of a corpus in use: restore what `pincite backup` wrote"
            )
        with closing(_read_only(source)) as connection:
            if not schema.is_laid_out(connection, source):
                raise CorpusDamaged(f"{source} is empty: restore what `pincite backup` wrote")
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except OSError as error:
        raise PinciteError(
            f"cannot read {source}: {reason(error)}: name a file from `pincite backup`"
        ) from error
    except sqlite3.Error as error:
        problem = str(error)
    except CorpusDamaged as error:
        if not isinstance(error.__context__, sqlite3.Error):
            raise CorpusDamaged(str(error).replace(str(source / schema.FILE_NAME), str(source))) from error
        problem = str(error.__context__)
    if problem != "ok":
        raise CorpusDamaged(f"{source} is no backup, or a damaged one: {' '.join(problem.split())}")


def _refuse_occupied(folder: Path) -> None:
    if holds_database(folder):
        with closing(Database(folder)) as database:
            if database.is_laid_out:
                raise PinciteError(f"{folder} holds a corpus already: name a folder that is absent or empty")
    if not may_become_corpus(folder):
        raise CorpusNotFound(absence(folder))


def _copied(source: Path, folder: Path) -> Path:
    place = folder / RESTORING
    if place.exists():
        shutil.rmtree(place)
    place.mkdir()
    shutil.copyfile(source, place / schema.FILE_NAME)
    with closing(schema.connect(place)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return place


def _move(place: Path, folder: Path) -> None:
    """Move the corpus's files out of ``place``, the database first: with it, the corpus is there."""
    name = schema.FILE_NAME
    if (place / f"{name}-wal").exists():
        raise CorpusDamaged(f"the corpus restored in {place} could not be closed: try again")
    with (place / name).open("rb+") as database:
        os.fsync(database.fileno())
    for left in (folder / f"{name}-wal", folder / f"{name}-shm"):
        left.unlink(missing_ok=True)
    (place / name).replace(folder / name)
    for file in place.iterdir():
        if file.name != LOCK:
            file.replace(folder / file.name)
    sync_folder(folder)


def _read_only(file: Path) -> sqlite3.Connection:
    """Open a database that nobody writes, without making any file beside it."""
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
