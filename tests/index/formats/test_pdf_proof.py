"""Every passage's words are on the page that its address names, and boxes stand where the words do.

The oracles are pypdf and pdfminer.six, which read the same files on their own, and the ink of the page.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pypdf
import pytest
from pdfminer.high_level import extract_pages, extract_text
from pdfminer.layout import LTChar, LTComponent, LTTextLine
from pdfminer.pdfexceptions import PDFException
from PIL import Image

from pincite.index.document import Document, page_at
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, pdf
from pincite.index.formats.pdf_pages import Box, boxes, page_image
from pincite.index.passages import Passage, draft_passages
from pincite.index.splitter import split

from .pdf_maker import SEED, Text, column, make_pdf, prose
from .real_files import FOLDER, real_file, real_files
from .test_pdf_layout import check_document

FILES = [SEED, *real_files("pdf")]
PASSWORDS = {"libreoffice-writer-password.pdf": "openpassword", "password.pdf": "password"}
MISSING = {
    "fr_olap.pdf": 0.015,  # formulas, whose indices each extractor puts elsewhere
    "fake-bold-sample.pdf": 0.06,  # letters drawn twice, which the oracles write twice
}
RIGHT_TO_LEFT = ("habibi.pdf", "habibi-oneline-cmap.pdf", "habibi-rotated.pdf")
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
logging.getLogger("pdfminer").setLevel(logging.CRITICAL)


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "is_installed", lambda: False)


def bare(text: str) -> str:
    """Letters and digits only, so that spaces, line breaks and hyphens do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def read(path: Path) -> tuple[bytes, str | None, Document]:
    content, password = path.read_bytes(), PASSWORDS.get(path.name)
    try:
        (document,) = pdf.read(File(path.name, content, password))
    except UnsupportedDocument as refused:
        assert "no text layer" in str(refused)  # noqa: PT017
        pytest.skip("a scan")
    return content, password, document


def passages_of(document: Document) -> Iterator[Passage]:
    read, groups = split(document)

    def count(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    for draft in draft_passages(read, groups, count, 60):
        text = read.text[draft.start : draft.end]
        page = page_at(read.pages, draft.start)
        assert page == page_at(read.pages, draft.end - 1)
        yield Passage("", "a.pdf", "", "", draft.start, draft.end, text, (), page)


class Oracle:
    """What two other extractors find on a page; the slower is asked where the other has not found a word."""

    def __init__(self, path: Path, password: str | None) -> None:
        self._path, self._password = path, password
        self._pypdf = pypdf.PdfReader(path, password=password)
        self._pages: dict[tuple[str, int], str] = {}

    def has(self, word: str, page: int) -> bool:
        return any(word in self._words(extractor, page) for extractor in ("pypdf", "pdfminer"))

    def _words(self, extractor: str, page: int) -> str:
        if (extractor, page) not in self._pages:
            self._pages[extractor, page] = bare(getattr(self, f"_by_{extractor}")(page))
        return self._pages[extractor, page]

    def _by_pypdf(self, page: int) -> str:
        return self._pypdf.pages[page - 1].extract_text()

    def _by_pdfminer(self, page: int) -> str:
        try:
            return str(extract_text(self._path, password=self._password or "", page_numbers=[page - 1]))
        except PDFException:
            return ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_words_of_every_passage_are_on_the_page_it_names(path: Path) -> None:
    content, password, document = read(path)
    check_document(content, document, password)
    if path.name in RIGHT_TO_LEFT:
        pytest.skip("the oracles write Arabic in the order it is drawn")
    oracle = Oracle(path, password)
    missing, total = [], 0
    for passage in passages_of(document):
        assert passage.page is not None
        assert passage.address == f"a.pdf › p. {passage.page}"
        for word in map(bare, re.findall(r"\w+(?:[-\u2010’']\w+)*", passage.text)):
            total += 1
            if not oracle.has(word, passage.page):
                missing.append((passage.page, word))
    assert len(missing) <= MISSING.get(path.name, 0.005) * total, missing[:40]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_boxes_cover_ink_where_pdfminer_sees_the_words(path: Path) -> None:
    content, password, document = read(path)
    places = np.frombuffer(document.places, "<i4")
    ends = [*document.pages[1:], len(document.text)]
    for number, (start, end) in list(enumerate(zip(document.pages, ends, strict=True), start=1))[:3]:
        lines = [
            (start + match.start(), start + match.end())
            for match in re.finditer(r"[^\n]{12,}", document.text[start:end])
        ][:8]
        if not lines:
            continue
        image = np.asarray(
            Image.open(io.BytesIO(page_image(content, number, password=password))).convert("L")
        )
        for left, right in lines:
            found = boxes(content, number, places[left:right].tolist(), password)
            assert found, document.text[left:right]
            inked = [has_ink(image, box) for box in found]
            words = document.text[left:right]
            assert all(inked), (number, words, found)


def has_ink(image: np.ndarray, box: Box, scale: float = 2.0) -> bool:
    top, bottom = int(scale * box.top), int(np.ceil(scale * box.bottom)) + 1
    left, right = int(scale * box.left), int(np.ceil(scale * box.right)) + 1
    inside = image[max(top, 0) : bottom, max(left, 0) : right]
    return inside.size > 0 and int(inside.max()) - int(inside.min()) > 40


def characters(element: LTComponent) -> Iterator[LTChar]:
    if isinstance(element, LTChar):
        yield element
    elif hasattr(element, "__iter__"):
        for inner in element:
            yield from characters(inner)


def lines(element: LTComponent) -> Iterator[LTTextLine]:
    if isinstance(element, LTTextLine):
        yield element
    elif hasattr(element, "__iter__"):
        for inner in element:
            yield from lines(inner)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        "unstructured/example-docs/pdf/multi-column-2p.pdf",
        "sample-files/026-latex-multicolumn/multicolumn.pdf",
        "sample-files/004-pdflatex-4-pages/pdflatex-4-pages.pdf",
        "unstructured/example-docs/pdf/layout-parser-paper-fast.pdf",
    ],
)
def test_pdfminer_sees_the_characters_in_the_same_places(name: str) -> None:
    agree_with_pdfminer(real_file(name))


