"""Documents as rows of the two collections, and rows as documents.

Ids say what a row is: ``<version>-<document>-<kind>-<piece>`` for a document's, ``<version>-<number>`` for a
passage's, so that a batch that is sent twice is there once.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pincite.index.document import Span
from pincite.index.errors import CorpusDamaged, UnsupportedDocument
from pincite.index.milvus.collections import MOST_BYTES, MOST_NAMES
from pincite.index.milvus.filtering import field_name, filtered, in_figures
from pincite.index.milvus.server import Row
from pincite.index.passages import (
    Passage,
    PassageDraft,
    pages_of,
    passage_from,
    plain_points,
    points_from,
)
from pincite.index.records import DocumentInfo, Prepared, Receipt, Stored
from pincite.index.serialisation import (
    document_from,
    packed_places,
    plain_sections,
    plain_spans,
    unpacked_places,
)
from pincite.index.tokens import is_cjk, terms_of
from pincite.index.vectors import read_vectors, stored_vector

FIELD = "field"
_NOTHING = [0.0, 1.0]
_LONGEST_TERM = 64
_NO_TERM = "h0"
"""A word that stands for no term, so that nobody asks for it."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a commit row says of a file, whose source was named from the folder ``base``."""

    id: str
    source: str
    version: str
    fingerprint: str
    is_text: bool
    base: str
    receipt: Receipt

    def row(self) -> Row:
        """Return the row."""
        one = self.receipt
        counts = (one.documents, one.characters, one.pages, one.groups, one.passages)
        payload = [self.source, self.fingerprint, self.is_text, self.base, counts, one.notes]
        return text_row(self.id, "file", payload, version=self.version, names=names_of(self.source))

    @classmethod
    def of(cls, row: Row) -> "FileRow":
        """Return what a row says. Raises ``CorpusDamaged`` where it is no commit row."""
        try:
            source, fingerprint, is_text, base, counts, notes = json.loads(row["payload"])
            documents, characters, pages, groups, passages = counts
            receipt = Receipt(
                source, "unchanged", "", documents, characters, pages, groups, passages, notes=tuple(notes)
            )
        except (TypeError, ValueError) as error:
            raise CorpusDamaged(f"the row of the file {row['id']} cannot be read: {error}") from error
        return cls(row["id"], source, row["version"], fingerprint, bool(is_text), base, receipt)


def file_id(source: str) -> str:
    """Return the id of a file's commit row, which stands for its source."""
    return f"file-{hashlib.sha256(source.encode()).hexdigest()[:48]}"


def field_row(field: str) -> Row:
    """Return the row which says that there is metadata with this name."""
    return text_row(field_id(field), FIELD, field)


def field_id(field: str) -> str:
    """Return the id of that row."""
    return f"field-{hashlib.sha256(field.encode()).hexdigest()[:48]}"


def names_of(source: str) -> list[str]:
    """Return a source and the last parts of its path, longest first, for literals to be held against."""
    parts = in_figures(source).split("/")
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    return list(dict.fromkeys([tails[0], *tails[-MOST_NAMES + 1 :]]))


def text_row(
    id_: str,
    kind: str,
    payload: object,
    *,
    file: str = "",
    version: str = "",
    document_id: str = "",
    names: Sequence[str] = (),
) -> Row:
    """Return a row of the collection of texts; a payload that is no text is written as JSON."""
    return {
        "id": id_,
        "kind": kind,
        "file": file,
        "version": version,
        "document_id": document_id,
        "names": list(names),
        "payload": payload if isinstance(payload, str) else _json(payload),
        "nothing": _NOTHING,
    }


def check_room(file: FileRow, prepared: Sequence[Prepared]) -> None:
    """Raise ``UnsupportedDocument`` for a file of which something that has to be in one row is not: it would
    keep out all that are stored with it.
    """
    rows = [("source and notes", file.row()["payload"])]
    for one in prepared:
        rows += [("source", in_figures(one.source)), ("metadata", _json(_fields_of(one)))]
    for name, value in rows:
        if (size := len(value.encode())) > MOST_BYTES:
            raise UnsupportedDocument(f"its {name} take {size:,} bytes: a server has room for {MOST_BYTES:,}")


