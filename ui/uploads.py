"""Takes files that are dropped on the page into the corpus, and lists what it holds.

A copy of each file is kept in ``uploads/`` inside the corpus folder, and nowhere else, so that the corpus can
be indexed again. ``Corpus.add`` reads it; a file that cannot be read is not kept.
"""

import filecmp
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.formats.kinds import PICTURES, SUFFIXES, suffix_of
from pincite.index.ingestion import Progress
from pincite.index.records import DocumentInfo, Receipt
from pincite.ui.markup import escape, folded, last_part, plain_name, shown_name
from pincite.ui.words import ENGLISH, Words

FOLDER = "uploads"
FOLDER_BESIDE = "pincite-uploads"
DOCUMENTS_SHOWN = 200
ACCEPTED = SUFFIXES | PICTURES
"""The endings of what may be dropped: everything that is read, and pictures of text."""
MOST_FILES = 200
MOST_FILE_BYTES = 100 << 20
TURN = Lock()
"""Held by whoever changes the corpus for the page or its doors: at once, a corpus refuses a second writer, of
the same process too.
"""
TOO_MANY = f"drop {MOST_FILES} files at most at once"
TOO_LARGE = f"a file may have {MOST_FILE_BYTES >> 20} MB: add larger ones with pincite index"
_LOOK_SECONDS = 0.2
_MOST_NAME_CHARACTERS = 80
_MOST_SUFFIX_CHARACTERS = 12
_PLAIN_SUFFIX = re.compile(r"\.\w{1,12}")
_RESERVED_ON_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@dataclass(frozen=True, slots=True)
class Taking:
    """How far the taking in of files has come: the receipts of those that are done, the name and progress of
    the one at hand, the names of those that wait.
    """

    receipts: tuple[Receipt, ...]
    name: str = ""
    progress: Progress | None = None
    waiting: tuple[str, ...] = ()


def take_all_in(paths: Sequence[Path], corpus: Corpus) -> Iterator[Taking]:
    """Take files in one by one, and remove each from where it was dropped; yield how far it has come, the
    whole of it last.

    When nobody looks on any more, the file at hand is finished by itself, and those that wait are dropped.
    """
    receipts: tuple[Receipt, ...] = ()
    names = [safe_name(path.name) for path in paths]
    worker = ThreadPoolExecutor(1, "pincite-take-in")
    try:
        for number, path in enumerate(paths):
            steps: SimpleQueue[Progress] = SimpleQueue()
            waiting = tuple(names[number + 1 :])
            yield Taking(receipts, names[number], None, waiting)
            taken = worker.submit(_take_in_and_clear, path, corpus, steps.put)
            while not taken.done():
                if (step := _newest(steps)) is not None:
                    yield Taking(receipts, names[number], step, waiting)
            receipts = (*receipts, taken.result())
        yield Taking(receipts)
    finally:
        worker.submit(_clear, paths)
        worker.shutdown(wait=False)  # gradio closes what nobody looks at where all requests are served


def take_in(upload: Path, corpus: Corpus, progress: Callable[[Progress], None] | None = None) -> Receipt:
    """Keep a copy of ``upload`` with the corpus and index it; what is wrong with it goes into the receipt."""
    name = safe_name(upload.name)
    if not is_accepted(name):
        return Receipt(name, "failed", not_accepted(name))
    with TURN:
        return _keep_and_add(upload, name, corpus, progress)


def is_accepted(name: str) -> bool:
    """Whether a file of this name may be dropped; what is in it is judged when it is read."""
    return suffix_of(name) in ACCEPTED


def not_accepted(name: str) -> str:
    """Return why a file of this name is refused. Gradio takes the reason for HTML: it has no markup in it."""
    suffix = suffix_of(name)
    named = f"{suffix} files" if _PLAIN_SUFFIX.fullmatch(suffix) else "files with such an ending"
    kind = named if suffix else "files without an ending"
    return f"{kind} are not taken here: drop documents and text, or add it with pincite index"


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


def remove(source: str, corpus: Corpus) -> Receipt:
    """Remove a file from the corpus, and the copy of it that was kept when it was dropped on the page.

    Raises ``PinciteError`` as ``Corpus.remove`` does.
    """
    with TURN:
        receipt = corpus.remove(source)
        folder = _folder_of(corpus).resolve()
        kept = (corpus.base / receipt.source).resolve()
        if kept.parent == folder:
            kept.unlink(missing_ok=True)
    return receipt


