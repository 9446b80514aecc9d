"""Stores what is offered to a corpus, a transaction per file, and looks after files that are gone."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pincite.index.encoder import Encoder
from pincite.index.ingestion import Progress, receipt_for
from pincite.index.location import real_path
from pincite.index.read_ahead import Item, Offer, ReadAhead, Unchanged
from pincite.index.records import Receipt
from pincite.index.sources import gone_from
from pincite.index.store import Store

_VANISHED = "its file is gone; --prune removes it (prune=True)"


def stored(
    offers: Sequence[Offer],
    store: Store,
    encoder: Callable[[], Encoder],
    interrupt: Callable[[], None],
    tell: Callable[[Progress], None],
) -> Iterator[Receipt]:
    """Store each file in one transaction, and yield its receipt once it is safe; the next ones are read and
    encoded meanwhile. ``encoder`` and ``interrupt`` are ``ReadAhead``'s.
    """
    with ReadAhead(offers, store, encoder, interrupt) as ahead:
        for number, offer in enumerate(offers):
            at, turn = Progress(offer.source, number, len(offers)), time.perf_counter()
            tell(at)
            item = ahead.next(partial(_tell_pages, tell, at))
            yield _settled(item, offer, store, partial(_tell_passages, tell, at), turn)
            ahead.stored()


def _settled(
    item: Item, offer: Offer, store: Store, on_encoded: Callable[[int, int], None], turn: float
) -> Receipt:
    """Do to the database what is left to do for a file, and return its receipt. Its seconds are counted from
    its ``turn``, or from when it was begun if that was later: not while it waited for those before it.
    """
    if isinstance(item, Receipt):
        return item
    if isinstance(item, Unchanged):
        if item.is_text is not None:
            with store.transaction() as writer:
                writer.set_is_text(offer.source, item.is_text)
        return item.receipt
    for done in item.encoded():
        on_encoded(done, len(item.unencoded.texts))
    prepared = item.unencoded.prepared()
    with store.transaction() as writer:
        writer.add_file(offer.source, item.mark, prepared, is_text=offer.is_text)
    status = "added" if item.is_new else "replaced"
    return receipt_for(offer.source, status, prepared, time.perf_counter() - max(item.started, turn))


def _tell_pages(tell: Callable[[Progress], None], at: Progress, done: int, total: int) -> None:
    tell(replace(at, pages_done=done, pages_total=total))


def _tell_passages(tell: Callable[[Progress], None], at: Progress, done: int, total: int) -> None:
    tell(replace(at, passages_done=done, passages_total=total))


def look_after_vanished(
    store: Store, paths: Iterable[str | Path], present: Collection[str], prune: bool
) -> Iterator[Receipt]:
    """Report the files that the folders among ``paths`` no longer have, or remove them. ``present`` are the
    sources that they have.
    """
    folders = [folder for path in paths if (folder := real_path(path)).is_dir()]
    if not folders:
        return
    with store.snapshot() as snapshot:
        absent = [source for source in snapshot.file_sources() if source not in present]
        vanished = [snapshot.file_receipt(source) for source in gone_from(folders, absent, store.base)]
    for receipt in vanished:
        if prune:
            with store.transaction() as writer:
                writer.remove_file(receipt.source)
            yield Receipt(receipt.source, "removed")
        else:
            yield replace(receipt, status="vanished", reason=_VANISHED)
