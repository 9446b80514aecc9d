"""Any run of adding, replacing, removing and opening again leaves exactly what a dictionary would hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder

SOURCES = st.sampled_from(["a.txt", "b.md", "news/a.txt", "新闻.txt"])
WORDS = ("alpha", "beta", "gamma", "delta", "雾岭")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
YEARS = st.sampled_from([2024, 2025])


class CorpusMachine(RuleBasedStateMachine):
    """``held`` is the oracle: source to text and year."""

    @initialize()
    def create(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.encoder = FakeEncoder()
        self.corpus = Corpus.open(self.folder / "c", encoder=self.encoder)
        self.held: dict[str, tuple[str, int]] = {}

    @rule(source=SOURCES, text=TEXTS, year=YEARS)
    def add(self, source: str, text: str, year: int) -> None:
        before = self.held.get(source)
        status = "added" if before is None else "unchanged" if before == (text, year) else "replaced"
        assert self.corpus.add_text(text, source=source, metadata={"year": year}).status == status
        self.held[source] = (text, year)

    @rule(text=st.sampled_from(["", " \n", "--"]), source=SOURCES)
    def add_nothing(self, text: str, source: str) -> None:
        assert self.corpus.add_text(text, source=source).status == "failed"

    @rule(source=SOURCES)
    def remove(self, source: str) -> None:
        if source in self.held:
            assert self.corpus.remove(source).source == source
            del self.held[source]

    @rule(word=st.sampled_from(WORDS), year=YEARS | st.none())
    def search(self, word: str, year: int | None) -> None:
        where = {} if year is None else {"year": year}
        expected = {
            (source, text)
            for source, (text, of) in self.held.items()
            if word in text.split() and year in (None, of)
        }
        if where and not self.held:
            return
        hits = self.corpus.search(word, top_k=50, where=where)
        assert {(hit.passage.source, hit.passage.text) for hit in hits if hit.lexical_score} == expected
        assert len(hits) == len({hit.passage.source for hit in hits})
        for hit in hits:
            assert self.held[hit.passage.source][0] == hit.passage.text
            if hit.dense_score is not None:
                vectors = self.encoder.encode([word, hit.passage.text])
                assert abs(hit.dense_score - float(vectors[0] @ vectors[1])) < 1e-5

    @rule()
    def open_again(self) -> None:
        self.corpus.close()
        self.corpus = Corpus.open(self.folder / "c", create=False, encoder=self.encoder)

    @rule()
    def lose_the_vectors_file(self) -> None:
        (self.folder / "c" / "vectors.faiss").unlink(missing_ok=True)

    @rule()
    def reencode(self) -> None:
        self.corpus.reencode(self.encoder)

    @invariant()
    def holds_what_was_put_in(self) -> None:
        documents = self.corpus.documents()
        assert {
            one.source: (self.corpus.text(one.document_id), one.metadata["year"]) for one in documents
        } == self.held

    def teardown(self) -> None:
        if hasattr(self, "corpus"):
            self.corpus.close()
            shutil.rmtree(self.folder)


CorpusMachine.TestCase.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=20)
test_any_run_of_changes_leaves_what_a_dictionary_would_hold = CorpusMachine.TestCase
