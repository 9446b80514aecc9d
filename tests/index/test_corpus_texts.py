"""Odd names and odd texts: kept as they are, found again, and cited character for character."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder

from .texts import grouped_texts, texts


@pytest.fixture
def corpus(location: str) -> Iterator[Corpus]:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        yield corpus
        assert corpus.verify() == []


def test_names_of_any_kind_are_kept_and_found(corpus: Corpus, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("新闻 1.txt", "two\nlines.txt", "q'uote\"s.txt", os.fsdecode(b"caf\xe9.txt")):
        (docs / name).write_text("epsilon")
    corpus.add(docs)
    names = {"docs/新闻 1.txt", "docs/two\nlines.txt", "docs/q'uote\"s.txt", "docs/caf\\udce9.txt"}
    assert {hit.passage.source for hit in corpus.search("epsilon")} == names
    assert {receipt.status for receipt in corpus.add(docs, prune=True)} == {"unchanged"}
    for name in names:
        assert corpus.remove(name).status == "removed"


def test_text_in_hand_is_a_document_like_any_other(corpus: Corpus) -> None:
    receipt = corpus.add_text("# T\r\n\r\nbody \ud800 of\x00 it", source="notes/today.md")
    assert (receipt.source, receipt.status, receipt.groups) == ("notes/today.md", "added", 1)
    assert corpus.text(corpus.find("today.md")) == "# T\n\nbody \ufffd of\ufffd it"
    assert corpus.add_text("# T\n\nbody \ufffd of\ufffd it", source="notes/today.md").status == "unchanged"
    assert corpus.add_text(" \n", source="x").reason == "there is no text in it"
    for source in ("", " ", "a\x00b", "\ud800"):
        with pytest.raises(ValueError, match="source"):
            corpus.add_text("text", source=source)


@settings(max_examples=settings().max_examples // 2)
@given(texts | grouped_texts)
def test_every_passage_found_is_the_text_it_points_at(corpus: Corpus, text: str) -> None:
    if corpus.add_text(text + " needle", source="any.md").status == "failed":
        return
    for hit in corpus.search("needle 雾岭 point", top_k=100):
        passage = hit.passage
        whole = corpus.text(passage.document_id)
        assert whole[passage.start : passage.end] == passage.text
        assert all(whole[point.start : point.end] == point.text for point in passage.points)
