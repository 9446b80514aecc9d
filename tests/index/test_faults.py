"""A corpus that is closed, goes away, or may not be read or written: one clear error, and nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pincite.index import projection, schema
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusDamaged, CorpusNotFound, PinciteError
from pincite.index.vectors import FILE_NAME as VECTORS
from tests.fakes import FakeEncoder

NOBODY = 65534

USES: dict[str, Callable[[Corpus], object]] = {
    "add": lambda corpus: corpus.add("missing.txt"),
    "add_text": lambda corpus: corpus.add_text("gamma", source="c.txt"),
    "remove": lambda corpus: corpus.remove("a.txt"),
    "reencode": lambda corpus: corpus.reencode(FakeEncoder("other")),
    "search": lambda corpus: corpus.search("alpha"),
    "documents": lambda corpus: corpus.documents(),
    "document": lambda corpus: corpus.document("0"),
    "text": lambda corpus: corpus.text("0"),
    "find": lambda corpus: corpus.find("a.txt"),
    "stats": lambda corpus: corpus.stats(),
    "verify": lambda corpus: corpus.verify(),
    "encoder": lambda corpus: corpus.encoder,
    "backup": lambda corpus: corpus.backup(corpus.location.parent / "b"),
}
WRITING = ("add", "add_text", "remove", "reencode")
EVERY_USE = pytest.mark.parametrize("use", USES.values(), ids=USES)


def made(folder: Path) -> Path:
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("alpha beta", source="a.txt")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus with one document."""
    return made(tmp_path / "corpus")


