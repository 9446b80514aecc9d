"""A backup is one generation of the corpus, whole or not there, and becomes the same corpus again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import backup, schema
from pincite.index.backup import Backup
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusDamaged, CorpusLocked, CorpusNotFound, EncoderMismatch, PinciteError
from pincite.index.locking import writing
from tests.fakes import FakeEncoder

from .test_corpus_concurrency import VERSIONS, WRITE, is_whole, text_of

ROOT = str(Path(__file__).parents[2])
QUERIES = ("shared", "word3 term3", "word11", "群组")


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    """A corpus with a history: documents added, replaced and removed."""
    with Corpus.open(tmp_path / "语料", encoder=FakeEncoder()) as corpus:
        for number in range(12):
            text = f"# Part\n\nshared word{number} term{number % 4}\n\n# 群组\n\n群组 {number}"
            corpus.add_text(text, source=f"{number}.md", metadata={"year": 2020 + number})
        corpus.add_text("Group 1 - shared [2] - word3 anew [3]", source="3.md")
        corpus.add_text("a secret that was removed", source="secret.txt")
        corpus.remove("secret.txt")
        yield corpus


@pytest.fixture
def file(corpus: Corpus, tmp_path: Path) -> Path:
    """A backup of it."""
    file = tmp_path / "corpus.backup"
    corpus.backup(file)
    return file


def restored(file: Path, folder: Path) -> Corpus:
    return Corpus.restore(file, folder, encoder=FakeEncoder())


def content(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the one that holds the generation."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            if name not in ("corpus", "deleted")
        ]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def answers(corpus: Corpus) -> list[object]:
    return [
        corpus.search(query, where=where) for query in QUERIES for where in (None, {"year": {"gte": 2025}})
    ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_restored_corpus_is_the_one_that_was_backed_up(corpus: Corpus, file: Path, tmp_path: Path) -> None:
    with restored(file, tmp_path / "deep" / "new") as again:
        assert again.location == tmp_path / "deep" / "new"
        assert again.verify() == []
        assert again.documents() == corpus.documents()
        assert answers(again) == answers(corpus)
        assert [again.text(one.document_id) for one in again.documents()] == [
            corpus.text(one.document_id) for one in corpus.documents()
        ]
    original, copy = content(corpus.location / schema.FILE_NAME), content(again.location / schema.FILE_NAME)
    assert original.keys() >= {"documents", "passages", "vectors", "sqlite_sequence"}
    assert copy == original
    assert names(again.location) == [schema.FILE_NAME, "vectors.faiss", "writer.lock"]


def test_a_restored_corpus_goes_on_where_the_other_stopped(
    corpus: Corpus, file: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(corpus.location / schema.FILE_NAME)) as connection:
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()[0]
    with restored(file, tmp_path / "new") as again:
        assert again.add_text("Group 1 - shared [2] - word3 anew [3]", source="3.md").status == "unchanged"
        assert again.add_text("word99 is new", source="new.txt").status == "added"
        assert again.search("word99")[0].passage.source == "new.txt"
        again.remove("0.md")
        assert again.verify() == []
        assert again.stats().generation > corpus.stats().generation
    with closing(sqlite3.connect(again.location / schema.FILE_NAME)) as connection:
        assert connection.execute("SELECT max(id) FROM passages").fetchone()[0] > last
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_restoring_encodes_nothing(file: Path, tmp_path: Path) -> None:
    class Refusing(FakeEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise AssertionError(texts)

    with Corpus.restore(file, tmp_path / "new", encoder=Refusing()) as again:
        assert (again.location / "vectors.faiss").is_file()
        assert again.verify() == []


def test_a_backup_says_what_it_holds(corpus: Corpus, tmp_path: Path) -> None:
    stats = corpus.stats()
    file = tmp_path / "b"
    assert corpus.backup(str(file)) == Backup(
        str(file), stats.documents, stats.passages, file.stat().st_size, stats.generation
    )


def test_a_backup_is_one_file_without_the_text_of_what_was_removed(corpus: Corpus, file: Path) -> None:
    assert b"secret" not in file.read_bytes()
    assert sorted(path.name for path in file.parent.iterdir()) == ["corpus.backup", corpus.location.name]


def test_a_backup_is_as_private_as_its_corpus(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.location / schema.FILE_NAME).chmod(0o600)
    corpus.backup(tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_backups_made_while_another_process_writes_are_one_generation_each(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text(text_of(0), source="changing.md")
        writer = subprocess.Popen([sys.executable, "-c", WRITE, str(folder), ROOT])
        backups = [corpus.backup(tmp_path / "0")]
        while writer.poll() is None and len(backups) < 8:
            backups.append(corpus.backup(tmp_path / str(len(backups))))
        assert writer.wait() == 0
        backups.append(corpus.backup(tmp_path / str(len(backups))))
    seen = []
    for number, one in enumerate(backups):
        with restored(Path(one.file), tmp_path / f"restored-{number}") as again:
            seen.append(is_whole(again))
            assert again.verify() == []
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, VERSIONS - 1)


def test_a_backup_waits_for_no_writer_and_no_writer_for_it(corpus: Corpus, tmp_path: Path) -> None:
    with writing(corpus.location), corpus._store.transaction() as writer:
        writer.remove_file("0.md")
        corpus.backup(tmp_path / "b")
    with restored(tmp_path / "b", tmp_path / "new") as again:
        assert "0.md" in [one.source for one in again.documents()]
        assert "0.md" not in [one.source for one in corpus.documents()]


def test_an_existing_file_is_overwritten_only_when_told(corpus: Corpus, file: Path) -> None:
    before = file.read_bytes()
    corpus.add_text("word50", source="new.txt")
    with pytest.raises(PinciteError, match=r"corpus\.backup exists: name another file, or give --overwrite"):
        corpus.backup(file)
    assert file.read_bytes() == before
    corpus.backup(file, overwrite=True)
    with restored(file, file.parent / "new") as again:
        assert again.search("word50")[0].passage.source == "new.txt"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_overwritten(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    target = tmp_path / "b"
    described = backup._described

    def quicker(*arguments: Path) -> Backup:
        target.write_text("mine")
        return described(*arguments)

    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
        corpus.backup(tmp_path / "first")
        assert (tmp_path / "first").is_file()
    monkeypatch.setattr(backup, "_described", quicker)
    with pytest.raises(PinciteError, match="exists: name another file"):
        corpus.backup(target)
    assert target.read_text() == "mine"
    assert [name for name in names(tmp_path) if name.endswith(".tmp")] == []


def test_a_backup_that_cannot_be_written_says_what_to_do(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cases = {
        "none/b": "cannot back up to .*none/b: No such file or directory: name a file where",
        "file/b": "cannot back up to .*file/b: Not a directory",
        ".": "is a folder: name a file in it",
        "x" * 300: "File name too long",
        f"语料/{schema.FILE_NAME}": "is inside the corpus itself: name a file elsewhere",
        "语料/b": "is inside the corpus itself",
    }
    before = names(tmp_path)
    for name, message in cases.items():
        for overwrite in (False, True):
            with pytest.raises(PinciteError, match=message):
                corpus.backup(tmp_path / name, overwrite=overwrite)
    assert names(tmp_path) == before
    assert corpus.verify() == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on the size of files")
def test_a_disk_without_room_leaves_no_half_of_a_backup(corpus: Corpus, tmp_path: Path) -> None:
    import resource

    before = names(tmp_path)
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    try:
        with pytest.raises(PinciteError, match=r"cannot back up to .*: name a file where there is room"):
            corpus.backup(tmp_path / "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == before


def test_a_damaged_corpus_is_not_blamed_on_the_file(corpus: Corpus, tmp_path: Path) -> None:
    corpus.close()
    database = corpus.location / schema.FILE_NAME
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    database.write_bytes(content)
    with (
        Corpus.open(corpus.location) as damaged,
        pytest.raises(CorpusDamaged, match=r"corpus\.sqlite3 cannot be read: .*malformed.*: check its disk"),
    ):
        damaged.backup(tmp_path / "b")
    assert not (tmp_path / "b").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder
left = int(sys.argv[3])
def dies_in(owner, name):
    original = getattr(owner, name)
    def step(*arguments, **options):
        global left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return original(*arguments, **options)
    setattr(owner, name, step)
dies_in(os, "fsync")
for name in ("replace", "hardlink_to", "unlink", "mkdir"):
    dies_in(Path, name)
if sys.argv[2] == "backup":
    Corpus.open(sys.argv[4], encoder=FakeEncoder()).backup(sys.argv[5], overwrite="overwrite" in sys.argv)
else:
    Corpus.restore(sys.argv[4], sys.argv[5])
"""


