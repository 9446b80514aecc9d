"""Finds passages on a Milvus server: by meaning in its graph, by words with its BM25, fused by ``retrieval``.

What the engine finds may belong to a version of a file that does not count yet, or no more: it is left out,
and asked for again where that leaves too little.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pincite.index.milvus.collections import Pair
from pincite.index.milvus.rows import engine_terms
from pincite.index.milvus.server import Row, Server
from pincite.index.milvus.snapshot import MilvusSnapshot
from pincite.index.passages import Passage
from pincite.index.retrieval import Vector
from pincite.index.vectors import Matrix

MOST = 16_384
"""The engine finds no more at once."""

_OURS = 2.2 / 3.4
"""Scores are a folder's, times this: an engine's have a factor k1 + 1, and its k1 is 2.4, not 1.2."""

Key = tuple[str, int]
_FIELDS = ("file", "version", "document_id", "number")


class ChangedError(Exception):
    """What was found has been replaced before it could be read."""


class MilvusPassages:
    """The ``Searchable`` passages that meet an expression; for one search."""

    most = MOST

    def __init__(
        self, server: Server, pair: Pair, snapshot: MilvusSnapshot, expression: str, dimension: int
    ) -> None:
        self._server = server
        self._pair = pair
        self._snapshot = snapshot
        self._expression = expression
        self._dimension = dimension
        self._versions: dict[str, str] = {}
        self._ids: dict[Key, str] = {}
        self._vectors: dict[Key, list[float]] = {}

    def lexical(self, terms: Iterable[str], count: int, *, by_prefix: bool = False) -> dict[Key, float]:
        asked = list(terms)
        if not asked:
            return {}
        query = engine_terms(asked)
        field = "character_weights" if by_prefix else "weights"

        def ask(limit: int) -> list[Row]:
            return self._server.search(
                self._pair.passages, field, query, limit, self._expression, _FIELDS, {}
            )

        # Milvus Lite gives the score as a distance, below 0.
        found = self._counting(ask, count)
        return {self._key(row): abs(row["distance"]) * _OURS for row in found if row["distance"]}

    def dense(self, vector: Vector, count: int) -> list[Key]:
        def ask(limit: int) -> list[Row]:
            return self._server.search(
                self._pair.passages,
                "vector",
                vector.tolist(),
                limit,
                self._expression,
                (*_FIELDS, "vector"),
                {"ef": min(2 * limit, 2 * MOST)},
            )

        found = []
        for row in self._counting(ask, count):
            key = self._key(row)
            self._vectors[key] = row["vector"]
            found.append(key)
        return found

    def vectors_of(self, keys: Sequence[Key]) -> tuple[list[Key], Matrix]:
        missing = [self._ids[key] for key in keys if key not in self._vectors]
        for row in self._server.get(self._pair.passages, missing, ["document_id", "number", "vector"]):
            self._vectors[self._key(row)] = row["vector"]
        known = [key for key in keys if key in self._vectors]
        vectors = np.array([self._vectors[key] for key in known], dtype=np.float32)
        return known, vectors.reshape(len(known), self._dimension)

    def passages(self, keys: Sequence[Key]) -> dict[Key, Passage]:
        ids = [self._ids[key] for key in keys]
        rows = self._server.get(self._pair.passages, ids, ["document_id", "number", "payload"])
        if len(rows) < len(ids):
            raise ChangedError
        return {self._key(row): self._snapshot.shown(row) for row in rows}

    def _key(self, row: Row) -> Key:
        key = (row["document_id"], row["number"])
        self._ids[key] = row["id"]
        return key

    def _counting(self, ask: Callable[[int], list[Row]], count: int) -> list[Row]:
        """Return the best of what ``ask`` finds that counts. The version of a file that counted when it was
        first found does so for the whole search.
        """
        before, limit, is_first = set(self._versions), count, True
        while True:
            rows = ask(limit)
            found = [row for row in rows if self._counts(row, rows)]
            others = {row["file"] for row in rows if not self._counts(row, rows)} - before
            if is_first and any(self._versions[file] for file in others):
                is_first = False  # a file may have been replaced since: what there is of it now was not found
                self._versions = {file: self._versions[file] for file in before}
                continue
            if len(found) >= count or len(rows) < limit or limit >= MOST:
                return found[:count]
            limit = min(2 * limit, MOST)

    def _counts(self, row: Row, rows: Sequence[Row]) -> bool:
        if row["file"] not in self._versions:
            unknown = {one["file"] for one in rows} - self._versions.keys()
            self._versions |= dict.fromkeys(unknown, "") | self._snapshot.versions_of(unknown)
        counting: str = self._versions[row["file"]]
        return bool(counting == row["version"])
