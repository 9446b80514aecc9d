"""Comparing answers with those that are known."""

from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.scoring import best_f1, exact_match, f1_score, holds, normalise


def test_answers_are_compared_without_case_articles_and_punctuation() -> None:
    assert normalise("The  OCBC Bank's, an A!") == "ocbc banks"
    assert normalise("2009年。") == "2009年"


def test_an_answer_that_is_all_articles_or_punctuation_is_compared_as_it_stands() -> None:
    assert (normalise("A"), normalise(" … "), normalise(" ")) == ("a", "…", "")
    assert exact_match("the", ("A",)) == 0.0
    assert exact_match("a", ("A",)) == 1.0


def test_f1_counts_shared_words_or_chinese_characters() -> None:
    assert f1_score("OCBC Bank", "Singapore's OCBC Bank") == pytest.approx(0.8)
    assert f1_score("2009年4月", "2009年") == pytest.approx(2 * 2 / (4 + 2))
    assert f1_score("", "x") == 0.0
    assert f1_score("", "") == 1.0


def test_the_best_of_equally_good_answers_counts() -> None:
    assert exact_match("the mill", ("a barn", "Mill")) == 1.0
    assert exact_match("the mill", ("a barn", "mills")) == 0.0
    assert best_f1("red barn", ("mill", "a barn", "big red house")) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It was bought by ADA\n  Pellow.", "Ada Pellow"),
        ("Portland's mayor", "portland"),
        ("for £18,400 in all", "£18,400"),
        ("(1841–1867)", "1867"),
        ("(1841–1867)", "1841"),
        ("ranks 3/4 of them", "3"),
        ("合作社成立于2009年4月", "2009年"),
        ("茶树长在海拔820\n米到1150米之间", "海拔820米到1150米之间"),
        ("由周小满带路", "周小满"),
        ("grade A", "A"),
    ],
)
def test_a_text_holds_words_whatever_the_case_and_white_space(text: str, wanted: str) -> None:
    assert holds(text, wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the Canada geese", "Ada"),
        ("a pétanque team", "tanque"),
        ("the pâté", "âté"),
        ("в городском суде", "родском"),
        ("built in 1742", "17"),
        ("built in 1742", "42"),
        ("2.40 hectares", "2.4"),
        ("the mill", ""),
        ("", "mill"),
        ("周大满", "周小满"),
    ],
)
def test_words_inside_other_words_and_numbers_are_not_held(text: str, wanted: str) -> None:
    assert not holds(text, wanted)


@given(st.text(), st.text(min_size=1), st.text())
def test_a_text_holds_what_stands_between_spaces_in_it(before: str, wanted: str, after: str) -> None:
    if normalise(wanted):
        assert holds(f"{before} {wanted} {after}", wanted)


@given(st.text(printable))
def test_ascii_is_compared_as_it_is_beside_another_script(text: str) -> None:
    assert normalise(f"x {text} x") == normalise(f"é {text} é").replace("é", "x")
