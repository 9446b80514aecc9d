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


def test_the_noun_after_which_is_the_head() -> None:
    assert Question.of("which bank built 30 tools?").head == {"bank", "built", "30"}
    assert Question.of("What did OpenAI release?").head == set()


def test_a_chinese_question_loses_its_question_words() -> None:
    question = Question.of("合作社有多少户茶农?")
    assert question.is_chinese
    assert question.terms == ("合作", "作社", "社有", "户茶", "茶农")


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("List the members of the cooperative", True),
        ("Name three mills", True),
        ("Name the miller of the quay", False),
        ("Which banks built tools?", True),
        ("Which bank built tools?", False),
        ("Which bank owns the mill?", False),
        ("Which was built first?", False),
        ("What colours did they choose?", True),
        ("What does the miller do?", False),
        ("Who were the first millers?", True),
        ("Who is the miller?", False),
        ("What is the class of the mill?", False),
        ("In which years did it flood?", True),
        ("What is the name of the company which owns the mill?", False),
        ("Which bus goes to the quay?", False),
        ("In which Texas city is it?", False),
    ],
)
def test_a_plural_asks_for_several(text: str, several: bool) -> None:
    assert Question.of(text).wants_several is several


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("Why did it close?", True), ("Is it open?", True), ("Describe it", True), ("Who closed it?", False)],
)
def test_some_questions_want_more_than_a_phrase(text: str, sentence: bool) -> None:
    assert Question.of(text).wants_sentence is sentence
