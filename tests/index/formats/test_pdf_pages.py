"""Boxes and page images: what is marked, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, pdf, pdf_pages
from pincite.index.formats.pdf_pages import boxes, page_image

from .pdf_maker import Text, column, make_pdf
from .real_files import real_file

PAGE = make_pdf([[Text(72, 700, "First page")], column(["Words here", "and there"], 100, 600)])


def pixels(content: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(content))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB")).astype(int)


def test_a_line_has_one_box_and_the_next_another() -> None:
    (document,) = pdf.read(File("a.pdf", PAGE))
    places = np.frombuffer(document.places, "<i4")[document.pages[1] :].tolist()
    first, second = boxes(PAGE, 2, places)
    assert (first.left, second.left) == pytest.approx((100, 100), abs=1)
    assert first.right == pytest.approx(100 + 50.6, abs=1.5)
    assert first.top < 842 - 600 < first.bottom < second.bottom


def test_words_far_apart_on_a_line_have_boxes_of_their_own() -> None:
    content = make_pdf([[Text(72, 700, "Left"), Text(400, 700, "Right")]])
    (document,) = pdf.read(File("a.pdf", content))
    assert document.text == "Left Right"
    left, right = boxes(content, 1, np.frombuffer(document.places, "<i4").tolist())
    assert (left.left, right.left) == pytest.approx((72, 400), abs=1.5)


def test_nothing_to_mark_is_no_box_and_no_yellow() -> None:
    assert boxes(PAGE, 1, []) == boxes(PAGE, 1, [-1, -1]) == []
    plain = pixels(page_image(PAGE, 1))
    assert (plain == pixels(page_image(PAGE, 1, [-1]))).all()
    assert (plain.max(axis=2) == plain.min(axis=2)).all()


def test_the_words_are_marked_in_yellow_and_stay_black() -> None:
    plain, marked = pixels(page_image(PAGE, 1)), pixels(page_image(PAGE, 1, range(5)))
    (box,) = boxes(PAGE, 1, range(5))
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    assert rows.min() == pytest.approx(2 * box.top, abs=2)
    assert rows.max() == pytest.approx(2 * box.bottom, abs=2)
    assert columns.min() == pytest.approx(2 * box.left, abs=2)
    assert columns.max() == pytest.approx(2 * box.right, abs=2)
    assert (marked[plain.max(axis=2) < 20] < 40).all()
    lit = marked[(plain == 255).all(axis=2) & (plain != marked).any(axis=2)]
    assert (lit[:, 2] < lit[:, 0]).all()


def test_the_scale_is_pixels_a_point_within_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "_MOST_PIXELS", 1_000_000)
    assert pixels(page_image(PAGE, 1, scale=1)).shape[:2] == (842, 595)
    huge = make_pdf([[Text(72, 700, "Words")]], boxes="/MediaBox[0 0 14400 14400]")
    height, width, _ = pixels(page_image(huge, 1)).shape
    assert 990_000 < height * width < 1_010_000
    (box,) = boxes(huge, 1, range(5))
    assert box.left == pytest.approx(72, abs=1)


@pytest.mark.parametrize(("page", "places"), [(0, ()), (3, ()), (-1, ()), (1, [10_000])])
def test_what_is_not_there_is_refused(page: int, places: list[int]) -> None:
    with pytest.raises(ValueError, match="there is no"):
        page_image(PAGE, page, places)
    with pytest.raises(ValueError, match="there is no"):
        boxes(PAGE, page, places)


def test_a_password_opens_the_image_too() -> None:
    content = real_file("sample-files/005-libreoffice-writer-password/libreoffice-writer-password.pdf")
    assert boxes(content, 1, range(5), "openpassword")[0].left > 0
    with pytest.raises(UnsupportedDocument, match="needs a password"):
        page_image(content, 1)
