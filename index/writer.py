"""Writes documents into the database, inside a transaction that the caller opened."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict

from pincite.index.encoder import EncoderIdentity
from pincite.index.filters import comparable
from pincite.index.records import Prepared
from pincite.index.tokens import terms_of


class Writer:
    """Changes the corpus. Every method leaves the raising of the generation to ``finish``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._generation = 1 + connection.execute("SELECT generation FROM corpus").fetchone()[0]

    def finish(self) -> None:
        """Stamp the change with its generation; the last thing before COMMIT."""
        self._connection.execute("UPDATE corpus SET generation = ?", (self._generation,))

    def forget_deletions(self, generation: int) -> None:
        """Drop what is remembered of deletions up to ``generation``, which the FAISS file now shows."""
        self._connection.execute("DELETE FROM deleted WHERE generation <= ?", (generation,))
        self._connection.execute("UPDATE corpus SET forgotten = ?", (generation,))

    def set_encoder(self, identity: EncoderIdentity) -> None:
        self._connection.execute(
            "UPDATE corpus SET encoder = ?, weights_sha256 = ?, dimension = ?, precision = ?",
            (identity.name, identity.weights_sha256, identity.dimension, identity.precision),
        )

    def remove_file(self, source: str) -> bool:
        """Remove a file with all its documents; say whether there was one."""
        row = self._connection.execute("SELECT id FROM files WHERE source = ?", (source,)).fetchone()
        if row is None:
            return False
        self._clear_passages("d.file = ?", row[0])
        self._connection.execute("DELETE FROM files WHERE id = ?", row)
        return True

    def add_file(self, source: str, fingerprint: str, prepared: Iterable[Prepared]) -> None:
        values = (source, fingerprint)
        file = self._connection.execute(
            "INSERT INTO files (source, fingerprint) VALUES (?, ?)", values
        ).lastrowid
        for one in prepared:
            self._add_document(file, one)

    def replace_passages(self, document: int, prepared: Prepared) -> None:
        """Store a document's groups, passages and vectors anew, for another encoder."""
        self._clear_passages("d.id = ?", document)
        self._connection.execute("DELETE FROM groups WHERE document = ?", (document,))
        self._add_passages(document, prepared)

    def _clear_passages(self, condition: str, parameter: int) -> None:
        ids = f"SELECT p.id FROM passages p JOIN documents d ON d.id = p.document WHERE {condition}"
        self._connection.execute(
            f"INSERT INTO deleted SELECT id, ? FROM ({ids})",
            (self._generation, parameter),
        )
        self._connection.execute(f"DELETE FROM lexical WHERE rowid IN ({ids})", (parameter,))
        self._connection.execute(f"DELETE FROM passages WHERE id IN ({ids})", (parameter,))

    def _add_document(self, file: int | None, one: Prepared) -> None:
        document = one.document
        row = self._connection.execute(
            "INSERT INTO documents"
            " (file, document_id, source, text, metadata, metadata_spans, sections, pages)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                file,
                one.document_id,
                one.source,
                document.text,
                _json(dict(document.metadata)),
                _json({field: asdict(span) for field, span in document.metadata_spans.items()}),
                _json([asdict(section) for section in document.sections]),
                _json(document.pages),
            ),
        ).lastrowid
        fields = [(row, field, comparable(field, value)) for field, value in document.metadata.items()]
        self._connection.executemany("INSERT INTO fields VALUES (?, ?, ?)", fields)
        assert row is not None  # noqa: S101 -- SQLite gives every inserted row an id
        self._add_passages(row, one)

    def _add_passages(self, document: int, one: Prepared) -> None:
        group_rows = {}
        for group in one.groups:
            values = (document, group.start, group.end, _json(group.path), group.page)
            cursor = self._connection.execute(
                'INSERT INTO groups (document, start, "end", path, page) VALUES (?, ?, ?, ?, ?)', values
            )
            group_rows[group.start] = cursor.lastrowid
        for draft, vector in zip(one.drafts, one.vectors, strict=True):
            points = [[p.start, p.end, p.number, p.references] for p in draft.points]
            passage = self._connection.execute(
                'INSERT INTO passages (document, "group", start, "end", points) VALUES (?, ?, ?, ?, ?)',
                (document, group_rows[draft.group.start], draft.start, draft.end, _json(points)),
            ).lastrowid
            self._connection.execute("INSERT INTO vectors VALUES (?, ?)", (passage, vector.tobytes()))
            terms = (" ".join(terms_of(draft.context)), " ".join(terms_of(draft.body)))
            self._connection.execute(
                "INSERT INTO lexical (rowid, context, body) VALUES (?, ?, ?)", (passage, *terms)
            )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
