"""Adding, replacing and removing: what receipts say, and what the corpus then holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import DocumentNotFound
from pincite.index.filters import Scalar
from pincite.index.formats import markdown
from pincite.index.ingestion import Progress
from pincite.index.records import GONE, Receipt
from tests.fakes import FakeEncoder

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder's ``docs``, with three files."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "a.txt": "alpha text",
        "b.md": "# Beta\n\nbeta text",
        "sub/c.txt": "gamma text",
    }.items():
        file = tmp_path / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "docs"


@pytest.fixture
def corpus(docs: Path, location: str) -> Iterator[Corpus]:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        yield corpus
        assert corpus.verify() == []


@pytest.fixture
def folder_corpus(docs: Path) -> Iterator[Corpus]:
    """A corpus in a folder, for what only that has: files of its own, and transactions to read in."""
    with Corpus.open(docs.parent / ".pincite", encoder=FakeEncoder()) as corpus:
        yield corpus
        assert corpus.verify() == []


def statuses(receipts: list[Receipt]) -> dict[str, str]:
    return {receipt.source: receipt.status for receipt in receipts}


def reasons(receipts: list[Receipt]) -> dict[str, str]:
    return {receipt.source: receipt.reason for receipt in receipts if receipt.status == "failed"}


def found(corpus: Corpus, query: str) -> set[str]:
    """The sources of the passages that hold a word of the query."""
    return {hit.passage.source for hit in corpus.search(query) if hit.lexical_score}


def test_a_receipt_tells_what_became_of_each_file(corpus: Corpus, docs: Path) -> None:
    assert statuses(corpus.add("docs")) == {f"docs/{n}": "added" for n in ("a.txt", "b.md", "sub/c.txt")}
    assert set(statuses(corpus.add("docs")).values()) == {"unchanged"}
    (docs / "a.txt").write_text("delta text")
    assert statuses(corpus.add(docs)) == {
        "docs/a.txt": "replaced",
        "docs/b.md": "unchanged",
        "docs/sub/c.txt": "unchanged",
    }
    assert found(corpus, "alpha") == set()
    assert found(corpus, "delta") == {"docs/a.txt"}
    removed = corpus.remove("a.txt")
    assert (removed.source, removed.status) == ("docs/a.txt", "removed")
    assert found(corpus, "text") == {"docs/b.md", "docs/sub/c.txt"}


def test_a_receipt_counts_what_the_corpus_now_holds(corpus: Corpus) -> None:
    (receipt,) = corpus.add(SEEDS / "open-source-ai-race.txt")
    assert replace(receipt, seconds=0) == Receipt(
        str(SEEDS / "open-source-ai-race.txt"),
        "added",
        "",
        documents=1,
        characters=2155,
        groups=4,
        passages=7,
    )
    (again,) = corpus.add(SEEDS / "open-source-ai-race.txt")
    assert replace(again, seconds=0) == replace(receipt, status="unchanged", seconds=0)
    (pdf,) = corpus.add(SEEDS / "observatory-visit.pdf")
    assert (pdf.documents, pdf.pages, pdf.groups, pdf.characters) == (1, 3, 9, 3633)
    assert pdf.seconds > 0


def test_what_the_corpus_holds_can_be_listed_read_and_counted(corpus: Corpus) -> None:
    corpus.add("docs", metadata={"author": "Wu", "date": date(2025, 8, 14), "year": 2025})
    first, second, _ = corpus.documents()
    assert corpus.document(second.document_id) == second
    assert (first.source, first.title, first.characters, first.groups, first.passages) == (
        "docs/a.txt",
        "",
        10,
        1,
        1,
    )
    assert first.metadata == {"language": "other", "author": "Wu", "date": "2025-08-14", "year": 2025}
    assert (second.source, second.title) == ("docs/b.md", "Beta")
    assert corpus.text(second.document_id) == "# Beta\n\nbeta text"
    assert corpus.find("b.md") == corpus.find(second.document_id) == second.document_id
    stats = corpus.stats()
    assert (stats.files, stats.documents, stats.groups, stats.passages, stats.characters) == (3, 3, 3, 3, 37)
    assert stats.encoder == FakeEncoder().identity


def test_the_bytes_of_a_corpus_are_those_of_its_folder(folder_corpus: Corpus) -> None:
    folder_corpus.add("docs")
    database = folder_corpus.location / "corpus.sqlite3"
    assert folder_corpus.stats().bytes >= database.stat().st_size


def test_a_bad_file_never_raises_and_loses_nothing(corpus: Corpus, docs: Path) -> None:
    corpus.add("docs")
    (docs / "a.txt").write_bytes(b"\x00\x01\x02" * 50)
    (docs / "b.md").write_bytes(b"")
    (docs / "d.pdf").write_bytes(b"%PDF-1.4 garbage")
    receipts = corpus.add("docs", "missing/x.txt", "*.xyz")
    assert {source: reason.split(":")[0] for source, reason in reasons(receipts).items()} == {
        "docs/a.txt": "it holds binary data, not text, whatever its name says",
        "docs/b.md": "the file is empty",
        "docs/d.pdf": "not a readable PDF",
        "missing/x.txt": "no such file or folder",
        "*.xyz": "no file matches this pattern",
    }
    assert found(corpus, "alpha beta gamma") == {"docs/a.txt", "docs/b.md", "docs/sub/c.txt"}


def test_a_file_that_cannot_be_opened_says_why(
    corpus: Corpus, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert set(reasons(corpus.add("docs")).values()) == {"Permission denied"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("odd"), "its reader failed: ValueError: odd"),
        (KeyError("k"), "its reader failed: KeyError: 'k'"),
        (RecursionError("deep"), "its parts are nested too deeply to be read"),
        (MemoryError(), "reading it takes more memory than a reader may use: split it"),
    ],
)
def test_what_a_reader_raises_fails_its_file_only(
    corpus: Corpus, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise error

    monkeypatch.setattr(markdown, "markdown_sections", explode)
    receipts = corpus.add("docs")
    assert reasons(receipts) == {"docs/b.md": reason}
    assert found(corpus, "text") == {"docs/a.txt", "docs/sub/c.txt"}


UNSTORABLE: list[dict[str, object]] = [
    {"source": "x"},
    {"document_id": "x"},
    {"x": None},
    {"x": [1]},
    {"x": 2**70},
    {"x": float("inf")},
    {"x": "\ud800"},
]


@pytest.mark.parametrize("metadata", UNSTORABLE)
def test_metadata_that_cannot_be_stored_raises_before_anything_is_written(
    corpus: Corpus, metadata: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="metadata"):
        corpus.add("docs", "missing", metadata=metadata)
    with pytest.raises(ValueError, match="metadata"):
        corpus.add_text("text", source="s", metadata=metadata)
    assert corpus.documents() == []
    assert corpus.stats().generation == 0


def test_a_change_of_metadata_alone_replaces_the_document(corpus: Corpus) -> None:
    given: list[dict[str, Scalar]] = [{"n": 1}, {"n": 1}, {"n": "1"}, {}, {}]
    became = [corpus.add("docs/a.txt", metadata=metadata)[0].status for metadata in given]
    assert became == ["added", "unchanged", "replaced", "replaced", "unchanged"]
    assert corpus.add("docs/a.txt", metadata={"title": 2024})[0].status == "replaced"
    assert corpus.documents()[0].title == "2024"


def test_a_snapshot_shows_one_generation_whatever_is_written_meanwhile(
    folder_corpus: Corpus, docs: Path
) -> None:
    corpus = folder_corpus
    corpus.add(docs)
    with corpus.snapshot() as snapshot:
        before, generation = snapshot.documents(), snapshot.generation
        corpus.add_text("Delta text", source="d.txt")
        corpus.remove("b.md")
        assert (snapshot.documents(), snapshot.generation) == (before, generation)
        assert snapshot.documents_of_length(len("alpha text")) == [
            corpus.find("a.txt"),
            corpus.find("sub/c.txt"),
        ]
    with corpus.snapshot() as snapshot:
        assert snapshot.generation > generation
        assert len(snapshot.documents_of_length(len("alpha text"))) == 3


def test_the_same_content_under_two_names_is_two_documents(corpus: Corpus, docs: Path) -> None:
    (docs / "copy.txt").write_text("alpha text")
    corpus.add("docs")
    assert found(corpus, "alpha") == {"docs/a.txt", "docs/copy.txt"}
    assert corpus.find("docs/a.txt") != corpus.find("docs/copy.txt")
    corpus.remove("copy.txt")
    assert found(corpus, "alpha") == {"docs/a.txt"}


def test_prune_removes_what_is_gone_from_the_folder_and_nothing_else(corpus: Corpus, docs: Path) -> None:
    other = docs.parent / "other.txt"
    other.write_text("outside")
    corpus.add("docs", other)
    (docs / "a.txt").unlink()
    other.unlink()
    assert statuses(corpus.add("docs", include=["*.md"], prune=True)) == {
        "docs/b.md": "unchanged",
        "docs/a.txt": "removed",
    }
    assert [one.source for one in corpus.documents()] == ["docs/b.md", "docs/sub/c.txt", "other.txt"]
    assert statuses(corpus.add(".", prune=True))["other.txt"] == "removed"
    (docs / "sub" / "c.txt").unlink()
    assert statuses(corpus.add(docs.parent.parent, exclude=["*"], prune=True))["docs/sub/c.txt"] == "removed"
    assert statuses(corpus.add("nowhere", prune=True)) == {"nowhere": "failed"}
    assert [one.source for one in corpus.documents()] == ["docs/b.md"]


def test_a_file_that_is_gone_has_vanished_and_stays_until_it_is_pruned(corpus: Corpus, docs: Path) -> None:
    before = {receipt.source: receipt for receipt in corpus.add("docs")}
    generation = corpus.stats().generation
    (docs / "a.txt").unlink()
    (docs / "sub" / "c.txt").unlink()
    for _ in range(2):
        *_, first, second = corpus.add("docs", include=["*.md"])
        assert [replace(one, seconds=0) for one in (first, second)] == [
            replace(before[source], status="vanished", reason=GONE, seconds=0)
            for source in ("docs/a.txt", "docs/sub/c.txt")
        ]
    assert first.passages == first.documents == 1
    assert corpus.stats().generation == generation
    assert found(corpus, "alpha") == {"docs/a.txt"}
    (docs / "a.txt").write_text("alpha text")
    assert statuses(corpus.add("docs"))["docs/a.txt"] == "unchanged"
    assert statuses(corpus.add("docs/sub", prune=True))["docs/sub/c.txt"] == "removed"
    assert set(statuses(corpus.add("docs")).values()) == {"unchanged"}


def test_only_what_is_gone_from_a_given_folder_has_vanished(corpus: Corpus, docs: Path) -> None:
    odd = docs / os.fsdecode(b"caf\xe9.txt")
    odd.write_text("epsilon")
    corpus.add("docs")
    (docs / "a.txt").unlink()
    assert statuses(corpus.add("docs/b.md", "docs/*.md")) == {"docs/b.md": "unchanged"}
    assert statuses(corpus.add("docs/sub")) == {"docs/sub/c.txt": "unchanged"}
    assert statuses(corpus.add("docs", "docs/a.txt", include=["*.md"], prune=True)) == {
        "docs/b.md": "unchanged",
        "docs/a.txt": "failed",
    }
    assert statuses(corpus.add("docs", include=["*.md"], prune=True)) == {
        "docs/b.md": "unchanged",
        "docs/a.txt": "removed",
    }
    odd.unlink()
    assert statuses(corpus.add("docs"))["docs/caf\\udce9.txt"] == "vanished"


def test_text_in_hand_neither_vanishes_nor_is_pruned(corpus: Corpus, docs: Path) -> None:
    corpus.add_text("in hand", source="docs/hand.txt")
    for prune in (False, True):
        assert "docs/hand.txt" not in statuses(corpus.add("docs", prune=prune))
    assert found(corpus, "hand") == {"docs/hand.txt"}
    # What was stored last under a name says what it is, also where its text stays the same.
    (docs / "hand.txt").write_text("in hand")
    assert statuses(corpus.add("docs"))["docs/hand.txt"] == "unchanged"
    (docs / "hand.txt").unlink()
    assert statuses(corpus.add("docs"))["docs/hand.txt"] == "vanished"
    assert corpus.add_text("in hand", source="docs/hand.txt").status == "unchanged"
    assert "docs/hand.txt" not in statuses(corpus.add("docs", prune=True))
    (docs / "a.txt").unlink()
    assert corpus.add_text("another alpha", source="docs/a.txt").status == "replaced"
    assert "docs/a.txt" not in statuses(corpus.add("docs", prune=True))


def test_prune_spares_what_a_folder_that_cannot_be_read_may_hold(
    corpus: Corpus, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.add("docs")

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(Path, "lstat", refuse)
    assert reasons(corpus.add("docs", prune=True)) == {"docs": "Permission denied"}
    assert len(corpus.documents()) == 3


def test_the_corpus_folder_itself_is_never_indexed(folder_corpus: Corpus, docs: Path) -> None:
    corpus = folder_corpus
    (corpus.location / "stray.txt").write_text("stray")
    assert reasons(corpus.add(corpus.location)) == {".pincite": "no file in it that pincite can read"}
    assert set(statuses(corpus.add(docs.parent, include=["*"]))) == {
        "docs/a.txt",
        "docs/b.md",
        "docs/sub/c.txt",
    }


def test_a_link_and_its_target_are_one_file(corpus: Corpus, docs: Path) -> None:
    (docs / "z.txt").symlink_to("a.txt")
    assert statuses(corpus.add("docs/z.txt", "docs/a.txt", "./docs/../docs/a.txt")) == {"docs/a.txt": "added"}


def test_a_name_that_fits_none_or_several_is_not_found(corpus: Corpus, docs: Path) -> None:
    (docs / "sub" / "a.txt").write_text("another")
    corpus.add("docs")
    for act in (corpus.remove, corpus.find):
        with pytest.raises(DocumentNotFound, match=r"no document named '\.txt' in"):
            act(".txt")
        with pytest.raises(DocumentNotFound, match=r"a.txt fits 2 .* docs/a.txt, docs/sub/a.txt"):
            act("a.txt")
    assert corpus.remove("sub/a.txt").source == "docs/sub/a.txt"
    with pytest.raises(DocumentNotFound, match="no document 123 in"):
        corpus.text("123")


def test_progress_is_told_from_the_first_file_to_the_last(corpus: Corpus) -> None:
    told: list[Progress] = []
    corpus.add("docs", progress=told.append)
    assert [(p.source, p.files_done, p.passages_done, p.passages_total) for p in told] == [
        ("docs/a.txt", 0, 0, 0),
        ("docs/a.txt", 0, 1, 1),
        ("docs/b.md", 1, 0, 0),
        ("docs/b.md", 1, 1, 1),
        ("docs/sub/c.txt", 2, 0, 0),
        ("docs/sub/c.txt", 2, 1, 1),
        ("", 3, 0, 0),
    ]
    assert {p.files_total for p in told} == {3}


def test_searching_for_nothing_is_a_value_error(corpus: Corpus) -> None:
    for query, top_k, message in (
        (" \n", 5, "the query is empty"),
        ("x", 0, "top_k must be at least 1, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            corpus.search(query, top_k=top_k)
    assert corpus.search("anything") == []


def test_the_message_itself_is_addressed_as_such(corpus: Corpus, docs: Path) -> None:
    (docs / "m.eml").write_bytes(b"Subject: Tea\n\nThe tea is sold out.\n")
    corpus.add(docs / "m.eml")
    (hit, *_) = corpus.search("is the tea sold out")
    assert hit.passage.address == "m.eml › message"
