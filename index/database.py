"""The corpus's SQLite connection: one a thread, a snapshot to read, a transaction to write."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pincite.index import schema
from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.snapshot import Snapshot
from pincite.index.writer import Writer


class Database:
    """``corpus.sqlite3`` in a folder. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    @property
    def is_laid_out(self) -> bool:
        """Whether the file holds a corpus yet. Raises ``CorpusDamaged`` if it holds something else."""
        return schema.is_laid_out(self._connection(), self._folder)

    def lay_out(self, identity: EncoderIdentity) -> None:
        """Make the file an empty corpus for this encoder's vectors."""
        schema.create(self._connection(), identity)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one generation of the corpus, whatever others write meanwhile."""
        connection = self._connection()
        try:
            connection.execute("BEGIN")
            yield Snapshot(connection)
        except sqlite3.DatabaseError as error:
            raise CorpusDamaged(f"{self._folder / schema.FILE_NAME} cannot be read: {error}") from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Change the corpus: everything that is done with the writer, under a new generation, or nothing."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            writer = Writer(connection)
            yield writer
            writer.finish()
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection. Closing twice does no harm."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._threads = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if connection is None:
            connection = self._threads.connection = schema.connect(self._folder)
            with self._guard:
                self._connections.append(connection)
        return connection
