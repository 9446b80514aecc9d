"""Passages: packed whole, inside one group and one window, with nothing lost and no markers embedded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document, Point
from pincite.index.formats import text_document
from pincite.index.passages import REFERENCE, Passage, PassageDraft, draft_passages, without_references
from pincite.index.splitter import split
from tests.fakes import FakeEncoder

from .texts import grouped_texts, texts

SEEDS = Path(__file__).parents[2] / "seeds"


def drafts_of(
    text: str, *, max_tokens: int = 64, is_markdown: bool = False, title: str | int | None = None
) -> tuple[str, list[PassageDraft]]:
    document = text_document(text, is_markdown=is_markdown)
    if title is not None:
        document = Document(document.text, {"title": title}, sections=document.sections)
    document, groups = split(document)
    return document.text, draft_passages(document, groups, FakeEncoder().count_tokens, max_tokens)


def bodies_of(text: str, max_tokens: int = 64) -> list[str]:
    return [draft.body for draft in drafts_of(text, max_tokens=max_tokens)[1]]


def test_points_are_packed_whole_as_many_as_fit() -> None:
    text = "Group 1 - one two three [1] - four five [2] - six seven eight [3] Group 2 - nine ten [1][4]"
    assert bodies_of(text, max_tokens=5) == ["one two three four five", "six seven eight", "nine ten"]
    assert bodies_of(text) == ["one two three four five six seven eight", "nine ten"]
    _, drafts = drafts_of(text, max_tokens=5)
    assert [draft.references for draft in drafts] == [("1", "2"), ("3",), ("1", "4")]
    assert [[point.number for point in draft.points] for draft in drafts] == [[1, 2], [3], [1]]
    assert text[drafts[0].start : drafts[0].end] == "one two three [1] - four five"


def test_sentences_are_packed_whole_as_many_as_fit() -> None:
    text = "One two three. Four five. Six seven eight nine. Ten."
    assert bodies_of(text, max_tokens=5) == ["One two three. Four five.", "Six seven eight nine. Ten."]
    assert bodies_of(text) == [text]


def test_past_half_a_window_a_paragraph_rather_begins_a_passage() -> None:
    text = "One two three four.\n\nFive six."
    assert bodies_of(text, max_tokens=7) == ["One two three four.", "Five six."]
    assert bodies_of(text, max_tokens=8) == ["One two three four. Five six."]
    assert bodies_of("One two three four. Five six.", max_tokens=7) == ["One two three four. Five six."]


def test_a_sentence_longer_than_the_window_is_cut_at_words() -> None:
    text = " ".join(f"word{n}" for n in range(10)) + ". End."
    assert bodies_of(text, max_tokens=4) == [
        "word0 word1 word2 word3",
        "word4 word5 word6 word7",
        "word8 word9. End.",
    ]


def test_a_point_longer_than_the_window_is_cut_and_keeps_number_and_references() -> None:
    text = "Group 1 - short one [1] - alpha beta gamma delta. Echo fox golf hotel [2][3]"
    source, drafts = drafts_of(text, max_tokens=5)
    assert [draft.body for draft in drafts] == ["short one", "alpha beta gamma delta.", "Echo fox golf hotel"]
    assert [[(p.number, p.references, p.text) for p in draft.points] for draft in drafts] == [
        [(1, ("1",), "short one")],
        [(2, ("2", "3"), "alpha beta gamma delta.")],
        [(2, ("2", "3"), "Echo fox golf hotel")],
    ]
    assert all(source[p.start : p.end] == p.text for draft in drafts for p in draft.points)


def test_text_without_spaces_is_cut_between_characters() -> None:
    text = "雾" * 50
    document = text_document(text)
    drafts = draft_passages(document, split(document)[1], lambda many: [len(one) for one in many], 20)
    assert [draft.body for draft in drafts] == ["雾" * 20, "雾" * 20, "雾" * 10]
    word = "x" * 100
    document = text_document(word)
    drafts = draft_passages(document, split(document)[1], lambda many: [len(one) for one in many], 50)
    assert "".join(draft.body for draft in drafts) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It grew [3] by\nhalf [2][4].", "It grew by half."),
        ("A list [1, 2、3] ends", "A list ends"),
        (
            "The array a[0], a year [2024] and [sic] stay [12].",
            "The array a[0], a year [2024] and [sic] stay.",
        ),
    ],
)
def test_references_are_left_out_of_what_is_embedded(text: str, expected: str) -> None:
    assert without_references(text) == expected


def test_the_context_is_the_headings_and_a_title_in_the_same_script() -> None:
    text = "# Handbook\n\n## Wheels\n\nThe wheel turns.\n\n## 轮子\n\n轮子转动。\n"
    _, drafts = drafts_of(text, is_markdown=True)
    assert [draft.context for draft in drafts] == ["Handbook › Wheels", "Handbook › 轮子"]
    assert drafts[0].embedded == "Handbook › Wheels\nThe wheel turns."
    _, drafts = drafts_of("Group 1 - It rained [1] Group 2 - 下雨了 [2]", title="A wet year")
    assert [draft.context for draft in drafts] == ["A wet year", "A wet year"]
    assert [draft.embedded for draft in drafts] == ["A wet year\nIt rained", "下雨了"]
    assert [draft.context for draft in drafts_of("Some prose.", title=2024)[1]] == ["2024"]


def test_the_title_is_not_said_twice_and_a_long_context_is_shortened() -> None:
    markdown = "# Handbook\n\nThe wheel turns."
    assert drafts_of(markdown, is_markdown=True)[1][0].context == "Handbook"
    assert drafts_of(markdown, is_markdown=True, title="A much longer title")[1][0].context == (
        "A much longer title\nHandbook"
    )
    assert drafts_of(markdown, is_markdown=True, title="One two three four", max_tokens=16)[1][0].context == (
        "Handbook"
    )
    assert drafts_of("Prose.", title="one two three four five", max_tokens=16)[1][0].context == ""


def test_the_news_seed_is_embedded_without_markers_references_or_its_chinese_title() -> None:
    text, drafts = drafts_of((SEEDS / "open-source-ai-race.txt").read_text("utf-8"), max_tokens=256)
    assert len(drafts) == 4
    for draft in drafts:
        assert not re.search(r"Group|\[\d|全球| - |Ke", draft.embedded)
    assert drafts[1].embedded.endswith("practical applications of this technology in business")
    assert text[drafts[1].start : drafts[1].end].endswith("of this technology in business")


def a_passage(**changes: object) -> Passage:
    points = (Point(10, 20, "x" * 10, 2, ("3",)), Point(30, 40, "y" * 10, 3, ("3", "4")))
    values: dict[str, object] = {"document_id": "d", "source": "a/news.txt", "title": "", "group": "Group 2"}
    values |= {"start": 10, "end": 40, "text": "", "references": ("3", "4"), "page": None, "points": points}
    return Passage(**(values | changes))  # type: ignore[arg-type]


def test_an_address_says_file_page_group_and_points() -> None:
    passage = a_passage()
    assert passage.address == "news.txt › Group 2 › points 2–3"
    assert passage.address_of(30, 35) == "news.txt › Group 2 › point 3"
    assert passage.address_of(20, 30) == "news.txt › Group 2"
    assert a_passage(points=(), page=12, group="").address == "news.txt › p. 12"
    assert a_passage(points=(), group="Handbook › Wheels").address == "news.txt › Handbook › Wheels"


def test_references_of_a_span_are_those_of_the_points_it_touches() -> None:
    passage = a_passage()
    assert passage.references_of(12, 15) == ("3",)
    assert passage.references_of(30, 31) == ("3", "4")
    assert passage.references_of(19, 31) == ("3", "4")
    assert passage.references_of(20, 30) == ()


# A window of 28 has room for any 40 characters, the shortest piece that is not cut further, and the context.
@given(texts | grouped_texts, st.integers(28, 60), st.booleans())
def test_passages_stay_inside_their_group_and_window_and_lose_nothing(
    text: str, max_tokens: int, is_markdown: bool
) -> None:
    document, groups = split(text_document(text, is_markdown=is_markdown))
    count = FakeEncoder().count_tokens
    drafts = draft_passages(document, groups, count, max_tokens)
    place, covered = 0, set[int]()
    for draft in drafts:
        assert max(place, draft.group.body_start) <= draft.start < draft.end <= draft.group.end
        assert count([draft.embedded])[0] <= max_tokens
        assert all(draft.start <= point.start < point.end <= draft.end for point in draft.points)
        assert all(document.text[point.start : point.end] == point.text for point in draft.points)
        place = draft.end
        covered.update(range(draft.start, draft.end))
    for group in groups:
        lost = "".join(
            " " if place in covered else document.text[place] for place in range(group.body_start, group.end)
        )
        lost = re.sub(r"\[\d{1,4}(?:[ \t]*[,，、][ \t]*\d{1,4})*\]", " ", lost)
        lost = re.sub(r"(?<!\S)\d{1,3}[.)、]", " ", lost)
        assert not any(map(str.isalnum, lost)), lost


@given(texts | grouped_texts, st.integers(4, 60))
def test_whole_points_and_sentences_make_up_the_bodies(text: str, max_tokens: int) -> None:
    document, groups = split(text_document(text))
    for draft in draft_passages(document, groups, FakeEncoder().count_tokens, max_tokens):
        if draft.points:
            words = "".join(without_references(point.text) for point in draft.points)
            assert [*filter(str.isalnum, draft.body)] == [*filter(str.isalnum, words)]


SLOW_REFERENCE = re.compile(r"[ \t]*(?<![A-Za-z0-9_])\[\d{1,3}(?:[ \t]*[,，、][ \t]*\d{1,3})*\]")


@given(st.text(st.sampled_from("a_ \t[]12,、\n茶"), max_size=40))
def test_references_are_found_as_by_the_plain_pattern_that_is_slow_on_white_space(text: str) -> None:
    found = [match.span() for match in REFERENCE.finditer(text)]
    assert found == [match.span() for match in SLOW_REFERENCE.finditer(text)]


def test_a_line_without_end_is_cut_with_few_of_its_words_in_memory_at_once() -> None:
    text = "word " * 200_000
    asked: list[int] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        asked.append(len(texts))
        return [len(one.split()) for one in texts]

    drafts = draft_passages(*split(Document(text)), count_tokens, 64)
    assert [len(draft.body.split()) for draft in drafts] == [64] * 3_125
    assert max(asked) <= 10_000


def test_a_hundred_thousand_spaces_cost_no_more_than_their_length() -> None:
    document = text_document("Group 1 - a" + " " * 100_000 + "b [1]\nc [2]")
    (draft,) = draft_passages(document, split(document)[1], FakeEncoder().count_tokens, 60)
    assert draft.body == "a b c"


def test_the_title_of_a_group_is_embedded_with_its_points_and_its_number_is_not() -> None:
    document, groups = split(text_document("Group 1: Rivers\n- They rose [1]\n- They fell [2]"))
    (draft,) = draft_passages(document, groups, FakeEncoder().count_tokens, 60)
    assert draft.embedded == "Rivers\nThey rose They fell"