@pytest.fixture
def corpus(folder: Path) -> Iterator[Corpus]:
    """That corpus, open and used."""
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert len(corpus.search("alpha")) == 1
        yield corpus


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder of an ordinary person, whom permissions bind, for as long as the test runs."""
    if sys.platform == "win32":
        pytest.skip("permissions are others on Windows")
    with tempfile.TemporaryDirectory() as name:
        folder, is_root = Path(name), os.geteuid() == 0
        if is_root:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            for place in (folder, *folder.glob("*")):
                place.chmod(0o700)


@EVERY_USE
def test_a_closed_corpus_says_so_whatever_is_asked_of_it(
    folder: Path, use: Callable[[Corpus], object]
) -> None:
    corpus = Corpus.open(folder, encoder=FakeEncoder())
    corpus.close()
    corpus.close()
    before = sorted(file.name for file in folder.iterdir())
    with pytest.raises(ValueError, match="the corpus is closed: open it again"):
        use(corpus)
    assert sorted(file.name for file in folder.iterdir()) == before
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="the corpus is closed"):
        use(corpus)
    assert corpus.location == folder


@EVERY_USE
def test_a_deleted_corpus_is_missed_and_not_made_again(
    folder: Path, corpus: Corpus, use: Callable[[Corpus], object]
) -> None:
    shutil.rmtree(folder)
    with pytest.raises(CorpusNotFound, match=r"no corpus at .*corpus: make one with `pincite index PATH"):
        use(corpus)
    assert not folder.exists()


@EVERY_USE
def test_a_deleted_database_is_missed_and_not_made_again(
    folder: Path, corpus: Corpus, use: Callable[[Corpus], object]
) -> None:
    (folder / schema.FILE_NAME).unlink()
    with pytest.raises(CorpusNotFound, match="is a folder that holds no corpus"):
        use(corpus)
    assert not (folder / schema.FILE_NAME).exists()


@EVERY_USE
def test_a_corpus_that_was_put_in_the_place_of_another_is_not_taken_for_it(
    tmp_path: Path, folder: Path, corpus: Corpus, use: Callable[[Corpus], object]
) -> None:
    folder.rename(tmp_path / "moved")
    with Corpus.open(folder, encoder=FakeEncoder()) as other:
        other.add_text("delta", source="d.txt")
        with pytest.raises(CorpusDamaged, match="is another file than was opened: open the corpus again"):
            use(corpus)
        assert [document.source for document in other.documents()] == ["d.txt"]
        assert other.verify() == []


def test_a_corpus_that_is_deleted_while_a_document_is_encoded_acknowledges_nothing(folder: Path) -> None:
    class Deleting(FakeEncoder):
        def count_tokens(self, texts: object) -> list[int]:
            shutil.rmtree(folder, ignore_errors=True)
            return super().count_tokens(texts)  # type: ignore[arg-type]

    with Corpus.open(folder, encoder=Deleting()) as corpus, pytest.raises(CorpusNotFound):
        corpus.add_text("gamma", source="c.txt")
    assert not folder.exists()


@pytest.mark.parametrize("use", [USES[name] for name in WRITING], ids=WRITING)
def test_a_read_only_folder_refuses_changes_and_says_what_is_wanted(
    own_folder: Path, use: Callable[[Corpus], object]
) -> None:
    folder = made(own_folder / "corpus")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        folder.chmod(0o500)
        with pytest.raises(CorpusDamaged) as error:
            use(corpus)
        assert str(error.value) == (
            f"{folder} cannot be written: Permission denied:"
            f" pincite must be able to read and write in {folder}, also to search"
        )
        assert [hit.passage.text for hit in corpus.search("alpha")] == ["alpha beta"]
        assert corpus.stats().documents == 1
        folder.chmod(0o700)
        assert corpus.verify() == []
        assert corpus.add_text("gamma", source="c.txt").status == "added"


@EVERY_USE
def test_a_folder_that_may_not_be_looked_into_is_told_by_name(
    own_folder: Path, use: Callable[[Corpus], object]
) -> None:
    folder = made(own_folder / "corpus")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        folder.chmod(0)
        with pytest.raises(PinciteError, match=str(folder)):
            use(corpus)
        folder.chmod(0o700)
        assert len(corpus.search("alpha")) == 1


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o500])
def test_a_folder_without_the_permissions_is_not_opened(own_folder: Path, mode: int) -> None:
    for name in ("empty", "corpus"):
        folder = own_folder / name
        folder.mkdir() if name == "empty" else made(folder)
        folder.chmod(mode)
        with pytest.raises(
            PinciteError, match=rf"{folder}.*(name a folder that you may read|must be able to)"
        ):
            Corpus.open(folder, encoder=FakeEncoder()).documents()
        folder.chmod(0o700)
        assert [file.name for file in folder.iterdir() if name == "empty"] == []


def test_a_database_that_may_not_be_written_says_so(own_folder: Path) -> None:
    folder = made(own_folder / "corpus")
    (folder / schema.FILE_NAME).chmod(0o400)
    with (
        Corpus.open(folder, encoder=FakeEncoder()) as corpus,
        pytest.raises(
            CorpusDamaged, match=f"{schema.FILE_NAME} cannot be written: .*: pincite must be able to"
        ),
    ):
        corpus.add_text("gamma", source="c.txt")


def test_names_that_no_file_system_takes_lead_to_no_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CorpusNotFound, match="File name too long"):
        Corpus.open(tmp_path / ("x" * 1000), encoder=FakeEncoder())
    (tmp_path / "deleted").mkdir()
    monkeypatch.chdir(tmp_path / "deleted")
    (tmp_path / "deleted").rmdir()
    with pytest.raises(CorpusNotFound, match="No such file or directory"):
        Corpus.open(".pincite", encoder=FakeEncoder())


def test_a_faiss_file_for_which_there_is_no_room_costs_speed_only_and_is_told(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(projection, "write_base", full)
        (corpus.location / VECTORS).unlink()
        assert corpus.add_text("delta", source="d.txt").status == "added"
        assert "No space left on device" in caplog.text
        assert next(hit.passage.source for hit in corpus.search("delta")) == "d.txt"
    assert corpus.verify() != []
    assert corpus.add_text("gamma", source="c.txt").status == "added"
    assert corpus.verify() == []


def test_a_database_that_another_program_holds_is_no_raw_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_BUSY_SECONDS", 0)
    holder = sqlite3.connect(folder / schema.FILE_NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        with pytest.raises(CorpusDamaged, match="database is locked: close the program that holds it"):
            corpus.add_text("gamma", source="c.txt")
        holder.close()
        assert corpus.add_text("gamma", source="c.txt").status == "added"


def test_an_error_that_is_not_the_corpus_own_is_passed_on(corpus: Corpus) -> None:
    def tell(_: object) -> None:
        raise BrokenPipeError("the terminal is gone")

    with pytest.raises(BrokenPipeError):
        corpus.add("missing.txt", progress=tell)


@pytest.mark.parametrize("top_k", [2**31, 2**63 - 1, 2**63, 10**30])
def test_any_number_of_hits_may_be_asked_for(corpus: Corpus, top_k: int) -> None:
    corpus.add_text("alpha gamma", source="c.txt")
    found = corpus.search("alpha", top_k=top_k)
    assert {hit.passage.text for hit in found} == {"alpha beta", "alpha gamma"}
    assert found == corpus.search("alpha", top_k=2)
    corpus.remove("a.txt")
    corpus.remove("c.txt")
    assert corpus.search("alpha", top_k=top_k) == []
