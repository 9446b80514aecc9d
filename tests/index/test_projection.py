"""The FAISS file in step with the database: right whatever state it is in, rewritten when it is worth it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import projection, vectors
from pincite.index.corpus import Corpus
from pincite.index.database import Database
from pincite.index.vectors import FILE_NAME, lists_for
from tests.fakes import CountingEncoder, FakeEncoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of forty documents, one passage each, in a folder whose name is not ASCII."""
    folder = tmp_path / "语料"
    with opened(folder) as corpus:
        for number in range(40):
            corpus.add_text(f"shared word{number} term{number % 7}", source=f"{number}.txt")
    return folder


def opened(folder: Path) -> Corpus:
    return Corpus.open(folder, encoder=FakeEncoder())


def answers(folder: Path) -> list[list[tuple[str, float]]]:
    """What a process that has just opened the corpus finds, with its cosines."""
    with opened(folder) as corpus:
        queries = ["word3 term3", "shared", "term5 word12", "shared word39 term4"]
        return [
            [(hit.passage.source, round(hit.dense_score or 0, 5)) for hit in corpus.search(query, top_k=50)]
            for query in queries
        ]


@pytest.fixture
def right(folder: Path) -> list[list[tuple[str, float]]]:
    """The answers that SQLite alone gives, without any FAISS file."""
    file = folder / FILE_NAME
    content = file.read_bytes()
    file.unlink()
    expected = answers(folder)
    file.write_bytes(content)
    return expected


def test_the_file_gives_what_the_database_gives(folder: Path, right: list[list[tuple[str, float]]]) -> None:
    assert answers(folder) == right
    assert len(right[1]) == 40


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "flipped", "foreign", "text", "folder"])
def test_a_damaged_file_never_changes_an_answer(
    folder: Path, right: list[list[tuple[str, float]]], tmp_path: Path, damage: str
) -> None:
    file = folder / FILE_NAME
    content = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage == "foreign":
        with opened(tmp_path / "other") as other:
            other.add_text("shared word3 of another corpus", source="x")
        file.write_bytes((tmp_path / "other" / FILE_NAME).read_bytes())
    elif damage != "missing":
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 64]) + content[middle + 1 :]
        changed = {"empty": b"", "truncated": content[:-9], "flipped": flipped, "text": b"not an index" * 9}
        file.write_bytes(changed[damage])
    assert answers(folder) == right


def test_an_older_file_put_back_never_changes_an_answer(folder: Path) -> None:
    file = folder / FILE_NAME
    old = file.read_bytes()
    with opened(folder) as corpus:
        for number in range(20):
            corpus.remove(f"{number}.txt")
        corpus.add_text("shared word3 new", source="new.txt")
        corpus.add_text("shared word25 changed", source="25.txt")
    fresh = answers(folder)
    file.write_bytes(old)
    assert answers(folder) == fresh
    assert {source for source, _ in fresh[1]} == {f"{n}.txt" for n in range(20, 40)} | {"new.txt"}


def test_the_file_is_written_anew_once_too_much_is_missing_from_it(folder: Path) -> None:
    file = folder / FILE_NAME
    with opened(folder) as corpus:
        corpus.reencode(FakeEncoder("other"))
        corpus.reencode(FakeEncoder())
        assert corpus.verify() == []
        before = file.read_bytes()
        for number in range(64):
            corpus.add_text(f"shared {number} more", source=f"x{number}")
        assert file.read_bytes() == before
        corpus.add_text("shared once more", source="x64")
        after = file.read_bytes()
        assert after != before
        for number in range(64):
            corpus.remove(f"x{number}")
        assert file.read_bytes() == after
        assert len(corpus.search("shared", top_k=199)) == 41
        corpus.remove("x64")
        assert file.read_bytes() != after
        assert corpus.verify() == []
        assert len(corpus.search("shared", top_k=199)) == 40


