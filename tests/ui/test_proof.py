"""The proof as the page shows it: with the quote exactly where it stands in its document."""

import pytest
from hypothesis import given

from pincite.index.document import Span
from pincite.ui import proof
from pincite.ui.conversation import Exchange
from tests.ui.rendered import HOSTILE, OUR_ATTRIBUTES, OUR_TAGS, Rendered, Shelf, answer_of, opened, texts


@given(before=texts, quote=texts, rest=texts, after=texts)
def test_the_marked_words_and_the_passage_are_the_documents_own(
    before: str, quote: str, rest: str, after: str
) -> None:
    text = before + quote + rest + after
    passage = Span(len(before), len(before + quote + rest))
    answer = answer_of(text, passage, Span(passage.start, passage.start + len(quote)), claim=quote)
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("mark") == quote
    assert shown.text("pc-passage") == quote + rest
    assert shown.tags <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES


def test_the_quote_keeps_its_line_breaks_in_the_document() -> None:
    text = "The bus\nruns hourly."
    answer = answer_of(text, Span(0, len(text)), Span(4, 12), claim="bus")
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("mark") == "bus\nruns"


def test_the_proof_names_title_publisher_date_and_reference() -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text")
    shown = Rendered(proof.in_context(Shelf(d="A text."), opened(answer, "0-citation-1")))
    assert shown.text("pc-about") == f"Title {HOSTILE} · 3 6 Ke · 2025-08-14 10:10"
    assert shown.text("pc-reference") == "source ref. 3, 4"


def test_the_context_is_cut_at_words_and_says_that_the_text_goes_on() -> None:
    words = " ".join(f"word{number}" for number in range(1000))
    start = words.index("word500")
    answer = answer_of(words, Span(start, start + 7), Span(start, start + 7), claim="word500")
    shown = Rendered(proof.in_context(Shelf(d=words), opened(answer, "0-citation-1")))
    before, after = shown.pieces("pc-around")
    assert before.startswith("… word4")
    assert before.endswith(" word499")
    assert after.startswith("word501 ")
    assert after.endswith(" …")
    assert {*before.split(), *after.split()} - {"…"} <= set(words.split())


@pytest.mark.parametrize(
    "key",
    ["", "0", "0-citation-2", "1-citation-1", "0-passage-1", "0-citation--1", "9999999-citation-1", "x-y-z"],
)
def test_a_key_that_stands_for_nothing_opens_nothing(key: str) -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text")
    assert proof.opened((Exchange("q", answer),), key) is None


def test_a_citation_whose_passage_is_not_at_hand_is_shown_by_itself() -> None:
    text = "One. Two. Three."
    answer = answer_of(text, Span(0, 4), Span(5, 9), claim="Two")
    shown = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-citation-1")))
    assert shown.text("pc-passage") == shown.text("mark") == "Two."
