"""What a question asks for."""

import pytest

from pincite.questions import Question


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who founded it?", "who"),
        ("Which man was elected?", "who"),
        ("When was it built?", "when"),
        ("In what year did it open?", "when"),
        ("How many tools are there?", "number"),
        ("What percentage agreed?", "number"),
        ("Where is it?", "where"),
        ("In which small town was he born?", "where"),
        ("which bank built 30 internal tools?", "which"),
        ("What did OpenAI release?", "what"),
        ("Why do they prioritize retention?", "reason"),
        ("What is the reason for it?", "reason"),
        ("How does it work?", "reason"),
        ("Describe the mill", "reason"),
        ("Is it open?", "other"),
        ("合作社是哪一年成立的?", "when"),
        ("社员有多少户?", "number"),
        ("社长是谁?", "who"),
        ("为什么换肥料?", "reason"),
        ("茶园在哪里?", "where"),
    ],
)
def test_the_kind_is_told_from_the_question_word(text: str, kind: str) -> None:
    assert Question.of(text).kind == kind


def test_names_and_numbers_are_kept_apart_from_other_terms() -> None:
    question = Question.of("Who publishes the Financial Times in 1990?")
    assert question.terms == ("publish", "financi", "time", "1990")
    assert question.names == {"financi", "time", "1990"}


def test_the_noun_after_which_is_the_head_and_the_verb_shapes_the_form() -> None:
    assert Question.of("which bank built 30 tools?").head == {"bank", "built", "30"}
    assert Question.of("What did OpenAI release?").head == set()
    assert Question.of("What did OpenAI release?").form == "did"


def test_a_chinese_question_loses_its_question_words() -> None:
    question = Question.of("合作社有多少户茶农?")
    assert question.is_chinese
    assert question.terms == ("合作", "作社", "社有", "户茶", "茶农")
