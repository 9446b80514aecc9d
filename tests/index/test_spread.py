"""Files read and encoded by workers that come and go: the same corpus, whatever becomes of them.

The workers are this process's own, but what passes to and from them is pickled, as it would be on its way to
another machine. ``test_ray_cluster`` has real ones.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pincite.index import spread, waiting_texts
from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.ingestion import Progress
from pincite.index.offers import Offer
from pincite.index.records import Receipt
from pincite.index.spread import DistantWorker, Spread, WorkerLostError
from pincite.index.vectors import Matrix
from pincite.index.worker import Outcome, Pages, Sent, Worker
from tests.fakes import CountingEncoder
from tests.index.contents import contents

FILES = 60


class Workforce:
    """``Workers`` whose members are lost with what a test says: a file's source or a text."""

    def __init__(self, encoder: CountingEncoder, most: int = 3) -> None:
        self.encoder = encoder
        self.most = most
        self.is_lost_with: Callable[[str], bool] = lambda _: False
        self.starts = 0
        self.sent: list[str] = []
        self.at_work: list[Member] = []
        self.is_closed = False
        self.has_room_for = most

    def connect(self) -> Workforce:
        """It is there again."""
        self.is_closed = False
        return self

    def start(self) -> DistantWorker:
        """A worker, or none."""
        self.starts += 1
        if self.is_closed or len(self.at_work) >= self.has_room_for:
            raise WorkerLostError("it ran out of memory")
        worker = Member(self)
        self.at_work.append(worker)
        return worker

    def end(self, worker: DistantWorker) -> None:
        """It leaves."""
        assert isinstance(worker, Member)
        self.at_work.remove(worker)
        worker.worker._reading.close()

    def stop(self) -> None:
        """All are lost."""
        self.is_closed = True

    def close(self) -> None:
        """Nobody is at work any more."""
        assert self.is_closed
        assert self.at_work == []

    def check(self, what: str) -> None:
        """Lose the worker that has ``what``."""
        if self.is_closed or self.is_lost_with(what):
            raise WorkerLostError("its process was killed")


