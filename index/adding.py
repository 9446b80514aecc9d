"""Stores what is offered to a corpus, and looks after files that are gone."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import Progress
from pincite.index.location import real_path
from pincite.index.offers import Ahead, Item, Offer, Unchanged, failed
from pincite.index.records import GONE, Receipt
from pincite.index.sources import gone_from
from pincite.index.store import Store
from pincite.index.storing import Ready, store_together

_ELSEWHERE = "its file is not here, and was indexed from {}: --prune removes it there, `pincite remove` here"


def stored(
    offers: Sequence[Offer], store: Store, reading: Ahead, tell: Callable[[Progress], None]
) -> Iterator[Receipt]:
    """Store what is offered, and yield each file's receipt once it is safe; the next ones are read and
    encoded meanwhile, by ``reading``.
    """
    with reading as ahead:
        yield from store_together(_encoded(offers, store, ahead, tell), store)


def _encoded(
    offers: Sequence[Offer], store: Store, ahead: Ahead, tell: Callable[[Progress], None]
) -> Iterator[Ready | Receipt]:
    """Yield each file once it is encoded, or the receipt of one that is not to be stored."""
    for number, offer in enumerate(offers):
        at, turn = Progress(offer.source, number, len(offers)), time.perf_counter()
        tell(at)
        item = ahead.next(partial(_tell_pages, tell, at))
        yield _ready(item, offer, store, partial(_tell_passages, tell, at), turn)
        ahead.stored()


def _ready(
    item: Item, offer: Offer, store: Store, on_encoded: Callable[[int, int], None], turn: float
) -> Ready | Receipt:
    if isinstance(item, Receipt):
        return item
    if isinstance(item, Unchanged):
        if item.is_text is not None:
            with store.transaction() as writer:
                writer.set_is_text(offer.source, item.is_text)
        return item.receipt
    began = max(item.started, turn)  # not while it waited for the files before it
    try:
        for done in item.encoded():
            on_encoded(done, len(item.unencoded.texts))
    except UnsupportedDocument as error:
        return failed(offer.source, error, began)
    status = "added" if item.wanted.is_new else "replaced"
    prepared = item.unencoded.prepared()
    return Ready(offer.source, item.wanted.mark, offer.is_text, prepared, status, began)


def _tell_pages(tell: Callable[[Progress], None], at: Progress, done: int, total: int) -> None:
    tell(replace(at, pages_done=done, pages_total=total))


def _tell_passages(tell: Callable[[Progress], None], at: Progress, done: int, total: int) -> None:
    tell(replace(at, passages_done=done, passages_total=total))


def look_after_vanished(
    store: Store, paths: Iterable[str | Path], present: Collection[str], prune: bool
) -> Iterator[Receipt]:
    """Report the files that the folders among ``paths`` no longer have, or remove them. ``present`` are the
    sources that they have. What was indexed from elsewhere may still be there, and is not removed.
    """
    folders = [folder for path in paths if (folder := real_path(path)).is_dir()]
    if not folders:
        return
    with store.snapshot() as snapshot:
        absent = [source for source in snapshot.file_sources() if source not in present]
        vanished = [
            (snapshot.file_receipt(source), snapshot.base_of(source))
            for source in gone_from(folders, absent, store.base)
        ]
    for receipt, elsewhere in vanished:
        if elsewhere:
            yield replace(receipt, status="vanished", reason=_ELSEWHERE.format(elsewhere))
        elif prune:
            with store.transaction() as writer:
                writer.remove_file(receipt.source)
            yield Receipt(receipt.source, "removed")
        else:
            yield replace(receipt, status="vanished", reason=GONE)