def is_killed(what: str, step: int, *arguments: object) -> bool:
    """Back up or restore in a process that is killed after so many steps; say whether it came to that."""
    command = [sys.executable, "-c", KILLED, ROOT, what, str(step), *map(str, arguments)]
    code = subprocess.run(command, check=False, capture_output=True).returncode
    assert code in (0, -9)
    return code == -9


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_backup_that_is_killed_leaves_nothing_or_all_of_it(
    corpus: Corpus, tmp_path: Path, overwrite: bool
) -> None:
    file = tmp_path / "b"
    before = len(corpus.documents())
    if overwrite:
        corpus.backup(file)
        corpus.add_text("word50", source="new.txt")
    held = set()
    step = 0
    while is_killed("backup", step, corpus.location, file, *["overwrite"] * overwrite):
        step += 1
        if file.exists():
            with restored(file, tmp_path / f"new{step}") as again:
                held.add(len(again.documents()))
                assert again.verify() == []
            if not overwrite:
                file.unlink()
        else:
            assert not overwrite
    assert step >= 3
    assert held == ({before, before + 1} if overwrite else {before})


def test_a_restoring_that_is_killed_can_be_begun_again_or_is_done(file: Path, tmp_path: Path) -> None:
    done = step = 0
    while is_killed("restore", step, file, folder := tmp_path / "new"):
        step += 1
        try:
            with Corpus.open(folder, create=False) as half:
                assert half.verify() in (
                    [],
                    ["the FAISS file is missing or damaged: searches still work, `pincite index` mends it"],
                )
                done += 1
        except CorpusNotFound:
            with restored(file, folder) as again:
                assert again.verify() == []
            assert "restoring" not in names(folder)
        shutil.rmtree(folder, ignore_errors=True)
    assert step > done > 0


