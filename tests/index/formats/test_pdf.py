"""What a PDF says: its pages, headings and metadata, what is left out of it, and what is wrong with it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, ocr, pdf, read_documents
from pincite.index.splitter import split

from .pdf_maker import ROOT, SEED, Mark, Text, column, make_pdf, prose
from .real_files import real_file

EMPTY: list[Text] = []
DRAWN = b"0 0 100 100 re f"


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as without the extra, whether it is installed or not."""
    monkeypatch.setattr(pdf, "is_installed", lambda: False)


def read_pdf(content: bytes, password: str | None = None) -> Document:
    """The document that the bytes of a PDF make."""
    (document,) = pdf.read(File("a.pdf", content, password))
    return document


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path for section in document.sections]


def pages_of(document: Document) -> list[str]:
    ends = [*document.pages[1:], len(document.text)]
    return [document.text[start:end].strip() for start, end in zip(document.pages, ends, strict=True)]


def printed_pages() -> list[str]:
    """The words of each page, from the HTML it was printed from."""
    html = (ROOT / "tests" / "data" / "observatory-visit.html").read_text("utf-8")
    sections = re.findall(r"<section>(.*?)</section>", html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", section)).split()) for section in sections]


def test_the_seeds_pages_hold_exactly_what_was_printed() -> None:
    document = read_pdf(SEED.read_bytes())

    def bare(text: str) -> str:
        return re.sub(r"[\s•]", "", text)

    assert [bare(page) for page in pages_of(document)] == [bare(page) for page in printed_pages()]
    assert pages_of(document)[1].startswith("How the observatory began\n\nEdith Varley, a dye chemist")


def test_each_section_is_a_group_that_knows_its_page() -> None:
    document = read_pdf(SEED.read_bytes())
    _, groups = split(document)
    assert [group.page for group in groups] == sorted(group.page or 0 for group in groups)
    assert {group.page for group in groups} == {1, 2, 3}
    for group in groups:
        start, end = (
            document.pages[(group.page or 0) - 1],
            [*document.pages, len(document.text)][group.page or 0],
        )
        assert start <= group.start < group.end <= end


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF-1.4 garbage", "cut short or damaged"),
        (SEED.read_bytes()[:200], "cut short or damaged"),
        (b"no pdf", "of another kind than its name says"),
    ],
)
def test_a_broken_file_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnsupportedDocument, match=f"not a readable PDF: .*{why}"):
        read_pdf(content)


def test_a_scan_asks_for_the_extra() -> None:
    with pytest.raises(UnsupportedDocument, match=r"^no text layer: install pincite\[ocr\]$"):
        read_pdf(make_pdf([DRAWN]))
    with pytest.raises(UnsupportedDocument, match=r"^no text layer: install pincite\[ocr\]$"):
        read_pdf(make_pdf([EMPTY]))


def test_pages_without_text_are_named_and_do_not_shift_the_others() -> None:
    words = [Text(72, 700, "Words")]
    document = read_pdf(make_pdf([words, DRAWN, DRAWN, DRAWN, words, DRAWN, EMPTY, words]))
    assert document.notes == ("pages 2–4, 6 have no text layer: install pincite[ocr]",)
    assert document.text == "Words\n\nWords\n\nWords"
    assert document.pages == (0, 7, 7, 7, 7, 14, 14, 14)
    _, groups = split(document)
    assert [group.page for group in groups] == [1, 5, 8]


def test_one_page_without_text_is_named_in_the_singular() -> None:
    document = read_pdf(make_pdf([[Text(72, 700, "Words")], DRAWN]))
    assert document.notes == ("page 2 has no text layer: install pincite[ocr]",)


def test_a_broken_page_is_a_note_where_others_can_be_read() -> None:
    content = make_pdf([[Text(72, 700, "First")], [Text(72, 700, "Second")], [Text(72, 700, "Third")]])
    document = read_pdf(content.replace(b"5 0 R 7 0 R 9 0 R", b"5 0 R 99 0 R 9 0 R"))
    assert pages_of(document) == ["First", "", "Third"]
    assert document.notes == ("page 2 cannot be read: the file is damaged there",)
    with pytest.raises(UnsupportedDocument, match="none of its pages can be loaded"):
        read_pdf(content.replace(b"5 0 R 7 0 R 9 0 R", b"98 0 R 99 0 R 97 0 R"))


