"""Brings a corpus of an earlier layout to the present one, in one transaction and without encoding anything.

Layout 1 kept float32 vectors, and its lexical index in FTS5, whose content has the terms of every passage.
It did not note which sources were texts in hand, so that all count as files. Layout 2 had no notes on files,
and no places of characters on their pages.
"""

import sqlite3

from pincite.index import schema
from pincite.index.lexical import weigh
from pincite.index.lexical_writer import LexicalWriter
from pincite.index.vectors import stored_vector, vector_of_layout_1

_KEPT = ("corpus", "files", "documents", "fields", "groups", "passages", "vectors", "deleted")
_COPY = """
INSERT INTO corpus
    SELECT one, uid, generation + 1, generation + 1, encoder, weights_sha256, dimension, precision
    FROM old_corpus;
INSERT INTO files (id, source, fingerprint, is_text) SELECT id, source, fingerprint, 0 FROM old_files;
INSERT INTO documents
    SELECT id, file, document_id, source, length(text),
        (SELECT count(*) FROM old_groups WHERE document = d.id),
        (SELECT coalesce(min(id), 0) FROM old_passages WHERE document = d.id),
        (SELECT count(*) FROM old_passages WHERE document = d.id),
        metadata, metadata_spans, sections, pages, text, x''
    FROM old_documents d;
INSERT INTO fields SELECT document, field, value FROM old_fields;
INSERT INTO groups SELECT id, document, start, "end", path, page FROM old_groups;
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Change a corpus of an earlier layout into one of the present layout, all or nothing."""
    connection.execute("PRAGMA foreign_keys = OFF")  # for the time that both layouts are there
    try:
        connection.execute("BEGIN IMMEDIATE")
        version = schema.version(connection)
        if version == 1:
            _from_1(connection)
        elif version == 2:
            connection.execute("ALTER TABLE files ADD COLUMN notes TEXT NOT NULL DEFAULT '[]'")
            connection.execute("ALTER TABLE documents ADD COLUMN places BLOB NOT NULL DEFAULT x''")
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA foreign_keys = ON")


def _from_1(connection: sqlite3.Connection) -> None:
    indexes = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    for (name,) in indexes.fetchall():
        connection.execute(f"DROP INDEX {name}")
    for table in _KEPT:
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in (schema.TABLES + _COPY).split(";\n"):
        connection.execute(statement)
    _copy_passages(connection)
    connection.execute("DELETE FROM sqlite_sequence WHERE name IN ('documents', 'passages')")
    connection.execute(
        "UPDATE sqlite_sequence SET name = substr(name, 5) WHERE name IN ('old_documents', 'old_passages')"
    )
    connection.execute("DROP TABLE lexical")
    for table in reversed(_KEPT):
        connection.execute(f"DROP TABLE old_{table}")


def _copy_passages(connection: sqlite3.Connection) -> None:
    lexical = LexicalWriter(connection)
    rows = connection.execute(
        'SELECT p.id, p.document, p."group", p.start, p."end", p.points, v.vector, l.context, l.body'
        " FROM old_passages p JOIN old_vectors v ON v.passage = p.id JOIN lexical l ON l.rowid = p.id"
        " ORDER BY p.id"
    )
    for id_, *fields, vector, context, body in rows:
        weights = weigh(context.split(), body.split())
        connection.execute(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (id_, *fields, weights.length, weights.checksum),
        )
        stored = stored_vector(vector_of_layout_1(vector))
        connection.execute("INSERT INTO vectors VALUES (?, ?, ?)", (id_, b"", stored))
        lexical.add(id_, weights)
    lexical.settle()