class Member:
    """A worker at the other end of a wire."""

    def __init__(self, workforce: Workforce) -> None:
        self._workforce = workforce
        self.worker = Worker(workforce.encoder)

    def read(self, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        """As ``Worker`` does."""
        for file in sent(files):
            self._workforce.sent.append(file.source)
            self._workforce.check(file.source)
            yield from map(sent, self.worker.read([file]))

    def encode(self, texts: Sequence[str]) -> Matrix:
        """As ``Worker`` does."""
        for text in texts:
            self._workforce.check(text)
        vectors: Matrix = sent(self.worker.encode(sent(texts)))
        vectors.flags.writeable = False
        return vectors


def sent(what: Any) -> Any:
    """What arrives of something that is sent."""
    return pickle.loads(pickle.dumps(what))


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder(max_tokens=10)


@pytest.fixture
def workforce(encoder: CountingEncoder) -> Workforce:
    return Workforce(encoder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Files of two paragraphs, a passage each; every tenth has a paragraph that all of these share."""
    (tmp_path / "docs").mkdir()
    for number in range(FILES):
        second = "The river turns the old wheel." if number % 10 == 0 else f"Wheel {number} turns."
        (tmp_path / "docs" / f"{number:02d}.txt").write_text(
            f"The mill of number {number} grinds wheat.\n\n{second}"
        )
    return tmp_path / "docs"


@pytest.fixture
def corpus(
    tmp_path: Path, encoder: CountingEncoder, workforce: Workforce, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Corpus]:
    """An empty corpus that has ``workforce`` work. It is sound in the end, and nobody is at work any more."""

    with Corpus.open(tmp_path / "c", encoder=encoder) as opened:

        def ahead(offers: Sequence[Offer], ray: str | None) -> Spread:
            return Spread(offers, opened._store, workforce.connect)

        monkeypatch.setattr(opened, "_ahead", ahead)
        yield opened
        assert opened.verify() == []
    assert workforce.at_work == []
    ours = ("pincite-reading", "pincite-worker")
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(ours)]


def timeless(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Receipts without what differs from run to run."""
    return [replace(one, seconds=0) for one in receipts]


def test_the_corpus_and_the_receipts_are_those_of_one_process(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    (docs / "05.txt").write_bytes(b"\x00\x01\x02" * 100)
    (docs / "06.md").write_text("# Rye\n\nThe miller grinds rye.\n\n# 小麦\n\n这座磨坊磨小麦。")
    (docs / "07.txt").unlink()
    (docs / "07.txt").symlink_to(docs / "nowhere.txt")
    (docs / "08.csv").write_text("mill,year\nold,1850\nnew,1950\n")
    there = corpus.add(docs, docs / "07.txt", metadata={"kind": "mill"})
    with Corpus.open(docs.parent / "local", encoder=CountingEncoder(max_tokens=10)) as local:
        here = local.add(docs, docs / "07.txt", metadata={"kind": "mill"})
        assert timeless(there) == timeless(here)
        assert {one.status for one in there} == {"added", "failed"}
        assert all(one.seconds > 0 for one in there if one.status == "added")
        assert contents(corpus.location) == contents(local.location)
        assert corpus.search("old wheel", top_k=9) == local.search("old wheel", top_k=9)


def test_only_what_is_new_is_sent_and_only_new_texts_are_encoded(
    corpus: Corpus, docs: Path, workforce: Workforce, encoder: CountingEncoder
) -> None:
    corpus.add(docs)
    assert len(encoder.encoded) == len(set(encoder.encoded)) == 2 * FILES - FILES // 10 + 1
    workforce.sent.clear()
    encoder.encoded.clear()
    (docs / "11.txt").write_text("The mill of number 11 grinds wheat.\n\nWheel 11 stands still.")
    (docs / "99.txt").write_bytes((docs / "12.txt").read_bytes())
    receipts = corpus.add(docs)
    assert {one.source: one.status for one in receipts if one.status != "unchanged"} == {
        "docs/11.txt": "replaced",
        "docs/99.txt": "added",
    }
    assert workforce.sent == ["docs/11.txt", "docs/99.txt"]
    assert encoder.encoded == ["Wheel 11 stands still."]


def test_where_nothing_is_new_no_worker_is_asked_for(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    corpus.add(docs)
    workforce.starts = 0
    assert {one.status for one in corpus.add(docs)} == {"unchanged"}
    assert workforce.starts == 0


def test_no_more_workers_are_started_than_there_is_work_for(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    workforce.most = 50
    corpus.add(docs / "00.txt")
    assert 1 <= workforce.starts <= 3  # a file, and then its two texts


@pytest.mark.parametrize("what", ["docs/33.txt", "The mill of number 33 grinds wheat."])
@pytest.mark.parametrize("times", [1, 2])
def test_what_a_lost_worker_had_is_done_by_another(
    corpus: Corpus, docs: Path, workforce: Workforce, encoder: CountingEncoder, what: str, times: int
) -> None:
    lost: list[str] = []

    def is_lost_with(thing: str) -> bool:
        if thing == what and len(lost) < times:
            lost.append(thing)
            return True
        return False

    workforce.is_lost_with = is_lost_with
    receipts = corpus.add(docs)
    assert len(lost) == times
    assert [(one.source, one.status, one.passages) for one in receipts] == [
        (f"docs/{number:02d}.txt", "added", 2) for number in range(FILES)
    ]
    assert sorted(set(encoder.encoded)) == sorted(encoder.encoded)


@pytest.mark.parametrize("what", ["docs/33.txt", "The mill of number 33 grinds wheat."])
def test_a_file_with_which_worker_after_worker_is_lost_fails_alone(
    corpus: Corpus, docs: Path, workforce: Workforce, what: str
) -> None:
    workforce.is_lost_with = what.__eq__
    receipts = corpus.add(docs)
    assert [one.source for one in receipts if one.status == "failed"] == ["docs/33.txt"]
    assert "3 workers were lost while they had it" in receipts[33].reason
    assert corpus.stats().files == FILES - 1
    assert 4 <= workforce.starts <= 6
    workforce.is_lost_with = lambda _: False
    assert [one.source for one in corpus.add(docs) if one.status == "added"] == ["docs/33.txt"]


def test_a_file_that_was_replaced_by_one_that_cannot_be_done_stays(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    corpus.add(docs / "00.txt")
    before = corpus.documents()
    (docs / "00.txt").write_text("It is flooded.")
    workforce.is_lost_with = "It is flooded.".__eq__
    assert [one.status for one in corpus.add(docs / "00.txt")] == ["failed"]
    assert corpus.documents() == before


def test_workers_that_are_lost_as_soon_as_they_start_end_it(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    workforce.has_room_for = 0
    with pytest.raises(PinciteError, match="lost as soon as they start: it ran out of memory"):
        corpus.add(docs)
    assert corpus.stats().files == 0


def test_where_only_one_worker_starts_it_does_all_the_work(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    workforce.has_room_for = 1
    assert {one.status for one in corpus.add(docs)} == {"added"}


def test_what_goes_wrong_in_a_worker_is_raised_and_what_was_stored_stays(
    corpus: Corpus, docs: Path, workforce: Workforce
) -> None:
    def fail(what: str) -> bool:
        if "number 40" in what:
            raise MemoryError("no room for it")
        return False

    workforce.is_lost_with = fail
    with pytest.raises(MemoryError, match="no room for it"):
        corpus.add(docs)
    stored = corpus.stats().files
    assert stored <= 40
    workforce.is_lost_with = lambda _: False
    assert [one.status for one in corpus.add(docs)] == ["unchanged"] * stored + ["added"] * (FILES - stored)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_whoever_watches_may_end_it(corpus: Corpus, docs: Path, kind: type[BaseException]) -> None:
    def ending(at: Progress) -> None:
        if at.files_done == 20:
            raise kind

    with pytest.raises(kind):
        corpus.add(docs, progress=ending)
    assert corpus.stats().files == 20


def test_no_more_is_on_its_way_than_there_is_room_for(
    corpus: Corpus, docs: Path, workforce: Workforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "MOST_AHEAD", 4 * 65_536)
    ahead: list[int] = []
    corpus.add(docs, progress=lambda at: ahead.append(len(workforce.sent) - at.files_done))
    assert max(ahead) <= 4 * workforce.most
    assert len(workforce.sent) == FILES


def test_progress_is_told_as_it_is_in_one_process(
    corpus: Corpus, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Worker, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        for file in files:
            yield Pages(1, 7)
            yield from real(self, [file])

    real = Worker.read
    monkeypatch.setattr(Worker, "read", read)
    told: list[Progress] = []
    corpus.add(docs, progress=told.append)
    plain = [one for one in told if not one.passages_total and not one.pages_total]
    assert plain == [
        *(Progress(f"docs/{number:02d}.txt", number, FILES) for number in range(FILES)),
        Progress("", FILES, FILES),
    ]
    pages = [(one.source, one.pages_done, one.pages_total) for one in told if one.pages_total]
    assert pages == [(f"docs/{number:02d}.txt", 1, 7) for number in range(FILES)]
    last = {one.source: (one.passages_done, one.passages_total) for one in told if one.passages_total}
    assert set(last.values()) == {(2, 2)}


def test_a_large_file_is_encoded_by_several_workers(
    corpus: Corpus, docs: Path, workforce: Workforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = threading.Barrier(workforce.most)
    begun: set[Member] = set()

    def encode(self: Member, texts: Sequence[str]) -> Matrix:
        if self not in begun:
            begun.add(self)
            everyone.wait(60)  # it is broken, and raises, unless all have something to do
        return self.worker.encode(texts)

    monkeypatch.setattr(Member, "encode", encode)
    (docs / "large.txt").write_text("\n\n".join(f"Mill {number} of them grinds." for number in range(90)))
    (receipt,) = corpus.add(docs / "large.txt")
    assert receipt.passages == 45
    assert len(begun) == workforce.most


def test_a_text_is_forgotten_once_many_others_have_come(
    corpus: Corpus, docs: Path, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_texts, "_MOST_REMEMBERED", 1)
    assert {one.status for one in corpus.add(docs)} == {"added"}
    assert corpus.stats().passages == 2 * FILES
