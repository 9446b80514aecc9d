"""What a corpus holds, row by row, to be compared with what another one holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from pincite.index.schema import FILE_NAME

TABLES = ("files", "documents", "fields", "groups", "passages", "vectors")


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table that files fill, vectors bit for bit."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in TABLES
        }