def rows_of(file: str, version: str, prepared: Sequence[Prepared]) -> Iterator[Row]:
    """Yield the rows of a file's documents, but for their passages."""
    for number, one in enumerate(prepared):
        document = one.document
        rest = pieces_of(
            _json(
                {
                    "metadata_spans": plain_spans(document),
                    "sections": plain_sections(document),
                    "pages": document.pages,
                    "part": document.part,
                    "places": base64.b64encode(packed_places(document.places)).decode(),
                    "groups": [[group.start, group.end] for group in one.groups],
                    "passages": [_kept(draft) for draft in one.drafts],
                }
            )
        )
        texts = pieces_of(document.text)
        head = pieces_of(
            _json(
                {
                    "document_id": one.document_id,
                    "source": one.source,
                    "metadata": dict(document.metadata),
                    "characters": len(document.text),
                    "pages": len(document.pages),
                    "groups": len(one.groups),
                    "passages": len(one.drafts),
                    "texts": len(texts),
                    "rests": len(rest),
                }
            )
        )
        for kind, pieces in (("text", texts), ("rest", rest), ("head", head)):
            for piece, payload in enumerate(pieces):
                yield text_row(
                    piece_id(version, number, kind, piece),
                    kind,
                    payload,
                    file=file,
                    version=version,
                    document_id=one.document_id,
                    names=names_of(one.source) if kind == "head" else (),
                )


def passage_rows(file: str, version: str, prepared: Sequence[Prepared]) -> Iterator[Row]:
    """Yield the rows of a file's passages."""
    number = 0
    for one in prepared:
        names, fields = names_of(one.source), _fields_of(one)
        for draft, key, vector in zip(one.drafts, one.keys, one.vectors, strict=True):
            context, body = terms_of(draft.context), terms_of(draft.body)
            payload = _json([*_kept(draft), *_shown(one, draft)])
            if len(payload.encode()) > MOST_BYTES:
                payload = _json([draft.start, draft.end])
            yield {
                "id": passage_id(version, number),
                "file": file,
                "version": version,
                "document_id": one.document_id,
                "key": key.hex(),
                "number": number,
                "source": in_figures(one.source),
                "names": names,
                "fields": fields,
                "payload": payload,
                "vector": read_vectors(stored_vector(vector), len(vector))[0].tolist(),
                "terms": _indexed(body, context),
                "characters": _indexed(
                    *([one[0] for one in terms if is_cjk(one)] for terms in (body, context))
                ),
            }
            number += 1


def engine_terms(terms: Iterable[str], longer: int = 0) -> str:
    """Return terms as the engine's analyser is to see them: Latin letters and digits between spaces, which no
    analyser takes apart. What does not fit is left out. They are made ``longer`` by so many words that nobody
    asks for, and for no terms there is one: a server may refuse a row of nothing.
    """
    words = " ".join([*map(_engine_term, terms), *[_NO_TERM] * longer]) or _NO_TERM
    if len(words) <= MOST_BYTES:
        return words
    return words[: words.rindex(" ", 0, MOST_BYTES + 1)]


def pieces_of(text: str) -> list[str]:
    """Return ``text`` in pieces that a VARCHAR holds; an empty one is one piece."""
    raw = text.encode()
    pieces, start = [], 0
    while len(raw) - start > MOST_BYTES:
        end = start + MOST_BYTES
        while raw[end] & 0xC0 == 0x80:  # in the middle of a character
            end -= 1
        pieces.append(raw[start:end].decode())
        start = end
    return [*pieces, raw[start:].decode()]


def piece_id(version: str, document: int, kind: str, piece: int) -> str:
    """Return the id of a piece of a document, the ``document``-th of its file."""
    return f"{version}-{document:06}-{kind}-{piece:06}"


def passage_id(version: str, number: int) -> str:
    """Return the id of a passage, the ``number``-th of its file."""
    return f"{version}-{number:08}"


def document_number(id_: str) -> int:
    """Return the number in its file of the document that a piece belongs to."""
    return int(id_.split("-")[1])


def joined(rows: Iterable[Row]) -> str:
    """Return the text that is kept in these pieces."""
    return "".join(row["payload"] for row in sorted(rows, key=lambda row: str(row["id"])))


