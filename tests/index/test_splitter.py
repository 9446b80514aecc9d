"""Groups, points, bylines: what the grouped form means, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document, Group, Section, Span, page_at
from pincite.index.formats import text_document
from pincite.index.splitter import split

from .texts import grouped_texts, texts

SEEDS = Path(__file__).parents[2] / "seeds"


def groups_of(text: str) -> tuple[Group, ...]:
    return split(text_document(text))[1]


def points_of(text: str) -> list[list[tuple[str, tuple[str, ...]]]]:
    """The points of each group that a marker begins: text and references."""
    return [[(p.text, p.references) for p in group.points] for group in groups_of(text) if group.path]


def paths_of(text: str) -> list[str]:
    return [" › ".join(group.path) for group in groups_of(text)]


def test_the_news_seed_splits_into_its_four_groups() -> None:
    document, groups = split(text_document((SEEDS / "open-source-ai-race.txt").read_text("utf-8")))
    assert [group.path for group in groups] == [(f"Group {n}",) for n in (1, 2, 3, 4)]
    assert [[p.references for p in group.points] for group in groups] == [
        [("2",), ("2", "3"), ("2", "3")],
        [("3",), ("3", "4"), ("3",)],
        [("4",), ("4", "5"), ("5", "6")],
        [("6",), ("6",)],
    ]
    assert [[p.number for p in group.points] for group in groups] == [[1, 2, 3]] * 3 + [[1, 2]]
    assert groups[1].points[2].text == (
        "Singapore's OCBC Bank has developed around 30 internal tools using open-source models, demonstrating"
        " the practical applications of this technology in business"
    )
    third = groups[0].points[2]
    assert third.text.startswith("The U.S. has responded")
    assert third.text.endswith("faced by American companies")
    assert groups[3].text.endswith("stronger companies in the market [6]")
    assert [(group.start, group.end, group.body_start) for group in groups] == [
        (0, 580, 10),
        (581, 1163, 591),
        (1164, 1791, 1174),
        (1792, 2100, 1802),
    ]
    assert document.metadata == {
        "title": "全球AI竞赛场格局生变:开源路线助中国厂商崛起,撼动美国优势",
        "publisher": "3 6 Ke",
        "date": "2025-08-14T10:10",
    }
    assert {name: document.text[s.start : s.end] for name, s in document.metadata_spans.items()} == {
        "title": "全球AI竞赛场格局生变:开源路线助中国厂商崛起,撼动美国优势",
        "publisher": "3 6 Ke",
        "date": "2025-08-14 10:10",
    }


def test_the_chinese_seed_keeps_the_text_around_its_groups() -> None:
    document, groups = split(text_document((SEEDS / "tea-cooperative.txt").read_text("utf-8")))
    assert [group.path for group in groups] == [(), ("第1组",), ("第2组",), ("第3组",), ("第4组",)]
    assert groups[0].text.startswith("雾岭茶叶合作社简介\n雾岭村")
    assert groups[0].text.endswith("2024年秋天整理。")
    assert [len(group.points) for group in groups] == [0, 3, 3, 3, 4]
    assert groups[1].points[1].references == ("1", "2")
    assert groups[1].points[1].text == "到2024年,社员增加到186户,茶园共2140亩,占全村耕地的一大半"
    closing = groups[4].points[3]
    assert closing.text.startswith("参观须知:每年三月中旬")
    assert closing.text.endswith("放回竹架就好。")
    assert closing.references == ()
    assert document.metadata == {}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Group 1 - a. Group 2 – b. Group 3: c", ["Group 1", "Group 2", "Group 3"]),
        ("Group 1\nalpha\n\nGroup 2\nbeta", ["Group 1", "Group 2"]),
        ("GROUP 1: a [1] GROUP 2: b", ["GROUP 1", "GROUP 2"]),
        ("第一组：甲。\n第二组 乙\n第3組:丙", ["第一组", "第二组", "第3組"]),
        ("“Yes.” Group 1 - a (so) Group 2 - b", ["", "Group 1"]),
        ("“Yes.” Group 1 - a (so!)\nGroup 2 - b", ["", "Group 1", "Group 2"]),
        ("Foreword.\n\nGroup 1 - a", ["", "Group 1"]),
        ("Group 1 - a\nGroup 3 - c\nGroup 2 - b", ["Group 1", "Group 2"]),
        ("Group 2 - b\nGroup 3 - c", [""]),
        ("Age Group 1 - 5 was larger. Age Group 2 - 7 too.", [""]),
        ("Age" + " " * 40 + "Group 1 - x", [""]),
        ("Group 1 and Group 2 were compared. Group 1 did better.", [""]),
        ("The best was Group 1 - of course", [""]),
        ("Group 1 - the pages 3-5. Group 2-5 of them", ["Group 1"]),
        ("Group 1 - a\nGroup 1 - again\nGroup 2 - b", ["Group 1", "Group 2"]),
        ("Group 1 - a\r\nGroup 2 - b\r\n", ["Group 1", "Group 2"]),
    ],
)
def test_a_marker_counts_at_a_boundary_and_as_the_next_number(text: str, paths: list[str]) -> None:
    assert paths_of(text) == paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Group 1 - a\nGroup 2 - b\nGroup 4 - d\nGroup 5 - e", ["Group 1", "Group 2", "Group 4", "Group 5"]),
        ("Group 1 - a\nGroup 4 - d\nGroup 6 - e", ["Group 1", "Group 4", "Group 6"]),
        ("Group 1 - a\nGroup 3 - c", ["Group 1"]),
        ("Group 1 - a\nGroup 9 - i\nGroup 10 - j", ["Group 1"]),
        ("Group 2 - b\nGroup 3 - c\nGroup 4 - d", [""]),
        ("Group 1 - a\nGroup 4 - see below\nGroup 2 - b\nGroup 3 - c", ["Group 1", "Group 2", "Group 3"]),
        ("第1组：甲。\n第2组：乙。\n第4组：丁。", ["第1组", "第2组", "第4组"]),
    ],
)
def test_a_few_numbers_may_be_missing_from_three_markers_or_more(text: str, paths: list[str]) -> None:
    assert paths_of(text) == paths


@pytest.mark.parametrize(
    ("text", "path", "points"),
    [
        ("Group 1: Rivers\nThey rose [2]\nThey fell [3]", "Group 1 › Rivers", ["They rose", "They fell"]),
        ("Group 1: Rivers\n- They rose [2]\n- They fell", "Group 1 › Rivers", ["They rose", "They fell"]),
        ("Group 1 - Rivers\n1. They rose\n2. They fell", "Group 1 › Rivers", ["They rose", "They fell"]),
        ("Group 1 - Rivers and roads\n\nThey rose [2]", "Group 1 › Rivers and roads", ["They rose"]),
        ("Group 1\nRivers\n- They rose\n- They fell", "Group 1 › Rivers", ["They rose", "They fell"]),
        ("第1组：河流\n河水上涨[2]\n河水下降[3]", "第1组 › 河流", ["河水上涨", "河水下降"]),
        ("Group 1: They rose. And\nthey fell", "Group 1", ["They rose. And\nthey fell"]),
        ("Group 1: They rose.\nThey fell", "Group 1", ["They rose.\nThey fell"]),
        ("Group 1: They rose [2]\nThey fell [3]", "Group 1", ["They rose", "They fell"]),
        ("Group 1 - They rose\nTwice", "Group 1", ["They rose\nTwice"]),
        ("Group 1: Rivers", "Group 1", ["Rivers"]),
        ("Group 1\nRivers\nroads", "Group 1", ["Rivers\nroads"]),
        (f"Group 1: {'Rivers ' * 20}\n- They rose", "Group 1", [("Rivers " * 20).strip(), "They rose"]),
    ],
)
def test_a_short_line_over_the_points_is_the_groups_title(text: str, path: str, points: list[str]) -> None:
    assert paths_of(text) == [path]
    assert [[point[0] for point in group] for group in points_of(text)] == [points]


def test_front_matter_is_in_no_group() -> None:
    for body in ("words", "# A\n\nwords", "before\n\nGroup 1 - a [1]"):
        text = f"---\ntitle: News\n---\n{body}"
        document, groups = split(text_document(text, is_markdown=True))
        assert document.metadata["title"] == "News"
        assert groups[0].start == len(text) - len(body)


def test_chinese_numbers_are_counted_past_ten() -> None:
    names = "一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五 十六 十七 十八 十九 二十 二十一".split()
    assert paths_of("\n".join(f"第{name}组：文" for name in names)) == [f"第{name}组" for name in names]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Group 1 - a [2] - b [3][4] - c", [[("a", ("2",)), ("b", ("3", "4")), ("c", ())]]),
        ("Group 1 - Boston - New York ran [1] - so did we [2, 3].", [
            [("Boston - New York ran", ("1",)), ("so did we", ("2", "3"))]
        ]),
        ("Group 1 - Boston - New York ran", [[("Boston - New York ran", ())]]),
        ("Group 1 - one line\nwrapped here", [[("one line\nwrapped here", ())]]),
        ("Group 1 - a [1]\nb [2]\n\nc", [[("a", ("1",)), ("b", ("2",)), ("c", ())]]),
        ("Group 1\n- a\n- b\n* c\n1. d\n2、e", [[("a", ()), ("b", ()), ("c", ()), ("d", ()), ("e", ())]]),
        ("Group 1:\n1. a [2]\n2. b [3].\n* c [4]\n- d", [
            [("a", ("2",)), ("b", ("3",)), ("c", ("4",)), ("d", ())]
        ]),
        ("Group 1 - about\n3.5 million", [[("about\n3.5 million", ())]]),
        ("Group 1 - \nGroup 2 - x [1]\nGroup 3 -", [[], [("x", ("1",))], []]),
        ("Group 1 - [3]", [[]]),
        ("第1组：水[1]；第2组：火[2]", [[("水[1]；第2组：火", ("2",))]]),
        ("第1组：水[1]。第2组：火[2]。", [[("水", ("1",))], [("火", ("2",))]]),
    ],
)  # fmt: skip
def test_points_begin_after_references_and_at_bullets(
    text: str, points: list[list[tuple[str, tuple[str, ...]]]]
) -> None:
    assert points_of(text) == points


@pytest.mark.parametrize(
    ("ending", "metadata", "last_point"),
    [
        ("\nA title\n3 6 Ke·2025-08-14 10:10\n", ("A title", "3 6 Ke", "2025-08-14T10:10"), "a"),
        ("\nA title\n  Pub ・ 2025/8/4  \n\n", ("A title", "Pub", "2025-08-04"), "a"),
        ("\nA title\n新华社•2024年1月2日", ("A title", "新华社", "2024-01-02"), "a"),
        ("\n- an item\nPub·2025-08-14", (None, "Pub", "2025-08-14"), "an item"),
        ("\nwith a source [4]\nPub·2025-08-14", (None, "Pub", "2025-08-14"), "with a source"),
        ("\nPub·2025-08-14", (None, "Pub", "2025-08-14"), "a"),
        ("\nA title\nPub·2025-02-30", (None, None, None), "A title\nPub·2025-02-30"),
        ("\nA title\n·2025-02-03", (None, None, None), "A title\n·2025-02-03"),
        ("\nA title\nPub·2025-08-14 25:00", (None, None, None), "A title\nPub·2025-08-14 25:00"),
        ("\nJust a closing line", (None, None, None), "Just a closing line"),
        (" - last·2025-01-02", (None, None, None), "last·2025-01-02"),
    ],
)
def test_a_closing_byline_and_title_are_metadata_and_not_text(
    ending: str, metadata: tuple[str | None, ...], last_point: str
) -> None:
    document, groups = split(text_document("Group 1 - a [1]" + ending))
    assert tuple(document.metadata.get(name) for name in ("title", "publisher", "date")) == metadata
    assert groups[-1].points[-1].text == last_point


def test_metadata_that_is_known_already_keeps_its_value_and_takes_no_span() -> None:
    given = Document("Group 1 - a [1]\nA title\nPub·2025-08-14", metadata={"title": "Mine"})
    document, _ = split(given)
    assert document.metadata == {"title": "Mine", "publisher": "Pub", "date": "2025-08-14"}
    assert set(document.metadata_spans) == {"publisher", "date"}
    assert split(document)[0] == document


def test_a_byline_without_groups_is_text() -> None:
    document, groups = split(text_document("Some prose.\nA title\nPub·2025-08-14"))
    assert document.metadata == {}
    assert [group.text for group in groups] == ["Some prose.\nA title\nPub·2025-08-14"]


def test_markers_win_over_headings_and_headings_over_pages() -> None:
    text = "Top\nbody\nNext\nmore"
    sections = (Section(0, 9, 4, ("Top",)), Section(9, 18, 14, ("Next",)))
    _, groups = split(Document(text, sections=sections, pages=(0, 9)))
    assert [(g.path, g.text, g.body_start, g.page) for g in groups] == [
        (("Top",), "Top\nbody", 4, 1),
        (("Next",), "Next\nmore", 14, 2),
    ]
    _, pages = split(Document(text, pages=(0, 9)))
    assert [(g.path, g.text, g.page) for g in pages] == [((), "Top\nbody", 1), ((), "Next\nmore", 2)]
    marked = split(Document("Group 1 - a\nGroup 2 - b", sections=(Section(0, 23, 12, ("T",)),)))[1]
    assert [group.path for group in marked] == [("Group 1",), ("Group 2",)]


def test_markers_in_markdown_give_groups_and_the_heading_the_title() -> None:
    document, groups = split(text_document("# News\n\nGroup 1 - a [1]\nGroup 2 - b [2]\n", is_markdown=True))
    assert document.metadata["title"] == "News"
    assert [group.path for group in groups] == [(), ("Group 1",), ("Group 2",)]
    assert [group.text for group in groups] == ["# News", "Group 1 - a [1]", "Group 2 - b [2]"]


def test_a_page_is_counted_from_one_and_only_where_there_are_pages() -> None:
    assert [page_at((0, 10, 20), offset) for offset in (0, 9, 10, 25)] == [1, 1, 2, 3]
    assert page_at((), 5) is None


@given(texts | grouped_texts, st.booleans())
def test_spans_hold_and_groups_never_overlap_whatever_the_text(text: str, is_markdown: bool) -> None:
    document, groups = split(text_document(text, is_markdown=is_markdown))
    text, end = document.text, 0
    for group in groups:
        assert text[group.start : group.end] == group.text == group.text.strip()
        assert end <= group.start < group.end
        assert group.start <= group.body_start <= group.end
        end, inside = group.end, group.body_start
        assert [point.number for point in group.points] == list(range(1, len(group.points) + 1))
        for point in group.points:
            assert text[point.start : point.end] == point.text == point.text.strip()
            assert inside <= point.start < point.end <= group.end
            inside = point.end
    for span in document.metadata_spans.values():
        assert all(span.end <= group.start or group.end <= span.start for group in groups)


@given(grouped_texts)
def test_what_lies_between_groups_is_white_space_or_metadata(text: str) -> None:
    document, groups = split(text_document(text))
    taken: list[Group | Span] = [*groups, *document.metadata_spans.values()]
    left = set(range(len(document.text))).difference(*(range(one.start, one.end) for one in taken))
    assert not "".join(document.text[place] for place in sorted(left)).strip(" \n\t·・•").strip()
