"""A corpus that is copied is the same corpus, and costs no encoding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import EncoderMismatch, PinciteError
from pincite.index.ingestion import Progress
from pincite.index.vectors import Matrix
from tests.fakes import FakeEncoder

MAIL = "From: a@b\nSubject: Terms\nContent-Type: text/plain\n\nThe mill grinds wheat. The gates are oak.\n"


class NoMoreEncoder(FakeEncoder):
    """One that may be asked for questions only."""

    def encode(self, texts: Sequence[str]) -> Matrix:
        assert list(texts) == ["oak gates"]
        return super().encode(texts)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "mail.eml").write_text(MAIL)
    (files / "mill.md").write_text("# Mill\n\nThe mill grinds wheat.\n\n## Gates\n\nThe gates are oak.\n")
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        corpus.add(files, metadata={"publisher": "3 6 Ke"})
        corpus.add_text("茶园有十亩。茶园在山上。", source="notes/tea.txt")
    return tmp_path / "c"


def test_a_copy_answers_as_the_original_and_nothing_is_encoded_for_it(filled: Path, tmp_path: Path) -> None:
    with Corpus.open(filled, encoder=NoMoreEncoder()) as original:
        receipts = original.copy(tmp_path / "copy")
        expected = original.documents()
        hits = original.search("oak gates")
        texts = [original.text(one.document_id) for one in expected]
    assert [(one.source, one.status, one.passages > 0) for one in receipts] == [
        ("files/mail.eml", "added", True),
        ("files/mill.md", "added", True),
        ("notes/tea.txt", "added", True),
    ]
    with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
        assert copy.documents() == expected
        assert [copy.text(one.document_id) for one in expected] == texts
        assert copy.search("oak gates") == hits
        assert copy.search("oak gates", where={"publisher": "36Ke"}) != []
        assert copy.verify() == []


def test_a_copy_knows_the_files_and_reads_none_again(filled: Path, tmp_path: Path) -> None:
    with Corpus.open(filled, encoder=FakeEncoder()) as original:
        original.copy(tmp_path / "copy")
    with Corpus.open(tmp_path / "copy", encoder=NoMoreEncoder()) as copy:
        again = copy.add(tmp_path / "files", metadata={"publisher": "3 6 Ke"})
        text = copy.add_text("茶园有十亩。茶园在山上。", source="notes/tea.txt")
    assert [one.status for one in (*again, text)] == ["unchanged"] * 3


def test_a_copy_goes_on_where_it_stopped_and_keeps_what_was_there(filled: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.files_done == 2:
            raise KeyboardInterrupt

    with Corpus.open(filled, encoder=FakeEncoder()) as original:
        with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
            copy.add_text("Something of its own.", source="own.txt")
        with pytest.raises(KeyboardInterrupt):
            original.copy(tmp_path / "copy", progress=stop)
        receipts = original.copy(tmp_path / "copy")
    assert [(one.source, one.files_total) for one in seen] == [
        ("files/mail.eml", 3),
        ("files/mill.md", 3),
        ("notes/tea.txt", 3),
    ]
    assert [one.status for one in receipts] == ["unchanged", "unchanged", "added"]
    with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
        assert [one.source for one in copy.documents()] == [
            "files/mail.eml",
            "files/mill.md",
            "notes/tea.txt",
            "own.txt",
        ]


def test_what_has_changed_is_copied_again(filled: Path, tmp_path: Path) -> None:
    with Corpus.open(filled, encoder=FakeEncoder()) as original:
        original.copy(tmp_path / "copy")
        original.add_text("The tea is sold.", source="notes/tea.txt")
        receipts = original.copy(tmp_path / "copy")
    assert [one.status for one in receipts] == ["unchanged", "unchanged", "replaced"]
    with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
        assert copy.text(copy.find("tea.txt")) == "The tea is sold."


def test_a_copy_of_another_encoder_or_into_itself_is_refused(filled: Path, tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "other", encoder=FakeEncoder("other")) as other:
        other.add_text("Something of its own.", source="own.txt")
    with Corpus.open(filled, encoder=FakeEncoder()) as original:
        with pytest.raises(EncoderMismatch, match="other was built with"):
            original.copy(tmp_path / "other")
        with pytest.raises(PinciteError, match="cannot be copied into itself"):
            original.copy(filled)


def test_a_copied_file_that_is_text_in_hand_by_now_becomes_that_in_the_copy(tmp_path: Path) -> None:
    file = tmp_path / "files" / "a.txt"
    file.parent.mkdir()
    file.write_text("The mill grinds wheat.")
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as original:
        original.add(file.parent)
        original.copy(tmp_path / "copy")
        original.add_text("The mill grinds wheat.", source="files/a.txt")
        original.copy(tmp_path / "copy")
    file.unlink()
    with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
        copy.add(file.parent, prune=True)
        assert [one.source for one in copy.documents()] == ["files/a.txt"]
