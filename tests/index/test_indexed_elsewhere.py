"""A corpus on a server that is filled from several places: what one has no more, another may still have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pincite.index.corpus import Corpus
from pincite.index.records import GONE, Receipt
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer


class Places:
    """Folders that a corpus is filled from, each with documents of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch

    def go(self, name: str, *files: str) -> Path:
        """Have ``files`` be all that there is in ``docs`` below a folder, and that the current one."""
        here = self._folder / name
        docs = here / "docs"
        docs.mkdir(parents=True, exist_ok=True)
        for there in docs.iterdir():
            there.unlink()
        for file in files:
            (docs / file).write_text(f"common {file} of {name}")
        self._monkeypatch.chdir(here)
        return here


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(tmp_path, monkeypatch)


def add(location: str, *, prune: bool = False) -> dict[str, Receipt]:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        receipts = corpus.add("docs", prune=prune)
        assert corpus.verify() == []
    return {receipt.source: receipt for receipt in receipts}


def test_what_was_indexed_elsewhere_is_told_of_and_not_pruned_from_here(
    milvus: MilvusServer, places: Places
) -> None:
    location = milvus.location()
    ada = places.go("ada", "a.txt", "both.txt")
    add(location)
    places.go("bo", "b.txt", "both.txt")
    for prune in (False, True):
        receipts = add(location, prune=prune)
        there = receipts["docs/a.txt"]
        assert (there.status, there.passages) == ("vanished", 1)
        assert there.reason == (
            f"its file is not here, and was indexed from {ada}:"
            " --prune removes it there, `pincite remove` here"
        )
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        texts = [corpus.text(document.document_id) for document in corpus.documents()]
    assert texts == ["common a.txt of ada", "common b.txt of bo", "common both.txt of bo"]
    places.go("ada", "both.txt")
    assert add(location)["docs/a.txt"].reason == GONE
    assert {source: one.status for source, one in add(location, prune=True).items()} == {
        "docs/a.txt": "removed",
        "docs/b.txt": "vanished",
        "docs/both.txt": "unchanged",
    }


def test_where_a_file_was_indexed_from_outlasts_a_reencoding_and_a_copy(
    milvus: MilvusServer, places: Places
) -> None:
    location, other = milvus.location(), milvus.location()
    places.go("ada", "a.txt")
    add(location)
    places.go("bo", "b.txt")
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.reencode(FakeEncoder("other"))
        corpus.reencode(FakeEncoder())
        corpus.copy(other)
    assert [add(one, prune=True)["docs/a.txt"].status for one in (location, other)] == ["vanished"] * 2
    places.go("ada")
    assert [add(one, prune=True)["docs/a.txt"].status for one in (location, other)] == ["removed"] * 2


def test_a_copied_folder_was_indexed_from_where_it_is(milvus: MilvusServer, places: Places) -> None:
    location = milvus.location()
    ada = places.go("ada", "a.txt")
    add(".pincite")
    places.go("bo", "b.txt")
    with Corpus.open(ada / ".pincite", encoder=FakeEncoder()) as corpus:
        corpus.copy(location)
    assert add(location, prune=True)["docs/a.txt"].status == "vanished"
    places.go("ada")
    assert add(location, prune=True)["docs/a.txt"].status == "removed"
