"""Writes files to a Milvus server so that each counts whole or not at all.

In this order: a row that says what is about to change; the new rows, which do not count yet; the commit rows
and, with them, the generation; then what no longer counts is deleted, and the first row with it. Whoever
writes next finds that row where a writer was killed, and deletes what does not count (``clear_up``).
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pincite.index.filters import COMMON_FIELDS
from pincite.index.ingestion import receipt_for
from pincite.index.milvus.claim import Claim
from pincite.index.milvus.collections import Pair
from pincite.index.milvus.filtering import one_of
from pincite.index.milvus.rows import (
    FileRow,
    check_room,
    field_id,
    field_row,
    file_id,
    passage_rows,
    rows_of,
    text_row,
)
from pincite.index.milvus.server import Row, Server
from pincite.index.milvus.snapshot import MilvusSnapshot
from pincite.index.records import Prepared


@dataclass(frozen=True, slots=True)
class _New:
    file: FileRow
    prepared: tuple[Prepared, ...]


class MilvusChanges:
    """Some ``Changes``, which are made by ``commit``. Sources are named from ``base`` unless it is said
    otherwise.
    """

    def __init__(self, server: Server, pair: Pair, claim: Claim, base: str = "") -> None:
        self._server = server
        self._pair = pair
        self._claim = claim
        self._base = base
        self._snapshot = MilvusSnapshot(server, pair)
        self._new: dict[str, _New] = {}
        self._gone: dict[str, FileRow] = {}
        self._renamed: dict[str, FileRow] = {}

    def add_file(
        self,
        source: str,
        fingerprint: str,
        prepared: Sequence[Prepared],
        *,
        is_text: bool = False,
        base: str = "",
    ) -> None:
        version, receipt = uuid.uuid4().hex, receipt_for(source, "unchanged", prepared, 0.0)
        file = FileRow(file_id(source), source, version, fingerprint, is_text, base or self._base, receipt)
        check_room(file, prepared)
        self._new[source] = _New(file, tuple(prepared))
        self._gone.pop(source, None)

    def remove_file(self, source: str) -> None:
        self._new.pop(source, None)
        if (file := self._snapshot.file(source)) is not None:
            self._gone[source] = file

    def set_is_text(self, source: str, is_text: bool) -> None:
        if (file := self._snapshot.file(source)) is not None:
            self._renamed[source] = replace(file, is_text=is_text)

    def commit(self) -> None:
        """Make the changes."""
        if not (self._new or self._gone or self._renamed):
            return
        # All that is read is read first: a server takes a moment until what was just written can be read.
        before = self._snapshot.versions_of([new.file.id for new in self._new.values()])
        before |= {one.id: one.version for one in self._gone.values()}
        corpus, fields = self._snapshot.corpus, self._new_fields()
        versions = [*before.values(), *(new.file.version for new in self._new.values())]
        files = [*self._gone, *self._new]
        change = f"change-{uuid.uuid4().hex}"
        self._write([text_row(change, "change", [[file_id(source) for source in files], versions])])
        self._server.upsert(self._pair.passages, self._rows(passage_rows))
        self._server.upsert(self._pair.texts, self._rows(rows_of))
        self._server.upsert(self._pair.texts, map(field_row, sorted(fields)))
        self._claim.check()  # as late as can be: what follows counts
        if self._gone:
            self._server.delete(self._pair.texts, one_of("id", [one.id for one in self._gone.values()]))
        corpus = replace(corpus, generation=corpus.generation + 1)
        committed = [*(new.file for new in self._new.values()), *self._renamed.values()]
        self._write([*(file.row() for file in committed), corpus.row()])
        _drop(self._server, self._pair, list(before.values()))
        self._server.delete(self._pair.texts, one_of("id", [change]))

    def _rows(self, rows_of_file: Callable[[str, str, Sequence[Prepared]], Iterable[Row]]) -> Iterator[Row]:
        for new in self._new.values():
            yield from rows_of_file(new.file.id, new.file.version, new.prepared)

    def _new_fields(self) -> set[str]:
        documents = (one.document for new in self._new.values() for one in new.prepared)
        fields = {field for document in documents for field in document.metadata} - COMMON_FIELDS
        known = self._server.get(self._pair.texts, [field_id(field) for field in fields], ["payload"])
        return fields - {row["payload"] for row in known}

    def _write(self, rows: Sequence[Row]) -> None:
        self._server.upsert(self._pair.texts, rows)


def clear_up(server: Server, pair: Pair) -> None:
    """Delete what writers that were killed have left; under the claim."""
    changes = list(server.all(pair.texts, 'kind == "change"', ["payload"]))
    for row in changes:
        files, versions = json.loads(row["payload"])
        counting = MilvusSnapshot(server, pair).versions_of(files).values()
        _drop(server, pair, [version for version in versions if version not in counting])
        server.delete(pair.texts, one_of("id", [row["id"]]))


def _drop(server: Server, pair: Pair, versions: Sequence[str]) -> None:
    """Delete the rows of versions that do not count."""
    if versions:
        named = one_of("version", versions)
        server.delete(pair.passages, named)
        server.delete(pair.texts, f'{named} and kind in ["text", "rest", "head"]')