def receipts_table(taking: Taking, words: Words = ENGLISH) -> str:
    """Return what became of each file, and how far those have come that are not done."""
    rows = "".join(_receipt_row(receipt, words) for receipt in taking.receipts)
    rows += _progress_row(taking, words) if taking.name else ""
    rows += "".join(
        f'<tr class="pc-waiting"><td>{shown_name(one)}</td><td>{words.waiting}</td><td></td></tr>'
        for one in taking.waiting
    )
    if not rows:
        return ""
    return (
        f'<div class="pc-table" role="status"><table><thead><tr><th>{words.file}</th><th>{words.status}</th>'
        f"<th>{words.passages}</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def documents_table(documents: Sequence[DocumentInfo], words: Words = ENGLISH) -> str:
    """Return the documents of the corpus, the first ``DOCUMENTS_SHOWN`` of them, each to be removed, but for
    those that are in a file of others, as a mail's attachments: they go with it.
    """
    if not documents:
        return f'<p class="pc-note">{words.no_documents}</p>'
    sources = {document.source for document in documents}
    rows = "".join(
        _document_row(document, words, is_part=not sources.isdisjoint(_holders(document.source)))
        for document in documents[:DOCUMENTS_SHOWN]
    )
    more = len(documents) - DOCUMENTS_SHOWN
    rest = f'<p class="pc-note">{words.more_documents.format(count=more)}</p>' if more > 0 else ""
    count = len(documents)
    counted = words.one_document if count == 1 else words.many_documents.format(count=f"{count:,}")
    return (
        f'<div class="pc-table"><table aria-label="{words.documents}">'
        f"<thead><tr><th>{counted}</th><th>{words.passages}</th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{rest}</div>"
    )


def _folder_of(corpus: Corpus) -> Path:
    """Return where files are kept: in the corpus's own folder or, for a corpus on a server, in one beside."""
    return corpus.base / FOLDER_BESIDE if corpus.is_on_server else corpus.location / FOLDER


def _keep_and_add(
    upload: Path, name: str, corpus: Corpus, progress: Callable[[Progress], None] | None
) -> Receipt:
    try:
        kept, is_new = keep(upload, _folder_of(corpus))
    except (PinciteError, OSError) as error:
        return Receipt(name, "failed", str(error))
    receipt = Receipt(name, "failed", "it could not be indexed")
    try:
        [receipt] = corpus.add(kept, progress=progress)
    except (PinciteError, OSError) as error:
        receipt = Receipt(name, "failed", str(error))
    finally:
        if is_new and receipt.status == "failed":
            kept.unlink(missing_ok=True)
    return receipt


def _take_in_and_clear(path: Path, corpus: Corpus, progress: Callable[[Progress], None]) -> Receipt:
    try:
        return take_in(path, corpus, progress)
    finally:
        _clear([path])


def _clear(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _newest(steps: "SimpleQueue[Progress]") -> Progress | None:
    """Return the last step of those that have come, waiting for one a little; None when none has."""
    newest = None
    try:
        newest = steps.get(timeout=_LOOK_SECONDS)
        while True:
            newest = steps.get_nowait()
    except Empty:
        return newest


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


def _receipt_row(receipt: Receipt, words: Words) -> str:
    failed = receipt.status == "failed"
    reason = f'<div class="pc-reason">{escape(folded(receipt.reason))}</div>' if receipt.reason else ""
    reason += "".join(f'<div class="pc-title">{escape(folded(note))}</div>' for note in receipt.notes)
    kind = ' class="pc-failed"' if failed else ""
    status = dict(words.statuses).get(receipt.status, receipt.status)
    return (
        f"<tr{kind}><td>{shown_name(last_part(receipt.source))}{reason}</td><td>{escape(status)}</td>"
        f"<td>{receipt.passages or ''}</td></tr>"
    )


def _progress_row(taking: Taking, words: Words) -> str:
    """Return the file at hand with a bar for each stage, and in words how far the one at hand has come."""
    step = taking.progress or Progress(taking.name, 0, 0)
    is_read = step.passages_total > 0
    if is_read:
        label = words.indexing.format(done=step.passages_done, total=step.passages_total)
    elif step.pages_total:
        label = words.reading_page.format(done=step.pages_done, total=step.pages_total)
    else:
        label = words.reading
    reading = _bar(words.reading, 1, 1) if is_read else _bar(words.reading, step.pages_done, step.pages_total)
    indexing = _bar(words.indexing_stage, step.passages_done, step.passages_total or 1)
    return (
        f'<tr class="pc-taking"><td>{shown_name(taking.name)}{reading}{indexing}</td>'
        f"<td>{label}</td><td></td></tr>"
    )


def _bar(stage: str, done: int, total: int) -> str:
    """Return a bar; one that moves without end where nobody knows how much there is."""
    value = f' value="{done}" max="{total}"' if total else ""
    return f'<progress aria-label="{stage}"{value}></progress>'


def _document_row(document: DocumentInfo, words: Words, *, is_part: bool) -> str:
    last = last_part(document.source)
    title = f'<div class="pc-title" dir="auto">{shown_name(document.title)}</div>' if document.title else ""
    label = escape(words.remove_named.format(name=plain_name(last)))
    button = (
        f'<button type="button" class="pc-remove" data-remove="{escape(document.source)}"'
        f' data-sure="{words.sure}" aria-label="{label}">{words.remove}</button>'
    )
    return (
        f'<tr><td><span title="{escape(plain_name(document.source))}">{shown_name(last)}</span>{title}</td>'
        f"<td>{document.passages}</td><td>{'' if is_part else button}</td></tr>"
    )


def _holders(source: str) -> Iterator[str]:
    """Yield what may hold the document: the parts of its source, from the left: folders and files."""
    return (source[:at] for at, character in enumerate(source) if character == "/")
