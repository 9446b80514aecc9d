"""Where sentences end, and that nothing is lost between them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.sentences import paragraph_starts, sentence_spans

from .texts import texts


def sentences(text: str, start: int = 0, end: int | None = None) -> list[str]:
    return [text[span.start : span.end] for span in sentence_spans(text, start, end)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. It stopped! Why? Nobody knows", ["It rained.", "It stopped!", "Why?", "Nobody knows"]),
        ("Dr. Wu met Mr. Li at 3 p.m. in No. 5.", ["Dr. Wu met Mr. Li at 3 p.m. in No. 5."]),
        ("The U.S. economy grew. It did.", ["The U.S. economy grew.", "It did."]),
        ("He moved to the U.S. She stayed.", ["He moved to the U.S. She stayed."]),
        ("J. R. R. Tolkien wrote. He smoked.", ["J. R. R. Tolkien wrote.", "He smoked."]),
        ("Fruit, e.g. apples, i.e. Food. Good.", ["Fruit, e.g. apples, i.e. Food.", "Good."]),
        ("It cost 3.5 million. Version 2.0 is out.", ["It cost 3.5 million.", "Version 2.0 is out."]),
        ("It ended in 1999. Then peace.", ["It ended in 1999.", "Then peace."]),
        ("example.com is a site. See it.", ["example.com is a site.", "See it."]),
        ("Wait… what? No... Yes.", ["Wait… what?", "No... Yes."]),
        ("“Stop!” He ran. 'Go.' (Yes.) End.", ["“Stop!”", "He ran.", "'Go.'", "(Yes.)", "End."]),
        ("It fell [2]. It rose. [3] Done.", ["It fell [2].", "It rose. [3]", "Done."]),
        ("end.\nnext line is lower", ["end.\nnext line is lower"]),
    ],
)
def test_english_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("茶园分布在山上。云雾多!温差大！为什么？", ["茶园分布在山上。", "云雾多!温差大！", "为什么？"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("「行。」他笑。（完。）再见", ["「行。」", "他笑。", "（完。）", "再见"]),
        ("pH值是4.1。土板结了[5]。", ["pH值是4.1。", "土板结了[5]。"]),
        ("减产。[5] 回升。", ["减产。[5]", "回升。"]),
        ("OCBC Bank 用了它。It works. 很好。", ["OCBC Bank 用了它。", "It works.", "很好。"]),
    ],
)
def test_chinese_sentences_keep_their_closing_quotes(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A hard-wrapped\nsentence here. And\nanother.", ["A hard-wrapped\nsentence here.", "And\nanother."]),
        ("A title\n\nA paragraph", ["A title", "A paragraph"]),
        ("Things:\n- one\n* two\n• three", ["Things:", "one", "two", "three"]),
        ("1. First\n2. Second thing. Third", ["First", "Second thing.", "Third"]),
        ("1) First\n2、 Second\n（3） Third", ["First", "Second", "（3） Third"]),
        ("It ended in\n1999. Then peace", ["It ended in\n1999.", "Then peace"]),
        ("Short title\nA much longer line of prose here,\nthen more", [
            "Short title", "A much longer line of prose here,\nthen more"
        ]),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("# Head\n> said he\n----\nbelow", ["Head", "said he\n----\nbelow"]),
        ("text\n\n* * *\n\nmore\n\n----\n\nend", ["text", "more", "end"]),
        ("", []),
        (" \n\t ", []),
        ("?! … -- 😀", []),
    ],
)  # fmt: skip
def test_lines_that_are_items_of_their_own_are_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_spans_count_from_the_beginning_of_the_text() -> None:
    text = "Zero. One. Two. Three."
    assert sentences(text, 6, 15) == ["One.", "Two."]
    assert [(span.start, span.end) for span in sentence_spans(text, 6, 15)] == [(6, 10), (11, 15)]


def test_an_abbreviation_is_told_only_by_what_lies_inside_the_range() -> None:
    assert sentences("xDr. Wu came", 1) == ["Dr. Wu came"]


def test_paragraphs_start_after_empty_lines() -> None:
    assert paragraph_starts("one\ntwo\n\nthree\n \t\n\n  four", 0, 25) == [9, 21]


@given(texts, st.data())
def test_sentences_are_ordered_disjoint_and_leave_out_only_markers(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spans = sentence_spans(text, start, end)
    place, left_out = start, []
    for span in spans:
        assert place <= span.start < span.end <= end
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        left_out.append(text[place : span.start])
        place = span.end
    for gap in [*left_out, text[place:end]]:
        assert not re.search(r"\w", re.sub(r"(?m)\d{1,3}[.)、](?=\s|$)", "", gap).replace("_", "")), gap


@given(texts)
def test_a_sentence_split_again_keeps_its_letters(text: str) -> None:
    for span in sentence_spans(text):
        inner = sentence_spans(text, span.start, span.end)
        assert sentence_spans(text, span.start, span.end) == inner
        assert span.start <= inner[0].start
        assert inner[-1].end <= span.end