def damaged_files(file: Path) -> Iterator[tuple[str, bytes, str]]:
    good = file.read_bytes()
    middle = len(good) // 2
    yield "empty", b"", "is empty: restore what `pincite backup` wrote"
    yield "text", b"my diary\n" * 500, "is no backup, or a damaged one: file is not a database"
    yield (
        "head",
        good[:100] + b"\xff" * 4000,
        "is no backup, or a damaged one: database disk image is malformed",
    )
    yield "cut", good[:middle], "is no backup, or a damaged one: database disk image is malformed"
    yield "hole", good[:4096] + bytes(len(good) - 4096), "is no backup, or a damaged one: "
    yield "page", good[:middle] + b"\xa5" * 4096 + good[middle + 4096 :], "is no backup, or a damaged one: "


def test_a_wrong_or_damaged_file_is_refused_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    later = tmp_path / "later"
    shutil.copy(file, later)
    with closing(sqlite3.connect(later)) as connection:
        connection.execute("PRAGMA user_version = 99")
    cases = {
        "other": f"{other} is a database of another program",
        "later": f"{later} has layout 99, this pincite reads layout",
    }
    for name, raw, message in damaged_files(file):
        (tmp_path / name).write_bytes(raw)
        cases[name] = f"{tmp_path / name} {message}"
    (tmp_path / "vacant").mkdir()
    before = names(tmp_path)
    for name, message in cases.items():
        for folder in (tmp_path / "deep" / "new", tmp_path / "vacant"):
            with pytest.raises(CorpusDamaged, match=message) as error:
                restored(tmp_path / name, folder)
            assert schema.FILE_NAME not in str(error.value)
    assert names(tmp_path) == before


