"""The engines that ``lexical.py`` compares: each keeps an index of passages in a folder of its own.

A further engine is one more class that meets ``Engine`` and one more row of ``ENGINES``. All of them get the
same terms, which are words without spaces, and rank by BM25 with k1 1.2 and b 0.75. What a package does not
offer itself, such as the removal of a passage from a bm25s index, is done here in the plainest way.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from zipf import Ids, Passage

from pincite.index import schema
from pincite.index.lexical import LexicalIndex, weigh
from pincite.index.lexical_writer import LexicalWriter, is_unsettled

K1, B = 1.2, 0.75


class Engine(Protocol):
    """An index of passages. What was added or removed is searchable, and durable, after ``commit``."""

    def add(self, batch: Sequence[Passage]) -> None: ...

    def remove(self, ids: Sequence[int]) -> None: ...

    def commit(self) -> None: ...

    def search(self, terms: Sequence[str], top_k: int, allowed: Ids | None) -> list[int]:
        """Return ids of passages with any of ``terms``, best first; of ``allowed`` (sorted) where given."""

    def size_bytes(self) -> int: ...

    def close(self) -> None: ...


class Fts5:
    """SQLite FTS5 as ``pincite.index`` had it: two weighted columns, write-ahead log, full fsync."""

    # The plus keeps SQLite from running the whole match again for every single id that is allowed.
    _ALLOWED = "AND +rowid IN (SELECT value FROM json_each(?))"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = sqlite3.connect(folder / "lexical.sqlite3", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS lexical"
            " USING fts5 (context, body, tokenize = 'unicode61 remove_diacritics 0')"
        )

    def add(self, batch: Sequence[Passage]) -> None:
        self._begin()
        self._connection.executemany(
            "INSERT INTO lexical (rowid, context, body) VALUES (?, '', ?)",
            ((passage.id, " ".join(passage.terms)) for passage in batch),
        )

    def remove(self, ids: Sequence[int]) -> None:
        self._begin()
        self._connection.executemany("DELETE FROM lexical WHERE rowid = ?", ((id_,) for id_ in ids))

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def search(self, terms: Sequence[str], top_k: int, allowed: Ids | None) -> list[int]:
        match = " OR ".join(f'"{term}"' for term in terms)
        parameters = [match] if allowed is None else [match, json.dumps(allowed.tolist())]
        rows = self._connection.execute(
            "SELECT rowid, -bm25(lexical, 0.5, 1.0) AS score FROM lexical WHERE lexical MATCH ?"
            f" {'' if allowed is None else self._ALLOWED} ORDER BY score DESC, rowid LIMIT ?",
            (*parameters, top_k),
        )
        return [row[0] for row in rows]

    def size_bytes(self) -> int:
        return _size(self._folder)

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")


_ONE_DOCUMENT = """
INSERT INTO files VALUES (1, 'f', '', 0, '[]');
INSERT INTO documents VALUES (1, 1, 'd', 'f', 1, 1, 1, 0, '{}', '{}', '[]', '[]', 'x', x'');
INSERT INTO groups VALUES (1, 1, 0, 1, '[]', NULL);
"""


class Pincite:
    """The corpus's own index, in a database with pincite's tables but with nothing in them that it is not
    made of.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = sqlite3.connect(folder / "lexical.sqlite3", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        if not self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            self._connection.executescript(schema.TABLES + _ONE_DOCUMENT)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._writer = LexicalWriter(self._connection)
        self._index: LexicalIndex | None = None
        self._is_current = False

    def add(self, batch: Sequence[Passage]) -> None:
        self._begin()
        for passage in batch:
            weights = weigh([], passage.terms)
            self._connection.execute(
                "INSERT INTO passages VALUES (?, 1, 1, 0, 1, '', ?, ?)",
                (passage.id, weights.length, weights.checksum),
            )
            self._writer.add(passage.id, weights)

    def remove(self, ids: Sequence[int]) -> None:
        self._begin()
        self._writer.remove(ids)
        self._connection.executemany("DELETE FROM passages WHERE id = ?", ((id_,) for id_ in ids))

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        if is_unsettled(self._connection):
            self._begin()
            self._writer.settle()
            self._connection.execute("COMMIT")
        self._is_current = False

    def search(self, terms: Sequence[str], top_k: int, allowed: Ids | None) -> list[int]:
        if self._index is None or not self._is_current:
            self._index, self._is_current = LexicalIndex.read(self._connection, self._index), True
        mask = None
        if allowed is not None:
            mask = np.zeros(self._index.last_id + 1, dtype=np.bool_)
            mask[allowed] = True
        return [hit.id for hit in self._index.search(self._connection, terms, top_k, mask)]

    def size_bytes(self) -> int:
        return _size(self._folder)

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")


class Fts5ByRowid(Fts5):
    """FTS5 with the filter written without the plus; one query may take hours on a large corpus."""

    _ALLOWED = "AND rowid IN (SELECT value FROM json_each(?))"


class Tantivy:
    """tantivy: one indexing thread, frequencies without positions, ids as a signed fast field.

    Of an unsigned field, tantivy 0.27 for Python removes nothing by term, and says nothing.
    """

    _MOST_TERMS = 1_000
    _SPARE = 1.5

    def __init__(self, folder: Path) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", indexed=True, fast=True)
        builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
        self._tantivy: Any = tantivy
        self._folder = folder
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher = self._index.searcher()
        self._writer: Any = None

    def add(self, batch: Sequence[Passage]) -> None:
        for passage in batch:
            document = self._tantivy.Document()
            document.add_integer("id", passage.id)
            document.add_text("body", " ".join(passage.terms))
            self._writing().add_document(document)

    def remove(self, ids: Sequence[int]) -> None:
        for id_ in ids:
            self._writing().delete_documents_by_term("id", id_)

    def commit(self) -> None:
        self._writing().commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, terms: Sequence[str], top_k: int, allowed: Ids | None) -> list[int]:
        should = self._tantivy.Occur.Should
        query = self._tantivy.Query.boolean_query(
            [(should, self._tantivy.Query.term_query(self._schema, "body", term, "freq")) for term in terms]
        )
        if allowed is None:
            return self._ids(query, top_k)
        if len(allowed) <= self._MOST_TERMS:
            return self._ids(self._among(query, allowed), top_k)
        return self._over_fetched(query, top_k, allowed)

    def size_bytes(self) -> int:
        return _size(self._folder)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()

    def _writing(self) -> Any:
        self._writer = self._writer or self._index.writer(heap_size=128_000_000, num_threads=1)
        return self._writer

    def _ids(self, query: Any, limit: int) -> list[int]:
        hits = self._searcher.search(query, limit=limit, count=False).hits
        return list(self._searcher.fast_field_values("id", [address for _, address in hits]))

    def _among(self, query: Any, allowed: Ids) -> Any:
        must, kinds = self._tantivy.Occur.Must, self._tantivy.Query
        chosen = kinds.const_score_query(kinds.term_set_query(self._schema, "id", allowed.tolist()), 0.0)
        return kinds.boolean_query([(must, query), (must, chosen)])

    def _over_fetched(self, query: Any, top_k: int, allowed: Ids) -> list[int]:
        """Fetch more, and more again, until enough of the hits are allowed."""
        limit = int(top_k * self._SPARE * self._searcher.num_docs / len(allowed))
        while True:
            found = np.array(self._ids(query, limit), dtype=np.int64)
            kept = found[_is_in(found, allowed)]
            if len(kept) >= top_k or len(found) < limit:
                return [int(id_) for id_ in kept[:top_k]]
            limit *= 4


