"""The tables of ``corpus.sqlite3``, and opening the file safely.

    files ──< documents ──< groups ──< passages ── vectors      one row of vectors for every passage
                 └──< fields
    recent, segments ──< postings                               one entry in either for every passage

``files`` is what a receipt speaks of; one file may hold several documents. ``places`` is a ``Document``'s, as
``serialisation`` packs them. ``fields`` repeats each document's metadata for filters. The passages of a
document have consecutive ids, which are never reused, and ``deleted`` remembers those that a FAISS file may
still hold: it is complete for every generation after ``forgotten``. A vector is float16; ``key`` stands for
the text that was encoded, so that none is encoded twice. What the lexical tables hold is told in ``lexical``;
``staged`` is ``reencoding``'s. ``corpus`` is one row: an id of its own, the encoder, and the generation,
which every change raises by one.
"""

import os
import sqlite3
import uuid
from contextlib import ExitStack
from pathlib import Path

from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged

FILE_NAME = "corpus.sqlite3"
VERSION = 3
_APPLICATION_ID = 0x70696E63
_BUSY_SECONDS = 30

TABLES = """
CREATE TABLE corpus (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    uid TEXT NOT NULL,
    generation INTEGER NOT NULL,
    forgotten INTEGER NOT NULL,
    encoder TEXT NOT NULL,
    weights_sha256 TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    precision TEXT NOT NULL
);
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    is_text INTEGER NOT NULL,
    notes TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    document_id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL UNIQUE,
    characters INTEGER NOT NULL,
    groups INTEGER NOT NULL,
    first_passage INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    metadata_spans TEXT NOT NULL,
    sections TEXT NOT NULL,
    pages TEXT NOT NULL,
    text TEXT NOT NULL,
    places BLOB NOT NULL DEFAULT x''
);
CREATE INDEX documents_by_file ON documents (file);
CREATE TABLE fields (
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    field TEXT NOT NULL,
    value NOT NULL
);
CREATE INDEX fields_by_value ON fields (field, value, document);
CREATE INDEX fields_by_document ON fields (document);
CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    path TEXT NOT NULL,
    page INTEGER
);
CREATE INDEX groups_by_document ON groups (document);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    "group" INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    points TEXT NOT NULL,
    length INTEGER NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_group ON passages ("group");
CREATE TABLE vectors (
    passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    key BLOB NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX vectors_by_key ON vectors (key);
CREATE TABLE deleted (
    passage INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL
);
CREATE TABLE staged (
    encoder TEXT NOT NULL,
    key BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (encoder, key)
) WITHOUT ROWID;
CREATE TABLE recent (
    passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    weights TEXT NOT NULL
);
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL UNIQUE,
    indexed INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    lengths BLOB NOT NULL
);
CREATE TABLE postings (
    segment INTEGER NOT NULL REFERENCES segments ON DELETE CASCADE,
    term TEXT NOT NULL,
    passages BLOB NOT NULL,
    PRIMARY KEY (segment, term)
) WITHOUT ROWID;
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the corpus's database, without changing it; a transaction begins only where one is asked for."""
    try:
        with ExitStack() as opened:
            connection = sqlite3.connect(
                _address(folder / FILE_NAME),
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            opened.callback(connection.close)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            opened.pop_all()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise CorpusDamaged(f"{folder / FILE_NAME} cannot be opened: {error}") from None
    return connection


def _address(file: Path) -> str:
    """Return the database's URI. In WAL mode SQLite makes files beside it, even to read: where that is not
    possible, and nothing waits in a log, it is told that nobody writes.
    """
    is_writable = os.access(file.parent, os.W_OK)
    is_still = file.exists() and not is_writable and not file.with_name(f"{FILE_NAME}-wal").exists()
    return file.as_uri() + ("?immutable=1" if is_still else "")


def create(connection: sqlite3.Connection, identity: EncoderIdentity) -> None:
    """Lay out an empty corpus for vectors of this encoder, all or nothing."""
    marks = f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    row = (uuid.uuid4().hex, identity.name, identity.weights_sha256, identity.dimension, identity.precision)
    connection.execute("PRAGMA journal_mode = WAL")
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} {marks}")
        connection.execute("INSERT INTO corpus VALUES (1, ?, 0, 0, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def version(connection: sqlite3.Connection) -> int:
    """Return the number of the layout."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_laid_out(connection: sqlite3.Connection, folder: Path) -> bool:
    """Say whether the database holds a corpus, of this layout or an earlier one; False for one that was never
    laid out.

    Raises ``CorpusDamaged`` when it belongs to another program or to a later pincite.
    """
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        found = version(connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise CorpusDamaged(f"{folder / FILE_NAME} is not a readable database: {error}") from None
    if not tables:
        return False
    if owner != _APPLICATION_ID:
        raise CorpusDamaged(f"{folder / FILE_NAME} is a database of another program")
    if not 1 <= found <= VERSION:
        raise CorpusDamaged(
            f"{folder} has layout {found}, this pincite reads layout {VERSION}: update pincite"
        )
    return True