def test_a_backup_whose_vectors_are_torn_is_refused_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = x'00' WHERE passage = 2")
    (tmp_path / "vacant").mkdir()
    before = names(tmp_path)
    for folder in (tmp_path / "deep" / "new", tmp_path / "vacant"):
        with pytest.raises(CorpusDamaged, match=f"{file} could not be restored: the vector of passage 2"):
            restored(file, folder)
    assert names(tmp_path) == before


def test_what_is_no_file_is_refused_by_name(tmp_path: Path) -> None:
    for name, message in {"absent": "No such file or directory", ".": "Is a directory"}.items():
        with pytest.raises(
            PinciteError, match=rf"cannot read {tmp_path / name}: {message}: name a file from"
        ):
            restored(tmp_path / name, tmp_path / "new")
    assert names(tmp_path) == []


def test_the_database_of_a_corpus_in_use_is_no_backup(corpus: Corpus, tmp_path: Path) -> None:
    corpus.add_text("word50", source="new.txt")
    with pytest.raises(
        PinciteError, match=r"is only a part of a corpus in use: restore what `pincite backup`"
    ):
        restored(corpus.location / schema.FILE_NAME, tmp_path / "new")
    corpus.close()
    with restored(corpus.location / schema.FILE_NAME, tmp_path / "new") as again:
        assert again.search("word50")[0].passage.source == "new.txt"


def test_nothing_is_restored_over_anything(corpus: Corpus, file: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(PinciteError, match="holds a corpus already: name a folder that is absent or empty"):
        restored(file, corpus.location)
    with pytest.raises(
        CorpusNotFound, match="is a folder that holds no corpus: name another, or an empty one"
    ):
        restored(file, tmp_path / "full")
    with pytest.raises(CorpusNotFound, match="is a file, not a corpus folder"):
        restored(file, file)
    with (
        Corpus.open(tmp_path / "bare", encoder=FakeEncoder()) as bare,
        pytest.raises(PinciteError, match="already"),
    ):
        restored(file, bare.location)
    with writing(tmp_path / "full"), pytest.raises(CorpusNotFound):
        restored(file, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    with writing(tmp_path / "empty"), pytest.raises(CorpusLocked, match=f"process {os.getpid()} is writing"):
        restored(file, tmp_path / "empty")
    assert corpus.verify() == []


@pytest.mark.parametrize("has_database", [True, False])
def test_what_a_writer_that_died_has_left_does_not_get_into_a_restored_corpus(
    corpus: Corpus, file: Path, tmp_path: Path, has_database: bool
) -> None:
    corpus.add_text("word50", source="new.txt")
    folder = tmp_path / "new"
    folder.mkdir()
    if has_database:
        (folder / schema.FILE_NAME).touch()
    shutil.copy(corpus.location / f"{schema.FILE_NAME}-wal", folder)
    (folder / "restoring").mkdir()
    shutil.copy(corpus.location / f"{schema.FILE_NAME}-wal", folder / "restoring")
    with restored(file, folder) as again:
        assert "new.txt" not in [one.source for one in again.documents()]
        assert again.verify() == []


def test_only_one_of_many_that_restore_into_a_folder_does(file: Path, tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def restore() -> str:
        start.wait()
        try:
            restored(file, tmp_path / "new").close()
        except PinciteError as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(4) as pool:
        told = [future.result() for future in [pool.submit(restore) for _ in range(4)]]
    assert told.count("done") == 1
    assert all("is writing to" in one or "already" in one for one in told if one != "done")
    with Corpus.open(tmp_path / "new", create=False) as corpus:
        assert corpus.verify() == []


def test_another_encoder_is_a_mismatch_with_the_corpus_that_was_restored(file: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderMismatch, match=f"{tmp_path / 'new'} was built with fake"):
        Corpus.restore(file, tmp_path / "new", encoder=FakeEncoder("other"))
    with Corpus.open(tmp_path / "new", encoder=FakeEncoder()) as again:
        assert again.verify() == []


def test_an_empty_corpus_is_backed_up_and_restored_too(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        assert corpus.backup(tmp_path / "b").documents == 0
    with restored(tmp_path / "b", tmp_path / "new") as again:
        assert again.documents() == []
        assert again.add_text("alpha", source="a.txt").status == "added"
        assert again.verify() == []
