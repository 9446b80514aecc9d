"""Draws a page of a PDF in the corpus, with words of it marked.

The image comes from the file itself, which is not in the corpus: it must still be where it was, and be the
one that was indexed.
"""

import hashlib
from pathlib import Path

import numpy as np

from pincite.index.document import page_at
from pincite.index.errors import DocumentNotFound, UnsupportedDocument
from pincite.index.store import Store


def page_image(
    store: Store,
    document_id: str,
    start: int,
    end: int,
    page: int | None,
    password: str | None,
) -> bytes:
    """Return what ``Corpus.page_image`` does; sources are named as seen from ``base``."""
    with store.snapshot() as snapshot:
        stored = snapshot.stored(document_id)
        if stored is None:
            raise DocumentNotFound(f"no document {document_id} in {store.name}")
        fingerprint = snapshot.file_fingerprint(stored.source) or ""
    document = stored.document
    if not 0 <= start <= end <= len(document.text):
        raise ValueError(f"{start}-{end} is no span of the document's {len(document.text)} characters")
    first = page_at(document.pages, start)
    if first is None:
        raise UnsupportedDocument(f"{stored.source} has no pages to show")
    page = first if page is None else page
    if not 1 <= page <= len(document.pages):
        raise ValueError(f"there is no page {page}: {stored.source} has {len(document.pages)}")
    content = _content(store.base / stored.source, fingerprint.partition(":")[0])
    edges = [*document.pages, len(document.text)]
    places = np.frombuffer(document.places, "<i4")[max(start, edges[page - 1]) : min(end, edges[page])]

    from pincite.index.formats.pdf_pages import page_image as drawn

    return drawn(content, page, places.tolist(), password=password)


def _content(file: Path, sha256: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnsupportedDocument(
            f"{file} cannot be shown: {error.strerror}: put it back, or index where it is now"
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UnsupportedDocument(f"{file} has changed since it was indexed: index it again")
    return content
