"""A conversation as the page shows it: escaped whatever it is."""

import pytest
from hypothesis import given

from pincite.index.document import Span
from pincite.ui import conversation, proof
from pincite.ui.conversation import Exchange
from pincite.ui.words import ENGLISH
from tests.ui.rendered import (
    HOSTILE,
    OUR_ATTRIBUTES,
    OUR_TAGS,
    Rendered,
    Shelf,
    answer_of,
    conversation_with,
    opened,
    texts,
)


@given(question=texts, claim=texts, text=texts, note=texts)
def test_no_text_becomes_markup(question: str, claim: str, text: str, note: str) -> None:
    text = f"{HOSTILE}{text}"
    answer = answer_of(text, Span(0, len(text)), Span(0, len(text)), claim=f"{HOSTILE}{claim}")
    exchanges = (Exchange(HOSTILE + question, answer), Exchange(question, None, HOSTILE + note))
    shown = Rendered(
        conversation.conversation(exchanges) + conversation.pending(Exchange(HOSTILE, None, said=HOSTILE))
    )
    assert shown.tags <= OUR_TAGS
    assert shown.attributes <= OUR_ATTRIBUTES
    assert HOSTILE in shown.text("pc-answer")
    assert HOSTILE in shown.text("pc-question")
    assert HOSTILE in shown.text("pc-problem")


def test_a_citation_shows_number_address_quote_and_the_sources_own_reference() -> None:
    text = "Singapore's OCBC Bank has\ndeveloped around 30 internal tools"
    shown = conversation_with(answer_of(text, Span(0, len(text)), Span(0, len(text)), claim="OCBC Bank"))
    assert shown.text("pc-answer") == "OCBC Bank [1]"
    assert shown.text("pc-address") == "1news.txt › Group 2"
    assert shown.text("blockquote") == "Singapore's OCBC Bank has developed around 30 internal tools"
    assert shown.text("pc-reference") == "source ref. 3, 4"
    assert shown.text("pc-confidence") == "Confidence: high"
    assert shown.keys == ["0-citation-1", "0-citation-1"]


def test_a_question_without_an_answer_shows_the_nearest_passages() -> None:
    text = "The kettle sings. " * 40
    answer = answer_of(text, Span(0, len(text)), None)
    shown = conversation_with(answer)
    assert "Not answered by these documents" in shown.text("h4")
    assert shown.text("blockquote").startswith("The kettle sings. The kettle")
    assert shown.text("blockquote").endswith(" …")
    assert shown.keys == ["0-passage-0"]
    in_context = Rendered(proof.in_context(Shelf(d=text), opened(answer, "0-passage-0")))
    assert in_context.text("pc-passage") == text
    assert "mark" not in in_context.tags


def test_a_claim_that_says_more_than_its_quote_is_marked() -> None:
    answer = answer_of("A text.", Span(0, 7), Span(0, 6), claim="A text", status="check")
    assert conversation_with(answer).text("pc-doubt") == "says more than its quote"


@pytest.mark.parametrize(
    ("confidence", "word"), [(1.0, "high"), (0.75, "high"), (0.5, "medium"), (0.0, "low")]
)
def test_confidence_is_a_word(confidence: float, word: str) -> None:
    assert Rendered(conversation._confidence(confidence, ENGLISH)).text() == f"Confidence: {word}"
