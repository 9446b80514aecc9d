"""The order in which a page is read, and how its lines are joined."""

from __future__ import annotations

import random

import numpy as np
import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.formats import File, pdf
from pincite.index.formats.pdf_hyphens import Hyphens, ends_hyphenated
from pincite.index.formats.pdf_lines import _plain
from pincite.index.splitter import split

from .pdf_maker import Text, column, make_pdf, prose
from .real_files import real_file


def read(*pages: list[Text], boxes: str = "/MediaBox[0 0 595 842]") -> Document:
    (document,) = pdf.read(File("a.pdf", make_pdf(pages, boxes=boxes)))
    return document


def lines_of(document: Document) -> list[str]:
    return [line for line in document.text.split("\n") if line]


def shuffled(texts: list[Text]) -> list[Text]:
    """The same page drawn in another order."""
    return random.Random(5).sample(texts, len(texts))


LEFT, RIGHT, THIRD = prose("Left", 20), prose("Right", 20), prose("Third", 20)


@pytest.mark.parametrize("draw", [list, shuffled, lambda page: sorted(page, key=lambda one: -one.y)])
def test_two_columns_are_read_one_after_the_other(draw: object) -> None:
    page = [*column(LEFT, 60, 700), *column(RIGHT, 310, 700)]
    assert lines_of(read(draw(page))) == [*LEFT, *RIGHT]  # type: ignore[operator]


def test_columns_whose_lines_are_not_level_are_read_so_too() -> None:
    page = [*column(LEFT, 60, 700, leading=13), *column(RIGHT, 310, 694, leading=11)]
    assert lines_of(read(shuffled(page))) == [*LEFT, *RIGHT]


def test_three_columns_are_read_from_left_to_right() -> None:
    page = [t for x, lines in ((40, LEFT), (225, RIGHT), (410, THIRD)) for t in column(lines, x, 700, size=8)]
    assert lines_of(read(shuffled(page))) == [*LEFT, *RIGHT, *THIRD]


def test_a_title_and_a_wide_table_part_the_columns() -> None:
    title = "A title that stands over both of the columns, from edge to edge"
    rows = [
        ("Bank", "Built in the year of", "Tools"),
        ("OCBC", "Two thousand twenty", "30"),
        ("DBS", "Later", "12"),
    ]
    table = [
        Text(x, 560 - 14 * n, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((60, 250, 480), row, strict=True)
    ]
    page = [
        Text(60, 780, title, 16),
        *column(LEFT[:10], 60, 750),
        *column(RIGHT[:10], 310, 750),
        *table,
        *column(LEFT[10:], 60, 500),
        *column(RIGHT[10:], 310, 500),
    ]
    written = [" ".join(row) for row in rows]
    expected = [title, *LEFT[:10], *RIGHT[:10], *written, *LEFT[10:], *RIGHT[10:]]
    assert lines_of(read(shuffled(page))) == expected


def test_the_rows_of_a_table_stay_rows() -> None:
    rows = [[f"Item {n}", f"{n * 7} pieces", f"£{n}.00"] for n in range(1, 15)]
    page = [
        Text(x, 700 - 14 * n, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((60, 250, 400), row, strict=True)
    ]
    by_column = sorted(page, key=lambda one: one.x)
    assert lines_of(read(by_column)) == [" ".join(row) for row in rows]


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    left, right = prose("Left", 8), prose("right", 8)
    document = read([*column(left, 60, 700), *column(right, 310, 700)])
    assert document.text == "\n".join([*left, *right])


def test_paragraphs_are_told_by_space_and_by_indent() -> None:
    spaced = column(["One is here", "and goes on.", "", "Two is here", "and goes on."], 60, 700)
    assert read(spaced).text == "One is here\nand goes on.\n\nTwo is here\nand goes on."
    lines = [(0, "One is here"), (0, "and goes on"), (0, "to here."), (15, "Two is here"), (0, "and on.")]
    indented = [Text(60 + x, 700 - 12 * n, line) for n, (x, line) in enumerate(lines)]
    assert read(indented).text == "One is here\nand goes on\nto here.\n\nTwo is here\nand on."


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_turned_text_is_read_on_turned_pages(turn: int, rotate: int) -> None:
    step = {0: (0, -14), 90: (-14, 0), 180: (0, 14), 270: (14, 0)}[turn]
    lines = prose("Turned", 5)
    page = [Text(300 + step[0] * n, 400 + step[1] * n, line, turn=turn) for n, line in enumerate(lines)]
    document = read(shuffled(page), boxes=f"/MediaBox[0 0 595 842]/Rotate {rotate}")
    assert lines_of(document) == lines


def test_a_note_in_the_margin_that_is_turned_comes_last() -> None:
    page = [Text(30, 200, "Stamped sideways", turn=270), *column(prose("Body", 5), 72, 700)]
    assert lines_of(read(page)) == [*prose("Body", 5), "Stamped sideways"]


def test_what_lies_beside_the_page_is_not_read() -> None:
    page = [Text(72, 700, "On the page"), Text(700, 700, "Beside it"), Text(72, -50, "Below it")]
    assert read(page).text == "On the page"


def test_a_raised_mark_stays_at_its_word() -> None:
    document = read(
        [Text(72, 700, "practice"), Text(107.2, 704, "2", 6), Text(110.6, 700, ", which goes on")]
    )
    assert document.text == "practice2, which goes on"


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["the obser-", "vatory opens"], "the observatory opens"),
        (["a state-of-the-", "art engine"], "a state-of-the-art engine"),
        (["the Anglo-", "Saxon mill"], "the Anglo-Saxon mill"),
        (["send e-", "mail to us"], "send e-mail to us"),
        (["a well-", "known mill"], "a well-known mill"),
        (["the COVID-", "19 years"], "the COVID-19 years"),
        (["dual-encoder here,", "dual-", "encoder there"], "dual-encoder here,\ndual-encoder there"),
        (["reread it,", "re-", "read it"], "reread it,\nreread it"),
        (["a dash -", "and more"], "a dash -\nand more"),
    ],
)
def test_hyphens_at_line_ends_are_joined_but_compounds_stay(lines: list[str], joined: str) -> None:
    assert read(column(lines, 72, 700)).text == joined


