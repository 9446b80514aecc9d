"""No text is encoded twice: not under another name, not in a changed file, not when it comes again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from tests.fakes import CountingEncoder

PARAGRAPHS = [
    f"The {name} mill grinds wheat on {day}." for name, day in (("first", "Monday"), ("old", "Friday"))
]


@pytest.fixture
def encoder() -> CountingEncoder:
    """Its window holds a paragraph, and not two."""
    return CountingEncoder(max_tokens=10)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("\n\n".join(PARAGRAPHS))
    return tmp_path / "docs"


@pytest.fixture
def corpus(docs: Path, encoder: CountingEncoder) -> Iterator[Corpus]:
    """A corpus of the two paragraphs of ``docs/a.txt``."""
    with Corpus.open(docs.parent / "c", encoder=encoder) as corpus:
        (receipt,) = corpus.add(docs)
        assert receipt.passages == 2
        assert encoder.encoded == PARAGRAPHS
        encoder.encoded.clear()
        yield corpus
        assert corpus.verify() == []


def scores(corpus: Corpus) -> dict[tuple[str, str], float]:
    """The cosine of each passage of each source."""
    hits = corpus.search("the old mill on Monday", top_k=100)
    return {(hit.passage.source, hit.passage.text): hit.dense_score or 0 for hit in hits}


def test_a_text_under_two_names_is_encoded_once_and_stored_for_each(
    corpus: Corpus, docs: Path, encoder: CountingEncoder
) -> None:
    (docs / "b.txt").write_bytes((docs / "a.txt").read_bytes())
    assert [(one.status, one.passages) for one in corpus.add(docs)] == [("unchanged", 2), ("added", 2)]
    assert corpus.add_text((docs / "a.txt").read_text(), source="in hand").passages == 2
    assert encoder.encoded == []
    before = scores(corpus)
    assert before.keys() == {
        (name, text) for name in ("docs/a.txt", "docs/b.txt", "in hand") for text in PARAGRAPHS
    }
    for text in PARAGRAPHS:
        assert len({before[name, text] for name in ("docs/a.txt", "docs/b.txt", "in hand")}) == 1
    assert corpus.stats().passages == 6
    corpus.remove("docs/a.txt")
    assert scores(corpus) == {key: score for key, score in before.items() if key[0] != "docs/a.txt"}
    assert corpus.text(corpus.find("b.txt")) == "\n\n".join(PARAGRAPHS)
    assert corpus.verify() == []
    corpus.remove("in hand")
    corpus.remove("docs/b.txt")
    assert scores(corpus) == {}
    encoder.encoded.clear()
    corpus.add(docs / "a.txt")
    assert encoder.encoded == PARAGRAPHS


@pytest.mark.parametrize("prune", [False, True])
def test_a_renamed_file_is_not_encoded_again(
    corpus: Corpus, docs: Path, encoder: CountingEncoder, prune: bool
) -> None:
    (docs / "a.txt").rename(docs / "z.txt")
    statuses = {one.source: one.status for one in corpus.add(docs, prune=prune)}
    assert statuses == {"docs/z.txt": "added", "docs/a.txt": "removed" if prune else "vanished"}
    assert encoder.encoded == []
    assert {source for source, _ in scores(corpus)} == (
        {"docs/z.txt"} if prune else {"docs/a.txt", "docs/z.txt"}
    )


def test_of_a_changed_file_only_what_is_new_is_encoded(
    corpus: Corpus, docs: Path, encoder: CountingEncoder
) -> None:
    before = scores(corpus)
    encoder.encoded.clear()
    changed = "The new mill grinds rye on Friday."
    (docs / "a.txt").write_text("\n\n".join([PARAGRAPHS[0], changed, changed, PARAGRAPHS[0]]))
    (receipt,) = corpus.add(docs)
    assert (receipt.status, receipt.passages) == ("replaced", 4)
    assert encoder.encoded == [changed]
    after = scores(corpus)
    assert after.keys() == {("docs/a.txt", PARAGRAPHS[0]), ("docs/a.txt", changed)}
    assert after["docs/a.txt", PARAGRAPHS[0]] == before["docs/a.txt", PARAGRAPHS[0]]


def test_the_same_text_under_another_heading_is_another_text(
    corpus: Corpus, encoder: CountingEncoder
) -> None:
    corpus.add_text(f"# Mills\n\n{PARAGRAPHS[0]}", source="a.md")
    assert encoder.encoded == [f"Mills\n{PARAGRAPHS[0]}"]
