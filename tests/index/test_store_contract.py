"""What a corpus promises wherever it is kept, beyond what the other tests of one hold both stores to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import loaded_encoders
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusNotFound, DocumentNotFound, EncoderMismatch, EncoderUnavailable
from pincite.index.ingestion import Progress
from pincite.index.milvus import server
from pincite.index.milvus.store import MilvusStore
from pincite.index.records import DocumentInfo
from tests.conftest import SEEDS
from tests.fakes import DIMENSION, CountingEncoder, FakeEncoder

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

ROW = 65_535
LONG = {
    "english": "The mill grinds flour with the tide. " * 2_000,
    "chinese": "雾岭茶叶合作社成立于2009年,茶园共2140亩。" * 1_500,
    "emoji": "a" + "\N{TEACUP WITHOUT HANDLE}\N{VARIATION SELECTOR-16} " * 10_000,
    "one word": "x" * 100_000,
    "just a row": "é" * (ROW // 2 - 10) + "x" * (ROW - 2 * (ROW // 2 - 10) - len(" needle")),
    "just over a row": "é" * (ROW // 2 + 1),
    "lines": "line\n" * 14_000,
}


class Wide(FakeEncoder):
    """Takes texts of any length, and has vectors of another dimension."""

    def __init__(self, name: str = "wide", dimension: int = DIMENSION + 3) -> None:
        super().__init__(name, max_tokens=1_000_000)
        self._dimension = dimension
        self.identity = type(self.identity)(name, self.identity.weights_sha256, dimension, "float32")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Those of ``FakeEncoder``, with zeros."""
        vectors = super().encode(texts)
        return np.pad(vectors, ((0, 0), (0, self._dimension - DIMENSION)))


@pytest.fixture
def corpus(location: str) -> Iterator[Corpus]:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        yield corpus
        assert corpus.verify() == []


@pytest.fixture
def filled(location: str) -> str:
    """The location of a corpus with one document."""
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("alpha beta", source="a.txt")
    return location


def holdings(corpus: Corpus) -> list[tuple[DocumentInfo, str]]:
    """All that a corpus says of its documents."""
    return [(one, corpus.text(one.document_id)) for one in corpus.documents()]


def test_a_corpus_is_made_only_where_it_may_be(location: str) -> None:
    for _ in range(2):
        with pytest.raises(CorpusNotFound, match=f"no corpus at {location}: make one with `pincite index"):
            Corpus.open(location, create=False, encoder=FakeEncoder())
    with pytest.raises(EncoderUnavailable):
        Corpus.open(location, encoder="./no-model")
    with pytest.raises(CorpusNotFound):
        Corpus.open(location, create=False)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        assert (corpus.documents(), corpus.verify()) == ([], [])
        stats = corpus.stats()
        assert (stats.location, stats.files, stats.passages, stats.generation) == (location, 0, 0, 0)


def test_what_was_added_is_there_after_opening_again(filled: str) -> None:
    with Corpus.open(filled, create=False, encoder=FakeEncoder()) as corpus:
        assert [hit.passage.text for hit in corpus.search("alpha")] == ["alpha beta"]
        assert corpus.stats().generation > 0


def test_another_encoder_or_precision_is_a_mismatch_that_names_both(filled: str) -> None:
    message = r"was built with fake \(64-d, float32, [0-9a-f]{8}\), not other \(64-d, .* `pincite reencode"
    with pytest.raises(EncoderMismatch, match=message):
        Corpus.open(filled, encoder=FakeEncoder("other"))
    with pytest.raises(EncoderMismatch, match="was built in float32, not int8: run `pincite reencode"):
        Corpus.open(filled, precision="int8")


def test_a_closed_corpus_is_used_no_more(filled: str) -> None:
    corpus = Corpus.open(filled, encoder=FakeEncoder())
    uses: list[Callable[[], object]] = [
        lambda: corpus.search("alpha"),
        corpus.documents,
        corpus.stats,
        corpus.verify,
        lambda: corpus.add_text("beta", source="b.txt"),
        lambda: corpus.remove("a.txt"),
        lambda: corpus.reencode(FakeEncoder()),
    ]
    corpus.close()
    corpus.close()
    for use in uses:
        with pytest.raises(ValueError, match="closed"):
            use()


