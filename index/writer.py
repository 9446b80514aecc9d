"""Writes documents into the database, inside a transaction that the caller opened."""

import json
import sqlite3
from collections.abc import Sequence

from pincite.index.encoder import EncoderIdentity
from pincite.index.filters import comparable
from pincite.index.lexical import readable, weigh
from pincite.index.lexical_writer import LexicalWriter
from pincite.index.passages import plain_points
from pincite.index.records import Prepared
from pincite.index.serialisation import packed_places, plain_sections, plain_spans
from pincite.index.tokens import terms_of
from pincite.index.vectors import stored_vector


class Writer:
    """Changes the corpus. Every method leaves the raising of the generation to ``finish``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lexical = LexicalWriter(connection)
        self._generation = 1 + connection.execute("SELECT generation FROM corpus").fetchone()[0]

    def finish(self) -> None:
        """Stamp the change with its generation; the last thing before COMMIT."""
        self._connection.execute("UPDATE corpus SET generation = ?", (self._generation,))

    def forget_deletions(self, generation: int) -> None:
        """Drop what is remembered of deletions up to ``generation``, which the FAISS file now shows."""
        self._connection.execute("DELETE FROM deleted WHERE generation <= ?", (generation,))
        self._connection.execute("UPDATE corpus SET forgotten = ?", (generation,))

    def settle_lexical(self) -> None:
        """Put the lexical index in order; nothing that a search finds changes."""
        with readable():
            self._lexical.settle()

    def set_encoder(self, identity: EncoderIdentity) -> None:
        self._connection.execute(
            "UPDATE corpus SET encoder = ?, weights_sha256 = ?, dimension = ?, precision = ?",
            (identity.name, identity.weights_sha256, identity.dimension, identity.precision),
        )

    def stage(self, encoder: str, prepared: Prepared) -> None:
        """Set the vectors of a document aside for ``reencoding``."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO staged VALUES (?, ?, ?)",
            (
                (encoder, key, stored_vector(vector))
                for key, vector in zip(prepared.keys, prepared.vectors, strict=True)
            ),
        )

    def drop_staged(self, except_of: str = "") -> None:
        """Drop what was set aside, but for one encoder."""
        self._connection.execute("DELETE FROM staged WHERE encoder != ?", (except_of,))

    def remove_file(self, source: str) -> None:
        """Remove a file with all its documents, if there is one."""
        row = self._connection.execute("SELECT id FROM files WHERE source = ?", (source,)).fetchone()
        if row is not None:
            self._clear_passages("d.file = ?", row[0])
            self._connection.execute("DELETE FROM files WHERE id = ?", row)

    def add_file(
        self,
        source: str,
        fingerprint: str,
        prepared: Sequence[Prepared],
        *,
        is_text: bool = False,
        base: str = "",  # noqa: ARG002 -- found in its new place from there
    ) -> None:
        """Store a file, in place of what there was of it; ``is_text``: it is text in hand under a file's
        name.
        """
        self.remove_file(source)
        notes = _json([note for one in prepared for note in one.document.notes])
        file = self._insert(
            "INSERT INTO files (source, fingerprint, is_text, notes) VALUES (?, ?, ?, ?)",
            (source, fingerprint, is_text, notes),
        )
        for one in prepared:
            self._add_document(file, one)

    def set_is_text(self, source: str, is_text: bool) -> None:
        """Note whether what is stored under ``source`` is text in hand."""
        self._connection.execute("UPDATE files SET is_text = ? WHERE source = ?", (is_text, source))

    def replace_passages(self, document: int, prepared: Prepared) -> None:
        """Store a document's groups, passages and vectors anew, for another encoder."""
        self._clear_passages("d.id = ?", document)
        self._connection.execute("DELETE FROM groups WHERE document = ?", (document,))
        self._add_passages(document, prepared)

    def _clear_passages(self, condition: str, parameter: int) -> None:
        rows = self._connection.execute(
            f"SELECT p.id FROM passages p JOIN documents d ON d.id = p.document WHERE {condition}",
            (parameter,),
        ).fetchall()
        with readable():
            self._lexical.remove([id_ for (id_,) in rows])
        self._connection.executemany(
            "INSERT INTO deleted VALUES (?, ?)", ((id_, self._generation) for (id_,) in rows)
        )
        self._connection.executemany("DELETE FROM passages WHERE id = ?", rows)

    def _add_document(self, file: int, one: Prepared) -> None:
        document = one.document
        row = self._insert(
            "INSERT INTO documents"
            " (file, document_id, source, characters, groups, first_passage, passages, metadata,"
            " metadata_spans, sections, pages, text, places)"
            " VALUES (?, ?, ?, ?, 0, 0, 0, ?, ?, ?, ?, ?, ?)",
            (
                file,
                one.document_id,
                one.source,
                len(document.text),
                _json(dict(document.metadata)),
                _json(plain_spans(document)),
                _json(plain_sections(document)),
                _json(document.pages),
                document.text,
                packed_places(document.places),
            ),
        )
        fields = [(row, field, comparable(field, value)) for field, value in document.metadata.items()]
        self._connection.executemany("INSERT INTO fields VALUES (?, ?, ?)", fields)
        self._add_passages(row, one)

    def _add_passages(self, document: int, one: Prepared) -> None:
        group_rows = {}
        for group in one.groups:
            values = (document, group.start, group.end, _json(group.path), group.page)
            group_rows[group.start] = self._insert(
                'INSERT INTO groups (document, start, "end", path, page) VALUES (?, ?, ?, ?, ?)', values
            )
        passage = first = 0
        for draft, key, vector in zip(one.drafts, one.keys, one.vectors, strict=True):
            weights = weigh(terms_of(draft.context), terms_of(draft.body))
            passage = self._insert(
                'INSERT INTO passages (document, "group", start, "end", points, length, checksum)'
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    document,
                    group_rows[draft.group.start],
                    draft.start,
                    draft.end,
                    _json(plain_points(draft)),
                    weights.length,
                    weights.checksum,
                ),
            )
            first = first or passage
            self._connection.execute(
                "INSERT INTO vectors VALUES (?, ?, ?)", (passage, key, stored_vector(vector))
            )
            self._lexical.add(passage, weights)
        self._connection.execute(
            "UPDATE documents SET groups = ?, first_passage = ?, passages = ? WHERE id = ?",
            (len(one.groups), first, len(one.drafts), document),
        )

    def _insert(self, statement: str, values: tuple[object, ...]) -> int:
        row = self._connection.execute(statement, values).lastrowid
        assert row is not None  # noqa: S101 -- SQLite gives every inserted row an id
        return row


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
