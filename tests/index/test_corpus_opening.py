"""Opening, creating and re-encoding a corpus, and every way in which that is refused."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import loaded_encoders, schema
from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.index.errors import CorpusDamaged, CorpusNotFound, EncoderMismatch, EncoderUnavailable
from tests.fakes import FakeEncoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus with one document."""
    folder = tmp_path / "corpus"
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("alpha beta", source="a.txt")
    return folder


@pytest.mark.parametrize("name", ["absent", "empty", "deep/down/below"])
def test_a_corpus_is_made_in_an_absent_or_empty_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with Corpus.open(tmp_path / name, encoder=FakeEncoder()) as corpus:
        assert corpus.location == tmp_path / name
        assert corpus.documents() == []
        assert corpus.verify() == []


def test_what_was_added_is_there_after_opening_again(folder: Path) -> None:
    with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
        assert [hit.passage.text for hit in corpus.search("alpha")] == ["alpha beta"]


def test_home_and_relative_paths_are_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.chdir(folder)
    for location in ("~/corpus", ".", "../corpus", str(folder)):
        with Corpus.open(location, create=False) as corpus:
            assert corpus.location == folder


def test_nothing_is_made_where_nothing_may_be(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    cases = [
        ("absent", False, "no corpus at .*absent: make one with `pincite index PATH --corpus .*absent`"),
        ("empty", False, "is a folder that holds no corpus"),
        ("full", True, "is a folder that holds no corpus: name another, or an empty one"),
        ("file", True, "file is a file, not a corpus folder"),
        ("file/below", True, "none can be made: Not a directory"),
    ]
    for name, create, message in cases:
        with pytest.raises(CorpusNotFound, match=message):
            Corpus.open(tmp_path / name, create=create, encoder=FakeEncoder())
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "file", "full", "notes.txt"]


def test_an_encoder_that_cannot_be_loaded_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable):
        Corpus.open(tmp_path / "c", encoder=str(tmp_path / "no-model"))
    assert list(tmp_path.iterdir()) == []


class DiesAfter:
    """A connection that dies once it has run so many statements."""

    def __init__(self, connection: sqlite3.Connection, statements: int) -> None:
        self._connection = connection
        self._left = statements

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, *arguments: object) -> object:
        return self._run(self._connection.execute, *arguments)

    def executescript(self, script: str) -> object:
        return self._run(self._connection.executescript, script)

    def _run(self, run: Callable[..., object], *arguments: object) -> object:
        if not self._left:
            self._connection.close()
            raise KeyboardInterrupt
        self._left -= 1
        return run(*arguments)


@pytest.mark.parametrize("statements", [0, 1, 2, 3])
def test_a_layout_that_is_cut_short_can_be_begun_again(tmp_path: Path, statements: int) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "writer.lock").touch()
    connection = DiesAfter(schema.connect(folder), statements)
    with pytest.raises((KeyboardInterrupt, sqlite3.ProgrammingError)):
        schema.create(connection, FakeEncoder().identity)  # type: ignore[arg-type]
    with pytest.raises(CorpusNotFound):
        Corpus.open(folder, create=False)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert corpus.verify() == []
        assert corpus.add_text("alpha", source="a").status == "added"


@pytest.mark.parametrize(
    "content", [b"not a database at all, " * 100, b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_a_file_that_is_no_database_is_damaged_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / schema.FILE_NAME).write_bytes(content)
    with pytest.raises(CorpusDamaged, match=r"corpus\.sqlite3 cannot be opened: file is not"):
        Corpus.open(tmp_path, encoder=FakeEncoder())
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(schema.FILE_NAME, content)]


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / schema.FILE_NAME
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    before = file.read_bytes()
    with pytest.raises(CorpusDamaged, match="is a database of another program"):
        Corpus.open(tmp_path, encoder=FakeEncoder())
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(schema.FILE_NAME, before)]


def test_a_later_layout_asks_for_an_update(folder: Path) -> None:
    change(folder, "PRAGMA user_version = 99")
    with pytest.raises(CorpusDamaged, match=r"has layout 99, this pincite reads layout \d: update pincite"):
        Corpus.open(folder)


