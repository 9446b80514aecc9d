"""The map of a corpus: its passages, a sample of them, and the places of a question and its hits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index import corpus_map
from pincite.index.corpus import Corpus
from pincite.index.corpus_map import Place
from pincite.index.sampling import sampled
from pincite.index.store import Snapshot
from tests.fakes import FakeEncoder

ANIMALS = "fox hound badger otter heron kestrel weasel stoat marten lynx vole shrew".split()


def text(number: int, groups: int) -> str:
    """A text of so many groups, each its own passage, about an animal of its own."""
    animal = ANIMALS[number % len(ANIMALS)]
    return "\n".join(f"Group {group} - The {animal} number{group} sleeps." for group in range(1, groups + 1))


@pytest.fixture
def corpus(location: str, fake_encoder: FakeEncoder) -> Iterator[Corpus]:
    with Corpus.open(location, encoder=fake_encoder) as opened:
        yield opened


def fill(corpus: Corpus, *sizes: int) -> None:
    for number, size in enumerate(sizes):
        corpus.add_text(text(number, size), source=f"{number}.txt")


def test_each_passage_is_a_point_in_reading_order_with_its_address_and_first_words(corpus: Corpus) -> None:
    fill(corpus, 3, 2)
    found = corpus.map()
    assert [point.address for point in found.points] == [
        *(f"0.txt › Group {group} › point 1" for group in (1, 2, 3)),
        *(f"1.txt › Group {group} › point 1" for group in (1, 2)),
    ]
    for point in found.points:
        passage = corpus.text(point.document_id)[point.start : point.end]
        assert point.beginning == passage[: corpus_map.BEGINNING_CHARACTERS]
        assert 0 <= point.place.x <= 1
        assert 0 <= point.place.y <= 1
    assert found.passages == 5
    assert not found.is_sample
    assert found.question is None
    assert found.hits == ()


def test_the_points_are_the_passages_that_a_search_finds(corpus: Corpus) -> None:
    fill(corpus, 4, 3)
    hits = corpus.search("fox hound sleeps", top_k=10)
    spans = {(hit.passage.document_id, hit.passage.start, hit.passage.end) for hit in hits}
    points = {(point.document_id, point.start, point.end): point.address for point in corpus.map().points}
    assert points.keys() == spans
    for hit in hits:
        assert points[hit.passage.document_id, hit.passage.start, hit.passage.end] == hit.passage.address


@pytest.mark.parametrize("passages", [0, 1, 2])
def test_a_corpus_of_next_to_nothing_has_a_map(corpus: Corpus, passages: int) -> None:
    fill(corpus, *[1] * passages)
    found = corpus.map("Where is the fox?")
    assert len(found.points) == passages
    assert (found.question is None) == (passages == 0)


def test_a_hit_has_the_place_of_its_point(corpus: Corpus) -> None:
    fill(corpus, 30, 30)
    hits = corpus.search("otter badger hound", top_k=5)
    found = corpus.map("hound", [hit.passage for hit in hits])
    places = {(point.document_id, point.start): point.place for point in found.points}
    assert list(found.hits) == [places[hit.passage.document_id, hit.passage.start] for hit in hits]


def test_a_question_is_among_the_points_that_say_the_same(corpus: Corpus) -> None:
    fill(corpus, *[8] * 8)
    found = corpus.map("The kestrel number3 sleeps.")
    assert found.question is not None
    own = [point.place for point in found.points if point.address.startswith("5.txt")]
    others = [point.place for point in found.points if not point.address.startswith("5.txt")]
    assert min(distance(found.question, place) for place in own) < min(
        distance(found.question, place) for place in others
    )


def test_a_question_in_an_unknown_script_has_no_place(corpus: Corpus) -> None:
    fill(corpus, 2)
    assert corpus.map("狐狸在哪里睡觉").question is None


def test_a_hit_that_is_not_in_the_sample_has_a_place_and_one_that_is_gone_has_none(corpus: Corpus) -> None:
    fill(corpus, 40, 40)
    passages = [hit.passage for hit in corpus.search("fox hound sleeps", top_k=80)]
    found = corpus.map("fox", passages, most=50)
    assert len(found.points) == 50
    assert found.passages == 80
    assert found.is_sample
    assert None not in found.hits
    corpus.remove("1.txt")
    after = corpus.map("fox", passages, most=50)
    gone = [passage.source == "1.txt" for passage in passages]
    assert [place is None for place in after.hits] == gone


def test_a_map_is_kept_until_the_corpus_changes(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(corpus, 3)
    drawn: list[int] = []
    draw = corpus_map._picture

    def counted(snapshot: Snapshot, most: int) -> corpus_map._Picture:
        drawn.append(most)
        return draw(snapshot, most)

    monkeypatch.setattr(corpus_map, "_picture", counted)
    first = corpus.map()
    assert corpus.map("fox").points is first.points
    assert drawn == [corpus_map.MOST_POINTS]
    corpus.add_text(text(1, 2), source="more.txt")
    second = corpus.map()
    assert drawn == [corpus_map.MOST_POINTS] * 2
    assert second.generation > first.generation
    assert len(second.points) == 5
    assert len(corpus.map(most=4).points) == 4


def test_a_corpus_opened_anew_has_the_same_map(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    maps = []
    for _ in range(2):
        with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as corpus:
            fill(corpus, 30, 30)
            maps.append(corpus.map("fox"))
    assert maps[0] == maps[1]


def test_a_map_of_no_points_cannot_be_asked_for(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        corpus.map(most=0)


@given(counts=st.lists(st.integers(0, 60), max_size=30), most=st.integers(1, 200))
def test_a_sample_is_spread_over_the_documents(counts: list[int], most: int) -> None:
    chosen = sampled(counts, most)
    shares = [len(numbers) for numbers in chosen]
    total, documents = sum(counts), sum(1 for count in counts if count)
    assert len(chosen) == len(counts)
    for numbers, count in zip(chosen, counts, strict=True):
        assert len({*numbers.tolist()}) == len(numbers)
        assert all(0 <= number < count for number in numbers.tolist())
    if total <= most:
        assert shares == counts
        return
    assert sum(shares) == most
    if documents <= most:
        assert all(share > 0 for share, count in zip(shares, counts, strict=True) if count)


def test_a_sample_takes_from_each_document_in_proportion_and_evenly() -> None:
    assert [numbers.tolist() for numbers in sampled([1, 10, 0, 20], 17)] == [
        [0],
        [0, 2, 4, 6, 8],
        [],
        [0, 1, 3, 5, 7, 9, 10, 12, 14, 16, 18],
    ]


def distance(one: Place, other: Place) -> float:
    return (one.x - other.x) ** 2 + (one.y - other.y) ** 2
