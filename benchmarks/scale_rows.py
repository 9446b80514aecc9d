"""What a passage takes on a Milvus server: the bytes of its rows, by field, of a corpus of real texts.

They are what is sent and what a server keeps before it packs and indexes: a VARCHAR is its UTF-8, a vector
four bytes a dimension, a sparse vector, which no client can read, eight bytes a different term.
"""

import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scale_quality import both
from scale_server import LiteServer
from testsets import TestSet

SAMPLE = 2_000
FLOAT_BYTES, INTEGER_BYTES, WEIGHT_BYTES = 4, 8, 8
_UNREADABLE = ("weights", "character_weights")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A collection's rows: how many, for so many passages in all, and a row's mean bytes by field."""

    collection: str
    rows: int
    passages: int
    bytes: dict[str, float]

    @property
    def bytes_a_passage(self) -> float:
        return sum(self.bytes.values()) * self.rows / self.passages


def measure(collection: TestSet, corpora: Path, server: LiteServer) -> list[Weighed]:
    """Copy the collection's corpus to the server, and weigh some rows of each of its two collections."""
    from pymilvus import MilvusClient

    with both(collection, corpora, server) as (folder, _, _, _):
        passages = folder.stats().passages
    client = MilvusClient(server.uri)
    found = []
    for name in sorted(client.list_collections()):
        print(f"weighing {name}", file=sys.stderr, flush=True)
        [counted] = client.query(name, filter="", output_fields=["count(*)"])
        fields = [field["name"] for field in client.describe_collection(name)["fields"]]
        readable = [field for field in fields if field not in _UNREADABLE]
        rows = client.query(name, filter='id != ""', output_fields=readable, limit=SAMPLE)
        found.append(Weighed(name, counted["count(*)"], passages, weighed(rows)))
    client.close()
    return found


def weighed(rows: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Return the mean bytes of rows by field; those of the sparse vectors by the terms they are made of."""
    sizes: dict[str, list[int]] = {}
    for row in rows:
        for field, value in row.items():
            sizes.setdefault(field, []).append(size_of(value))
            if field in ("terms", "characters"):
                terms = set(str(value).split())
                sizes.setdefault(f"{field}, weighed", []).append(WEIGHT_BYTES * len(terms))
    return {field: statistics.mean(found) for field, found in sizes.items()}


def size_of(value: object) -> int:
    """Return the bytes that a field's value takes."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return len(json.dumps(value, ensure_ascii=False).encode())
    if isinstance(value, Iterable):
        return sum(FLOAT_BYTES if not isinstance(one, str) else len(one.encode()) for one in value)
    return INTEGER_BYTES


def table(found: Sequence[Weighed]) -> str:
    """Return the bytes as a Markdown table."""
    lines = ["| collection | field | bytes a row |", "| --- | --- | ---: |"]
    for one in found:
        lines += [f"| {one.collection} | {field} | {size:,.0f} |" for field, size in one.bytes.items()]
        lines.append(
            f"| **{one.collection}** | {one.rows:,} rows, {one.passages:,} passages |"
            f" **{one.bytes_a_passage:,.0f}** a passage |"
        )
    return "\n".join(lines)
