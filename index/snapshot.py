"""Reads one generation of the corpus, inside a read transaction that the caller opened.

Everything a question sees comes through one snapshot, so that a passage, its vector and its document's text
belong together whatever is written meanwhile. How hits are ranked is ``retrieval``'s matter.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Document, Point, Section, Span
from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.filters import Filter
from pincite.index.passages import Passage
from pincite.index.records import DocumentInfo, Receipt, Stored
from pincite.index.vectors import Ids, Matrix

_SEPARATOR = " › "
FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A passage id and its BM25 score, higher is better."""

    id: int
    score: float


class Snapshot:
    """One generation of the corpus, for reading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        row = connection.execute(
            "SELECT uid, generation, forgotten, encoder, weights_sha256, dimension, precision FROM corpus"
        ).fetchone()
        if row is None:
            raise CorpusDamaged("corpus.sqlite3 has lost the row that describes the corpus")
        self.uid: str = row[0]
        self.generation: int = row[1]
        self.forgotten: int = row[2]
        self.encoder = EncoderIdentity(*row[3:])

    def file_fingerprint(self, source: str) -> str | None:
        row = self._connection.execute("SELECT fingerprint FROM files WHERE source = ?", (source,)).fetchone()
        return row[0] if row else None

    def file_receipt(self, source: str) -> Receipt:
        """Return what is stored of a file that has not changed, as a receipt."""
        row = self._connection.execute(
            "SELECT count(*), total(length(d.text)), total(json_array_length(d.pages)),"
            " total((SELECT count(*) FROM groups WHERE document = d.id)),"
            " total((SELECT count(*) FROM passages WHERE document = d.id))"
            " FROM documents d JOIN files f ON f.id = d.file WHERE f.source = ?",
            (source,),
        ).fetchone()
        return Receipt(source, "unchanged", "", *map(int, row))

    def file_sources(self) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT source FROM files ORDER BY source")]

    def files_named(self, source: str) -> list[str]:
        """Return the files whose source is ``source`` or, failing that, ends in its path parts."""
        rows = self._connection.execute(
            "SELECT source FROM files WHERE source = ?1 OR substr(source, -length(?2)) = ?2 ORDER BY source",
            (source, "/" + source),
        )
        found = [row[0] for row in rows]
        return [source] if source in found else found

    def documents(self, document_id: str | None = None) -> list[DocumentInfo]:
        """Return a row per document, by source; or the row of the one with this id."""
        rows = self._connection.execute(
            "SELECT document_id, source, metadata, length(text), json_array_length(pages),"
            " (SELECT count(*) FROM groups WHERE document = documents.id),"
            " (SELECT count(*) FROM passages WHERE document = documents.id) FROM documents"
            " WHERE ?1 IS NULL OR document_id = ?1 ORDER BY source",
            (document_id,),
        )
        return [_info(*row) for row in rows]

    def documents_named(self, source: str) -> dict[str, str]:
        """Return sources with their ids: of the document whose id or source is ``source`` or, failing that,
        of those whose source ends in its parts.
        """
        rows = self._connection.execute(
            "SELECT document_id, source FROM documents WHERE document_id = ?1 OR source = ?1"
            " OR substr(source, -length(?2)) = ?2 ORDER BY source",
            (source, "/" + source),
        ).fetchall()
        exact = [row for row in rows if source in row]
        return {name: document_id for document_id, name in exact or rows}

    def text(self, document_id: str) -> str | None:
        row = self._connection.execute(
            "SELECT text FROM documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        return row[0] if row else None

    def stored_documents(self) -> Iterator[Stored]:
        """Yield every document with its content, in the order in which they were added."""
        for row in self._connection.execute(
            "SELECT id, document_id, source, text, metadata, metadata_spans, sections, pages"
            " FROM documents ORDER BY id"
        ):
            spans = {field: Span(**span) for field, span in json.loads(row[5]).items()}
            sections = tuple(Section(**{**one, "path": tuple(one["path"])}) for one in json.loads(row[6]))
            document = Document(row[3], json.loads(row[4]), spans, sections, tuple(json.loads(row[7])))
            yield Stored(row[0], row[1], row[2], document)

    def field_names(self) -> set[str]:
        return {row[0] for row in self._connection.execute("SELECT DISTINCT field FROM fields")}

    def passage_ids(self, condition: Filter) -> Ids:
        """Return the ids of the passages whose document meets ``condition``."""
        rows = self._connection.execute(
            f"SELECT passages.id FROM passages JOIN documents ON documents.id = passages.document"
            f" WHERE {condition.sql} ORDER BY passages.id",
            condition.parameters,
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        rows = self._connection.execute(
            'SELECT p.id, d.document_id, d.source, d.metadata, g.path, p.start, p."end",'
            ' substr(d.text, p.start + 1, p."end" - p.start), g.page, p.points'
            ' FROM passages p JOIN documents d ON d.id = p.document JOIN groups g ON g.id = p."group"'
            " WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: _passage(*row[1:]) for row in rows}

    def lexical(
        self, terms: Sequence[str], top_k: int, condition: Filter | None, *, by_prefix: bool = False
    ) -> list[LexicalHit]:
        """Return the ``top_k`` passages that hold any of ``terms``, by BM25 with FTS5's k1 1.2 and b 0.75.

        ``by_prefix``: that hold any term which begins with one of them.
        """
        if not terms:
            return []
        match = " OR ".join(f'"{term}"*' if by_prefix else f'"{term}"' for term in terms)
        chosen = ""
        parameters: tuple[str | int | float, ...] = ()
        if condition is not None:
            chosen = (
                "AND rowid IN (SELECT passages.id FROM passages"
                " JOIN documents ON documents.id = passages.document"
                f" WHERE {condition.sql})"
            )
            parameters = condition.parameters
        rows = self._connection.execute(
            f"SELECT rowid, -bm25(lexical, 0.5, 1.0) AS score FROM lexical WHERE lexical MATCH ? {chosen}"
            " ORDER BY score DESC, rowid LIMIT ?",
            (match, *parameters, top_k),
        )
        return [LexicalHit(*row) for row in rows]

    def lexical_rows(self) -> Iterator[tuple[int, str]]:
        """Yield the ids of all passages with the terms that are stored for them."""
        yield from self._connection.execute("SELECT rowid, context || ' ' || body FROM lexical")

    def is_indexed(self, id_: int, term: str) -> bool:
        """Whether a search for ``term`` would come upon this passage."""
        row = self._connection.execute(
            "SELECT 1 FROM lexical WHERE lexical MATCH ? AND rowid = ?", (f'"{term}"', id_)
        ).fetchone()
        return row is not None

    def vectors(self, after: int = 0) -> tuple[Ids, Matrix]:
        """Return the ids above ``after`` with their vectors, float32, (n, dim)."""
        rows = self._connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage > ? ORDER BY passage", (after,)
        ).fetchall()
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        matrix = np.frombuffer(b"".join(map(self._vector_bytes, rows)), dtype=np.float32)
        return ids, matrix.reshape(len(ids), self.encoder.dimension)

    def vectors_of(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        rows = self._connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: np.frombuffer(self._vector_bytes(row), dtype=np.float32) for row in rows}

    def _vector_bytes(self, row: tuple[int, bytes]) -> bytes:
        if not isinstance(row[1], bytes) or len(row[1]) != self.encoder.dimension * FLOAT_BYTES:
            raise CorpusDamaged(f"the vector of passage {row[0]} has not {self.encoder.dimension} numbers")
        return row[1]

    def deleted_since(self, generation: int) -> Ids:
        rows = self._connection.execute("SELECT passage FROM deleted WHERE generation > ?", (generation,))
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def group_spans(self, document: int) -> list[tuple[int, int]]:
        """Return the spans of a document's groups, in order."""
        return self._connection.execute(
            'SELECT start, "end" FROM groups WHERE document = ? ORDER BY start', (document,)
        ).fetchall()

    def fields(self, document: int) -> dict[str, str | int | float]:
        """Return a document's metadata as filters see them."""
        rows = self._connection.execute("SELECT field, value FROM fields WHERE document = ?", (document,))
        return dict(rows.fetchall())

    def integrity_problems(self) -> list[str]:
        """Return what SQLite itself finds wrong with the file and its keys."""
        rows = self._connection.execute("PRAGMA integrity_check").fetchall()
        rows += self._connection.execute("PRAGMA foreign_key_check").fetchall()
        return [f"database: {' '.join(map(str, row))}" for row in rows if row != ("ok",)]

    def count(self, table: str, condition: str = "1", *parameters: int) -> int:
        row = self._connection.execute(
            f"SELECT count(*) FROM {table} WHERE {condition}", parameters
        ).fetchone()
        return int(row[0])


def _passage(
    document_id: str,
    source: str,
    metadata: str,
    path: str,
    start: int,
    end: int,
    text: str,
    page: int | None,
    raw: str,
) -> Passage:
    points = tuple(
        Point(a, b, text[a - start : b - start], number, tuple(references))
        for a, b, number, references in json.loads(raw)
    )
    references = tuple(dict.fromkeys(label for point in points for label in point.references))
    group = _SEPARATOR.join(json.loads(path))
    title = str(json.loads(metadata).get("title", ""))
    return Passage(document_id, source, title, group, start, end, text, references, page, points)


def _info(
    document_id: str, source: str, metadata: str, characters: int, pages: int, groups: int, passages: int
) -> DocumentInfo:
    fields = json.loads(metadata)
    return DocumentInfo(
        document_id, source, str(fields.get("title", "")), fields, characters, pages, groups, passages
    )
