"""Files that are dropped on the page: where they are kept, and under which name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from numpy.typing import NDArray

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from pincite.index.ingestion import Progress
from pincite.index.locking import writing
from pincite.index.records import DocumentInfo, Receipt
from pincite.ui import uploads
from pincite.ui.uploads import Taking, documents_table, keep, receipts_table, safe_name, take_all_in, take_in
from pincite.ui.words import CHINESE, ENGLISH, Words
from tests.fakes import FakeEncoder
from tests.ui.rendered import HOSTILE, OUR_ATTRIBUTES, OUR_TAGS, Rendered

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer


@given(st.text(max_size=300))
def test_a_safe_name_is_one_short_file_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert Path(safe).name == safe
    assert safe not in {".", ".."}
    assert not safe.startswith(".")
    assert len(safe) <= 100
    assert safe.isprintable()
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.pdf", "plan.pdf"),
        (".bashrc", "bashrc"),
        ("a\x00b\nc\u202e.txt", "abc.txt"),
        ('<b>"x"?.md', "_b__x__.md"),
        ("CON.txt", "document-CON.txt"),
        ("..", "document"),
        ("茶叶.txt", "茶叶.txt"),
        ("n" * 300 + ".txt", "n" * 80 + ".txt"),
    ],
)
def test_a_name_loses_what_is_not_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_same_content_is_kept_once_and_other_content_gets_a_number(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    upload = tmp_path / "notes.txt"
    upload.write_text("one")
    assert keep(upload, folder) == (folder / "notes.txt", True)
    assert keep(upload, folder) == (folder / "notes.txt", False)
    upload.write_text("two")
    assert keep(upload, folder) == (folder / "notes-2.txt", True)
    upload.write_text("three")
    assert keep(upload, folder) == (folder / "notes-3.txt", True)
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "notes.txt": "one",
        "notes-2.txt": "two",
        "notes-3.txt": "three",
    }


def test_nothing_is_kept_outside_of_the_corpus(tmp_path: Path) -> None:
    outside, corpus = tmp_path / "outside", tmp_path / "corpus"
    outside.mkdir()
    corpus.mkdir()
    (corpus / "uploads").symlink_to(outside, target_is_directory=True)
    upload = tmp_path / "notes.txt"
    upload.write_text("one")
    with pytest.raises(PinciteError, match="leads out of the corpus"):
        keep(upload, corpus / "uploads")
    assert list(outside.iterdir()) == []


def test_a_link_in_the_uploads_is_never_written_through(tmp_path: Path) -> None:
    folder, target = tmp_path / "uploads", tmp_path / "target.txt"
    folder.mkdir()
    (folder / "notes.txt").symlink_to(target)
    upload = tmp_path / "notes.txt"
    upload.write_text("one")
    assert keep(upload, folder) == (folder / "notes-2.txt", True)
    assert not target.exists()


def test_a_vanished_file_is_shown_with_its_passages_and_what_to_do() -> None:
    vanished = Receipt("docs/a.txt", "vanished", "its file is gone; --prune removes it", passages=3)
    html = receipts_table(Taking((vanished,)))
    assert "pc-failed" not in html
    assert '<bdi>a.txt</bdi><div class="pc-reason">its file is gone; --prune removes it</div>' in html
    assert "<td>vanished</td><td>3</td>" in html


def test_what_could_not_be_read_of_a_file_is_shown_under_its_name() -> None:
    receipt = Receipt("a.pdf", "added", notes=("pages 3–5 have no <text> layer", "one more"))
    html = receipts_table(Taking((receipt,)))
    notes = 'pages 3–5 have no &lt;text&gt; layer</div><div class="pc-title">one more</div>'
    assert f'<bdi>a.pdf</bdi><div class="pc-title">{notes}' in html


def test_a_locked_corpus_is_a_receipt_and_leaves_no_file(tmp_path: Path) -> None:
    upload = tmp_path / "notes.txt"
    upload.write_text("The zeppelin is moored in Shed 4.")
    with Corpus.open(tmp_path / "corpus") as corpus:
        with writing(corpus.location):
            receipt = take_in(upload, corpus)
        assert receipt.status == "failed"
        assert "is writing to" in receipt.reason
        assert list((corpus.location / "uploads").iterdir()) == []
        assert take_in(upload, corpus).status == "added"
        assert take_in(upload, corpus).status == "unchanged"
        assert [file.name for file in (corpus.location / "uploads").iterdir()] == ["notes.txt"]


def test_a_file_that_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    upload = tmp_path / "notes.txt"
    upload.write_bytes(bytes(range(256)) * 8)
    with Corpus.open(tmp_path / "corpus") as corpus:
        receipt = take_in(upload, corpus)
        assert (receipt.source.rsplit("/")[-1], receipt.status) == ("notes.txt", "failed")
        assert "binary" in receipt.reason
        assert list((corpus.location / "uploads").iterdir()) == []


def test_a_hostile_file_name_or_reason_stays_text() -> None:
    named = HOSTILE.replace("/", "")
    failed = Receipt(f"uploads/{named}", "failed", HOSTILE)
    info = DocumentInfo("d", named, HOSTILE, {}, 1, 0, 1, 1)
    taking = Taking((failed,), named, Progress(named, 0, 1), (named,))
    for html in (receipts_table(taking), documents_table([info])):
        shown = Rendered(html)
        assert shown.tags <= OUR_TAGS
        assert shown.attributes <= OUR_ATTRIBUTES
        assert HOSTILE in shown.text()


def test_a_document_in_a_mail_is_removed_with_the_mail_alone() -> None:
    sources = ("mails/a.eml", "mails/a.eml/plan.pdf", "mails/b.eml")
    html = documents_table([DocumentInfo("d", source, "", {}, 1, 0, 1, 1) for source in sources])
    rows = lxml_html.fromstring(html).findall(".//tbody/tr")
    assert [[one.get("data-remove") for one in row.iter("button")] for row in rows] == [
        ["mails/a.eml"],
        [],
        ["mails/b.eml"],
    ]


def test_files_are_taken_in_one_after_another_and_their_stages_are_told(tmp_path: Path) -> None:
    dropped = [tmp_path / "dropped" / name for name in ("long.txt", "bad.txt", "last.txt")]
    dropped[0].parent.mkdir()
    dropped[0].write_text("\n\n".join(f"# Part {part}\n\nThe mill has {part} wheels." for part in range(300)))
    dropped[1].write_bytes(bytes(range(256)) * 8)
    dropped[2].write_text("The last one.")
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as corpus:
        steps = list(take_all_in(dropped, corpus))
    assert [step.name for step in steps if step.progress is None] == ["long.txt", "bad.txt", "last.txt", ""]
    assert [receipt.status for receipt in steps[-1].receipts] == ["added", "failed", "added"]
    assert steps[0].waiting == ("bad.txt", "last.txt")
    assert [path.exists() for path in dropped] == [False, False, False]


def test_the_file_at_hand_is_finished_when_nobody_looks_and_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, finished = Event(), Event()

    def slow(upload: Path, corpus: Corpus, progress: Callable[[Progress], None]) -> Receipt:
        progress(Progress(upload.name, 0, 1))
        assert go.wait(10)
        receipt = take_in(upload, corpus)
        finished.set()
        return receipt

    monkeypatch.setattr(uploads, "take_in", slow)
    dropped = [tmp_path / "notes.txt", tmp_path / "next.txt"]
    for path in dropped:
        path.write_text("The zeppelin is moored in Shed 4.")
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as corpus:
        steps = take_all_in(dropped, corpus)
        assert [next(steps).progress is None, next(steps).progress is None] == [True, False]
        steps.close()  # type: ignore[attr-defined]
        assert not finished.is_set()
        go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("pincite-take-in"):
                thread.join(10)
        assert [one.source for one in corpus.documents()] == ["corpus/uploads/notes.txt"]
    assert [path.exists() for path in dropped] == [False, False]


def test_those_who_change_the_corpus_take_turns(tmp_path: Path) -> None:
    class Busy(FakeEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            begun.set()
            assert go.wait(10)
            return super().encode(texts)

    begun, go = Event(), Event()
    uploaded = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in uploaded:
        path.write_text(f"The zeppelin is moored in Shed {path.stem}.")
    with Corpus.open(tmp_path / "corpus", encoder=Busy()) as corpus, ThreadPoolExecutor(2) as pool:
        first = pool.submit(take_in, uploaded[0], corpus)
        assert begun.wait(10)
        second = pool.submit(take_in, uploaded[1], corpus)
        assert wait([second], timeout=0.1).not_done
        go.set()
        assert [first.result().status, second.result().status] == ["added", "added"]


@pytest.mark.parametrize(
    ("step", "words", "label", "reading", "indexing"),
    [
        (None, ENGLISH, "reading", None, ("0", "1")),
        (Progress("a", 0, 1, 0, 0, 3, 10), ENGLISH, "reading, page 3 of 10", ("3", "10"), ("0", "1")),
        (
            Progress("a", 0, 1, 64, 300, 10, 10),
            ENGLISH,
            "indexing, passage 64 of 300",
            ("1", "1"),
            ("64", "300"),
        ),
        (Progress("a", 0, 1, 64, 300), CHINESE, "正在索引第 64/300 段", ("1", "1"), ("64", "300")),
    ],
)
def test_each_stage_has_a_bar(
    step: Progress | None,
    words: Words,
    label: str,
    reading: tuple[str, str] | None,
    indexing: tuple[str, str],
) -> None:
    row = lxml_html.fromstring(receipts_table(Taking((), "a.pdf", step), words))
    bars = [(bar.get("value"), bar.get("max")) for bar in row.iter("progress")]
    assert bars == [reading or (None, None), indexing]
    assert [bar.get("aria-label") for bar in row.iter("progress")] == [words.reading, words.indexing_stage]
    assert label in row.text_content()


def test_an_upload_that_is_removed_leaves_no_copy(tmp_path: Path) -> None:
    dropped, own = tmp_path / "dropped" / "notes.txt", tmp_path / "own.txt"
    dropped.parent.mkdir()
    for file in (dropped, own):
        file.write_text(f"This is {file}.")
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as corpus:
        take_in(dropped, corpus)
        corpus.add(own)
        assert uploads.remove("notes.txt", corpus).status == "removed"
        assert uploads.remove("own.txt", corpus).status == "removed"
        assert list((corpus.location / "uploads").iterdir()) == []
        assert corpus.documents() == []
    assert own.exists()


def test_uploads_to_a_corpus_on_a_server_are_kept_beside_where_the_page_was_started(
    milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    upload = tmp_path / "dropped" / "mill.txt"
    upload.parent.mkdir()
    upload.write_text("The mill grinds wheat.")
    with Corpus.open(milvus.location(), encoder=FakeEncoder()) as corpus:
        receipt = take_in(upload, corpus)
        kept = tmp_path / uploads.FOLDER_BESIDE / "mill.txt"
        assert (receipt.source, receipt.status) == ("pincite-uploads/mill.txt", "added")
        assert kept.read_text() == "The mill grinds wheat."
        assert corpus.search("wheat")[0].passage.source == receipt.source
        assert uploads.remove(receipt.source, corpus).status == "removed"
        assert not kept.exists()
        assert corpus.documents() == []
