"""Reads a corpus on a Milvus server.

There are no read transactions: each look is at what counts by then, and a document is always whole, since its
rows are found through the version that its file's commit row names.

A look does not wait until the server has caught up with what others have just written, a fifth of a second or
more, unless something seems to be missing.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Span
from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.milvus.collections import LAYOUT, Pair
from pincite.index.milvus.filtering import one_of, quoted
from pincite.index.milvus.rows import (
    FIELD,
    FileRow,
    Head,
    Kept,
    document_number,
    file_id,
    joined,
    passage_id,
    passage_of,
    text_row,
)
from pincite.index.milvus.server import Row, Server
from pincite.index.passages import Passage, PassagePlace
from pincite.index.records import DocumentInfo, Receipt, Stored, StoredFile
from pincite.index.sampling import sampled
from pincite.index.vectors import Matrix

CORPUS = "corpus"
_KEYS_AT_ONCE = 512
_FILES_AT_ONCE = 256
_CHARACTERS_AT_ONCE = 4_000_000
_LOOKS = 3
_OF_PASSAGES = ("file", "version", "document_id", "payload", "vector")
_OF_HEADS = ("file", "version", "document_id", "payload")

_KeptFile = tuple[FileRow, list[tuple[Head, Kept]]]
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """What the corpus says of itself."""

    uid: str
    generation: int
    encoder: EncoderIdentity

    def row(self) -> Row:
        """Return the row."""
        one = self.encoder
        identity = [one.name, one.weights_sha256, one.dimension, one.precision]
        return text_row(CORPUS, CORPUS, [LAYOUT, self.uid, self.generation, identity])

    @classmethod
    def of(cls, server: Server, pair: Pair, *, newest: bool = False) -> "CorpusRow | None":
        """Read it, if there is one. Raises ``CorpusDamaged`` where this version cannot read it."""
        rows = server.get(pair.texts, [CORPUS], ["payload"], newest=newest)
        if not rows:
            return None
        try:
            layout, uid, generation, identity = json.loads(rows[0]["payload"])
            found = cls(uid, generation, EncoderIdentity(*identity))
        except (TypeError, ValueError) as error:
            raise CorpusDamaged(f"the row that describes {pair.texts} cannot be read: {error}") from error
        if layout != LAYOUT:
            raise CorpusDamaged(
                f"{pair.texts} has layout {layout}, this pincite reads layout {LAYOUT}: update pincite"
            )
        return found

    @classmethod
    def read(cls, server: Server, pair: Pair, *, newest: bool = False) -> "CorpusRow":
        """Read it. Raises ``CorpusDamaged`` where there is none that this version reads."""
        found = cls.of(server, pair, newest=newest)
        if found is None:
            raise CorpusDamaged(f"{pair.texts} has lost the row that describes the corpus")
        return found


class MilvusSnapshot:
    """A ``Snapshot`` of the corpus in a pair of collections, for a process whose sources are named from
    ``base``. ``newest``: each look waits until the server has caught up.
    """

    def __init__(self, server: Server, pair: Pair, *, base: str = "", newest: bool = False) -> None:
        self._server = server
        self._pair = pair
        self._base = base
        self._newest = newest
        self._corpus: CorpusRow | None = None
        self._looked_up: dict[str, FileRow | None] = {}

    @property
    def corpus(self) -> CorpusRow:
        """What the corpus says of itself, as it was at the first look."""
        self._corpus = self._corpus or CorpusRow.read(self._server, self._pair, newest=self._newest)
        return self._corpus

    @property
    def uid(self) -> str:
        return self.corpus.uid

    @property
    def generation(self) -> int:
        return self.corpus.generation

    @property
    def encoder(self) -> EncoderIdentity:
        return self.corpus.encoder

    def file(self, source: str) -> FileRow | None:
        """Return the commit row of a file, as it was at the first look."""
        if source not in self._looked_up:
            rows = self._with_ids([file_id(source)], ["version", "payload"])
            self._looked_up[source] = FileRow.of(rows[0]) if rows else None
        return self._looked_up[source]

    def file_fingerprint(self, source: str) -> str | None:
        found = self.file(source)
        return found.fingerprint if found else None

    def is_text(self, source: str) -> bool:
        found = self.file(source)
        return found is not None and found.is_text

    def file_receipt(self, source: str) -> Receipt:
        found = self.file(source)
        return found.receipt if found else Receipt(source, "unchanged")

    def file_sources(self) -> list[str]:
        return sorted(one.source for one in self.files() if not one.is_text)

    def base_of(self, source: str) -> str:
        found = self.file(source)
        return found.base if found and found.base != self._base else ""

    def files_named(self, source: str) -> list[str]:
        named = f'kind == "file" and array_contains(names, {quoted(source)})'
        found = sorted(FileRow.of(row).source for row in self._texts(named, ["version", "payload"]))
        return [source] if source in found else found

    def files_of(self, document_ids: Iterable[str]) -> list[str]:
        wanted = list(document_ids)
        if not wanted:
            return []
        rows = self._heads(one_of("document_id", wanted))
        files = sorted({row["file"] for row in rows})
        return sorted(FileRow.of(row).source for row in self._with_ids(files, ["version", "payload"]))

    def totals(self) -> tuple[int, int, int, int, int]:
        files = documents = groups = passages = characters = 0
        for one in self.files():
            files += 1
            documents += one.receipt.documents
            groups += one.receipt.groups
            passages += one.receipt.passages
            characters += one.receipt.characters
        return files, documents, groups, passages, characters

    def documents(self, document_id: str | None = None) -> list[DocumentInfo]:
        if document_id is not None:
            head = self._read(document_id, lambda _, head: head)
            return [head.info] if head else []
        found = [head.info for head in _heads_from(self._heads(""))]
        return sorted(found, key=lambda info: (info.source, info.document_id))

    def documents_named(self, source: str) -> dict[str, str]:
        named = f"(document_id == {quoted(source)} or array_contains(names, {quoted(source)}))"
        rows = [(head.info.document_id, head.info.source) for head in _heads_from(self._heads(named))]
        if not (rows or self._newest):
            return self._caught_up().documents_named(source)
        exact = [row for row in rows if source in row]
        return {name: document_id for document_id, name in sorted(exact or rows, key=lambda row: row[1])}

    def documents_of_length(self, characters: int) -> list[str]:
        return [one.document_id for one in self.documents() if one.characters == characters]

    def text(self, document_id: str) -> str | None:
        return self._read(document_id, lambda looking, head: looking._joined(head, "text"))

    def stored(self, document_id: str) -> Stored | None:
        return self._read(document_id, lambda looking, head: looking.kept(head).stored)

    def sample(self, most: int) -> tuple[int, list[Passage], Matrix]:
        files: dict[str, list[Head]] = {}
        for head in _heads_from(self._heads("")):
            files.setdefault(head.version, []).append(head)
        numbered = {
            version: list(accumulate((head.info.passages for head in heads), initial=0))
            for version, heads in files.items()
        }
        heads = sorted(chain.from_iterable(files.values()), key=lambda head: (head.info.source, head.number))
        counts = [head.info.passages for head in heads]
        ids = [
            passage_id(head.version, numbered[head.version][files[head.version].index(head)] + place)
            for head, places in zip(heads, sampled(counts, most), strict=True)
            for place in places.tolist()
        ]
        rows = {row["id"]: row for row in self._server.get(self._pair.passages, ids, _OF_PASSAGES)}
        found = [rows[id_] for id_ in ids if id_ in rows]
        vectors = np.array([row["vector"] for row in found], dtype=np.float32)
        return (
            sum(counts),
            [self.shown(row) for row in found],
            vectors.reshape(len(found), self.encoder.dimension),
        )

    def vectors_at(self, places: Iterable[PassagePlace]) -> dict[PassagePlace, NDArray[np.float32]]:
        wanted = set(places)
        named = one_of("document_id", sorted({document_id for document_id, _, _ in wanted}))
        rows = list(self._server.all(self._pair.passages, named, _OF_PASSAGES)) if wanted else []
        versions = self.versions_of({row["file"] for row in rows})
        found = {}
        for row in rows:
            shown = passage_of(row)
            place = (row["document_id"], shown.start, shown.end)
            if place in wanted and versions.get(row["file"]) == row["version"]:
                found[place] = _vector(row)
        return found

    def shown(self, row: Row) -> Passage:
        """Return the passage of a row of passages."""
        found = passage_of(row)
        return found if isinstance(found, Passage) else self._passage(row["document_id"], found)

    def stored_files(self) -> Iterator[StoredFile]:
        """Yield every file with all that is kept of it but the vectors."""
        for one, documents in self.kept_files():
            stored = tuple(kept.stored for _, kept in documents)
            yield StoredFile(one.source, one.fingerprint, one.is_text, one.receipt.notes, stored, one.base)

    def kept_files(self) -> Iterator[_KeptFile]:
        """Yield every file with its documents, in order; some are read at once. What is replaced meanwhile is
        read again: what is gone would look like a file without documents.
        """
        some: list[FileRow] = []
        characters = 0
        for file in self.files():
            some.append(file)
            characters += file.receipt.characters
            if len(some) >= _FILES_AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
                yield from self._kept_now(some)
                some, characters = [], 0
        yield from self._kept_now(some)

    def vectors_by_key(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        wanted = [key.hex() for key in dict.fromkeys(keys)]
        found: dict[bytes, NDArray[np.float32]] = {}
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            missing = set(wanted[start : start + _KEYS_AT_ONCE])
            while missing and (rows := self._with_keys(missing)):  # many rows may have the same
                found |= {bytes.fromhex(row["key"]): _vector(row) for row in rows}
                missing -= {row["key"] for row in rows}
        return found

    def files(self) -> Iterator[FileRow]:
        """Yield every file's commit row."""
        return map(FileRow.of, self._texts('kind == "file"', ["version", "payload"]))

    def kept(self, head: Head) -> Kept:
        """Return a document with all that is kept of it."""
        return Kept.of(head, self._joined(head, "text"), self._joined(head, "rest"))

    def versions_of(self, files: Iterable[str]) -> dict[str, str]:
        """Return the versions that count of the files with these ids."""
        return {row["id"]: row["version"] for row in self._with_ids(list(files), ["version"])}

    def fields(self) -> set[str]:
        """Return all that documents' metadata ever had, but for the common ones."""
        return {row["payload"] for row in self._texts(f'kind == "{FIELD}"', ["payload"])}

    def _with_keys(self, keys: Collection[str]) -> list[Row]:
        named = one_of("key", sorted(keys))
        return self._server.some(self._pair.passages, named, ["key", "vector"], 2 * len(keys))

    def _passage(self, document_id: str, span: Span) -> Passage:
        head = self._head(document_id)
        passages = self.kept(head).passages if head else ()
        found = [one for one in passages if (one.start, one.end) == (span.start, span.end)]
        if not found:
            raise CorpusDamaged(f"the document {document_id} has no passage at {span.start}-{span.end}")
        return found[0]

    def _kept_now(self, files: Sequence[FileRow]) -> list[_KeptFile]:
        """Return files with their documents, as they are or have become since."""
        while files:
            damage: CorpusDamaged | None = None
            kept: list[_KeptFile] = []
            try:
                kept = self._kept_of(files)
            except CorpusDamaged as error:
                damage = error
            is_whole = all(len(documents) == file.receipt.documents for file, documents in kept)
            if not self._newest and (damage is not None or not is_whole):
                return self._caught_up()._kept_now(files)
            if self.versions_of([file.id for file in files]) == {file.id: file.version for file in files}:
                if damage is not None:
                    raise damage
                return kept
            ids = [file.id for file in files]
            files = [FileRow.of(row) for row in self._with_ids(ids, ["version", "payload"])]
        return []

    def _kept_of(self, files: Sequence[FileRow]) -> list[_KeptFile]:
        named = one_of("version", [file.version for file in files])
        heads = list(_heads_from(self._texts(f'kind == "head" and {named}', _OF_HEADS)))
        ids = [id_ for head in heads for kind in ("text", "rest") for id_ in head.ids(kind)]
        rows = {row["id"]: row for row in self._with_ids(ids, ["payload"])}
        kept: dict[str, list[tuple[Head, Kept]]] = {file.version: [] for file in files}
        for head in heads:
            texts = (_joined(head, kind, rows) for kind in ("text", "rest"))
            kept[head.version].append((head, Kept.of(head, *texts)))
        return [(file, sorted(kept[file.version], key=lambda one: one[0].number)) for file in files]

    def _with_ids(self, ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
        return self._server.get(self._pair.texts, ids, fields, newest=self._newest)

    def _texts(self, condition: str, fields: Sequence[str]) -> Iterator[Row]:
        return self._server.all(self._pair.texts, condition, fields, newest=self._newest)

    def _heads(self, condition: str) -> list[Row]:
        """Return the pieces of heads that meet a condition and count. Of a file that seems to have none that
        counts, another may have been stored between the two looks: then they are looked for again.
        """
        counting: list[Row] = []
        for _ in range(_LOOKS):
            rows = list(self._texts(" and ".join(filter(None, ['kind == "head"', condition])), _OF_HEADS))
            versions = self.versions_of({row["file"] for row in rows})
            counting = [row for row in rows if versions.get(row["file"]) == row["version"]]
            if versions.keys() <= {row["file"] for row in counting}:
                break
        return counting

    def _read(self, document_id: str, read: "Callable[[MilvusSnapshot, Head], _Read]") -> _Read | None:
        """Return what ``read`` finds of a document; None where there is none. What is replaced meanwhile is
        read again.
        """
        while (head := self._head(document_id)) is not None:
            try:
                return read(self, head)
            except CorpusDamaged:
                if not self._newest:
                    break
                if self._head(document_id) == head:
                    raise
        return None if self._newest else self._caught_up()._read(document_id, read)

    def _caught_up(self) -> "MilvusSnapshot":
        """Return the same, of which each look waits until the server has caught up."""
        return MilvusSnapshot(self._server, self._pair, base=self._base, newest=True)

    def _head(self, document_id: str) -> Head | None:
        return next(_heads_from(self._heads(f"document_id == {quoted(document_id)}")), None)

    def _joined(self, head: Head, kind: str) -> str:
        rows = self._with_ids(head.ids(kind), ["payload"])
        return _joined(head, kind, {row["id"]: row for row in rows})


def _joined(head: Head, kind: str, rows: Mapping[str, Row]) -> str:
    found = [rows[id_] for id_ in head.ids(kind) if id_ in rows]
    if len(found) < len(head.ids(kind)):
        raise CorpusDamaged(f"{head.info.source} has lost some of its text: see `pincite verify`")
    return joined(found)


def _vector(row: Row) -> NDArray[np.float32]:
    return np.asarray(row["vector"], dtype=np.float32)


def _heads_from(rows: Iterable[Row]) -> Iterator[Head]:
    def document(row: Row) -> tuple[str, int]:
        return row["version"], document_number(row["id"])

    for _, pieces in groupby(sorted(rows, key=document), key=document):
        yield Head.of(list(pieces))