def test_a_corpus_without_its_own_row_is_damaged(folder: Path) -> None:
    change(folder, "DELETE FROM corpus")
    with Corpus.open(folder) as corpus, pytest.raises(CorpusDamaged, match="lost the row"):
        corpus.documents()


def change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / schema.FILE_NAME)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_another_encoder_is_a_mismatch_that_names_both_and_the_way_out(folder: Path) -> None:
    message = (
        r"was built with fake \(64-d, float32, [0-9a-f]{8}\), not other \(64-d, float32, [0-9a-f]{8}\): "
        r"run `pincite reencode"
    )
    with pytest.raises(EncoderMismatch, match=message):
        Corpus.open(folder, encoder=FakeEncoder("other"))
    change(folder, "UPDATE corpus SET weights_sha256 = 'ff'")
    with pytest.raises(EncoderMismatch, match="the model's weights have changed since"):
        Corpus.open(folder, encoder=FakeEncoder())


def test_the_corpus_own_encoder_is_loaded_when_it_is_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(name: str, precision: str | None, progress: object) -> Encoder:
        loaded.append(name)
        return FakeEncoder(name)

    monkeypatch.setattr(loaded_encoders, "load_encoder", load)
    with Corpus.open(folder, encoder="fake") as corpus:
        corpus.documents()
        assert loaded == []
        assert len(corpus.search("alpha") + corpus.search("beta")) == 2
        assert loaded == ["fake"]
    change(folder, "UPDATE corpus SET encoder = 'changed'")
    with Corpus.open(folder) as corpus, pytest.raises(EncoderMismatch):
        corpus.search("alpha")


def test_vectors_in_a_precision_that_no_model_comes_in_are_a_mismatch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[str | None] = []

    def load(name: str, precision: str | None, progress: object) -> Encoder:
        wanted.append(precision)
        return FakeEncoder(name)

    monkeypatch.setattr(loaded_encoders, "load_encoder", load)
    change(folder, "UPDATE corpus SET precision = 'float16'")
    with Corpus.open(folder) as corpus, pytest.raises(EncoderMismatch, match="cannot be had in float16"):
        corpus.search("alpha")
    assert wanted == [None]


def test_reencoding_changes_the_vectors_and_nothing_else(folder: Path) -> None:
    new = FakeEncoder("other", max_tokens=4)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("Group 1 - one two three [2] - four five six [3]\nT\nPub·2025-08-14", source="g.txt")
        before = [
            (d.document_id, d.source, d.metadata, corpus.text(d.document_id)) for d in corpus.documents()
        ]
        corpus.reencode(new)
        assert [
            (d.document_id, d.source, d.metadata, corpus.text(d.document_id)) for d in corpus.documents()
        ] == before
        assert corpus.stats().encoder == new.identity == corpus.encoder.identity
        assert [hit.passage.references for hit in corpus.search("five")] == [("3",)]
        assert corpus.verify() == []
        assert corpus.add_text("alpha beta", source="a.txt").status == "unchanged"
    with Corpus.open(folder, encoder=new) as corpus:
        assert corpus.search("five")[0].passage.address == "g.txt › Group 1 › point 2"


def test_a_reencoding_that_fails_leaves_the_old_vectors(folder: Path) -> None:
    class Broken(FakeEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise RuntimeError("out of memory")

    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        with pytest.raises(RuntimeError):
            corpus.reencode(Broken("broken"))
        assert corpus.stats().encoder == FakeEncoder().identity
        assert corpus.search("alpha")[0].dense_score is not None


def test_threads_that_end_leave_no_open_files_and_closing_twice_does_no_harm(folder: Path) -> None:
    corpus = Corpus.open(folder, encoder=FakeEncoder())
    corpus.search("alpha")
    before = open_files(folder)
    for _ in range(20):
        thread = threading.Thread(target=corpus.search, args=("alpha",))
        thread.start()
        thread.join()
    assert open_files(folder) == before
    corpus.close()
    corpus.close()
    assert open_files(folder) == []


def open_files(folder: Path) -> list[str]:
    links = (str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())
    return sorted(link for link in links if link.startswith(str(folder)))
