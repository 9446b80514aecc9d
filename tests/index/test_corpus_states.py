"""Any run of changes, from any door, leaves what a dictionary would hold and finds what plain Python finds.

Both indexes settle every few passages here, so that a run comes to flushes, merges and vector files written
anew. The corpus either comes to draw up many lists, or has to choose among few candidates.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from pincite.index import lexical_writer, loaded_encoders, projection, retrieval, vectors
from pincite.index.corpus import Corpus
from pincite.index.filters import Where

from .oracle import ENCODERS, Held, Passage, WordEncoder, passages_of, search

WORDS = ("fog", "oak", "elm", "tin", "jay", "雾岭", "茶园水")
QUERIES = ("fog oak", "雾岭", "elm", "茶", "tin jay fog", "岭茶 oak", "园雾", "oak oak")
YEARS = st.sampled_from([2024, 2025])
WHERES = st.sampled_from(
    [None, {"year": 2024}, {"year": [2025]}, {"source": "a.txt"}, {"source": "docs/b.md"}]
)
DISK = ("docs/a.txt", "docs/b.md", "docs/sub/c.md", "docs/sub/雾.txt")
NAMES = st.sampled_from(["a.txt", "b.md", "新闻.md", *DISK])
BIG = "\n\n".join(["# elm", *(f"## {a}\n\n{a} {b}" for a in WORDS[:5] for b in (*WORDS[1::2], "fog fog"))])
LOST = ["the FAISS file is missing or damaged: searches still work, `pincite index` mends it"]

lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
headings = st.sampled_from(WORDS[:5])
sections = st.lists(st.tuples(headings, lines), min_size=1, max_size=4).map(
    lambda parts: "\n\n".join(
        f"{'##' if n else '#'} {name}\n\n{line}" for n, (name, line) in enumerate(parts)
    )
)


@st.composite
def texts(draw: st.DrawFn, names: st.SearchStrategy[str]) -> tuple[str, str]:
    """A name and a text that may be stored under it."""
    name = draw(names)
    return name, draw(sections | lines if name.endswith(".md") else lines)


class BreaksOff(WordEncoder):
    """Encodes so many times, then fails."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__(name, ENCODERS[name].identity.dimension)
        self.left = times

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.left -= 1
        if self.left < 0:
            raise MemoryError
        return super().encode(texts)


