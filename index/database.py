"""The corpus's SQLite connections: a snapshot to read, a transaction to write, each on one of its own."""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pincite.index import schema
from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.faults import explained, fault
from pincite.index.migration import migrate
from pincite.index.snapshot import Snapshot
from pincite.index.writer import Writer


class Database:
    """``corpus.sqlite3`` in a folder. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / schema.FILE_NAME
        self._identity: tuple[int, int] | None = None
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._is_closed = False

    @property
    def is_laid_out(self) -> bool:
        """Whether the file holds a corpus yet. Raises ``CorpusDamaged`` if it holds something else."""
        with self._connection() as connection, explained(self._folder, self._file, "read"):
            return schema.is_laid_out(connection, self._folder)

    def lay_out(self, identity: EncoderIdentity) -> None:
        """Make the file an empty corpus for this encoder's vectors."""
        with self._connection() as connection, explained(self._folder, self._file, "written"):
            schema.create(connection, identity)

    @property
    def is_outdated(self) -> bool:
        """Whether the corpus has an earlier layout and must be migrated before anything else."""
        with self._connection() as connection, explained(self._folder, self._file, "read"):
            return schema.version(connection) < schema.VERSION

    def migrate(self) -> None:
        """Bring the corpus to the present layout."""
        with self._connection() as connection, explained(self._folder, self._file, "written"):
            migrate(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one generation of the corpus, whatever others write meanwhile."""
        with self._connection() as connection:
            try:
                connection.execute("BEGIN")
                yield Snapshot(connection)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise CorpusDamaged(f"{self._file} cannot be read: {error}") from error
            except sqlite3.Error as error:
                raise fault(error, self._folder, self._file, "read") from error

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Change the corpus: everything that is done with the writer, under a new generation, or nothing."""
        with self._connection() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                writer = Writer(connection)
                yield writer
                writer.finish()
                connection.execute("COMMIT")
            except UnicodeDecodeError as error:
                raise CorpusDamaged(f"{self._file} cannot be read: {error}") from error
            except sqlite3.Error as error:
                raise fault(error, self._folder, self._file, "written") from error

    def copy(self, file: Path) -> None:
        """Write one generation, compacted, to ``file``, which is absent or empty, whatever others write
        meanwhile. Raises ``sqlite3.Error``: either file may be at fault.
        """
        with self._connection() as connection:
            connection.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(file),))

    def check(self) -> None:
        """Raise ValueError where the corpus was closed, ``CorpusNotFound`` where its file is gone since it
        was opened, ``CorpusDamaged`` where another is in its place: SQLite would go on with the file that was
        deleted, and whatever it wrote there would be lost.
        """
        if self._is_closed:
            raise ValueError("the corpus is closed: open it again")
        if self._identity is not None:
            with explained(self._folder, self._file, "read"):
                found = _identity(self._file)
            if found != self._identity:
                raise CorpusDamaged(f"{self._file} is another file than was opened: open the corpus again")

    def close(self) -> None:
        """Close the connections, those in use when they are given back. Closing twice does no harm."""
        with self._guard:
            self._is_closed = True
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread for a while."""
        self.check()
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            self._take_back(connection)

    def _connect(self) -> sqlite3.Connection:
        with explained(self._folder, self._file, "opened"):
            connection = schema.connect(self._folder)
            with self._guard:
                self._identity = self._identity or _identity(self._file)
        return connection

    def _take_back(self, connection: sqlite3.Connection) -> None:
        """Undo what was left unfinished, and keep the connection for the next thread if it is still good."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:  # what is wrong with the file has been raised where it came up
            connection.close()
            return
        with self._guard:
            if self._is_closed or not os.access(self._folder, os.W_OK):
                connection.close()  # the next may have to look for a log that another has begun
            else:
                self._idle.append(connection)


def _identity(file: Path) -> tuple[int, int]:
    """Return what tells a file from a later one of the same name."""
    status = file.stat()
    return status.st_dev, status.st_ino