def test_a_word_broken_by_the_page_stays_broken() -> None:
    document = read(column(["Some words", "and obser-"], 72, 700), column(["vatory words"], 72, 700))
    assert document.text == "Some words\nand obser-\n\nvatory words"


def test_a_soft_hyphen_always_goes() -> None:
    assert Hyphens(["well-known"]).goes("well\u00ad", "known")
    assert ends_hyphenated("well\u00ad")
    assert not ends_hyphenated("well \u00ad")


def test_odd_characters_are_made_plain_and_keep_their_places() -> None:
    def plain(text: str, *, last: bool = False) -> tuple[str, list[int]]:
        made, places = _plain(text, 10, keeps_last=last)
        return made, places.tolist()

    assert plain("ab") == ("ab", [10, 11])
    assert plain("o\ufb03ce") == ("office", [10, 11, 11, 11, 12, 13])
    assert plain("a\u00adb\x00c\u00a0d") == ("abc d", [10, 12, 14, 15, 16])
    assert plain("ex\x02") == ("ex-", [10, 11, 12])
    assert plain("ex\u00ad", last=True) == ("ex\u00ad", [10, 11, 12])


TEXTS = st.builds(
    Text,
    st.integers(-50, 600),
    st.integers(-50, 850),
    st.text("ab -fi2.ABé\u00ad", min_size=1, max_size=30),
    st.sampled_from([1, 6, 10, 24, 300]),
    st.sampled_from(["body", "bold"]),
    st.sampled_from([0, 0, 0, 90, 180, 270]),
)


@given(st.lists(st.lists(TEXTS, max_size=12), min_size=1, max_size=5))
def test_whatever_is_drawn_spans_and_places_hold(pages: list[list[Text]]) -> None:
    content = make_pdf([*pages, [Text(72, 700, "Words")]])
    (document,) = pdf.read(File("a.pdf", content))
    check_document(content, document)


def check_document(content: bytes, document: Document, password: str | None = None) -> None:
    """Assert that sections and groups lie in order on their pages, and that places name the characters."""
    places = np.frombuffer(document.places, "<i4")
    assert len(places) == len(document.text)
    assert list(document.pages) == sorted(document.pages)
    ends = [*document.pages[1:], len(document.text)]
    before = 0
    for section in document.sections:
        assert before <= section.start <= section.body_start <= section.end
        assert any(
            start <= section.start <= section.end <= end
            for start, end in zip(document.pages, ends, strict=True)
        )
        before = section.end
    assert before == len(document.text)
    read, groups = split(document)
    for group in groups:
        assert read.text[group.start : group.end] == group.text
    opened = pdfium.PdfDocument(content, password=password)
    for number, (start, end) in enumerate(zip(document.pages, ends, strict=True)):
        if start < end:
            drawn = drawn_characters(opened, number)
            for character, place in zip(document.text[start:end], places[start:end].tolist(), strict=True):
                assert place >= 0 or character.isspace()
                assert place < 0 or character in drawn[place]
    opened.close()


def drawn_characters(opened: pdfium.PdfDocument, number: int) -> list[str]:
    """What each character of a page may be written as, from PDFium itself."""
    page = opened[number]
    text_page = page.get_textpage()
    written = {2: "-", 0xFFFE: "-", 0xA0: " ", 0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 9: " "}
    codes = (pdfium.raw.FPDFText_GetUnicode(text_page, n) for n in range(text_page.count_chars()))
    return [written.get(code, chr(code)) for code in codes]


@pytest.mark.parametrize(
    ("name", "page", "before", "after"),
    [
        (
            "unstructured/example-docs/pdf/multi-column.pdf",
            0,
            "indicating the needs\nof improving retrieval.",
            "Retrieval in open-domain QA is usually implemented",
        ),
        (
            "sample-files/026-latex-multicolumn/multicolumn.pdf",
            0,
            "Vivamus viverra fermentum felis. Donec nonummy",
            "pellentesque ante. Phasellus adipiscing semper elit.",
        ),
        (
            "unstructured/example-docs/pdf/pdf-bad-color-space.pdf",
            0,
            "our data centers. That’s why, in 2020, we set a goal to",
            "operate our data centers and office campuses on 24/7",
        ),
    ],
)
def test_the_columns_of_real_files_are_read_in_order(name: str, page: int, before: str, after: str) -> None:
    (document,) = pdf.read(File("a.pdf", real_file(name)))
    text = document.text[document.pages[page] :]
    assert 0 <= text.index(before) < text.index(after)
    between = text[text.index(before) + len(before) : text.index(after)]
    assert len(between) < 400
