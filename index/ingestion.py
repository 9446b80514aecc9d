"""Prepares a file for storing: reads, splits, packs and encodes it. Nothing is written here."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from pincite.index.vectors import Matrix

KnownVectors = Callable[[Sequence[bytes]], Mapping[bytes, NDArray[np.float32]]]

_ENCODED_AT_ONCE = 128


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


def prepare(
    documents: Sequence[Document],
    source: str,
    metadata: Metadata,
    encoder: Encoder,
    known: KnownVectors,
    on_encoded: Callable[[int, int], None],
) -> list[Prepared]:
    """Return ``documents`` ready to store. ``known`` returns the vectors that are already there for some
    keys; ``on_encoded`` is told the passages encoded so far, and of how many.
    """
    cuts = [_cut(source, _with_metadata(document, metadata), encoder) for document in documents]
    drafts = [draft for cut in cuts for draft in cut.drafts]
    keys = [_key(draft) for draft in drafts]
    vectors = _encode(drafts, keys, encoder, known(keys), lambda done: on_encoded(done, len(drafts)))
    ends = list(accumulate((len(cut.drafts) for cut in cuts), initial=0))
    return [
        Prepared(
            identify(cut.source, cut.document),
            cut.source,
            cut.document,
            cut.groups,
            tuple(cut.drafts),
            tuple(keys[start:end]),
            vectors[start:end],
        )
        for cut, (start, end) in zip(cuts, pairwise(ends), strict=True)
    ]


def prepare_again(stored: Stored, encoder: Encoder, known: KnownVectors) -> Prepared:
    """Return a stored document split and encoded for another encoder, whose ``known`` vectors are there."""
    cut = _cut(stored.source, stored.document, encoder)
    keys = [_key(draft) for draft in cut.drafts]
    vectors = _encode(cut.drafts, keys, encoder, known(keys), lambda _: None)
    drafts = tuple(cut.drafts)
    return Prepared(stored.document_id, stored.source, cut.document, cut.groups, drafts, tuple(keys), vectors)


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


@dataclass(frozen=True, slots=True)
class _Cut:
    source: str
    document: Document
    groups: tuple[Group, ...]
    drafts: list[PassageDraft]


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
    return _Cut(
        source, document, groups, draft_passages(document, groups, encoder.count_tokens, encoder.max_tokens)
    )


def _key(draft: PassageDraft) -> bytes:
    """Return 16 bytes that stand for the text that the encoder sees."""
    return hashlib.blake2b(draft.embedded.encode(), digest_size=16).digest()


def _encode(
    drafts: Sequence[PassageDraft],
    keys: Sequence[bytes],
    encoder: Encoder,
    known: Mapping[bytes, NDArray[np.float32]],
    on_encoded: Callable[[int], None],
) -> Matrix:
    """Return a vector for each draft, each text encoded once and those ``known`` not at all.

    Zeros, near to nothing, stand where the encoder knows too few characters.
    """
    vectors = np.zeros((len(drafts), encoder.identity.dimension), dtype=np.float32)
    row_of = {key: row for row, key in reversed(list(enumerate(keys)))}
    rows = [row for key, row in row_of.items() if key not in known]
    rows = sorted(row for row in rows if encoder.known_share(drafts[row].body) >= LEAST_KNOWN_SHARE)
    for start in range(0, len(rows), _ENCODED_AT_ONCE):
        batch = rows[start : start + _ENCODED_AT_ONCE]
        vectors[batch] = encoder.encode([drafts[row].embedded for row in batch])
        on_encoded(len(drafts) - len(rows) + start + len(batch))
    for row, key in enumerate(keys):
        vectors[row] = known[key] if key in known else vectors[row_of[key]]
    return vectors
