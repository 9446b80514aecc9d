"""Some 240 files of other projects' test suites, through ``Corpus.add``: each as ``documents.tsv`` expects.

A line of the table is a file, its status, documents and pages, and the reason where it failed. A file that
the folder has and the table has not, or the reverse, fails too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.database import Database
from pincite.index.records import Receipt
from tests.fakes import FakeEncoder

from .real_files import FOLDER, needs_real_files

TABLE = Path(__file__).parents[2] / "data" / "documents.tsv"
MOST_SECONDS = 30

pytestmark = [
    needs_real_files,
    pytest.mark.skipif(find_spec("rapidocr") is not None, reason="with pincite[ocr] scans are read, too"),
]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Corpus, list[Receipt]]]:
    folder = tmp_path_factory.mktemp("real")
    with Corpus.open(folder / "corpus", encoder=FakeEncoder()) as corpus:
        yield corpus, corpus.add(FOLDER)


def row_of(receipt: Receipt) -> list[str]:
    name = receipt.source.removeprefix(f"{FOLDER.resolve().as_posix()}/")
    return [name, receipt.status, str(receipt.documents), str(receipt.pages), receipt.reason]


def test_each_file_becomes_what_the_table_expects(indexed: tuple[Corpus, list[Receipt]]) -> None:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        expected = list(csv.reader(lines, delimiter="\t"))
    assert [row_of(receipt) for receipt in indexed[1]] == expected[1:]


def test_none_takes_long_and_all_of_it_is_sound(indexed: tuple[Corpus, list[Receipt]]) -> None:
    corpus, receipts = indexed
    assert [receipt.source for receipt in receipts if receipt.seconds > MOST_SECONDS] == []
    assert corpus.verify() == []


def test_every_passage_is_where_it_says(indexed: tuple[Corpus, list[Receipt]]) -> None:
    corpus, _ = indexed
    with closing(Database(corpus.location)) as database, database.snapshot() as snapshot:
        ids = [
            row[0] for row in snapshot._connection.execute("SELECT id FROM passages ORDER BY id").fetchall()
        ]
        passages = snapshot.passages(ids).values()
        texts = {row: snapshot.text(row) or "" for row in {passage.document_id for passage in passages}}
    assert len(passages) > 5_000
    for passage in passages:
        text = texts[passage.document_id]
        assert text[passage.start : passage.end] == passage.text
        assert any(map(str.isalnum, passage.text))
        for point in passage.points:
            assert text[point.start : point.end] == point.text
