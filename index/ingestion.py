"""Prepares a file's documents for storing: splits and packs them. Nothing is written here."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Document, Group, Metadata
from pincite.index.encoder import LEAST_KNOWN_SHARE, Encoder
from pincite.index.filters import Scalar, plain
from pincite.index.formats import VERSION
from pincite.index.language import language_of
from pincite.index.passages import PassageDraft, draft_passages
from pincite.index.records import Prepared, Receipt, Stored
from pincite.index.splitter import split

KnownVectors = Callable[[Sequence[bytes]], Mapping[bytes, NDArray[np.float32]]]

ENCODED_AT_ONCE = 64
"""Texts that are encoded together: enough to keep all cores busy, and few enough to stop soon."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far indexing has come: whole files, and of the file at hand the pages that are read, where it has
    pages, and the passages that are encoded.
    """

    source: str
    files_done: int
    files_total: int
    passages_done: int = 0
    passages_total: int = 0
    pages_done: int = 0
    pages_total: int = 0


def checked_metadata(given: Mapping[str, Scalar]) -> Metadata:
    """Return metadata as it is stored. Raises ValueError for a field or value that cannot be."""
    if reserved := sorted(given.keys() & {"source", "document_id"}):
        raise ValueError(f"metadata cannot set {', '.join(reserved)}: pincite sets it itself")
    return {
        str(plain("a field's name", field)): plain(f"metadata[{field!r}]", value)
        for field, value in given.items()
    }


@dataclass(frozen=True, slots=True)
class _Cut:
    document_id: str
    source: str
    document: Document
    groups: tuple[Group, ...]
    drafts: list[PassageDraft]


class Unencoded:
    """A file's documents, ready to store but for the vectors that ``missing`` names.

    ``texts`` are what the encoder is given for each passage. ``missing`` are the places of those to encode,
    each text once, without those whose vectors are known and those of which the encoder knows too few
    characters: zeros, near to nothing, stand for these.
    """

    def __init__(self, cuts: Sequence[_Cut], encoder: Encoder, known: KnownVectors) -> None:
        drafts = [draft for cut in cuts for draft in cut.drafts]
        self.texts = [draft.embedded for draft in drafts]
        self.keys = [_key(text) for text in self.texts]
        self._cuts = cuts
        self._dimension = encoder.identity.dimension
        self._first = {key: place for place, key in reversed(list(enumerate(self.keys)))}
        self.missing = sorted(self._first.values())
        self.know(known(self.keys))
        self.missing = [
            place for place in self.missing if encoder.known_share(drafts[place].body) >= LEAST_KNOWN_SHARE
        ]

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        """Made when the first is filled: they do not travel with what is split on another machine."""
        return np.zeros((len(self.texts), self._dimension), dtype=np.float32)

    def know(self, found: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Take the vectors that are already there, by the keys of their texts."""
        for key, vector in found.items():
            self._vectors[self._first[key]] = vector
        self.missing = [place for place in self.missing if self.keys[place] not in found]

    def fill(self, place: int, vector: NDArray[np.float32]) -> None:
        """Take the vector of one that was missing."""
        self._vectors[place] = vector

    def prepared(self) -> list[Prepared]:
        """Return the documents, once all that was missing has been filled."""
        vectors = self._vectors
        for place, key in enumerate(self.keys):
            if (first := self._first[key]) != place:
                vectors[place] = vectors[first]
        ends = list(accumulate((len(cut.drafts) for cut in self._cuts), initial=0))
        return [
            Prepared(
                cut.document_id,
                cut.source,
                cut.document,
                cut.groups,
                tuple(cut.drafts),
                tuple(self.keys[start:end]),
                vectors[start:end],
            )
            for cut, (start, end) in zip(self._cuts, pairwise(ends), strict=True)
        ]


def split_and_pack(
    documents: Sequence[Document], source: str, metadata: Metadata, encoder: Encoder, known: KnownVectors
) -> Unencoded:
    """Return a file's documents split and packed. ``known`` returns the vectors that are already there for
    some keys.
    """
    return Unencoded(
        [_cut(source, _with_metadata(document, metadata), encoder) for document in documents], encoder, known
    )


def prepare_again(stored: Stored, encoder: Encoder, known: KnownVectors) -> Prepared:
    """Return a stored document split and encoded for another encoder, whose ``known`` vectors are there."""
    cut = replace(_cut(stored.source, stored.document, encoder), document_id=stored.document_id)
    unencoded = Unencoded([cut], encoder, known)
    for start in range(0, len(unencoded.missing), ENCODED_AT_ONCE):
        places = unencoded.missing[start : start + ENCODED_AT_ONCE]
        vectors = encoder.encode([unencoded.texts[place] for place in places])
        for place, vector in zip(places, vectors, strict=True):
            unencoded.fill(place, vector)
    [prepared] = unencoded.prepared()
    return prepared


def identify(source: str, document: Document) -> str:
    """Return the document's id: 32 hexadecimal digits that stand for its source and its text."""
    return hashlib.sha256(f"{source}\0{document.text}".encode()).hexdigest()[:32]


def fingerprint(content: bytes, metadata: Metadata) -> str:
    """Return what an unchanged file keeps: its content's SHA-256 and, after a colon, that of the metadata
    given with it and of how it is read.
    """
    extra = f"{VERSION} {json.dumps(dict(metadata), sort_keys=True)}"
    return ":".join(hashlib.sha256(part).hexdigest() for part in (content, extra.encode()))


def receipt_for(source: str, status: str, prepared: Sequence[Prepared], seconds: float) -> Receipt:
    """Return the receipt of a stored file."""
    return Receipt(
        source,
        status,
        documents=len(prepared),
        characters=sum(len(one.document.text) for one in prepared),
        pages=sum(len(one.document.pages) for one in prepared),
        groups=sum(len(one.groups) for one in prepared),
        passages=sum(len(one.drafts) for one in prepared),
        seconds=seconds,
        notes=tuple(note for one in prepared for note in one.document.notes),
    )


def _with_metadata(document: Document, given: Metadata) -> Document:
    """Return the document with what the caller gave of metadata, which wins over its own."""
    return replace(document, metadata={**document.metadata, **given})


def _cut(source: str, document: Document, encoder: Encoder) -> _Cut:
    """Split and pack a document, and tell its language where nobody has said it yet."""
    source = f"{source}/{document.part}" if document.part else source
    document, groups = split(document)
    if "language" not in document.metadata:
        language = language_of("\n".join(group.text for group in groups))
        document = replace(document, metadata={"language": language, **document.metadata})
    drafts = draft_passages(document, groups, encoder.count_tokens, encoder.max_tokens)
    return _Cut(identify(source, document), source, document, groups, drafts)


def _key(text: str) -> bytes:
    """Return 16 bytes that stand for a text that the encoder sees."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