class Opposite(FakeEncoder):
    """Has its vectors where ``FakeEncoder`` has none."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return -super().encode(texts)


def test_another_encoder_has_its_lists_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 16)
    folder = tmp_path / "c"
    with opened(folder) as corpus:
        for number in range(40):
            corpus.add_text(f"word{number} term{number % 7} mark{number % 3}", source=f"{number}.txt")
        (folder / FILE_NAME).unlink()
        corpus.add_text("word40 of the first", source="40.txt")  # the lists are drawn from all that there is
        corpus.reencode(Opposite("opposite"))
        assert corpus.verify() == []
    with Database(folder).snapshot() as snapshot:
        base = vectors.read_base(folder, snapshot.uid, snapshot.encoder.dimension)
        assert base is not None
        assert base.index.nlist > 1
        for one in base.lists():
            _, stored = snapshot.vectors_of(sorted(one.ids.tolist()))
            near = (base.index.sq.decode(one.codes) + one.centre)[np.argsort(one.ids)]
            assert ((near * stored).sum(axis=1) > 0.99).all()


def test_a_lost_file_is_written_by_the_next_change_without_encoding_again(folder: Path) -> None:
    (folder / FILE_NAME).unlink()
    encoder = CountingEncoder()
    with Corpus.open(folder, encoder=encoder) as corpus:
        assert corpus.verify() != []
        corpus.add_text("shared one more", source="x1")
        assert corpus.verify() == []
    assert encoder.encoded == ["shared one more"]


def test_readers_never_write_the_file(folder: Path) -> None:
    (folder / FILE_NAME).unlink()
    with opened(folder) as corpus:
        corpus.search("shared")
        corpus.stats()
        corpus.verify()
    assert not (folder / FILE_NAME).exists()


def test_a_reader_follows_what_another_corpus_object_writes(folder: Path) -> None:
    with opened(folder) as reader, opened(folder) as writer:
        assert reader.search("fresh")[0].lexical_score == 0
        for number in range(5):
            writer.add_text(f"fresh number{number}", source="fresh.txt")
            (hit, *_) = reader.search("fresh")
            assert hit.passage.text == f"fresh number{number}"
        writer.remove("fresh.txt")
        assert all(hit.passage.source != "fresh.txt" for hit in reader.search("fresh", top_k=99))


def test_zero_vectors_stay_in_the_file_and_are_never_dense_hits(tmp_path: Path) -> None:
    with opened(tmp_path / "c") as corpus:
        corpus.add_text("雾岭茶叶合作社", source="zh")
        corpus.add_text("a tea cooperative", source="en")
        hits = corpus.search("tea cooperative")
        assert [(hit.passage.source, hit.dense_score is None) for hit in hits] == [("en", False)]
        assert corpus.verify() == []


def test_lists_are_drawn_anew_once_most_vectors_are_newer_than_they(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 30)
    monkeypatch.setattr(projection, "_LEAST_PENDING", 1)
    drawn = []
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for number in range(130):
            corpus.add_text(f"word{number} common", source=f"{number}.txt")
            base = vectors.read_base(tmp_path / "c", uid_of(tmp_path / "c"), 64)
            assert base is not None
            drawn.append((base.index.nlist, base.drawn_up_to))
        assert [lists for lists, _ in drawn][:30] == [1] * 30
        assert {lists for lists, _ in drawn[34:]} == {32}
        ups = sorted({up_to for lists, up_to in drawn if lists > 1})
        assert all(later > 2 * earlier for earlier, later in pairwise(ups))
        corpus.reencode(FakeEncoder("other"))
        base = vectors.read_base(tmp_path / "c", uid_of(tmp_path / "c"), 64)
        assert base is not None
        assert base.drawn_up_to == 260
        assert corpus.verify() == []
        assert corpus.search("word77")[0].passage.source == "77.txt"


def test_lists_are_drawn_whatever_pattern_the_ids_have_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 30)
    monkeypatch.setattr(vectors, "_TRAINED_PER_LIST", 1)
    with opened(tmp_path / "c") as corpus:
        for number in range(1, 161):
            corpus.add_text(f"word{number} common", source=f"{number}.txt")
        for number in range(1, 161):
            if number % 2 == 0 and number % 16:
                corpus.remove(f"{number}.txt")
        (tmp_path / "c" / FILE_NAME).unlink()
        corpus.add_text("word161 common", source="161.txt")
        base = vectors.read_base(tmp_path / "c", uid_of(tmp_path / "c"), 64)
        assert base is not None
        assert base.index.nlist == lists_for(91) == 32
        with Database(tmp_path / "c").snapshot() as snapshot:
            assert [len(snapshot.some_vectors(count)) for count in (0, 1, 9, 32, 91)] == [0, 1, 10, 46, 91]
        assert corpus.verify() == []


def uid_of(folder: Path) -> str:
    with Database(folder).snapshot() as snapshot:
        return snapshot.uid
