"""The phrase that answers, inside the sentence that does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Span
from pincite.phrases import best_phrase, candidate_spans, read_words
from pincite.questions import Question
from pincite.reading import Weights

SENTENCES = {
    "mill": "The mill was bought by Ada Pellow in March 1921 for 340 pounds, since the river had silted.",
    "model": "The lab answered with its first open model, Heron-2, after a long pause.",
}


def phrase(question: str, sentence: str) -> str:
    found = best_phrase(Question.of(question), sentence, Span(0, len(sentence)), Weights.shipped().phrase)
    assert found is not None
    assert 0 < found.probability <= 1
    return sentence[found.span.start : found.span.end]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who bought the mill?", "Ada Pellow"),
        ("When was the mill bought?", "March 1921"),
        ("How many pounds did the mill cost?", "340"),
    ],
)
def test_the_kind_of_question_chooses_the_phrase(question: str, expected: str) -> None:
    assert phrase(question, SENTENCES["mill"]) == expected


def test_a_name_in_apposition_stays_with_what_it_names() -> None:
    assert phrase("What did the lab answer with?", SENTENCES["model"]).endswith("open model, Heron-2")


def test_no_candidate_begins_or_ends_in_a_small_word_or_crosses_a_bracket() -> None:
    sentence = "In the end (as of 2024) the bank of the river held."
    words = read_words(Question.of("What held?"), sentence, Span(0, len(sentence)))
    texts = {sentence[words[first].start : words[last].end] for first, last in candidate_spans(words)}
    assert "bank of the river" in texts
    assert not any(
        text.split()[0].lower() in {"the", "of", "in", "as"} or "(" in text or ")" in text for text in texts
    )


@pytest.mark.parametrize("answer", ["$7.50", "46%", "GPT-oss", "10,142"])
def test_a_word_with_a_sign_in_it_is_a_phrase_by_itself(answer: str) -> None:
    sentence = f"It was {answer} to us."
    found = best_phrase(Question.of("What was it?"), sentence, Span(0, len(sentence)), {})
    assert found is not None
    assert sentence[found.span.start : found.span.end] == answer


def test_a_sentence_of_small_words_holds_no_phrase() -> None:
    assert best_phrase(Question.of("Who?"), "It was the one of them.", Span(0, 6), {}) is None


@given(st.text(max_size=120), st.integers(0, 20))
def test_a_phrase_lies_inside_its_sentence(text: str, cut: int) -> None:
    sentence = Span(min(cut, len(text)), len(text))
    found = best_phrase(Question.of("What is it called?"), text, sentence, Weights.shipped().phrase)
    if found is not None:
        assert sentence.start <= found.span.start < found.span.end <= sentence.end
        assert text[found.span.start : found.span.end].strip() == text[found.span.start : found.span.end]