def test_an_encrypted_pdf_opens_with_its_password_only() -> None:
    content = real_file("sample-files/005-libreoffice-writer-password/libreoffice-writer-password.pdf")
    with pytest.raises(UnsupportedDocument, match="it needs a password: give --password"):
        read_pdf(content)
    with pytest.raises(UnsupportedDocument, match="the password does not open it"):
        read_pdf(content, "wrong")
    assert read_pdf(content, "openpassword").text.startswith("Lorem ipsum dolor sit amet")


def test_encryption_for_the_owner_only_just_opens() -> None:
    document = read_pdf(real_file("unstructured/example-docs/pdf/copy-protected.pdf"))
    assert "LayoutParser: A Unified Toolkit for Deep" in document.text


def test_the_reader_says_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    content = make_pdf([[Text(72, 700, "Words")]] * 3)
    pdf.read(File("a.pdf", content, on_page=lambda done, total: told.append((done, total))))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_running_headers_footers_and_page_numbers_are_left_out() -> None:
    pages = [
        [
            Text(72, 810, "The Reservoir Annual" if number % 2 else "Water Board"),
            Text(500, 810, str(number)),
            *column([f"Page body {word}", "and more of it"], 72, 700),
            Text(280, 30, f"Page {number} of 7"),
        ]
        for number, word in enumerate("one two three four five six seven".split(), start=1)
    ]
    document = read_pdf(make_pdf(pages))
    assert pages_of(document)[2] == "Page body three\nand more of it"
    assert "Annual" not in document.text
    assert "Water Board" not in document.text
    assert not re.search(r"\d", document.text)


def test_two_pages_keep_what_they_repeat() -> None:
    pages = [
        [Text(72, 810, "Title of all"), Text(72, 700, f"Body {word}"), Text(280, 30, word)] for word in "12"
    ]
    document = read_pdf(make_pdf(pages))
    assert pages_of(document) == ["Title of all\n\nBody 1\n\n1", "Title of all\n\nBody 2\n\n2"]


@pytest.mark.parametrize(
    "tops",
    [
        ["Total 17", "Total 4", "Total 250", "Total 31"],
        ["1 apple", "7 apples", "2 apples", "9 apples"],
        ["Rain", "Hail", "Snow", "Sun"],
        ["12", "50", "3", "88"],
    ],
)
def test_what_only_looks_alike_stays(tops: list[str]) -> None:
    pages = [[Text(72, 800, top), *column(prose("Body", 3), 72, 700)] for top in tops]
    document = read_pdf(make_pdf(pages))
    assert [page.split("\n")[0] for page in pages_of(document)] == tops


def test_the_head_of_a_table_that_goes_on_stays() -> None:
    pages = [column(["Name and quantity", *prose(word, 5)], 72, 800) for word in "Tea Salt Rice Oil".split()]
    assert read_pdf(make_pdf(pages)).text.count("Name and quantity") == 4


def test_large_headings_that_count_the_pages_stay() -> None:
    pages = [[Text(72, 800, f"Exercise {n}", 18), *column(prose("Body", 5), 72, 700)] for n in (1, 2, 3, 4)]
    assert "Exercise 3" in read_pdf(make_pdf(pages)).text


def test_pages_that_are_the_same_keep_their_text() -> None:
    page = column(["Name", "Address", "Telephone", "Signature", "Date"], 72, 830)
    assert pages_of(read_pdf(make_pdf([page] * 4))) == ["Name\nAddress\nTelephone\nSignature\nDate"] * 4
    assert pages_of(read_pdf(make_pdf([[Text(72, 800, "Only this")]] * 4))) == ["Only this"] * 4


