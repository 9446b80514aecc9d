"""Reading, encoding and storing side by side: in order, within bounds, and over when one of them fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import offers, read_ahead
from pincite.index.corpus import Corpus
from pincite.index.document import Document, Metadata
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import text_document, with_text
from pincite.index.ingestion import Progress, Unencoded, fingerprint, split_and_pack
from pincite.index.offers import Offer
from pincite.index.read_ahead import ReadAhead
from tests.fakes import CountingEncoder

FILES = 150


class BatchingEncoder(CountingEncoder):
    """Keeps the sizes of what it encodes at once, and may fail or wait at a text."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.fails_at = ""
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As ``CountingEncoder`` does."""
        assert self.may_go_on.wait(60)
        if self.fails_at and any(self.fails_at in text for text in texts):
            raise MemoryError("no room for it")
        self.batches.append(len(texts))
        return super().encode(texts)


@pytest.fixture
def encoder() -> BatchingEncoder:
    return BatchingEncoder()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A hundred and fifty files of a sentence each."""
    (tmp_path / "docs").mkdir()
    for number in range(FILES):
        (tmp_path / "docs" / f"{number:03d}.txt").write_text(f"Mill {number} grinds wheat.")
    return tmp_path / "docs"


@pytest.fixture
def corpus(tmp_path: Path, encoder: BatchingEncoder) -> Iterator[Corpus]:
    """An empty corpus, which is sound in the end, and leaves no thread behind."""
    with Corpus.open(tmp_path / "c", encoder=encoder) as corpus:
        yield corpus
        assert corpus.verify() == []
    assert not [
        one.name for one in threading.enumerate() if one.name in ("pincite-reading", "pincite-encoding")
    ]


def test_many_small_files_are_encoded_together_and_stored_in_order(
    corpus: Corpus, docs: Path, encoder: BatchingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []

    def counted(*arguments: Any) -> Unencoded:
        read.append(arguments)
        if len(read) == FILES:
            encoder.may_go_on.set()
        return split_and_pack(*arguments)

    monkeypatch.setattr(read_ahead, "split_and_pack", counted)
    encoder.may_go_on.clear()
    told: list[Progress] = []
    receipts = corpus.add(docs, progress=told.append)
    names = [f"docs/{number:03d}.txt" for number in range(FILES)]
    assert [(one.source, one.status, one.passages) for one in receipts] == [
        (name, "added", 1) for name in names
    ]
    assert sorted(encoder.encoded) == sorted(f"Mill {number} grinds wheat." for number in range(FILES))
    assert len(encoder.batches) <= 2 + FILES / 32
    assert [one.source for one in told if not one.passages_done] == [*names, ""]
    assert [one.files_done for one in told if one.passages_done] == list(range(FILES))


def test_files_that_say_the_same_are_encoded_once_though_neither_is_stored_yet(
    corpus: Corpus, docs: Path, encoder: BatchingEncoder
) -> None:
    for number in range(FILES):
        (docs / f"{number:03d}.txt").write_text(f"Mill {number % 3} grinds wheat.")
    assert {one.status for one in corpus.add(docs)} == {"added"}
    assert len(encoder.encoded) == 3
    assert corpus.stats().passages == FILES


def test_no_more_is_read_ahead_than_there_is_room_for(
    corpus: Corpus, docs: Path, encoder: BatchingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    ahead: list[int] = []

    def noted(content: bytes, metadata: Metadata) -> str:
        read.append(content.decode())
        return fingerprint(content, metadata)

    monkeypatch.setattr(offers, "fingerprint", noted)
    monkeypatch.setattr(read_ahead, "MOST_AHEAD", 10 * len("Mill 100 grinds wheat."))
    corpus.add(docs, progress=lambda at: ahead.append(len(read) - at.files_done))
    assert max(ahead) <= 12
    assert len(read) == FILES


def test_when_the_encoder_fails_what_was_stored_stays_and_the_rest_can_be_added_again(
    corpus: Corpus, docs: Path, encoder: BatchingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "ENCODED_AT_ONCE", 4)
    encoder.fails_at = "Mill 100 "
    with pytest.raises(MemoryError, match="no room for it"):
        corpus.add(docs)
    stored = corpus.stats().files
    assert 90 <= stored <= 100
    encoder.fails_at = ""
    statuses = [one.status for one in corpus.add(docs)]
    assert statuses == ["unchanged"] * stored + ["added"] * (FILES - stored)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_whoever_watches_may_end_it(corpus: Corpus, docs: Path, kind: type[BaseException]) -> None:
    def ending(at: Progress) -> None:
        if at.files_done == 20:
            raise kind

    with pytest.raises(kind):
        corpus.add(docs, progress=ending)
    assert corpus.stats().files == 20


def test_what_cannot_be_read_fails_in_its_place(corpus: Corpus, docs: Path) -> None:
    (docs / "020.txt").write_bytes(b"\x00\x01\x02" * 100)
    statuses = [one.status for one in corpus.add(docs)]
    assert statuses == ["added"] * 20 + ["failed"] + ["added"] * (FILES - 21)


def test_a_file_that_is_being_read_is_interrupted_until_it_is_not(
    corpus: Corpus, encoder: BatchingEncoder
) -> None:
    begun, given_up = threading.Event(), threading.Event()
    interrupts: list[int] = []

    def read(_content: bytes, _on_page: object) -> Sequence[Document]:
        begun.set()
        assert given_up.wait(60)
        raise UnsupportedDocument("broken off")

    def interrupt() -> None:
        interrupts.append(len(interrupts))
        if len(interrupts) == 2:  # the first came too early
            given_up.set()

    offer = Offer("a.pdf", lambda: b"", read, {})
    with ReadAhead([offer], corpus._store, lambda: encoder, interrupt):
        assert begun.wait(60)
    assert len(interrupts) >= 2


def test_a_large_file_is_not_split_to_its_end_when_nobody_wants_it(
    corpus: Corpus, encoder: BatchingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, is_over = threading.Event(), threading.Event()
    counted: list[int] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        counted.append(len(texts))
        begun.set()
        assert is_over.wait(60)
        return [1] * len(texts)

    monkeypatch.setattr(encoder, "count_tokens", count_tokens)
    document = with_text(text_document("\n\n".join(["The mill grinds wheat."] * 50), is_markdown=False))
    offer = Offer("a.txt", lambda: b"", lambda *_: [document], {})
    with ReadAhead([offer], corpus._store, lambda: encoder, is_over.set):
        assert begun.wait(60)
    assert len(counted) == 1


def test_the_seconds_of_a_file_are_not_those_that_it_waited_for_others(corpus: Corpus, docs: Path) -> None:
    started = time.perf_counter()
    receipts = corpus.add(docs)
    assert 0 < sum(one.seconds for one in receipts) <= time.perf_counter() - started