def test_closing_one_corpus_leaves_others_at_the_same_place_open(filled: str) -> None:
    with Corpus.open(filled, encoder=FakeEncoder()) as staying:
        Corpus.open(filled, encoder=FakeEncoder()).close()
        assert len(staying.search("alpha")) == 1


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("encoder", [FakeEncoder(), Wide()], ids=["short passages", "long passages"])
def test_a_text_longer_than_a_row_is_kept_to_the_last_character(
    location: str, text: str, encoder: FakeEncoder
) -> None:
    text += " needle"
    with Corpus.open(location, encoder=encoder) as corpus:
        assert corpus.add_text(text, source="long.txt").status == "added"
        assert corpus.add_text(text, source="long.txt").status == "unchanged"
        (one,) = corpus.documents()
        assert corpus.text(one.document_id) == text
        hits = corpus.search("needle", top_k=5)
        assert "needle" in hits[0].passage.text
        for hit in hits:
            passage = hit.passage
            assert text[passage.start : passage.end] == passage.text
        assert corpus.map(most=10).passages == one.passages
        assert corpus.verify() == []


def mail(text: str, attachments: int) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Tea"
    message.set_content(text)
    for number in range(attachments):
        message.add_attachment(f"Attachment number{number} about jam.", filename=f"{number}.txt")
    return message.as_bytes()


def test_a_file_with_several_documents_counts_as_one(corpus: Corpus) -> None:
    Path("m.eml").write_bytes(mail("The tea is sold out.", attachments=12))
    (receipt,) = corpus.add("m.eml")
    parts = [f"m.eml/{number}.txt" for number in range(12)]
    assert (receipt.status, receipt.documents, receipt.passages) == ("added", 13, 13)
    assert [one.source for one in corpus.documents()] == sorted(["m.eml", *parts])
    assert corpus.text(corpus.find("7.txt")).strip() == "Attachment number7 about jam."
    assert [hit.passage.source for hit in corpus.search("number11", top_k=1)] == ["m.eml/11.txt"]
    assert {hit.passage.source for hit in corpus.search("jam", where={"source": "7.txt"})} == {"m.eml/7.txt"}
    for part in ("7.txt", "m.eml/7.txt"):
        with pytest.raises(DocumentNotFound, match=r"is a part of m\.eml: remove that file to remove it"):
            corpus.remove(part)
    assert corpus.add("m.eml")[0].status == "unchanged"
    Path("m.eml").write_bytes(mail("There is none left.", attachments=0))
    assert corpus.add("m.eml")[0].status == "replaced"
    assert [one.source for one in corpus.documents()] == ["m.eml"]
    assert corpus.remove("m.eml").status == "removed"
    assert corpus.documents() == []


def test_pages_and_places_on_them_are_kept(corpus: Corpus) -> None:
    (receipt,) = corpus.add(SEEDS / "observatory-visit.pdf")
    assert receipt.pages == 3
    (one,) = corpus.documents()
    assert one.pages == 3
    (hit, *_) = corpus.search("How the observatory began")
    assert hit.passage.page == 2
    assert " › p. 2" in hit.passage.address
    with corpus.snapshot() as snapshot:
        stored = snapshot.stored(one.document_id)
        assert stored is not None
        assert len(stored.document.places) == 4 * one.characters


def test_metadata_of_every_kind_comes_back_as_it_was(corpus: Corpus) -> None:
    given: dict[str, Any] = {
        "text": 'It\'s "so" \\ 100%\n\ttab \N{TEACUP WITHOUT HANDLE} 雾',
        "long": "many words " * 10_000,
        "whole": 2**62,
        "part": 0.1,
        "negative": -3,
        "checked": True,
        "": "a field without a name",
        "a.b[0]['c']": "odd",
    }
    corpus.add_text("common", source="a", metadata=given)
    (one,) = corpus.documents()
    assert {field: one.metadata[field] for field in given} == given
    for field, value in given.items():
        assert len(corpus.search("common", where={field: value})) == 1
    assert corpus.search("common", where={"long": given["long"] + "."}) == []