def test_an_outline_makes_sections_that_no_page_break_is_inside_of() -> None:
    pages = [
        [Text(72, 780, "Opening words"), Text(72, 700, "1 Rivers", 10), *column(prose("River", 2), 72, 680)],
        [*column(prose("Still", 2), 72, 780), Text(72, 600, "1.1 Tides"), *column(prose("Tide", 2), 72, 580)],
        [*column(prose("Later", 2), 72, 780)],
    ]
    outline = [Mark("Rivers", 0, 712, [Mark("Tides", 1, 612)]), Mark("No such words", 2, 775)]
    document = read_pdf(make_pdf(pages, outline=outline))
    assert [
        (section.path, document.text[section.start : section.end].split("\n")[0])
        for section in document.sections
    ] == [
        ((), "Opening words"),
        (("Rivers",), "1 Rivers"),
        (("Rivers",), "Still line 1 is written in a column here"),
        (("Rivers", "Tides"), "1.1 Tides"),
        (("Rivers", "Tides"), "Later line 1 is written in a column here"),
        (("No such words",), "Later line 2 is written in a column here"),
    ]
    rivers = document.sections[1]
    assert document.text[rivers.body_start : rivers.end].startswith("River line 1")


def test_headings_are_told_by_how_they_are_set() -> None:
    body = prose("Body", 8)
    page = [
        Text(72, 800, "A Study of Mills", 20, "bold"),
        *column(body, 72, 760),
        Text(72, 640, "1 Wheels", 10, "bold"),
        *column(body, 72, 620),
        Text(72, 500, "1.1 Overshot wheels", 10, "bold"),
        *column(body, 72, 480),
        Text(72, 360, "Thanks", 10, "bold"),
        *column([*body, "Bold ending, no heading."], 72, 340),
    ]
    document = read_pdf(make_pdf([page, column(body, 72, 780)]))
    assert paths(document) == [
        (),
        ("1 Wheels",),
        ("1 Wheels", "1.1 Overshot wheels"),
        ("Thanks",),
        ("Thanks",),
    ]
    assert document.metadata == {"title": "A Study of Mills"}


def test_large_type_all_over_is_no_heading() -> None:
    page = [*column(prose("Huge", 6), 72, 800, leading=30, size=20), *column(prose("Small", 6), 72, 500)]
    assert paths(read_pdf(make_pdf([page]))) == [()]


def test_info_becomes_metadata_unless_it_is_junk() -> None:
    words = [[Text(72, 700, "Words")]]
    info = {"Title": "  The 雾岭 Mills ", "Author": "Ann Li", "CreationDate": "D:20241105103000+01'00'"}
    assert read_pdf(make_pdf(words, info=info)).metadata == {
        "title": "The 雾岭 Mills",
        "author": "Ann Li",
        "date": "2024-11-05T10:30",
    }
    for junk in ("Microsoft Word - x.doc", "untitled", "report.pdf", "(anonymous)", ""):
        assert read_pdf(make_pdf(words, info={"Title": junk, "CreationDate": "x"})).metadata == {}
    assert read_pdf(make_pdf(words, info={"ModDate": "D:2023"})).metadata == {"date": "2023"}


def test_chinese_lines_join_without_a_space() -> None:
    lines = ["雾岭村在青溪县西北角，三面是山，", "一条溪从村口流过。村里的人", "种茶已有三百年。"]
    document = read_pdf(make_pdf([column(lines, 72, 700, font="han")]))
    assert document.text == "".join(lines)


def test_a_group_marker_in_a_pdf_still_counts_groups() -> None:
    document = read_pdf(make_pdf([column(["Group 1 - One thing [1]", "Group 2 - Another [2]"], 72, 700)]))
    _, groups = split(document)
    assert [group.path for group in groups] == [("Group 1",), ("Group 2",)]


def test_threads_may_read_pdfs_at_the_same_time() -> None:
    content = SEED.read_bytes()
    with ThreadPoolExecutor(4) as pool:
        assert len({document.text for document in pool.map(read_pdf, [content] * 12)}) == 1


def test_many_pages_are_read_one_by_one() -> None:
    pages = [[Text(72, 700, f"Leaf {number}"), Text(280, 30, str(number))] for number in range(1, 1001)]
    document = read_pdf(make_pdf(pages))
    assert len(document.pages) == 1000
    assert pages_of(document)[499] == "Leaf 500"


def test_a_picture_named_outright_asks_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from pincite.index.formats import image

    monkeypatch.setattr(image, "is_installed", lambda: False)
    with pytest.raises(UnsupportedDocument, match=r"^no text layer: install pincite\[ocr\]$"):
        read_documents(File("a.png", b"\x89PNG\r\n\x1a\n"))
    assert ocr.NO_TEXT_LAYER == "no text layer: install pincite[ocr]"
