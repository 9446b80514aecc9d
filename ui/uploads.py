"""Takes files that are dropped on the page into the corpus, and lists what it holds.

A copy of each file is kept in ``uploads/`` inside the corpus folder, and nowhere else, so that the corpus can
be indexed again. ``Corpus.add`` reads it; a file that cannot be read is not kept.
"""

import filecmp
import re
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.records import DocumentInfo, Receipt
from pincite.ui.proof import escape, folded

FOLDER = "uploads"
DOCUMENTS_SHOWN = 200
_MOST_NAME_CHARACTERS = 80
_MOST_SUFFIX_CHARACTERS = 12
_RESERVED_ON_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def take_in(upload: Path, corpus: Corpus) -> Receipt:
    """Keep a copy of ``upload`` with the corpus and index it; what is wrong with it goes into the receipt."""
    name = safe_name(upload.name)
    try:
        kept, is_new = keep(upload, corpus.location / FOLDER)
    except (PinciteError, OSError) as error:
        return Receipt(name, "failed", str(error))
    receipt = Receipt(name, "failed", "it could not be indexed")
    try:
        [receipt] = corpus.add(kept)
    except (PinciteError, OSError) as error:
        receipt = Receipt(name, "failed", str(error))
    finally:
        if is_new and receipt.status == "failed":
            kept.unlink(missing_ok=True)
    return receipt


def keep(upload: Path, folder: Path) -> tuple[Path, bool]:
    """Copy ``upload`` into ``folder`` under a safe name; return where it is, and whether it is new there.

    A name that is taken by other content gets a number, ``notes-2.txt``; the same content is kept once.
    Raises ``PinciteError`` where ``folder`` is a link that leads out of its parent.
    """
    folder.mkdir(exist_ok=True)
    if folder.resolve() != folder.parent.resolve() / folder.name:
        raise PinciteError(f"{folder} leads out of the corpus: remove the link, then try again")
    name = Path(safe_name(upload.name))
    number = 1
    while True:
        place = folder / (name.name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        if _copy(upload, place):
            return place, True
        if place.is_file() and not place.is_symlink() and filecmp.cmp(upload, place, shallow=False):
            return place, False
        number += 1


def safe_name(name: str) -> str:
    """Return a file name that is one, on every system: no path, no control characters, not hidden, not long.

    >>> safe_name("../../etc/passwd")
    'passwd'
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    printable = "".join(filter(str.isprintable, last))
    clean = re.sub(r'[<>:"|?*]', "_", printable).strip(" .")
    if not clean or _RESERVED_ON_WINDOWS.match(clean):
        clean = f"document-{clean}" if clean else "document"
    path = Path(clean)
    suffix = path.suffix if len(path.suffix) <= _MOST_SUFFIX_CHARACTERS else ""
    return clean.removesuffix(suffix)[:_MOST_NAME_CHARACTERS].rstrip(" .") + suffix


def receipts_table(receipts: Sequence[Receipt], waiting: int = 0) -> str:
    """Return what became of each file; ``waiting`` is the number of files that are still to be read."""
    rows = "".join(_receipt_row(receipt) for receipt in receipts)
    table = (
        f"<table><thead><tr><th>File</th><th>Status</th><th>Passages</th></tr></thead><tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    busy = ""
    if waiting:
        files = "1 more file" if waiting == 1 else f"{waiting} more files"
        busy = f'<p class="pc-busy" role="status"><span></span>Reading {files}…</p>'
    return f'<div class="pc-table" role="status">{table}{busy}</div>' if table or busy else ""


def documents_table(documents: Sequence[DocumentInfo]) -> str:
    """Return the documents of the corpus, the first ``DOCUMENTS_SHOWN`` of them."""
    if not documents:
        return '<p class="pc-note">No documents yet. Drop some above.</p>'
    rows = "".join(_document_row(document) for document in documents[:DOCUMENTS_SHOWN])
    more = len(documents) - DOCUMENTS_SHOWN
    rest = f'<p class="pc-note">and {more} more: see pincite list</p>' if more > 0 else ""
    count = "1 document" if len(documents) == 1 else f"{len(documents)} documents"
    return (
        '<div class="pc-table"><table aria-label="Documents">'
        f"<thead><tr><th>{count}</th><th>Passages</th></tr></thead><tbody>{rows}</tbody></table>{rest}</div>"
    )


def _copy(upload: Path, place: Path) -> bool:
    """Copy ``upload`` to ``place`` unless something is there already; a copy that fails leaves nothing."""
    try:
        target = place.open("xb")
    except FileExistsError:
        return False
    try:
        with target, upload.open("rb") as source:
            shutil.copyfileobj(source, target)
    except OSError:
        place.unlink(missing_ok=True)
        raise
    return True


def _receipt_row(receipt: Receipt) -> str:
    name = receipt.source.rsplit("/", 1)[-1]
    failed = receipt.status == "failed"
    reason = f'<div class="pc-reason">{escape(folded(receipt.reason))}</div>' if receipt.reason else ""
    reason += "".join(f'<div class="pc-title">{escape(folded(note))}</div>' for note in receipt.notes)
    kind = ' class="pc-failed"' if failed else ""
    return (
        f"<tr{kind}><td><bdi>{escape(name)}</bdi>{reason}</td><td>{escape(receipt.status)}</td>"
        f"<td>{'' if failed else receipt.passages}</td></tr>"
    )


def _document_row(document: DocumentInfo) -> str:
    name = document.source.rsplit("/", 1)[-1]
    title = (
        f'<div class="pc-title" dir="auto">{escape(folded(document.title))}</div>' if document.title else ""
    )
    return (
        f'<tr><td><bdi title="{escape(document.source)}">{escape(name)}</bdi>{title}</td>'
        f"<td>{document.passages}</td></tr>"
    )
