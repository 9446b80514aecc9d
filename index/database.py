"""The corpus's SQLite connections: a snapshot to read, a transaction to write, each on one of its own."""

import json
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
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._is_closed = False

    @property
    def is_laid_out(self) -> bool:
        """Whether the file holds a corpus yet. Raises ``CorpusDamaged`` if it holds something else."""
        with self._connection() as connection:
            return schema.is_laid_out(connection, self._folder)

    def lay_out(self, identity: EncoderIdentity) -> None:
        """Make the file an empty corpus for this encoder's vectors, or raise ``CorpusDamaged``."""
        with self._connection() as connection:
            try:
                schema.create(connection, identity)
            except sqlite3.DatabaseError as error:
                raise self._unwritable(error) from error

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one generation of the corpus, whatever others write meanwhile."""
        with self._connection() as connection:
            try:
                connection.execute("BEGIN")
                yield Snapshot(connection)
            except (sqlite3.DatabaseError, json.JSONDecodeError, UnicodeDecodeError) as error:
                raise CorpusDamaged(f"{self._folder / schema.FILE_NAME} cannot be read: {error}") from error

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
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                raise self._unwritable(error) from error

    def close(self) -> None:
        """Close the connections, those in use when they are given back. Closing twice does no harm."""
        with self._guard:
            self._is_closed = True
            while self._idle:
                self._idle.pop().close()

    def _unwritable(self, error: Exception) -> CorpusDamaged:
        return CorpusDamaged(f"{self._folder / schema.FILE_NAME} cannot be written: {error}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread for a while, and undo what it leaves unfinished."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        connection = connection or schema.connect(self._folder)
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with self._guard:
                if self._is_closed:
                    connection.close()
                else:
                    self._idle.append(connection)
