"""Reads one generation of the corpus, inside a read transaction that the caller opened.

Everything a question sees comes through one snapshot, so that a passage, its vector and its document's text
belong together whatever is written meanwhile. How hits are ranked is ``retrieval``'s matter.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.filters import Filter
from pincite.index.lexical import LexicalHit, LexicalIndex, readable, unpack
from pincite.index.lexical_writer import is_unsettled
from pincite.index.passages import Passage, PassagePlace, pages_of, passage_from, points_from
from pincite.index.records import DocumentInfo, Receipt, Stored, StoredFile
from pincite.index.sampling import sampled
from pincite.index.serialisation import document_from, unpacked_places
from pincite.index.vectors import Ids, Mask, Matrix, read_vectors, stored_vector

_VECTORS_AT_ONCE = 8_192


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

    def is_text(self, source: str) -> bool:
        """Whether ``source`` names text in hand."""
        found = self._connection.execute("SELECT 1 FROM files WHERE source = ? AND is_text", (source,))
        return found.fetchone() is not None

    def file_receipt(self, source: str) -> Receipt:
        """Return what is stored of a file that has not changed, as a receipt."""
        row = self._connection.execute(
            "SELECT max(f.notes), count(*), total(d.characters), total(json_array_length(d.pages)),"
            " total(d.groups), total(d.passages)"
            " FROM documents d JOIN files f ON f.id = d.file WHERE f.source = ?",
            (source,),
        ).fetchone()
        notes, (documents, characters, pages, groups, passages) = row[0], map(int, row[1:])
        return Receipt(
            source,
            "unchanged",
            "",
            documents,
            characters,
            pages,
            groups,
            passages,
            notes=tuple(json.loads(notes or "[]")),
        )

    def file_sources(self) -> list[str]:
        """Return the sources of all files, text in hand left out."""
        rows = self._connection.execute("SELECT source FROM files WHERE NOT is_text ORDER BY source")
        return [row[0] for row in rows]

    def base_of(self, source: str) -> str:  # noqa: ARG002
        """Return nothing: whoever indexes names a folder's sources from the same place."""
        return ""

    def files_named(self, source: str) -> list[str]:
        """Return the files whose source is ``source`` or, failing that, ends in its path parts."""
        rows = self._connection.execute(
            "SELECT source FROM files WHERE source = ?1 OR substr(source, -length(?2)) = ?2 ORDER BY source",
            (source, "/" + source),
        )
        found = [row[0] for row in rows]
        return [source] if source in found else found

    def files_of(self, document_ids: Iterable[str]) -> list[str]:
        """Return the sources of the files that documents are in."""
        rows = self._connection.execute(
            "SELECT f.source FROM files f JOIN documents d ON d.file = f.id"
            " WHERE d.document_id IN (SELECT value FROM json_each(?)) ORDER BY f.source",
            (json.dumps(list(document_ids)),),
        )
        return [row[0] for row in rows]

    def totals(self) -> tuple[int, int, int, int, int]:
        """Return how many files, documents, groups, passages and characters there are."""
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM files), count(*), total(groups), total(passages), total(characters)"
            " FROM documents"
        ).fetchone()
        files, documents, groups, passages, characters = map(int, row)
        return files, documents, groups, passages, characters

    def documents(self, document_id: str | None = None) -> list[DocumentInfo]:
        """Return a row per document, by source; or the row of the one with this id."""
        rows = self._connection.execute(
            "SELECT document_id, source, metadata, characters, json_array_length(pages), groups, passages"
            " FROM documents"
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

    def documents_of_length(self, characters: int) -> list[str]:
        """Return the ids of the documents with so many characters, by source."""
        rows = self._connection.execute(
            "SELECT document_id FROM documents WHERE characters = ? ORDER BY source", (characters,)
        )
        return [row[0] for row in rows]

    def stored(self, document_id: str) -> Stored | None:
        """Return a document with its content."""
        found = self._connection.execute(
            "SELECT id FROM documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        return self.stored_document(found[0]) if found else None

    def document_rows(self) -> list[int]:
        """Return the place of every document in the database, in the order in which they were added."""
        return [row for (row,) in self._connection.execute("SELECT id FROM documents ORDER BY id")]

    def stored_document(self, row: int) -> Stored:
        """Return the document at this place with its content."""
        found = self._connection.execute(
            "SELECT id, document_id, source, places, text, metadata, metadata_spans, sections, pages"
            " FROM documents WHERE id = ?",
            (row,),
        ).fetchone()
        return _stored(*found)

    def staged_vectors(
        self, encoder: str, dimension: int, keys: Iterable[bytes]
    ) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors that are set aside for another encoder, of those ``keys`` that there are."""
        found = {}
        for key in keys:
            row = self._connection.execute(
                "SELECT vector FROM staged WHERE encoder = ? AND key = ?", (encoder, key)
            ).fetchone()
            if row is not None:
                found[key] = read_vectors(row[0], dimension)[0]
        return found

    def field_names(self) -> set[str]:
        """Return the metadata fields in use, by one look into the index for each."""
        rows = self._connection.execute(
            "WITH RECURSIVE names (name) AS (SELECT min(field) FROM fields"
            " UNION ALL SELECT (SELECT min(field) FROM fields WHERE field > name) FROM names"
            " WHERE name IS NOT NULL) SELECT name FROM names WHERE name IS NOT NULL"
        )
        return {row[0] for row in rows}

    @property
    def last_id(self) -> int:
        """The highest passage id that was ever given; 0 for none."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
        return int(row[0]) if row else 0

    def allowed(self, condition: Filter) -> Mask:
        """Return for each passage id up to ``last_id`` whether its document meets ``condition``."""
        rows = self._connection.execute(
            "SELECT first_passage, first_passage + passages FROM documents"
            f" WHERE passages AND {condition.sql}",
            condition.parameters,
        ).fetchall()
        steps = np.zeros(self.last_id + 2, dtype=np.int8)
        if rows:
            starts, ends = np.array(rows, dtype=np.int64).T
            steps[starts] += 1
            steps[ends] -= 1
        return np.cumsum(steps, dtype=np.int8)[:-1].astype(np.bool_)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        rows = self._connection.execute(
            'SELECT p.id, d.pages, d.document_id, d.source, d.metadata, g.path, p.start, p."end",'
            ' substr(d.text, p.start + 1, p."end" - p.start), p.points'
            ' FROM passages p JOIN documents d ON d.id = p.document JOIN groups g ON g.id = p."group"'
            " WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        read_pages = lru_cache(maxsize=1)(_offsets)
        return {row[0]: _passage(read_pages(row[1]), *row[2:]) for row in rows}

    def many_passages(self, ids: Sequence[int]) -> Iterator[Passage]:
        """Yield the passages of ascending ``ids``, in this order. Unlike ``passages`` it reads each
        document's text once, and whole.
        """
        rows = self._connection.execute(
            'SELECT p.document, g.path, p.start, p."end", p.points'
            ' FROM passages p JOIN groups g ON g.id = p."group"'
            " WHERE p.id IN (SELECT value FROM json_each(?)) ORDER BY p.id",
            (json.dumps(list(ids)),),
        )
        for document, inside in groupby(rows, key=itemgetter(0)):
            pages, document_id, source, metadata, text = self._connection.execute(
                "SELECT pages, document_id, source, metadata, text FROM documents WHERE id = ?", (document,)
            ).fetchone()
            offsets = _offsets(pages)
            for _, path, start, end, points in inside:
                there = text[start:end]
                yield _passage(offsets, document_id, source, metadata, path, start, end, there, points)

    def sample(self, most: int) -> tuple[int, list[Passage], Matrix]:
        """Return how many passages there are, and all of them or ``most``, spread over the documents, in
        order, with their vectors, float32, (n, dim).
        """
        ranges = self._connection.execute(
            "SELECT first_passage, passages FROM documents WHERE passages ORDER BY first_passage"
        ).fetchall()
        counts = [count for _, count in ranges]
        chosen = [first + places for (first, _), places in zip(ranges, sampled(counts, most), strict=True)]
        ids, vectors = self.vectors_of(np.concatenate([np.empty(0, np.int64), *chosen]).tolist())
        return sum(counts), list(self.many_passages(ids.tolist())), vectors

    def vectors_at(self, places: Iterable[PassagePlace]) -> dict[PassagePlace, NDArray[np.float32]]:
        """Return the vectors of the passages at ``places``, those that there are."""
        found = {}
        for place in places:
            row = self._connection.execute(
                "SELECT v.passage, v.vector FROM vectors v JOIN passages p ON p.id = v.passage"
                " JOIN documents d ON d.id = p.document"
                ' WHERE d.document_id = ? AND p.start = ? AND p."end" = ?',
                place,
            ).fetchone()
            if row is not None:
                found[place] = self._matrix([row])[0]
        return found

    def stored_files(self) -> Iterator[StoredFile]:
        """Yield every file with all that is kept of it but the vectors, in the order in which they were
        added.
        """
        files = self._connection.execute(
            "SELECT id, source, fingerprint, is_text, notes FROM files ORDER BY id"
        ).fetchall()
        for file, source, fingerprint, is_text, notes in files:
            rows = self._connection.execute("SELECT id FROM documents WHERE file = ? ORDER BY id", (file,))
            documents = tuple(self.stored_document(row) for (row,) in rows.fetchall())
            yield StoredFile(source, fingerprint, bool(is_text), tuple(json.loads(notes)), documents)

    def is_lexical_unsettled(self) -> bool:
        """Whether the lexical index should be put in order."""
        return is_unsettled(self._connection)

    def lexical_index(self, before: LexicalIndex | None) -> LexicalIndex:
        """Return what searching terms needs to know of this generation."""
        with readable():
            return LexicalIndex.read(self._connection, before)

    def lexical(
        self,
        index: LexicalIndex,
        terms: Iterable[str],
        top_k: int,
        allowed: Mask | None,
        *,
        by_prefix: bool = False,
    ) -> list[LexicalHit]:
        """Return the ``top_k`` passages that hold any of ``terms``, by BM25: see ``LexicalIndex.search``."""
        with readable():
            return index.search(self._connection, terms, top_k, allowed, by_prefix=by_prefix)

    def lexical_checksums(self) -> list[tuple[int, int, int]]:
        """Return the id of each passage, its lexical checksum and its length in terms."""
        return self._connection.execute("SELECT id, checksum, length FROM passages ORDER BY id").fetchall()

    def segment_lengths(self) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        """Yield for each lexical segment its first id and the lengths from there."""
        for first, lengths in self._connection.execute("SELECT first, lengths FROM segments"):
            yield first, np.frombuffer(lengths, dtype="<u2")

    def posting_lists(self) -> Iterator[tuple[Ids, str, NDArray[np.uint8]]]:
        """Yield every posting: ids of passages, a term and its weights in them."""
        for first, term, blob in self._connection.execute(
            "SELECT s.first, p.term, p.passages FROM postings p JOIN segments s ON s.id = p.segment"
        ):
            places, weights = unpack(blob)
            yield places.astype(np.int64) + first, term, weights
        for passage, weights in self._connection.execute("SELECT passage, weights FROM recent"):
            for term, weight in json.loads(weights).items():
                yield np.array([passage]), term, np.array([weight], dtype=np.uint8)

    @property
    def vector_bytes(self) -> int:
        """How long a stored vector is."""
        return len(stored_vector(np.zeros(self.encoder.dimension, dtype=np.float32)))

    def vectors(self, after: int = 0) -> tuple[Ids, Matrix]:
        """Return the ids above ``after`` with their vectors, float32, (n, dim)."""
        batches = list(self.vector_batches(after))
        empty = (np.empty(0, np.int64), np.empty((0, self.encoder.dimension), np.float32))
        ids, vectors = zip(empty, *batches, strict=True)
        return np.concatenate(ids), np.concatenate(vectors)

    def vector_batches(self, after: int = 0, until: int | None = None) -> Iterator[tuple[Ids, Matrix]]:
        """Yield the same, some thousands at a time, up to the id ``until``."""
        cursor = self._connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage > ? AND passage <= ? ORDER BY passage",
            (after, self.last_id if until is None else until),
        )
        while rows := cursor.fetchmany(_VECTORS_AT_ONCE):
            yield np.array([row[0] for row in rows], dtype=np.int64), self._matrix(rows)

    def some_vectors(self, count: int) -> Matrix:
        """Return ``count`` vectors or a few more, evenly from all of the corpus; float32, (n, dim)."""
        ids = [id_ for (id_,) in self._connection.execute("SELECT id FROM passages ORDER BY id")]
        return self.vectors_of(ids[:: max(len(ids) // count, 1)] if count else [])[1]

    def vectors_of(self, ids: Sequence[int]) -> tuple[Ids, Matrix]:
        """Return those of ``ids`` that there are, ascending, with their vectors."""
        rows = self._connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage IN (SELECT value FROM json_each(?))"
            " ORDER BY passage",
            (json.dumps(list(ids)),),
        ).fetchall()
        return np.array([row[0] for row in rows], dtype=np.int64), self._matrix(rows)

    def vectors_by_key(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors of those ``keys`` that name a text which is already encoded."""
        found = {}
        for key in keys:
            row = self._connection.execute(
                "SELECT passage, vector FROM vectors WHERE key = ?", (key,)
            ).fetchone()
            if row is not None:
                found[key] = self._matrix([row])[0]
        return found

    def _matrix(self, rows: Sequence[tuple[int, bytes]]) -> Matrix:
        size = self.vector_bytes
        for id_, vector in rows:
            if not isinstance(vector, bytes) or len(vector) != size:
                raise CorpusDamaged(f"the vector of passage {id_} has not {self.encoder.dimension} numbers")
        return read_vectors(b"".join(vector for _, vector in rows), self.encoder.dimension)

    def deleted_since(self, generation: int) -> Ids:
        """Return the ids of the passages deleted after ``generation``, ascending."""
        rows = self._connection.execute(
            "SELECT passage FROM deleted WHERE generation > ? ORDER BY passage", (generation,)
        )
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


def _stored(
    row: int,
    document_id: str,
    source: str,
    places: bytes,
    text: str,
    *parts: str,
) -> Stored:
    names = ("metadata", "metadata_spans", "sections", "pages")
    plain = {name: json.loads(part) for name, part in zip(names, parts, strict=True)}
    try:
        document = document_from({"text": text, **plain}, unpacked_places(places))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise CorpusDamaged(f"the spans or sections of {source} cannot be read: {error}") from error
    return Stored(row, document_id, source, document)


def _offsets(pages: str) -> tuple[int, ...]:
    return tuple(json.loads(pages))


def _passage(
    pages: tuple[int, ...],
    document_id: str,
    source: str,
    metadata: str,
    path: str,
    start: int,
    end: int,
    text: str,
    raw: str,
) -> Passage:
    points = points_from(json.loads(raw), start, text)
    title = str(json.loads(metadata).get("title", ""))
    page, further = pages_of(pages, start, end)
    return passage_from(document_id, source, title, json.loads(path), start, text, page, further, points)


def _info(
    document_id: str, source: str, metadata: str, characters: int, pages: int, groups: int, passages: int
) -> DocumentInfo:
    fields = json.loads(metadata)
    return DocumentInfo(
        document_id, source, str(fields.get("title", "")), fields, characters, pages, groups, passages
    )