def test_pdfminer_sees_the_characters_of_a_made_page_in_the_same_places() -> None:
    agree_with_pdfminer(
        make_pdf([[*column(prose("Left", 9), 60, 700), *column(prose("Right", 9), 310, 700)]])
    )


def agree_with_pdfminer(content: bytes) -> None:
    """Assert that a page's lines, which pdfminer finds on its own, are boxed where it says."""
    (document,) = pdf.read(File("a.pdf", content))
    (layout,) = extract_pages(io.BytesIO(content), page_numbers=[0])
    page_end = [*document.pages, len(document.text)][1]
    text = document.text[:page_end]
    places = np.frombuffer(document.places, "<i4")
    compared = 0
    for line in lines(layout):
        words = line.get_text().strip()
        if len(words) < 20 or text.count(words) != 1 or next(characters(line)).matrix[1]:
            continue
        start = text.index(words)
        found = boxes(content, 1, places[start : start + len(words)].tolist())
        drawn = [one for one in characters(line) if one.get_text().strip()]
        left, right = min(one.x0 for one in drawn), max(one.x1 for one in drawn)
        middle = layout.height - (line.y0 + line.y1) / 2
        assert abs(min(box.left for box in found) - left) < 1.5
        assert abs(max(box.right for box in found) - right) < 1.5
        assert all(abs((box.top + box.bottom) / 2 - middle) < 3 for box in found)
        compared += 1
    assert compared >= 8


def test_the_development_files_are_all_there() -> None:
    if not FOLDER.is_dir():
        pytest.skip("no development data: set PINCITE_DATA")
    assert len(real_files("pdf")) >= 60


def test_a_word_joined_over_a_line_end_is_boxed_in_both_lines() -> None:
    content = make_pdf([column(["Here stands the obser-", "vatory of the town"], 72, 700)])
    (document,) = pdf.read(File("a.pdf", content))
    start = document.text.index("observatory")
    places = np.frombuffer(document.places, "<i4")[start : start + len("observatory")]
    first, second = boxes(content, 1, places.tolist())
    assert (first.top, second.top) == pytest.approx((842 - 700 - 7.7, 842 - 688 - 7.7), abs=2)
    assert second.left == pytest.approx(72, abs=1)
    assert first.left > 120


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_boxes_follow_rotation_and_crop_box(rotate: int) -> None:
    page = [Text(100, 300, "Words in the middle")]
    content = make_pdf([page], boxes=f"/MediaBox[0 0 400 600]/CropBox[50 100 350 500]/Rotate {rotate}")
    (document,) = pdf.read(File("a.pdf", content))
    (box,) = boxes(content, 1, list(range(5)))
    image = np.asarray(Image.open(io.BytesIO(page_image(content, 1, scale=2.0))).convert("L"))
    rows, columns = np.nonzero(image < 128)
    assert has_ink(image, box)
    (whole,) = boxes(content, 1, list(range(len(document.text))))
    assert whole.left - 1.5 <= columns.min() / 2
    assert columns.max() / 2 <= whole.right + 1.5
    assert whole.top - 1.5 <= rows.min() / 2
    assert rows.max() / 2 <= whole.bottom + 1.5
    blank = image.copy()
    sides = (whole.left, whole.top, whole.right, whole.bottom)
    left, top, right, bottom = (int(2 * side) for side in sides)
    blank[max(top - 3, 0) : bottom + 4, max(left - 3, 0) : right + 4] = 255
    assert blank.min() == 255
