"""Documents put together piece by piece: where everything stands, and what it is called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.formats.builder import Builder, row_text
from pincite.index.passages import draft_passages
from pincite.index.splitter import split
from tests.fakes import FakeEncoder

from ..texts import texts


def sections_of(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(s.path, document.text[s.body_start : s.end].strip()) for s in document.sections]


def test_headings_make_sections_with_their_path() -> None:
    builder = Builder()
    builder.paragraph("before")
    builder.heading(1, "A\n one")
    builder.paragraph("first\nsecond")
    builder.heading(3, "C")
    builder.paragraph("deep")
    builder.heading(2, " ")
    builder.heading(2, "B")
    builder.line("x")
    builder.line("y")
    document = builder.document({"title": "A one", "author": ""})
    assert sections_of(document) == [
        ((), "before"),
        (("A one",), "first\nsecond"),
        (("A one", "C"), "deep"),
        (("A one", "B"), "x\ny"),
    ]
    assert document.text == "before\n\nA one\n\nfirst\nsecond\n\nC\n\ndeep\n\nB\n\nx\ny\n"
    assert document.metadata == {"title": "A one"}


def test_parts_and_pages_begin_sections_of_their_own() -> None:
    builder = Builder()
    for number in (1, 2, 3):
        builder.page()
        builder.part(f"slide {number}")
        if number != 2:
            builder.heading(1, f"Title {number}")
            builder.paragraph("text")
    document = builder.document({})
    assert sections_of(document) == [(("slide 1", "Title 1"), "text"), (("slide 3", "Title 3"), "text")]
    assert document.pages == (0, 15, 15)
    assert [group.page for group in split(document)[1]] == [1, 3]


def test_lines_are_set_apart_from_what_follows() -> None:
    builder = Builder()
    builder.line("a")
    builder.paragraph(" ")
    builder.line("b")
    builder.paragraph("c")
    builder.line("d")
    builder.table([["e", "f"], ["1", "2"]])
    builder.heading(1, "g")
    builder.line("h")
    builder.part("slide 2")
    builder.paragraph("i")
    document = builder.document({})
    assert document.text == "a\nb\n\nc\n\nd\n\ne: 1; f: 2\n\ng\n\nh\n\ni\n\n"
    assert [section.path for section in document.sections] == [(), ("g",), ("slide 2",)]


def test_rows_carry_their_headers_and_are_numbered_by_table() -> None:
    builder = Builder()
    builder.heading(1, "Banks")
    builder.paragraph("Two banks were asked.")
    builder.table([["Bank", "Tools"], ["OCBC", "30"], ["", ""], ["DBS\n", "12"]])
    builder.paragraph("Then a third.")
    builder.table([["alone"]])
    document = builder.document({})
    (group,) = split(document)[1]
    assert [(point.kind, point.number, point.text) for point in group.points] == [
        ("row", 1, "Bank: OCBC; Tools: 30"),
        ("row", 2, "Bank: DBS; Tools: 12"),
        ("table 2 row", 1, "alone"),
    ]
    (draft,) = draft_passages(document, [group], FakeEncoder().count_tokens, 100)
    assert (
        draft.body == "Two banks were asked. Bank: OCBC; Tools: 30 Bank: DBS; Tools: 12 Then a third. alone"
    )
    assert draft.context == "Banks"


def test_a_table_without_headers_keeps_its_first_row() -> None:
    builder = Builder()
    builder.table([["OCBC", "30"], ["DBS", "12"]], has_headers=False)
    document = builder.document({})
    assert document.text == "OCBC; 30\nDBS; 12\n\n"
    assert [(item.number, item.kind) for item in document.sections[0].items] == [(1, "row"), (2, "row")]


def test_a_parts_own_title_is_its_heading_and_not_in_its_path_again() -> None:
    builder = Builder()
    builder.part("Chapter 1")
    builder.title("CHAPTER\n1")
    builder.title(" ")
    builder.paragraph("It rained.")
    builder.heading(2, "The letter")
    builder.paragraph("Dear Ben.")
    document = builder.document({})
    assert sections_of(document) == [
        (("Chapter 1",), "It rained."),
        (("Chapter 1", "The letter"), "Dear Ben."),
    ]
    assert document.text == "CHAPTER 1\n\nIt rained.\n\nThe letter\n\nDear Ben.\n\n"


def test_a_row_longer_than_its_headers_loses_nothing() -> None:
    assert row_text(["A", "", "C"], ["1", "2", "", "4"]) == "A: 1; 2; 4"
    assert row_text(["A"], ["A"]) == "A"


pieces = st.tuples(st.sampled_from(["heading", "paragraph", "line", "table", "page", "part"]), texts)


@given(st.lists(pieces, max_size=8))
def test_every_span_is_where_it_says(given_pieces: list[tuple[str, str]]) -> None:
    builder = Builder()
    for kind, text in given_pieces:
        if kind == "heading":
            builder.heading(1 + len(text) % 3, text)
        elif kind == "table":
            builder.table([["h", text], [text, "x"]])
        elif kind == "page":
            builder.page()
        else:
            getattr(builder, kind)(text)
    document, groups = split(builder.document({}))
    place = 0
    for section in document.sections:
        assert place <= section.start <= section.body_start <= section.end <= len(document.text)
        place = section.end
    for group in groups:
        assert document.text[group.start : group.end] == group.text
        for point in group.points:
            assert document.text[point.start : point.end] == point.text
            assert group.start <= point.start <= point.end <= group.end
