"""Stores what is offered to a corpus, and looks after files that are gone."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pincite.index.errors import UnsupportedDocument
from pincite.index.ingestion import Progress, receipt_for
from pincite.index.location import real_path
from pincite.index.offers import Ahead, Item, Offer, Unchanged, Wanted, failed
from pincite.index.records import Prepared, Receipt
from pincite.index.sources import gone_from
from pincite.index.store import Store

PASSAGES_AT_ONCE = 512
"""So many are stored at the latest, where a store takes several files at once."""

_VANISHED = "its file is gone; --prune removes it (prune=True)"


def stored(
    offers: Sequence[Offer], store: Store, reading: Ahead, tell: Callable[[Progress], None]
) -> Iterator[Receipt]:
    """Store what is offered, and yield each file's receipt once it is safe; the next ones are read and
    encoded meanwhile, by ``reading``.
    """
    with reading as ahead:
        waiting: list[_Encoded | Receipt] = []
        for number, offer in enumerate(offers):
            at, turn = Progress(offer.source, number, len(offers)), time.perf_counter()
            tell(at)
            item = ahead.next(partial(_tell_pages, tell, at))
            waiting.append(_encoded(item, offer, store, partial(_tell_passages, tell, at), turn))
            if len(waiting) >= store.files_at_once or _passages(waiting) >= PASSAGES_AT_ONCE:
                yield from _settled(waiting, store)
                waiting = []
            ahead.stored()
        yield from _settled(waiting, store)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A file that is ready to be stored. ``began`` is when it was begun or, if that was later, its turn: the
    seconds in a receipt do not count those in which it waited for the files before it.
    """

    offer: Offer
    wanted: Wanted
    prepared: list[Prepared]
    began: float


def _encoded(
    item: Item, offer: Offer, store: Store, on_encoded: Callable[[int, int], None], turn: float
) -> _Encoded | Receipt:
    """Return the file once it is encoded, or the receipt of one that is not to be stored."""
    if isinstance(item, Receipt):
        return item
    if isinstance(item, Unchanged):
        if item.is_text is not None:
            with store.transaction() as writer:
                writer.set_is_text(offer.source, item.is_text)
        return item.receipt
    began = max(item.started, turn)
    try:
        for done in item.encoded():
            on_encoded(done, len(item.unencoded.texts))
    except UnsupportedDocument as error:
        return failed(offer.source, error, began)
    return _Encoded(offer, item.wanted, item.unencoded.prepared(), began)


def _passages(waiting: Iterable[_Encoded | Receipt]) -> int:
    files = (one.prepared for one in waiting if isinstance(one, _Encoded))
    return sum(len(document.drafts) for prepared in files for document in prepared)


def _settled(waiting: Sequence[_Encoded | Receipt], store: Store) -> list[Receipt]:
    """Store the files that wait for it in one transaction, and return all receipts."""
    files = [one for one in waiting if isinstance(one, _Encoded)]
    refused: dict[str, Receipt] = {}
    if files:
        with store.transaction() as writer:
            for one in files:
                offer = one.offer
                try:
                    writer.add_file(offer.source, one.wanted.mark, one.prepared, is_text=offer.is_text)
                except UnsupportedDocument as error:
                    refused[offer.source] = failed(offer.source, error, one.began)
    return [
        one if isinstance(one, Receipt) else refused.get(one.offer.source) or _receipt(one) for one in waiting
    ]


def _receipt(one: _Encoded) -> Receipt:
    status = "added" if one.wanted.is_new else "replaced"
    return receipt_for(one.offer.source, status, one.prepared, time.perf_counter() - one.began)


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
