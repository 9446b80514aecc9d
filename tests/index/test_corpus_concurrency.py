"""Searching while others write: every answer belongs to one generation of the corpus."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index import folder_store, projection, vectors
from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder

VERSIONS = 40

WRITE = """
import sys
from pathlib import Path
from pincite.index.corpus import Corpus
sys.path.insert(0, sys.argv[2])
from tests.fakes import FakeEncoder
from tests.index.test_corpus_concurrency import VERSIONS, text_of
with Corpus.open(sys.argv[1], encoder=FakeEncoder()) as corpus:
    for version in range(1, VERSIONS):
        corpus.add_text(text_of(version), source="changing.md")
"""


def text_of(version: int) -> str:
    """A document of several passages, each of which names the version that it belongs to."""
    length = 3 + version % 5
    return "\n\n".join(f"# Part {n}\n\nversion{version} common " + "word " * (n * 7) for n in range(length))


def is_whole(corpus: Corpus) -> int:
    """Search, check that what comes back is one version and all of it, and return which one it is."""
    hits = [hit for hit in corpus.search("common", top_k=50) if hit.passage.source == "changing.md"]
    (version,) = {hit.passage.text.split()[0] for hit in hits}
    number = int(version.removeprefix("version"))
    whole = text_of(number)
    assert sorted(hit.passage.start for hit in hits) == [
        place for place in range(len(whole)) if whole.startswith("version", place)
    ]
    assert all(whole[hit.passage.start : hit.passage.end] == hit.passage.text for hit in hits)
    return number


def test_a_search_never_sees_half_a_replacement_by_another_process(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common ground that stays", source="constant.txt")
        corpus.add_text(text_of(0), source="changing.md")
        root = str(Path(__file__).parents[2])
        writer = subprocess.Popen([sys.executable, "-c", WRITE, str(folder), root])
        seen = [is_whole(corpus)]
        while writer.poll() is None:
            seen.append(is_whole(corpus))
        assert writer.returncode == 0
        assert seen == sorted(seen)
        assert is_whole(corpus) == VERSIONS - 1
        assert corpus.verify() == []


def test_threads_that_share_a_corpus_search_it_while_another_writes(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        corpus.add_text(text_of(0), source="changing.md")
        is_done = threading.Event()

        def read() -> list[int]:
            seen = [is_whole(corpus)]
            while not is_done.is_set():
                seen.append(is_whole(corpus))
            return seen

        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read) for _ in range(3)]
            try:
                for version in range(1, VERSIONS):
                    corpus.add_text(text_of(version), source="changing.md")
                    assert is_whole(corpus) == version
            finally:
                is_done.set()
            for reader in readers:
                assert reader.result() == sorted(reader.result())


def test_threads_find_what_one_thread_finds(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for number in range(10):
            corpus.add_text(f"common word{number} term{number % 3}", source=f"{number}.txt")
        queries = [f"common word{n} term{m}" for n in range(10) for m in range(3)]
        alone = [corpus.search(query) for query in queries]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(corpus.search, queries * 4)) == alone * 4


def test_a_corpus_is_sound_though_a_writer_is_at_work_while_it_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "_LEAST_PENDING", 0)
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        corpus.add_text("common ground", source="a.txt")

        def read_after_a_change(folder: Path, uid: str, dimension: int) -> vectors.Base | None:
            monkeypatch.setattr(folder_store, "read_base", vectors.read_base)
            corpus.add_text("newer ground", source="b.txt")
            return vectors.read_base(folder, uid, dimension)

        monkeypatch.setattr(folder_store, "read_base", read_after_a_change)
        assert corpus.verify() == []
        assert len(corpus.documents()) == 2


def test_a_vector_file_that_is_ahead_of_the_database_is_found(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        corpus.add_text("common ground", source="a.txt")
        corpus.backup(tmp_path / "backup")
        for number in range(70):
            corpus.add_text(f"newer ground {number}", source=f"{number}.txt")
    shutil.copyfile(tmp_path / "backup", tmp_path / "c" / "corpus.sqlite3")
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        assert corpus.verify() == ["the FAISS file does not hold the passages of its generation"]


class SlowEncoder(FakeEncoder):
    """Encodes a query once it is let go, and says when it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.has_begun.set()
        assert self.may_go_on.wait(60)
        return super().encode(texts)


def test_a_search_that_is_under_way_when_the_corpus_is_closed_is_finished(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        corpus.add_text("common ground", source="a.txt")
    slow = SlowEncoder()
    corpus = Corpus.open(tmp_path / "c", encoder=slow)
    with ThreadPoolExecutor(1) as pool:
        search = pool.submit(corpus.search, "common")
        assert slow.has_begun.wait(60)
        corpus.close()
        slow.may_go_on.set()
        assert [hit.passage.text for hit in search.result()] == ["common ground"]
    with pytest.raises(ValueError, match="the corpus is closed"):
        corpus.search("common")


def test_closing_while_other_threads_search_fails_only_those_that_come_too_late(tmp_path: Path) -> None:
    corpus = Corpus.open(tmp_path / "c", encoder=FakeEncoder())
    corpus.add_text("common ground", source="a.txt")
    with ThreadPoolExecutor(4) as pool:
        searches = [pool.submit(corpus.search, "common") for _ in range(50)]
        corpus.close()
    errors = [str(error) for search in searches if (error := search.exception())]
    assert set(errors) <= {"the corpus is closed: open it again"}
    found = [search.result()[0].passage.text for search in searches if not search.exception()]
    assert found == ["common ground"] * (len(searches) - len(errors))