ODD_SOURCES = [
    "/".join(f"part{number}" for number in range(400)),
    "a" * 5_000,
    "C:\\Users\\me\\notes.txt",
    "ends/with/",
    "//double//slashes",
    "quo'te\"s and [brackets] % _ *",
    "new\nline\ttab\r",
    "\N{TEACUP WITHOUT HANDLE}/雾岭",
    "\U00020bb7野/\U00020000.txt",
    "\uffff\U0010ffff/\uffff00ffff",
    "file-0123",
    "corpus",
]


@pytest.mark.parametrize("source", ODD_SOURCES)
def test_a_source_of_any_kind_names_its_document(corpus: Corpus, source: str) -> None:
    corpus.add_text("other", source="other")
    assert corpus.add_text("common alpha", source=source).status == "added"
    assert corpus.add_text("common alpha", source=source).status == "unchanged"
    assert corpus.add_text("common beta", source=source).status == "replaced"
    assert [one.source for one in corpus.documents() if one.source != "other"] == [source]
    assert corpus.text(corpus.find(source)) == "common beta"
    assert [hit.passage.source for hit in corpus.search("common", where={"source": source})] == [source]
    if last := source.split("/")[-1]:
        assert corpus.find(last) == corpus.find(source)
        assert [hit.passage.source for hit in corpus.search("common", where={"source": last})] == [source]
    assert corpus.remove(source).source == source
    assert [one.source for one in corpus.documents()] == ["other"]


def test_very_many_files_are_added_replaced_and_pruned(corpus: Corpus) -> None:
    files = [Path("docs", f"{number:03}.txt") for number in range(140)]
    Path("docs").mkdir()
    for number, file in enumerate(files):
        file.write_text(f"common word{number}")
    assert {receipt.status for receipt in corpus.add("docs")} == {"added"}
    assert {hit.passage.source for hit in corpus.search("common", top_k=1000)} == {str(f) for f in files}
    for file in files[:70]:
        file.write_text("common changed")
    for file in files[130:]:
        file.unlink()
    statuses = [receipt.status for receipt in corpus.add("docs", prune=True)]
    assert [statuses.count(one) for one in ("replaced", "unchanged", "removed")] == [70, 60, 10]
    assert len(corpus.search("common", top_k=1000)) == 130
    assert sum(hit.lexical_score > 0 for hit in corpus.search("changed", top_k=1000)) == 70
    assert [hit.passage.source for hit in corpus.search("word129", top_k=1)] == ["docs/129.txt"]
    stats = corpus.stats()
    assert (stats.files, stats.documents, stats.passages) == (130, 130, 130)


def test_every_change_raises_the_generation_and_no_change_does_not(corpus: Corpus) -> None:
    seen = [corpus.stats().generation]
    corpus.add_text("alpha", source="a")
    seen.append(corpus.stats().generation)
    corpus.add_text("alpha", source="a")
    corpus.add_text(" ", source="b")
    assert corpus.stats().generation == seen[-1]
    corpus.add_text("beta", source="a")
    seen.append(corpus.stats().generation)
    corpus.remove("a")
    seen.append(corpus.stats().generation)
    corpus.reencode(FakeEncoder("other"))
    seen.append(corpus.stats().generation)
    assert seen == sorted(set(seen))


def test_a_field_that_no_document_has_any_more_is_unknown(corpus: Corpus) -> None:
    corpus.add_text("common", source="a", metadata={"kind": "x"})
    corpus.add_text("common", source="b")
    assert len(corpus.search("common", where={"kind": "x"})) == 1
    corpus.remove("a")
    with pytest.raises(ValueError, match="unknown field 'kind' in where; known fields: "):
        corpus.search("common", where={"kind": "x"})


