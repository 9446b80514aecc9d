"""Scans and pictures, read by the optional extra; skipped where it is not installed."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, image, ocr, pdf, read_documents
from pincite.index.formats.pdf_pages import page_image

from .pdf_maker import Text, column, make_pdf

needs_ocr = pytest.mark.skipif(not ocr.is_installed(), reason="the extra is absent: pip install pincite[ocr]")
LINES = ["The observatory opens at nine", "and closes at four in winter"]


def picture(size: float = 14, lines: list[str] = LINES) -> Image.Image:
    """A page as a picture, without any text in it."""
    content = make_pdf([column(lines, 60, 700, leading=24, size=size)])
    return Image.open(io.BytesIO(page_image(content, 1))).crop((0, 200, 600, 400))


def scan() -> bytes:
    """A PDF of a picture, then of text, then of a picture with nothing on it."""
    written = io.BytesIO()
    page = picture()
    page.save(written, "PDF", save_all=True, append_images=[Image.new("RGB", page.size, "white")])
    return written.getvalue()


@needs_ocr
@pytest.mark.filterwarnings("ignore")
def test_a_scan_is_read_and_a_page_without_words_is_noted() -> None:
    (document,) = pdf.read(File("a.pdf", scan()))
    assert document.text.split("\n") == LINES
    assert document.notes == ("page 2 has no text layer, and no text was recognised",)
    assert set(document.places) == {0xFF}
    assert len(document.places) == 4 * len(document.text)
    assert [section.path for section in document.sections] == [()]


@needs_ocr
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF"])
def test_pictures_are_read_as_pages(format_: str) -> None:
    written = io.BytesIO()
    more = {"save_all": True, "append_images": [picture()]} if format_ == "TIFF" else {}
    picture().save(written, format_, **more)
    (document,) = read_documents(File("a.bin", written.getvalue()))
    pages = 2 if format_ == "TIFF" else 1
    assert document.text.split("\n") == [*LINES, "", *LINES][: 3 * pages - 1]
    assert len(document.pages) == pages


@needs_ocr
@pytest.mark.filterwarnings("ignore")
def test_a_picture_without_words_is_refused() -> None:
    written = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(written, "PNG")
    with pytest.raises(UnsupportedDocument, match="no text was recognised"):
        image.read(File("a.png", written.getvalue()))
    with pytest.raises(UnsupportedDocument, match="not a readable picture"):
        image.read(File("a.png", written.getvalue()[:60]))


def test_without_the_extra_a_scan_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "is_installed", lambda: False)
    with pytest.raises(UnsupportedDocument, match=r"^no text layer: install pincite\[ocr\]$"):
        pdf.read(File("a.pdf", scan()))
    (document,) = pdf.read(File("a.pdf", make_pdf([[Text(72, 700, "Words")], b"0 0 9 9 re f"])))
    assert document.notes == ("page 2 has no text layer: install pincite[ocr]",)
