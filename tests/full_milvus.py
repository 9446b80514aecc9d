"""Has the tests of a corpus on a server meet a whole Milvus in place of Milvus Lite: `make test-full-milvus`.

A plugin of pytest's. The newest Milvus that comes as a package is 2.3.5, so three things are done without:
BM25, which came with 2.5, and for which words in common are counted; indexes of the kind INVERTED, for which
Trie stands in; and the question what an alias stands for, which a collection's description answers too. It
listens on all interfaces. A test takes some ten seconds, most of them for making collections.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pincite.index.milvus import collections
from pincite.index.milvus.rows import engine_terms
from pincite.index.milvus.searching import _FIELDS, Key, MilvusPassages
from pincite.index.milvus.server import CALL_SECONDS, Server
from tests import milvus_server as lite

if TYPE_CHECKING:
    from pymilvus import CollectionSchema
    from pymilvus.milvus_client import IndexParams

PACKAGE = Path(__file__).parents[1] / "build" / "full-milvus"


class FullMilvus:
    """A whole Milvus on a port of this machine."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(PACKAGE))
        from milvus import MilvusServer  # type: ignore[import-not-found]

        self._numbers = itertools.count(1)
        self._server: Any = MilvusServer()
        self._server.set_base_dir(str(folder))
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # it leaves sockets open
            self._server.start()

    @property
    def address(self) -> str:
        """The server's address, without a collection."""
        return f"milvus://127.0.0.1:{self._server.listen_port}"

    def location(self) -> str:
        """The address of a corpus that there has not been before."""
        return f"{self.address}/corpus{next(self._numbers)}"

    def stop(self) -> None:
        """End it."""
        self._server.stop()


@contextmanager
def _full_milvus(folder: Path) -> Iterator[FullMilvus]:
    server = FullMilvus(folder)
    try:
        yield server
    finally:
        server.stop()


def _target(self: Server, alias: str) -> str | None:
    def ask(client: Any) -> str | None:
        from pymilvus import MilvusException

        try:
            found = str(client.describe_collection(alias, timeout=CALL_SECONDS)["collection_name"])
        except MilvusException:
            return None
        return found if found != alias else None

    return self._ask(ask)


def _without_bm25(schema: CollectionSchema, _indexes: IndexParams, field: str, _weights: str) -> None:
    from pymilvus import DataType

    schema.add_field(field, DataType.VARCHAR, max_length=collections.MOST_BYTES)


def _create(self: Server, collection: str, schema: CollectionSchema, indexes: IndexParams) -> None:
    others = type(indexes)()
    for one in indexes:
        configs = dict(one.get_index_configs())
        kind = configs.pop("index_type")
        others.add_index(one.field_name, index_type="Trie" if kind == "INVERTED" else kind, **configs)
    _create_with(self, collection, schema, others)


def without_words() -> None:
    """Have nothing found by words: looking at every row for them is not what is measured."""
    _patch.setattr(MilvusPassages, "lexical", lambda *_, **__: {})


def _words_in_common(
    self: MilvusPassages, terms: Iterable[str], count: int, *, by_prefix: bool = False
) -> dict[Key, float]:
    asked = set(engine_terms(terms).split())
    field = "characters" if by_prefix else "terms"
    every = self._server.all(self._pair.passages, self._expression or 'id != ""', [*_FIELDS, field])
    rows = [row | {"distance": len(asked & set(row[field].split()))} for row in every]
    rows = sorted((row for row in rows if row["distance"]), key=lambda row: -row["distance"])
    return {self._key(row): row["distance"] for row in self._counting(lambda limit: rows[:limit], count)}


_create_with = Server.create
_patch = pytest.MonkeyPatch()
_patch.setattr(Server, "target", _target)
_patch.setattr(Server, "create", _create)
_patch.setattr(MilvusPassages, "lexical", _words_in_common)
_patch.setattr(collections, "_add_words", _without_bm25)
_patch.setattr(lite, "milvus_server", _full_milvus)
