"""Phrases as answers."""

import pytest

from pincite.index.document import Span
from pincite.phrases import completed, is_of_kind, repeated_share, trimmed
from pincite.questions import Question


@pytest.mark.parametrize(
    ("phrase", "wanted"),
    [
        ("Ada Pellow", "Ada Pellow"),
        ("“Ada Pellow”,", "Ada Pellow"),
        ("Ada Pellow (1887", "Ada Pellow (1887"),
        ("(Ada Pellow", "Ada Pellow"),
        ("(Ada Pellow)", "Ada Pellow"),
        ("Pellow (Ada)", "Pellow (Ada)"),
        ("Pellow)", "Pellow"),
        ("12.5 %.", "12.5 %"),
        ("the U.S.", "the U.S."),
        ("Pellow & Co.", "Pellow & Co."),
        ("-5 °C", "-5 °C"),
        (".22 calibre,", ".22 calibre"),
        ("- Ada", "Ada"),
        ("(2R) or (2S)", "(2R) or (2S)"),
        ("7.", "7"),
        ("...", "..."),
    ],
)
def test_a_phrase_is_trimmed_to_what_a_person_would_say(phrase: str, wanted: str) -> None:
    text = f"x {phrase} y"
    span = trimmed(text, Span(2, 2 + len(phrase)))
    assert text[span.start : span.end] == wanted


@pytest.mark.parametrize(
    ("text", "phrase", "wanted"),
    [
        ("It was Singapore's OCBC Bank.", "OCBC Bank", "Singapore's OCBC Bank"),
        ("It was South Wales’ Tide Mill.", "Tide Mill", "South Wales’ Tide Mill"),
        ("It was the miller's Tide Mill.", "Tide Mill", "Tide Mill"),
        ("It was Ada's mill.", "mill", "mill"),
        ("Ada's mill, Tide Mill.", "Tide Mill", "Tide Mill"),
        ("Tide Mill.", "Tide Mill", "Tide Mill"),
    ],
)
def test_a_name_is_given_with_its_owners(text: str, phrase: str, wanted: str) -> None:
    start = text.index(phrase)
    span = completed(text, Span(start, start + len(phrase)))
    assert text[span.start : span.end] == wanted


@pytest.mark.parametrize(
    ("question", "phrase", "fits"),
    [
        ("When did it open?", "in March", True),
        ("When did it open?", "after the flood", False),
        ("How many came?", "twelve men", True),
        ("How many came?", "the miners", False),
        ("Who came?", "the Pellows", True),
        ("Who came?", "the miners", False),
        ("What came?", "the miners", True),
    ],
)
def test_what_is_asked_for_must_be_in_the_phrase(question: str, phrase: str, fits: bool) -> None:
    assert is_of_kind(Question.of(question), phrase) is fits


def test_an_echo_repeats_the_question_but_for_the_noun_after_which() -> None:
    question = Question.of("Which bank built 30 internal tools?")
    assert repeated_share(question, "internal tools") == 1.0
    assert repeated_share(question, "OCBC Bank") == 0.0
    assert repeated_share(question, "OCBC tools") == 0.5
