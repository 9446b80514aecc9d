"""A corpus that an earlier version wrote is opened, complete, without encoding anything again.

``layout-1.sqlite3.gz`` is what version 0.1 wrote with the fake encoder: seeds/ with ``year`` 2025, then
``notes/ferry.md``, ``gone.txt`` and ``茶.txt`` as texts in hand, then ``gone.txt`` removed.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pincite.index import migration, schema
from pincite.index.corpus import Corpus
from pincite.index.vectors import FILE_NAME as VECTORS
from tests.fakes import CountingEncoder, FakeEncoder

OLD = Path(__file__).parents[1] / "data" / "layout-1.sqlite3.gz"
SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an old corpus, and an old FAISS file that says nothing to this version."""
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / schema.FILE_NAME).write_bytes(gzip.decompress(OLD.read_bytes()))
    (folder / VECTORS).write_bytes(b"PINCITE1" + bytes(100))
    return folder


def test_an_old_corpus_is_opened_with_all_that_was_in_it(folder: Path, tmp_path: Path) -> None:
    encoder = CountingEncoder()
    with (
        Corpus.open(folder, create=False, encoder=encoder) as old,
        Corpus.open(tmp_path / "new", encoder=FakeEncoder()) as new,
    ):
        assert old.verify() == []
        old.remove("observatory-visit.pdf")  # which is read in another way today
        new.add(SEEDS, exclude=["*.pdf"], metadata={"year": 2025})
        new.add_text(
            "# Ferry\n\nThe ferry runs on Mondays only.\n\n## Price\n\nA ticket is 4 euros.",
            source="notes/ferry.md",
        )
        new.add_text("雾岭茶园种了六十亩茶。", source="茶.txt", metadata={"publisher": "3 6 Ke"})
        texts = [sorted(corpus.text(one.document_id) for one in corpus.documents()) for corpus in (old, new)]
        assert texts[0] == texts[1]
        assert encoder.encoded == []
        for query in ("which bank built 30 internal tools?", "ferry ticket price", "雾岭的茶园", "October"):
            for where in (None, {"year": 2025}, {"publisher": "36Ke"}):
                found = [
                    [(hit.passage.text, round(hit.score, 2)) for hit in corpus.search(query, where=where)]
                    for corpus in (old, new)
                ]
                assert sorted(found[0]) == sorted(found[1])


def test_a_migrated_corpus_goes_on_where_it_stopped(folder: Path) -> None:
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert corpus.stats().generation > 11
        assert rows(folder, "SELECT max(id), count(*) FROM passages") == [(48, 47)]
        corpus.remove("茶.txt")
        assert corpus.add_text("the ferry sank", source="news.txt").status == "added"
        assert rows(folder, "SELECT max(id), count(*) FROM passages") == [(49, 47)]
        assert corpus.remove("ferry.md").status == "removed"
        assert [hit.passage.source for hit in corpus.search("ferry") if hit.lexical_score] == ["news.txt"]
        assert corpus.verify() == []
    assert rows(folder, "SELECT name FROM sqlite_schema WHERE name LIKE 'old%' OR name = 'lexical'") == []


def test_a_migrated_corpus_never_gives_an_id_again_though_nothing_was_left_in_it(folder: Path) -> None:
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as connection:
        connection.executescript(
            "PRAGMA foreign_keys = ON; DELETE FROM lexical; DELETE FROM files; DELETE FROM deleted"
        )
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("the ferry sank", source="news.txt")
        assert rows(folder, "SELECT id FROM passages") == [(49,)]
        assert rows(folder, "SELECT id FROM documents") == [(9,)]
        assert corpus.verify() == []


def test_a_migration_that_fails_leaves_the_old_corpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows(folder, "SELECT name, sql FROM sqlite_schema ORDER BY name")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration, "_copy_passages", fail)
        with pytest.raises(KeyboardInterrupt):
            Corpus.open(folder, encoder=FakeEncoder())
    assert rows(folder, "SELECT name, sql FROM sqlite_schema ORDER BY name") == before
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert corpus.verify() == []


def test_layout_2_gets_its_new_columns(folder: Path) -> None:
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        before = corpus.documents()
    connection = sqlite3.connect(folder / schema.FILE_NAME)
    connection.executescript(
        "ALTER TABLE files DROP COLUMN notes; ALTER TABLE documents DROP COLUMN places;"
        "PRAGMA user_version = 2"
    )
    connection.close()
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert corpus.documents() == before
        assert corpus.add_text("new", source="n.txt").status == "added"
        assert corpus.verify() == []
    assert rows(folder, "PRAGMA user_version") == [(schema.VERSION,)]


def test_an_old_backup_is_restored(folder: Path, tmp_path: Path) -> None:
    with Corpus.restore(folder / schema.FILE_NAME, tmp_path / "new", encoder=FakeEncoder()) as corpus:
        assert corpus.verify() == []
        assert len(corpus.documents()) == 7


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / schema.FILE_NAME)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
