"""Every kind of damage that can be done to the database behind its back is found and named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pincite.index import lexical_writer
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusDamaged
from pincite.index.schema import FILE_NAME
from pincite.index.vectors import FILE_NAME as VECTORS
from tests.fakes import FakeEncoder

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound corpus, with something deleted and something added that the FAISS file does not know yet."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "notes").mkdir()
    for number in range(40):
        (folder / "notes" / f"{number}.txt").write_text(f"note {number}")
    with Corpus.open(folder / "c", encoder=FakeEncoder()) as corpus:
        corpus.add(SEEDS, folder / "notes", metadata={"year": 2025})
        (folder / "c" / VECTORS).unlink()
        corpus.add_text("one of the first", source="first.txt")
        corpus.remove("7.txt")
        corpus.add_text("one more", source="more.txt")
        assert corpus.verify() == []
    return folder / "c"


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test to damage."""
    return Path(shutil.copytree(sound, tmp_path / "c"))


def findings(folder: Path, *statements: str) -> list[str]:
    """What is found after the statements have been run on the database directly."""
    connection = sqlite3.connect(folder / FILE_NAME)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    with Corpus.open(folder) as corpus:
        return corpus.verify()


FIRST = "(SELECT min(id) FROM passages)"
UNREADABLE = "the lexical index cannot be read"


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE documents SET text = replace(text, 'OCBC', 'ABCD')", "its text or source is not the one"),
        ("UPDATE documents SET text = 'short'", "documents with other characters"),
        ("UPDATE documents SET source = 'x' || source", "its text or source is not the one"),
        ("UPDATE documents SET metadata = '{'", "unreadable rows in documents"),
        ("UPDATE groups SET path = ''", "unreadable rows in groups"),
        ("UPDATE passages SET points = 'x'", "unreadable rows in passages"),
        (f"UPDATE passages SET \"end\" = 99999999 WHERE id = {FIRST}", "1 passages outside their group"),
        (f"UPDATE passages SET start = \"end\" WHERE id = {FIRST}", "1 passages outside their group"),
        ("UPDATE groups SET start = -1 WHERE start = 0", "a group -1-"),
        ("UPDATE groups SET \"end\" = \"end\" + 9 WHERE start = 0", "its groups overlap"),
        (f"UPDATE passages SET \"group\" = 999 WHERE id = {FIRST}", "database: passages"),
        ("UPDATE documents SET text = 'short', characters = 5", "is outside its text of 5 characters"),
        (f"DELETE FROM passages WHERE id = {FIRST}", "1 rows in vectors without a passage"),
        ("UPDATE documents SET first_passage = first_passage + 1", "documents with other characters"),
        (f"DELETE FROM vectors WHERE passage = {FIRST}", "1 passages without a row in vectors"),
        (f"DELETE FROM recent WHERE passage = {FIRST}", "1 passages that the lexical index does not"),
        ("UPDATE recent SET weights = replace(weights, 'note', 'nose')", "that the lexical index does"),
        ("UPDATE recent SET weights = '{'", "unreadable rows in recent"),
        (f"UPDATE vectors SET vector = x'00' WHERE passage = {FIRST}", "1 vectors have not 64 numbers"),
        (f"UPDATE vectors SET vector = 'text' WHERE passage = {FIRST}", "1 vectors have not 64 numbers"),
        ("UPDATE corpus SET dimension = 65", "vectors have not 65 numbers"),
        ("UPDATE fields SET value = 2024 WHERE field = 'year'", "filters see other metadata than it has"),
        ("DELETE FROM fields", "filters see other metadata than it has"),
        ("DELETE FROM documents WHERE source = 'more.txt'", "database: "),
        ("DELETE FROM deleted", "the FAISS file does not hold the passages of its generation"),
        ("UPDATE corpus SET uid = '00'", "the FAISS file is missing or damaged"),
    ],
)  # fmt: skip
def test_damage_to_the_database_is_found(folder: Path, statement: str, finding: str) -> None:
    assert any(finding in one for one in findings(folder, statement))


