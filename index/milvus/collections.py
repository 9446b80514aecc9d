"""The two collections that a corpus is on a Milvus server, and their alias.

    NAME                  an alias of the newest NAME_<n>_passages
    NAME_<n>_passages     a row for each passage: what is searched, and what is shown of it
    NAME_<n>_texts        everything else, in rows that are told apart by their ``kind``

    file       what a receipt speaks of, and the version of it that counts: its commit row
    head       of a document: source, metadata and counts
    text, rest its text, and what else belongs to it, in JSON
    corpus     one row: the encoder, and the generation, which every change raises by one
    field      the name of a field that documents' metadata have, or had
    change     what a writer is about to do, so that the next one can clear up after it
    claim      who writes

Milvus changes a row at a time. So each storing of a file is a version of its own, whose rows may be there
without counting: they count once the file's commit row, which is written last, names that version. All
vectors of a pair are one encoder's; ``reencode`` fills a new pair and then moves the alias.

A VARCHAR has at most 65,535 bytes; longer text is kept in numbered pieces. ``names`` are a source and the
last parts of its path, each of which may stand for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from secrets import randbelow
from typing import TYPE_CHECKING

from pincite.index.milvus.server import Server

if TYPE_CHECKING:
    from pymilvus import CollectionSchema
    from pymilvus.milvus_client import IndexParams

MOST_BYTES = 65_535
MOST_NAMES = 256
LAYOUT = 1
_NUMBERS = 1_000_000

_BM25 = {"bm25_k1": 2.4, "bm25_b": 0.75}
_GRAPH = {"M": 32, "efConstruction": 200}


@dataclass(frozen=True, slots=True)
class Pair:
    """The names of the two collections of a corpus, the ``number``-th that it has."""

    name: str
    number: int

    @property
    def passages(self) -> str:
        return f"{self.name}_{self.number}_passages"

    @property
    def texts(self) -> str:
        return f"{self.name}_{self.number}_texts"

    def next(self) -> "Pair":
        """The one that a re-encoding fills."""
        return Pair(self.name, self.number + 1)

    def before(self) -> "Pair":
        """The one that a re-encoding has replaced by this."""
        return Pair(self.name, self.number - 1)


def pair_of(name: str, target: str) -> Pair | None:
    """Return the pair that the alias ``name`` stands for, whose ``target`` is known; None for a collection
    that is no corpus's.
    """
    found = re.fullmatch(rf"{re.escape(name)}_(\d{{1,9}})_passages", target)
    return Pair(name, int(found[1])) if found else None


def new_pair(server: Server, name: str) -> Pair:
    """Return a pair of which neither collection is there, and that nobody else is about to make."""
    pairs = (Pair(name, 1 + randbelow(_NUMBERS)) for _ in count())
    return next(pair for pair in pairs if not (server.has(pair.passages) or server.has(pair.texts)))


def create(server: Server, pair: Pair, dimension: int) -> None:
    """Make both collections, empty."""
    _create_texts(server, pair.texts)
    _create_passages(server, pair.passages, dimension)


def _create_texts(server: Server, collection: str) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    for field in ("file", "version", "document_id"):
        schema.add_field(field, DataType.VARCHAR, max_length=64)
    _add_names(schema)
    schema.add_field("payload", DataType.VARCHAR, max_length=MOST_BYTES)
    schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)  # a collection has to have one
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("nothing", index_type="FLAT", metric_type="IP")
    for field in ("kind", "version", "document_id"):
        indexes.add_index(field, index_type="INVERTED")
    server.create(collection, schema, indexes)


def _create_passages(server: Server, collection: str, dimension: int) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=128)
    for field in ("file", "version", "document_id", "key"):
        schema.add_field(field, DataType.VARCHAR, max_length=64)
    schema.add_field("number", DataType.INT64)
    schema.add_field("source", DataType.VARCHAR, max_length=MOST_BYTES)
    _add_names(schema)
    schema.add_field("fields", DataType.JSON)
    schema.add_field("payload", DataType.VARCHAR, max_length=MOST_BYTES)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=_nested(_GRAPH))
    for field in ("version", "document_id", "key"):
        indexes.add_index(field, index_type="INVERTED")
    for field, weights in (("terms", "weights"), ("characters", "character_weights")):
        _add_words(schema, indexes, field, weights)
    server.create(collection, schema, indexes)


def _add_names(schema: "CollectionSchema") -> None:
    from pymilvus import DataType

    schema.add_field(
        "names", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=MOST_NAMES, max_length=MOST_BYTES
    )


def _add_words(schema: "CollectionSchema", indexes: "IndexParams", field: str, weights: str) -> None:
    """Have the engine search the words in ``field`` by BM25.

    Its ``k1`` is twice ours: a term of the body is sent twice and one of the context once, so that the latter
    counts half, and the doubled counts rank as the single ones do. A passage's length is doubled too: for
    each term of the context comes a word that nobody asks for.
    """
    from pymilvus import DataType, Function, FunctionType

    schema.add_field(
        field,
        DataType.VARCHAR,
        max_length=MOST_BYTES,
        enable_analyzer=True,
        analyzer_params={"tokenizer": "standard"},
    )
    schema.add_field(weights, DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name=f"{field}_bm25",
            function_type=FunctionType.BM25,
            input_field_names=[field],
            output_field_names=[weights],
        )
    )
    indexes.add_index(weights, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_nested(_BM25))


def drop(server: Server, pair: Pair) -> None:
    """Drop what there is of a pair."""
    for collection in (pair.passages, pair.texts):
        if server.has(collection):
            server.drop(collection)


def _nested(parameters: Mapping[str, float]) -> dict[str, object]:
    """Return an index's parameters as both servers read them: pymilvus sends them one by one, of which a full
    server takes each, and Milvus Lite only what is in ``params``.
    """
    return {"params": dict(parameters)}
