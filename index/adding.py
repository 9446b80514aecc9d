"""Stores what is offered to a corpus, a transaction per file, and looks after files that are gone."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pincite.index.database import Database
from pincite.index.document import Document, Metadata
from pincite.index.encoder import Encoder
from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import fingerprint, prepare, receipt_for
from pincite.index.records import Receipt
from pincite.index.sources import Found, gone_from, real_path, source_name

_VANISHED = "its file is gone; --prune removes it (prune=True)"


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that somebody wants in the corpus, or text in hand under a file's name.

    ``content`` returns its bytes and ``read`` the documents in them; what either raises as an ``OSError`` or
    an ``UnsupportedDocument`` becomes the reason in the receipt.
    """

    source: str
    content: Callable[[], bytes]
    read: Callable[[bytes], Sequence[Document]]
    metadata: Metadata
    is_text: bool = False


def store(
    offer: Offer, database: Database, encoder: Callable[[], Encoder], on_encoded: Callable[[int, int], None]
) -> Receipt:
    """Read, prepare and store one file in one transaction. ``encoder`` is called for when there is something
    to encode; ``on_encoded`` is told the passages encoded so far, and of how many.
    """
    started = time.perf_counter()
    source = offer.source
    try:
        raw = offer.content()
        mark = fingerprint(raw, offer.metadata)
        with database.snapshot() as snapshot:
            known = snapshot.file_fingerprint(source)
            if known == mark:
                if snapshot.is_text(source) != offer.is_text:
                    with database.transaction() as writer:
                        writer.set_is_text(source, offer.is_text)
                return replace(snapshot.file_receipt(source), seconds=time.perf_counter() - started)
        documents = offer.read(raw)
    except (UnsupportedDocument, OSError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return Receipt(source, "failed", reason, seconds=time.perf_counter() - started)

    def known_vectors(keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        with database.snapshot() as snapshot:
            return snapshot.vectors_by_key(keys)

    prepared = prepare(documents, source, offer.metadata, encoder(), known_vectors, on_encoded)
    with database.transaction() as writer:
        writer.remove_file(source)
        writer.add_file(source, mark, prepared, is_text=offer.is_text)
    status = "added" if known is None else "replaced"
    return receipt_for(source, status, prepared, time.perf_counter() - started)


def look_after_vanished(
    database: Database, base: Path, paths: Iterable[str | Path], found: Iterable[Found], prune: bool
) -> Iterator[Receipt]:
    """Report the files that the folders among ``paths`` no longer have, or remove them. Sources are named as
    seen from ``base``.
    """
    folders = [folder for path in paths if (folder := real_path(path)).is_dir()]
    if not folders:
        return
    present = {source_name(one.path, base) for one in found}
    with database.snapshot() as snapshot:
        absent = [source for source in snapshot.file_sources() if source not in present]
        vanished = [snapshot.file_receipt(source) for source in gone_from(folders, absent, base)]
    for receipt in vanished:
        if prune:
            with database.transaction() as writer:
                writer.remove_file(receipt.source)
            yield Receipt(receipt.source, "removed")
        else:
            yield replace(receipt, status="vanished", reason=_VANISHED)