@pytest.mark.parametrize(
    ("vector", "finding"),
    [
        (np.full(64, 0.5, np.float16), "1 vectors are of neither unit length nor zero"),
        (np.full(64, np.nan, np.float16), "1 vectors are of neither unit length nor zero"),
        (
            np.eye(64, dtype=np.float16)[63],
            "the FAISS file has another vector than the database for passage 1",
        ),
    ],
)
def test_another_vector_is_found(folder: Path, vector: np.ndarray, finding: str) -> None:
    changed = f"UPDATE vectors SET vector = x'{vector.tobytes().hex()}' WHERE passage = {FIRST}"
    assert finding in findings(folder, changed)


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:-1])])
def test_a_lost_or_damaged_faiss_file_is_found_and_mended_by_the_next_change(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder / VECTORS)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        assert corpus.verify() == [
            "the FAISS file is missing or damaged: searches still work, `pincite index` mends it"
        ]
        corpus.add(SEEDS)
        assert corpus.verify() == []


def test_pages_that_are_overwritten_are_found(folder: Path) -> None:
    file = folder / FILE_NAME
    content = bytearray(file.read_bytes())
    for place in range(4096 * 4, len(content), 4096 * 2):
        content[place : place + 4096] = b"\xa5" * 4096
    file.write_bytes(content)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        try:
            found = corpus.verify()
        except CorpusDamaged as error:
            found = [str(error)]
    assert found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vectors SET vector = x'00'",
        "UPDATE documents SET metadata = '{'",
        "DROP TABLE passages",
    ],
)
def test_a_search_over_damaged_rows_says_that_the_corpus_is_damaged(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute(statement)
    connection.commit()
    connection.close()
    (folder / VECTORS).unlink()
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus, pytest.raises(CorpusDamaged):
        corpus.search("the bank")


@pytest.fixture
def settled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy, its lexical index in a segment but for the last passage; any further change settles it."""
    monkeypatch.setattr(lexical_writer, "RECENT_IDS", 1)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("one bank more", source="settled.txt")
    monkeypatch.setattr(lexical_writer, "RECENT_IDS", 99)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("the last bank", source="last.txt")
    monkeypatch.setattr(lexical_writer, "RECENT_IDS", 1)
    return folder


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET passages = x'ffff02'",
        "UPDATE segments SET lengths = CAST(lengths || x'00' AS BLOB)",
        "UPDATE segments SET lengths = 'text'",
        'UPDATE recent SET weights = \'{"bank": "x"}\'',
    ],
)
def test_a_lexical_index_that_cannot_be_read_is_found_and_one_clear_error(
    settled: Path, statement: str
) -> None:
    (found,) = findings(settled, statement)
    assert found.startswith(UNREADABLE)
    with (
        Corpus.open(settled, encoder=FakeEncoder()) as corpus,
        pytest.raises(CorpusDamaged, match=f"{UNREADABLE}: .*: restore a backup"),
    ):
        corpus.search("the bank")


def test_a_change_to_a_lexical_index_that_cannot_be_read_is_one_clear_error(settled: Path) -> None:
    assert findings(settled, "UPDATE segments SET lengths = 'text'", "UPDATE recent SET weights = '{}x'")
    with Corpus.open(settled, encoder=FakeEncoder()) as corpus:
        with pytest.raises(CorpusDamaged, match=UNREADABLE):
            corpus.remove("more.txt")
        with pytest.raises(CorpusDamaged, match=UNREADABLE):
            corpus.add_text("one more again", source="again.txt")


def test_a_weight_that_no_posting_can_have_is_found(settled: Path) -> None:
    (found,) = findings(settled, "UPDATE recent SET weights = '{\"bank\": 3000}'")
    assert found.startswith(UNREADABLE)
