"""Passages as they are read once, and remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hypothesis import given

from pincite.index.document import Point
from pincite.index.passages import Passage, quotable_spans, without_references
from pincite.index.read_passages import REMEMBERED, read_passage
from pincite.index.tokens import terms_of

from .texts import texts


def passage_of(text: str, start: int = 0) -> Passage:
    return Passage("d", "a.txt", "The mill", "Gates", start, start + len(text), text, (), None)


@given(texts)
def test_what_is_read_is_what_splitting_and_stemming_find(text: str) -> None:
    passage = passage_of(text, start=7)
    read = read_passage(passage)
    assert [(one.span, one.point) for one in read.sentences] == quotable_spans(passage)
    assert [one.text for one in read.sentences] == [
        without_references(text[one.span.start - 7 : one.span.end - 7]) for one in read.sentences
    ]
    assert [list(one.terms) for one in read.sentences] == [terms_of(one.text) for one in read.sentences]
    assert read.heading == {"the", "mill", "gate"}
    assert read.terms == read.heading.union(*(one.terms for one in read.sentences))


def test_a_passage_with_other_words_or_points_at_the_same_place_is_read_anew() -> None:
    before, after = passage_of("Oak was dear."), passage_of("Elm was dear.")
    pointed = replace(before, points=(Point(0, 3, "Oak", 1),))
    read = [read_passage(one) for one in (before, after, pointed)]
    assert [[one.text for one in each.sentences] for each in read] == [
        ["Oak was dear."],
        ["Elm was dear."],
        ["Oak"],
    ]


def test_only_the_last_passages_are_remembered() -> None:
    for number in range(REMEMBERED + 20):
        read_passage(passage_of(f"Mill {number}."))
    assert read_passage.cache_info().currsize == REMEMBERED


def test_threads_that_read_the_same_passages_find_the_same() -> None:
    passages = [passage_of(f"Mill {number} has gates. It ran.") for number in range(200)] * 4
    expected = [read_passage.__wrapped__(one) for one in passages]
    read_passage.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_passage, passages)) == expected
