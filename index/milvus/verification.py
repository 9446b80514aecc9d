"""Checks a corpus on a Milvus server against everything it promises, and says what it finds in sentences.

Of the words that the engine indexed it takes on trust that they are those of their passage.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from pincite.index.errors import CorpusDamaged
from pincite.index.ingestion import identify
from pincite.index.milvus.collections import Pair
from pincite.index.milvus.rows import FileRow, Head, Kept, file_id, passage_of
from pincite.index.milvus.server import Server
from pincite.index.milvus.snapshot import MilvusSnapshot
from pincite.index.passages import Passage

_LENGTH_TOLERANCE = 1e-3


def findings(server: Server, pair: Pair, snapshot: MilvusSnapshot) -> list[str]:
    """Return what is wrong with a corpus; empty if nothing is."""
    try:
        return list(_findings(server, pair, snapshot))
    except CorpusDamaged as damage:
        return [str(damage)]


def _findings(server: Server, pair: Pair, snapshot: MilvusSnapshot) -> Iterator[str]:
    files: dict[str, FileRow] = {}
    sources = Counter[str]()
    expected: dict[str, int] = {}
    for file, documents in snapshot.kept_files():
        files[file.version] = file
        if file.id != file_id(file.source):
            yield f"the row of {file.source} has another's id"
        yield from _file(file, [head for head, _ in documents])
        for head, kept in documents:
            sources[head.info.source] += 1
            yield from (f"{head.info.source}: {problem}" for problem in _document(head, kept))
        expected[file.version] = sum(head.info.passages for head, _ in documents)
    for source, times in sources.items():
        if times > 1:
            yield f"{source} is there {times} times"
    yield from _passages(server, pair, files, expected, snapshot.encoder.dimension)
    yield from _left_over(server, pair, files)


def _file(file: FileRow, heads: list[Head]) -> Iterator[str]:
    infos = [head.info for head in heads]
    counted = (
        len(infos),
        sum(info.characters for info in infos),
        sum(info.pages for info in infos),
        sum(info.groups for info in infos),
        sum(info.passages for info in infos),
    )
    one = file.receipt
    if counted != (one.documents, one.characters, one.pages, one.groups, one.passages):
        yield f"{file.source} has other documents, characters, groups or passages than it counts"


def _document(head: Head, kept: Kept) -> Iterator[str]:
    info, document = head.info, kept.stored.document
    if identify(info.source, document) != info.document_id:
        yield "its text or source is not the one that was indexed"
    size = len(document.text)
    counts = (size, len(document.pages), len(kept.groups), len(kept.passages))
    if counts != (info.characters, info.pages, info.groups, info.passages):
        yield "it has other characters, pages, groups or passages than it counts"
    for start, end in kept.groups:
        if not 0 <= start < end <= size:
            yield f"a group {start}-{end} is outside its text of {size} characters"
    if any(first_end > second for (_, first_end), (second, _) in pairwise(kept.groups)):
        yield "its groups overlap"
    if len(document.places) not in (0, 4 * size):
        yield "it has not one place on its pages for each character"
    outside = sum(
        not any(start <= one.start < one.end <= end for start, end in kept.groups) for one in kept.passages
    )
    if outside:
        yield f"{outside} passages outside their group"


def _passages(
    server: Server, pair: Pair, files: dict[str, FileRow], expected: dict[str, int], dimension: int
) -> Iterator[str]:
    """Hold the rows that are searched against the documents that they are of."""
    fields = ("version", "document_id", "number", "payload", "vector")
    found: dict[str, set[int]] = defaultdict(set)
    dimensions = set[int]()
    uncounted = odd = unreadable = 0
    for row in server.all(pair.passages, 'id != ""', fields, newest=True):
        if row["version"] not in files:
            uncounted += 1
            continue
        found[row["version"]].add(row["number"])
        dimensions.add(len(row["vector"]))
        length = float(np.linalg.norm(np.asarray(row["vector"], dtype=np.float64)))
        odd += length != 0 and abs(length - 1) > _LENGTH_TOLERANCE
        shown = passage_of(row)
        if isinstance(shown, Passage) and shown.end - shown.start != len(shown.text):
            unreadable += 1
    if others := dimensions - {dimension}:
        yield f"its vectors have {min(others)} dimensions, not the {dimension} of its encoder"
    if uncounted:
        yield f"{uncounted} passages of files that are gone or were never whole"
    if odd:
        yield f"{odd} vectors are of neither unit length nor zero"
    if unreadable:
        yield f"{unreadable} passages with another text than their span"
    for version, count in expected.items():
        if found[version] != set(range(count)):
            yield f"{files[version].source} has not its {count} passages in the index"


def _left_over(server: Server, pair: Pair, files: dict[str, FileRow]) -> Iterator[str]:
    versions = Counter(
        row["version"]
        for row in server.all(pair.texts, 'kind in ["text", "rest", "head"]', ["version"], newest=True)
    )
    if left := sum(count for version, count in versions.items() if version not in files):
        yield f"{left} pieces of documents that are gone or were never whole"
