"""PDF text, page by page, against the page that the seed was printed from."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, pdf
from pincite.index.splitter import split

ROOT = Path(__file__).parents[3]
SEED = ROOT / "seeds" / "observatory-visit.pdf"
DATA = Path(os.environ.get("PINCITE_DATA", ROOT / ".." / "shared" / "data"))


def read_pdf(content: bytes, password: str | None = None) -> Document:
    """The document that the bytes of a PDF make."""
    (document,) = pdf.read(File("a.pdf", content, password))
    return document


def printed_pages() -> list[str]:
    """The words of each page, from the HTML it was printed from."""
    html = (ROOT / "tests" / "data" / "observatory-visit.html").read_text("utf-8")
    sections = re.findall(r"<section>(.*?)</section>", html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", section)).split()) for section in sections]


def sample(name: str) -> bytes:
    """A file of the development data; the test is skipped where there is none."""
    file = DATA / "documents" / "sample-files" / name
    if not file.is_file():
        pytest.skip(f"{file} is not here: set PINCITE_DATA")
    return file.read_bytes()


def test_the_seeds_pages_hold_exactly_what_was_printed() -> None:
    document = read_pdf(SEED.read_bytes())
    ends = [*document.pages[1:], len(document.text)]
    pages = [document.text[start:end] for start, end in zip(document.pages, ends, strict=True)]

    def bare(text: str) -> str:
        return re.sub(r"[\s•]", "", text)

    assert list(map(bare, pages)) == list(map(bare, printed_pages()))
    assert document.pages == (0, 1167, 2552)
    assert pages[1].startswith("How the observatory began\nEdith Varley, a dye chemist")
    assert all(page.endswith("\n\n") for page in pages[:-1])


def test_each_page_is_a_group_that_knows_its_number() -> None:
    _, groups = split(read_pdf(SEED.read_bytes()))
    assert [(group.page, group.start, group.path) for group in groups] == [
        (1, 0, ()),
        (2, 1167, ()),
        (3, 2552, ()),
    ]


@pytest.mark.parametrize("content", [b"%PDF-1.4 garbage", b"no pdf", SEED.read_bytes()[:200]])
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedDocument, match="not a readable PDF"):
        read_pdf(content)


def test_a_pdf_without_text_looks_like_a_scan() -> None:
    blank = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    blank += b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    blank += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    with pytest.raises(
        UnsupportedDocument, match="no text layer on any of its 1 pages: it looks like a scan"
    ):
        read_pdf(blank)


def test_an_encrypted_pdf_opens_with_its_password_only() -> None:
    content = sample("005-libreoffice-writer-password/libreoffice-writer-password.pdf")
    with pytest.raises(UnsupportedDocument, match="it needs a password: give --password"):
        read_pdf(content)
    with pytest.raises(UnsupportedDocument, match="the password does not open it"):
        read_pdf(content, "wrong")
    assert read_pdf(content, "openpassword").text.startswith("Lorem ipsum dolor sit amet")


def test_pages_without_text_are_counted_and_empty_ones_do_not_shift_the_others() -> None:
    document = read_pdf(sample("007-imagemagick-images/imagemagick-images.pdf"))
    assert len(document.pages) == 6
    assert list(document.pages) == sorted(document.pages)


def test_hyphens_at_line_ends_are_joined_and_odd_characters_made_plain() -> None:
    assert pdf._tidy("obser\ufffe\nvatory of\u00ad\r\nten\x02, a\rb\r\n c\x00\ud800 ") == (
        "observatory often, a\nb\n c\ufffd\ufffd"
    )


def test_threads_may_read_pdfs_at_the_same_time() -> None:
    content = SEED.read_bytes()
    with ThreadPoolExecutor(4) as pool:
        assert len({document.text for document in pool.map(read_pdf, [content] * 12)}) == 1