class Bm25s:
    """bm25s, which builds an index in one go: every commit writes all of it anew from the terms kept beside.

    Each index has a folder of its own, and ``current`` names the one that counts, so that a reader's memory
    maps stay whole. The terms are numbered in the order in which they were met. "robertson" is FTS5's
    formula, save that a term of more than half of the passages counts nothing, and finds nothing alone.
    """

    def __init__(self, folder: Path) -> None:
        import bm25s

        self._bm25s: Any = bm25s
        self._folder = folder
        self._terms = folder / "terms.i32"
        self._passages = folder / "passages.i64"
        self._current = folder / "current"
        self._removed: set[int] = set()
        self._vocabulary: dict[str, int] = {}
        if self._current.exists():
            self._load()

    def add(self, batch: Sequence[Passage]) -> None:
        number = self._vocabulary.setdefault
        numbers = [[number(term, len(self._vocabulary)) for term in passage.terms] for passage in batch]
        rows = [(passage.id, len(passage.terms)) for passage in batch]
        with self._terms.open("ab") as terms, self._passages.open("ab") as passages:
            terms.write(np.concatenate([np.array(row, dtype=np.int32) for row in numbers]).tobytes())
            passages.write(np.array(rows, dtype=np.int64).tobytes())

    def remove(self, ids: Sequence[int]) -> None:
        self._removed.update(ids)

    def commit(self) -> None:
        self._drop_removed()
        rows = np.fromfile(self._passages, dtype=np.int64).reshape(-1, 2)
        index = self._bm25s.BM25(k1=K1, b=B, method="robertson")
        numbered = _Numbered(_Rows(self._terms, rows[:, 1]), self._vocabulary)
        index.index(numbered, create_empty_token=False, show_progress=False)
        name = f"index-{int(self._name()[6:] or 0) + 1}"
        index.save(self._folder / name, show_progress=False)
        np.save(self._folder / name / "ids.npy", rows[:, 0])
        for path in (self._terms, self._passages, *(self._folder / name).iterdir(), self._folder / name):
            _synchronise(path)
        self._name_current(name)
        self._load()

    def search(self, terms: Sequence[str], top_k: int, allowed: Ids | None) -> list[int]:
        mask = None if allowed is None else self._mask(allowed)
        k = min(top_k, len(self._ids))
        found = self._index.retrieve([list(terms)], k=k, show_progress=False, weight_mask=mask)
        return [int(id_) for id_ in self._ids[found.documents[0][found.scores[0] > 0]]]

    def size_bytes(self) -> int:
        return _size(self._folder)

    def close(self) -> None:
        """Nothing is open but memory maps."""

    def _mask(self, allowed: Ids) -> Any:
        """Return 1 for each passage that is allowed and 0 for the others, float32, (n_passages,)."""
        mask = np.zeros(len(self._ids), dtype=np.float32)
        mask[np.searchsorted(self._ids, allowed[_is_in(allowed, self._ids)])] = 1
        return mask

    def _name(self) -> str:
        return self._current.read_text() if self._current.exists() else "index-"

    def _name_current(self, name: str) -> None:
        old, new = self._folder / self._name(), self._folder / "new"
        new.write_text(name)
        _synchronise(new)
        new.replace(self._current)
        _synchronise(self._folder)
        shutil.rmtree(old, ignore_errors=True)

    def _load(self) -> None:
        folder = self._folder / self._name()
        self._index = self._bm25s.BM25.load(folder, mmap=True, show_progress=False)
        self._vocabulary = self._index.vocab_dict
        self._ids = np.load(folder / "ids.npy", mmap_mode="r")

    def _drop_removed(self) -> None:
        if not self._removed:
            return
        rows = np.fromfile(self._passages, dtype=np.int64).reshape(-1, 2)
        is_kept = ~np.isin(rows[:, 0], list(self._removed))
        np.fromfile(self._terms, dtype=np.int32)[np.repeat(is_kept, rows[:, 1])].tofile(self._terms)
        rows[is_kept].tofile(self._passages)
        self._removed.clear()


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A corpus in the form that ``bm25s.BM25.index`` takes without turning words into numbers."""

    ids: "_Rows"
    vocab: dict[str, int]


class _Rows:
    """The numbers of the terms of each passage, a list at a time, from a flat int32 file."""

    def __init__(self, path: Path, lengths: Ids) -> None:
        self._flat = np.memmap(path, dtype=np.int32, mode="r")
        self._bounds = list(accumulate(lengths.tolist(), initial=0))

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __iter__(self) -> Any:
        return (self._flat[start:end].tolist() for start, end in pairwise(self._bounds))


@dataclass(frozen=True, slots=True)
class Kind:
    """How to open an engine, the module it needs, and whether it can add to what is there."""

    open: Callable[[Path], Engine]
    module: str
    is_incremental: bool = True

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module.partition(".")[0]) is not None


ENGINES = {
    "pincite": Kind(Pincite, "pincite"),
    "fts5": Kind(Fts5, "sqlite3"),
    "fts5-by-rowid": Kind(Fts5ByRowid, "sqlite3"),
    "tantivy": Kind(Tantivy, "tantivy"),
    "bm25s": Kind(Bm25s, "bm25s", is_incremental=False),
}


def _is_in(ids: Ids, allowed: Ids) -> Any:
    """Return which of ``ids`` are among ``allowed``, which is sorted: bool, (n,)."""
    places = np.minimum(np.searchsorted(allowed, ids), len(allowed) - 1)
    return allowed[places] == ids


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
