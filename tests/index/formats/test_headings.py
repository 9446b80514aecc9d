"""The headings of plain text, and all that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.formats import text_document

from .spans import check_spans, read

BODY = "It rained all day, and the river rose until the road was closed."


def paths(text: str) -> list[str]:
    document = text_document(text)
    check_spans(document)
    return [" › ".join(section.path) for section in document.sections]


def over(*headings: str) -> str:
    """The headings, each alone over a paragraph."""
    return "\n\n".join(f"{heading}\n\n{BODY}" for heading in headings)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Rain\n====\n{BODY}\n\nRivers\n------\n\n{BODY}", ["Rain", "Rain › Rivers"]),
        (f"雨水\n====\n\n{BODY}", ["雨水"]),
        (over("Chapter 3"), ["Chapter 3"]),
        (over("PART ONE", "CHAPTER III. THE FLOOD", "Chapter IV: The dam", "PART TWO", "Chapter I"),
         ["PART ONE", "PART ONE › CHAPTER III. THE FLOOD", "PART ONE › Chapter IV: The dam", "PART TWO",
          "PART TWO › Chapter I"]),
        ("第三章 春雨\n雨下了一整天。\n\n第一节\n河水上涨。\n第二节：桥\n桥断了。\n",
         ["第三章 春雨", "第三章 春雨 › 第一节", "第三章 春雨 › 第二节：桥"]),
        ("第十二回 大雨\n\n雨下了一整天。", ["第十二回 大雨"]),
        ("第一章绪论\n\n雨下了一整天。", ["第一章绪论"]),
        (over("1. Introduction", "2. Method", "2.1 Sample", "2.2 Measures", "3. Results"),
         ["1. Introduction", "2. Method", "2. Method › 2.1 Sample", "2. Method › 2.2 Measures",
          "3. Results"]),
        (over("1 概述", "2 方法"), ["1 概述", "2 方法"]),
        (f"Note.\n\n{over('WEATHER', 'RIVERS AND ROADS')}", ["", "WEATHER", "RIVERS AND ROADS"]),
        (over("# Rain", "## Rivers"), ["# Rain".removeprefix("# "), "Rain › Rivers"]),
        (f"  Chapter 1  \n\n{BODY}", ["Chapter 1"]),
    ],
)  # fmt: skip
def test_what_is_plainly_a_heading_makes_a_section(text: str, found: list[str]) -> None:
    assert paths(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        BODY,
        "1. Buy milk\n2. Call Anna\n3. Go home\n",
        "1. Buy milk\n\n2. Call Anna\n\n3. Go home\n",
        f"1. It rained all day.\n\n{BODY}\n\n2. It rained again.\n\n{BODY}",
        over("3. Results", "1. Method"),
        over("1. Introduction"),
        f"Chapter 3 describes the flood.\n\n{BODY}",
        f"Part of the road\n\n{BODY}",
        f"Section 4 of the act says so\n\n{BODY}",
        f"{BODY}\nChapter 3\n{BODY}",
        "CONTENTS\n\nChapter 1\n\nChapter 2\n\nChapter 3\n\nChapter 4\n",
        f"CONFIDENTIAL\n\n{BODY}",
        f"{BODY}\n\nTHE END\n\nJOHN SMITH",
        "ANN LEE\n\n12 HIGH STREET\n\nLONDON\n\nENGLAND",
        "Shall I compare thee\nTo a summer day\n\nThou art more lovely\nAnd more temperate\n",
        "Name      Age\n-------------\nAnna      34\n",
        "Name | Age\n----------\nAnna | 34\n",
        "2024-01-05 10:30 INFO start\n2024-01-05 10:31 WARN stop\n--------\n2024-01-05 10:32 INFO start\n",
        f"{BODY}\n--------\n{BODY}\n--------\n",
        "# a comment\n\nx = 1\n# another\ny = 2\n\n# third\n\nz = 3\n",
        "def f():\n    pass\n\nCONSTANT_NAME = 3\n\nOTHER_NAME = 4\n\nprint(1)\n",
        f"WARNING: DO NOT TOUCH!\n\n{BODY}\n\nWHAT NOW?\n\n{BODY}",
        f"{BODY} 第三章讲了下雨。\n第三节课我们去了操场\n雨下了一整天\n",
        "IT RAINED ALL DAY\n\nAND THE RIVER ROSE\n\nUNTIL THE ROAD WAS CLOSED\n",
        "Dear Ann,\n\nthank you.\n\n-- \nBob\n",
        "Group 1 - a\nGroup 2 - b",
    ],
)
def test_what_only_looks_like_a_heading_makes_none(text: str) -> None:
    assert paths(text) == []


def test_a_table_of_contents_makes_no_sections_and_its_chapters_do() -> None:
    contents = "\n\n".join(f"Chapter {number}" for number in range(1, 5))
    assert paths(f"{contents}\n\nPreface to the book.\n\n{over('Chapter 1', 'Chapter 2')}") == [
        "",
        "Chapter 1",
        "Chapter 2",
    ]


def test_a_file_and_text_in_hand_have_the_same_sections() -> None:
    text = over("Chapter 1", "Chapter 2")
    assert read("a.txt", text.encode()) == text_document(text)
    assert len(text_document(text).sections) == 2


@given(
    st.lists(
        st.sampled_from(
            [
                "Chapter 1",
                "# A",
                "## B",
                "====",
                "----",
                "",
                " ",
                BODY,
                "1. One",
                "2. Two",
                "1.1 In",
                "第一章",
                "RAIN",
            ]
        )
        | st.text(max_size=20),
        max_size=20,
    )
)
def test_sections_cover_any_text_in_order(lines: list[str]) -> None:
    document = text_document("\n".join(lines))
    check_spans(document)
    covered = "".join(document.text[section.start : section.end] for section in document.sections)
    assert not document.sections or covered.strip() == document.text.strip()