@dataclass(frozen=True, slots=True)
class Head:
    """What the collection says of a document, and how many pieces it has of it."""

    version: str
    number: int
    info: DocumentInfo
    texts: int
    rests: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Head":
        """Return what the pieces of a head say. Raises ``CorpusDamaged`` where they are none."""
        first = rows[0]
        try:
            plain = json.loads(joined(rows))
            metadata = plain["metadata"]
            info = DocumentInfo(
                plain["document_id"],
                plain["source"],
                str(metadata.get("title", "")),
                metadata,
                plain["characters"],
                plain["pages"],
                plain["groups"],
                plain["passages"],
            )
            return cls(first["version"], document_number(first["id"]), info, plain["texts"], plain["rests"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorpusDamaged(f"the document {first['document_id']} cannot be read: {error}") from error

    def ids(self, kind: str) -> list[str]:
        """Return the ids of its pieces of a kind, "text" or "rest"."""
        pieces = self.texts if kind == "text" else self.rests
        return [piece_id(self.version, self.number, kind, piece) for piece in range(pieces)]


@dataclass(frozen=True, slots=True)
class Kept:
    """A document with the spans of its groups and passages."""

    stored: Stored
    groups: tuple[tuple[int, int], ...]
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, head: Head, text: str, rest: str) -> "Kept":
        """Return what the pieces of a document say. Raises ``CorpusDamaged`` where they cannot be read."""
        info = head.info
        try:
            plain = json.loads(rest)
            document = document_from(
                {"text": text, "metadata": info.metadata, **plain},
                unpacked_places(base64.b64decode(plain["places"])),
            )
            groups = tuple((start, end) for start, end in plain["groups"])
            passages = tuple(
                passage_from(
                    info.document_id,
                    info.source,
                    info.title,
                    path,
                    start,
                    text[start:end],
                    *pages_of(document.pages, start, end),
                    points_from(points, start, text[start:end]),
                )
                for start, end, path, points in plain["passages"]
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorpusDamaged(f"{info.source} cannot be read: {error}") from error
        return cls(Stored(0, info.document_id, info.source, document), groups, passages)


def passage_of(row: Row) -> Passage | Span:
    """Return the passage that a row of passages shows, or where it stands in its document, if it is too long
    for a row. Raises ``CorpusDamaged`` where it shows neither.
    """
    try:
        start, end, *shown = json.loads(row["payload"])
        if not shown:
            return Span(start, end)
        path, plain, source, title, text, page, page_starts = shown
        points = points_from(plain, start, text)
        return passage_from(row["document_id"], source, title, path, start, text, page, page_starts, points)
    except (TypeError, ValueError) as error:
        raise CorpusDamaged(f"the passage {row['id']} cannot be read: {error}") from error


def _fields_of(one: Prepared) -> dict[str, str | int | float]:
    found = ((field, filtered(field, value)) for field, value in one.document.metadata.items())
    return {
        field_name(field): in_figures(value) if isinstance(value, str) else value for field, value in found
    }


def _kept(draft: PassageDraft) -> list[object]:
    return [draft.start, draft.end, draft.group.path, plain_points(draft)]


def _shown(one: Prepared, draft: PassageDraft) -> list[object]:
    document = one.document
    title = str(document.metadata.get("title", ""))
    text = document.text[draft.start : draft.end]
    return [one.source, title, text, *pages_of(document.pages, draft.start, draft.end)]


def _indexed(body: Sequence[str], context: Sequence[str]) -> str:
    """Return the terms of a passage, those of its body twice; what is too long for that loses weights before
    words: then each once, and then each different one.
    """
    once = [*body, *context]
    for terms, longer in (([*body, *once], len(context)), (once, 0)):
        words = engine_terms(terms, longer)
        is_whole = len(words) < MOST_BYTES - _LONGEST_TERM
        if is_whole:
            return words
    return engine_terms(dict.fromkeys(once))


def _engine_term(term: str) -> str:
    if not term.isascii():
        term = f"x{term.encode('utf-16-be').hex()}"
    if len(term) > _LONGEST_TERM or term == _NO_TERM:
        return f"h{hashlib.sha256(term.encode()).hexdigest()[:40]}"
    return term


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