class CorpusMachine(RuleBasedStateMachine):
    """``held`` is the oracle's, in the order of storing; ``reader`` sees what ``corpus`` writes."""

    candidates: int
    exact_up_to: int

    @initialize(first=st.tuples(*(texts(st.just(name)) for name in DISK)), year=YEARS)
    def create(self, first: Sequence[tuple[str, str]], year: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(projection, "_LEAST_PENDING", 3)
        self.patch.setattr(lexical_writer, "RECENT_IDS", 3)
        self.patch.setattr(lexical_writer, "SEGMENT_IDS", 64)
        self.patch.setattr(lexical_writer, "_MERGED_AT_ONCE", 3)
        self.patch.setattr(vectors, "EXACT_UP_TO", self.exact_up_to)
        self.patch.setattr(retrieval, "CANDIDATES", self.candidates)
        self.patch.setattr(loaded_encoders, "load_encoder", lambda name, **_: ENCODERS[name])
        self.threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # for some dozen vectors, more only wait for each other
        self.home = Path(os.path.realpath(tempfile.mkdtemp()))
        (self.home / "docs" / "sub").mkdir(parents=True)
        self.folder = self.home / "c"
        self.encoder = "first"
        self.corpus = Corpus.open(self.folder, encoder="first")
        self.reader = Corpus.open(self.folder)
        self.held: dict[str, Held] = {}
        self.is_lost = False
        self.step = 0
        for file in first:
            self.write_a_file(file)
        self.add_a_folder("docs", year, prune=False)
        self.add_a_long_text(year)

    @rule(named=texts(NAMES), year=YEARS)
    def add_text(self, named: tuple[str, str], year: int) -> None:
        source, text = named
        expected = self.put(source, Held(text, year, is_text=True))
        assert self.corpus.add_text(text, source=source, metadata={"year": year}).status == expected

    @rule(text=st.sampled_from(["", " \n", "--"]), source=NAMES)
    def add_nothing(self, text: str, source: str) -> None:
        assert self.corpus.add_text(text, source=source).status == "failed"
        self.is_lost = False

    @rule(year=YEARS)
    def add_a_long_text(self, year: int) -> None:
        expected = self.put("big.md", Held(BIG, year, is_text=True))
        assert self.corpus.add_text(BIG, source="big.md", metadata={"year": year}).status == expected

    @rule(source=st.sampled_from([*DISK, "big.md", "a.txt", "新闻.md"]))
    def remove(self, source: str) -> None:
        if source in self.held:
            assert self.corpus.remove(source).source == source
            del self.held[source]
            self.is_lost = False

    @rule(file=texts(st.sampled_from(DISK)))
    def write_a_file(self, file: tuple[str, str]) -> None:
        (self.home / file[0]).write_text(file[1], encoding="utf-8")

    @rule(name=st.sampled_from(DISK))
    def delete_a_file(self, name: str) -> None:
        (self.home / name).unlink(missing_ok=True)

    @rule(name=st.sampled_from(DISK), year=YEARS)
    def add_a_file(self, name: str, year: int) -> None:
        file = self.home / name
        expected = "failed"
        if file.exists():
            expected = self.put(name, Held(file.read_text("utf-8"), year, is_text=False))
        assert [one.status for one in self.corpus.add(file, metadata={"year": year})] == [expected]
        self.is_lost = False

    @rule(folder=st.sampled_from(["docs", "docs/sub"]), year=YEARS, prune=st.booleans())
    def add_a_folder(self, folder: str, year: int, prune: bool) -> None:
        there = [name for name in DISK if name.startswith(f"{folder}/") and (self.home / name).exists()]
        expected = {} if there else {folder: "failed"}
        for name in sorted(there, key=lambda name: Path(name).parts):
            expected[name] = self.put(name, Held((self.home / name).read_text("utf-8"), year, is_text=False))
        for name, one in list(self.held.items()):
            if name.startswith(f"{folder}/") and name not in there and not one.is_text:
                expected[name] = "removed" if prune else "vanished"
                if prune:
                    del self.held[name]
        receipts = self.corpus.add(self.home / folder, metadata={"year": year}, prune=prune)
        assert {one.source: one.status for one in receipts} == expected
        assert len(receipts) == len(expected)
        self.is_lost = False

    @rule(encoder=st.sampled_from(sorted(ENCODERS)))
    def reencode(self, encoder: str) -> None:
        self.corpus.reencode(encoder)
        self.encoder = encoder
        self.is_lost = False

    @rule(encoder=st.sampled_from(sorted(ENCODERS)), times=st.integers(0, 3))
    def reencoding_breaks_off(self, encoder: str, times: int) -> None:
        breaking = BreaksOff(encoder, times)
        try:
            self.corpus.reencode(breaking)
        except MemoryError:
            return
        breaking.left = 1_000_000  # the corpus goes on with it
        self.encoder = encoder
        self.is_lost = False

    @rule()
    def open_again(self) -> None:
        self.corpus.close()
        self.corpus = Corpus.open(self.folder, create=False, encoder=ENCODERS[self.encoder])

    @rule()
    def change_places(self) -> None:
        self.corpus, self.reader = self.reader, self.corpus

    @rule(is_kept=st.booleans())
    def back_up_and_restore(self, is_kept: bool) -> None:
        self.corpus.backup(self.home / "backup", overwrite=True)
        restored = Corpus.restore(self.home / "backup", self.home / f"c{self.step}")
        assert restored.documents() == self.corpus.documents()
        assert restored.stats().generation >= self.corpus.stats().generation
        assert restored.verify() == []
        self.check(restored, QUERIES[0], 100, None)
        if is_kept:
            left, self.corpus, self.is_lost = self.corpus, restored, False
            self.reader.close()
            self.reader = Corpus.open(restored.location)
        else:
            left = restored
        left.close()
        shutil.rmtree(left.location)
        self.folder = self.corpus.location

    @rule()
    def lose_the_vectors_file(self) -> None:
        (self.folder / vectors.FILE_NAME).unlink(missing_ok=True)
        self.is_lost = True

    @rule(share=st.floats(0, 1, exclude_max=True))
    def truncate_the_vectors_file(self, share: float) -> None:
        self.corpus.close()
        self.reader.close()
        file = self.folder / vectors.FILE_NAME
        if file.exists():
            os.truncate(file, int(share * file.stat().st_size))
        self.corpus, self.reader = Corpus.open(self.folder), Corpus.open(self.folder)
        self.is_lost = True

    @rule(
        query=st.sampled_from(QUERIES)
        | st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        top_k=st.sampled_from([1, 2, 5, 30, 1000]),
        where=WHERES,
    )
    def find(self, query: str, top_k: int, where: Where | None) -> None:
        self.check(self.corpus, query, top_k, where)

    @invariant()
    def it_holds_what_was_put_in_and_the_reader_sees_it(self) -> None:
        documents = self.reader.documents()
        assert {
            one.source: (self.reader.text(one.document_id), one.metadata["year"]) for one in documents
        } == {source: (one.text, one.year) for source, one in self.held.items()}
        self.step += 1
        self.check(self.reader, QUERIES[self.step % len(QUERIES)], 1000 if self.step % 3 == 0 else 3, None)

    @invariant()
    def it_is_sound(self) -> None:
        assert self.corpus.verify() == (LOST if self.is_lost and self.held else [])

    def put(self, source: str, new: Held) -> str:
        """Store a text with the oracle; return what its receipt ought to say."""
        self.is_lost = False
        before = self.held.get(source)
        if before is not None and (before.text, before.year) == (new.text, new.year):
            self.held[source] = new
            return "unchanged"
        self.held.pop(source, None)
        self.held[source] = new
        return "added" if before is None else "replaced"

    def check(self, corpus: Corpus, query: str, top_k: int, where: Where | None) -> None:
        """Ask the corpus and the oracle, and compare."""
        if where and "year" in where and not self.held:
            with pytest.raises(ValueError, match="unknown field"):
                corpus.search(query, top_k=top_k, where=where)
            return
        hits = corpus.search(query, top_k=top_k, where=where)
        passages = passages_of(self.held)
        expected = search(
            query, passages, lambda one: self.meets(one, where), self.encoder, max(self.candidates, top_k)
        )
        if expected is None:
            return
        by_start = {(one.passage.source, one.passage.start): one for one in expected}
        found = [by_start[hit.passage.source, hit.passage.start] for hit in hits]
        assert [hit.passage.text for hit in hits] == [one.passage.body for one in found]
        assert len({one.passage.place for one in found}) == min(top_k, len(expected))
        for hit, one, best in zip(hits, found, expected, strict=False):
            assert hit.score == pytest.approx(one.score, abs=1e-3)
            assert hit.score == pytest.approx(best.score, abs=1e-3)
            assert hit.lexical_score == pytest.approx(one.bm25, rel=1e-5)
            assert hit.dense_score == (one.cosine and pytest.approx(one.cosine, abs=1e-6))
        order = [(-hit.score, one.passage.place) for hit, one in zip(hits, found, strict=True)]
        assert order == sorted(order)

    def meets(self, passage: Passage, where: Where | None) -> bool:
        """Whether a passage's text fits one of ``WHERES``."""
        if where is None:
            return True
        if "year" in where:
            year = self.held[passage.source].year
            return where["year"] in (year, [year])
        return f"/{passage.source}".endswith(f"/{where['source']}")

    def teardown(self) -> None:
        if hasattr(self, "reader"):
            self.corpus.close()
            self.reader.close()
            shutil.rmtree(self.home)
        if hasattr(self, "threads"):
            self.patch.undo()
            faiss.omp_set_num_threads(self.threads)


class ManyLists(CorpusMachine):
    """Every passage is a candidate, and all vectors beyond the sixteenth go into lists."""

    candidates, exact_up_to = 100, 16


class FewCandidates(CorpusMachine):
    """The nearest must be the nearest, also before any cosine is taken from the database."""

    candidates, exact_up_to = 4, vectors.EXACT_UP_TO


ManyLists.TestCase.settings = FewCandidates.TestCase.settings = settings(
    max_examples=settings().max_examples // 8, stateful_step_count=20
)
test_a_corpus_with_many_lists_finds_what_plain_python_finds = ManyLists.TestCase
test_a_corpus_with_few_candidates_finds_what_plain_python_finds = FewCandidates.TestCase