def test_any_number_of_fields_can_be_filtered_by(corpus: Corpus) -> None:
    fields = [f"{'a field of some length ' * 9}{number}" for number in range(480)]
    for start in range(0, len(fields), 120):
        metadata = dict.fromkeys(fields[start : start + 120], start)
        assert corpus.add_text(f"common {start}", source=f"{start}.txt", metadata=metadata).status == "added"
    for number in (0, 200, 479):
        where = {fields[number]: number // 120 * 120}
        assert [hit.passage.source for hit in corpus.search("common", where=where)] == [
            f"{number // 120 * 120}.txt"
        ]
    with pytest.raises(ValueError, match="unknown field 'none' in where; known fields: ") as caught:
        corpus.search("common", where={"none": 1})
    assert all(field in str(caught.value) for field in fields)


def test_an_id_that_is_asked_for_as_a_number_is_nobodys(corpus: Corpus) -> None:
    corpus.add_text("common", source="a")
    for condition in (5, [5, 1.5], {"lt": 0}):
        assert corpus.search("common", where={"document_id": condition}) == []


def test_a_reencoding_changes_the_vectors_and_nothing_else(location: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("Group 1 - one two three [2] - four five six [3]\nT\nPub·2025-08-14", source="g.txt")
        corpus.add_text("雾岭茶叶 tea", source="tea.txt", metadata={"year": 2025})
        before = holdings(corpus)
        receipt = corpus.add_text("雾岭茶叶 tea", source="tea.txt", metadata={"year": 2025})
        assert receipt.status == "unchanged"
        new = Wide()
        corpus.reencode(new)
        assert holdings(corpus) == before
        assert corpus.stats().encoder == new.identity == corpus.encoder.identity
        assert [hit.passage.references for hit in corpus.search("five", top_k=1)] == [("2", "3")]
        assert [hit.passage.source for hit in corpus.search("茶叶", where={"year": 2025})] == ["tea.txt"]
        assert corpus.verify() == []
        assert corpus.add_text("beta", source="b.txt").status == "added"
        assert corpus.remove("tea.txt").status == "removed"
    with pytest.raises(EncoderMismatch):
        Corpus.open(location, encoder=FakeEncoder())
    with Corpus.open(location, encoder=new) as corpus:
        assert [one.source for one in corpus.documents()] == ["b.txt", "g.txt"]


class BreaksOff(Wide):
    """Encodes so many times, then fails."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._left -= 1
        if self._left < 0:
            raise MemoryError
        return super().encode(texts)


class CountingWide(Wide):
    """Keeps what it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return super().encode(texts)


@pytest.mark.parametrize("times", [0, 1, 5, 8])
def test_a_reencoding_that_broke_off_goes_on_where_it_stopped(
    location: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MilvusStore, "files_at_once", 1)
    texts = {f"{number}.txt": f"common word{number}" for number in range(9)}
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for source, text in texts.items():
            corpus.add_text(text, source=source)
        before = corpus.search("common word3")
        for left in (times, 0):
            with pytest.raises(MemoryError):
                corpus.reencode(BreaksOff(left))
            assert corpus.search("common word3") == before
            assert corpus.verify() == []
        assert corpus.add_text("common and new", source="more.txt").status == "added"
        rest = CountingWide()
        corpus.reencode(rest)
        assert len(rest.encoded) == len(texts) - times + 1
        assert corpus.stats().passages == len(texts) + 1
        assert corpus.verify() == []
        assert [hit.passage.source for hit in corpus.search("word3", top_k=1)] == ["3.txt"]


def test_what_was_removed_while_a_reencoding_was_broken_off_does_not_come_back(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MilvusStore, "files_at_once", 1)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for number in range(4):
            corpus.add_text(f"common word{number}", source=f"{number}.txt")
        with pytest.raises(MemoryError):
            corpus.reencode(BreaksOff(3))
        for number in range(4):
            corpus.remove(f"{number}.txt")
        corpus.add_text("common and left", source="left.txt")
        corpus.reencode(Wide())
        assert [one.source for one in corpus.documents()] == ["left.txt"]
        assert [hit.passage.source for hit in corpus.search("common", top_k=9)] == ["left.txt"]
        assert corpus.verify() == []


def test_a_corpus_that_was_reencoded_elsewhere_is_read_with_the_new_encoder(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded_encoders, "load_encoder", lambda name, **_: FakeEncoder(name))
    with Corpus.open(filled, encoder=FakeEncoder()) as stale, Corpus.open(filled) as other:
        assert stale.search("alpha")[0].dense_score is not None
        other.reencode("other")
        assert stale.encoder.identity.name == "other"
        assert stale.search("alpha")[0].dense_score is not None
        stale.add_text("gamma", source="b.txt")
        assert stale.verify() == []


def test_a_copy_holds_the_same_and_encodes_nothing(location: str, other_location: str) -> None:
    encoder = CountingEncoder()
    with Corpus.open(location, encoder=encoder) as corpus:
        corpus.add(SEEDS)
        corpus.add_text("in hand", source="hand.txt", metadata={"year": 2025, "date": "2025-08"})
        encoded = len(encoder.encoded)
        receipts = corpus.copy(other_location)
        assert {receipt.status for receipt in receipts} == {"added"}
        assert {receipt.status for receipt in corpus.copy(other_location)} == {"unchanged"}
        assert len(encoder.encoded) == encoded
        with Corpus.open(other_location, create=False, encoder=encoder) as copy:
            assert holdings(copy) == holdings(corpus)
            assert copy.verify() == []
            assert {receipt.status for receipt in copy.add(SEEDS)} == {"unchanged"}
            for query in ("observatory visit", "合作社是什么时候成立的"):
                ours, theirs = corpus.search(query, top_k=1), copy.search(query, top_k=1)
                assert [hit.passage for hit in ours] == [hit.passage for hit in theirs]
            assert corpus.stats().files == copy.stats().files
            copy.add_text("elsewhere", source="other.txt")
            statuses = {receipt.source: receipt.status for receipt in copy.copy(location)}
            assert [source for source in statuses if statuses[source] != "unchanged"] == ["other.txt"]
        assert "other.txt" in {one.source for one in corpus.documents()}


def test_what_changes_while_it_is_copied_is_copied_whole(location: str, other_location: str) -> None:
    sources = [f"{number}.txt" for number in range(20)]
    Path("docs").mkdir()
    for source in sources:
        Path("docs", source).write_text(f"common before {source}")
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add("docs")

        def change_all(progress: Progress) -> None:
            if progress.files_done == 0 and progress.source:
                for source in sources[1:]:
                    Path("docs", source).write_text(f"common after {source}")
                Path("docs", sources[0]).unlink()
                corpus.add("docs", prune=True)

        corpus.copy(other_location, progress=change_all)
        with Corpus.open(other_location, create=False, encoder=FakeEncoder()) as copy:
            texts = {one.source: text.split() for one, text in holdings(copy)}
            assert all(words[1] in ("before", "after") for words in texts.values())
            assert {f"docs/{source}" for source in sources[1:]} <= texts.keys()
            assert copy.verify() == []


def test_a_server_has_to_catch_up_no_more_often_for_many_files_than_for_one_and_not_to_answer(
    milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    level = server._level

    def note(newest: bool) -> dict[str, str]:
        waits.append(newest)
        return level(newest)

    monkeypatch.setattr(server, "_level", note)
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    counts = []
    with Corpus.open(milvus.location(), encoder=FakeEncoder()) as corpus:
        for files in (range(1), range(1, 150)):
            for number in files:
                Path("docs", f"{number}.txt").write_text(f"common word{number}")
            waits.clear()
            corpus.add("docs")
            counts.append(sum(waits))
        waits.clear()
        (hit,) = corpus.search("word7", top_k=1, where={"source": "7.txt"})
        assert corpus.text(hit.passage.document_id) == "common word7"
        assert len(corpus.documents()) == corpus.stats().files == 150
    assert counts[0] == counts[1] > 0
    assert waits
    assert not any(waits)


def test_what_a_server_has_no_room_for_fails_alone(milvus: MilvusServer, tmp_path: Path) -> None:
    long = f"{'deep/' * 14_000}a.txt"
    location = milvus.location()
    with Corpus.open(tmp_path / "folder", encoder=FakeEncoder()) as folder:
        for source in ("first.txt", long, "last.txt"):
            assert folder.add_text("common ground", source=source).status == "added"
        receipts = folder.copy(location)
    assert [one.status for one in receipts] == ["added", "failed", "added"]
    reason = r"its source and notes take 70,\d\d\d bytes: a server has room for 65,535"
    assert re.fullmatch(reason, receipts[1].reason)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        refused = corpus.add_text("common ground", source=long)
        assert refused.status == "failed"
        assert re.fullmatch(reason, refused.reason)
        assert [one.source for one in corpus.documents()] == ["first.txt", "last.txt"]
        assert corpus.verify() == []
