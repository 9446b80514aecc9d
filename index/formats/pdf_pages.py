"""Shows where words stand on a PDF's page: their boxes, and an image of the page with these marked.

Characters are given as ``Document.places`` has them. Pages count from 1.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageChops, ImageDraw

from pincite.index.formats.pdfium import Boxes, Characters, opened

_MOST_PIXELS = 40_000_000
_YELLOW, _WHITE = (255, 236, 92), (255, 255, 255)
_WIDEST_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the page as it is shown, in points from its top left."""

    left: float
    top: float
    right: float
    bottom: float


def boxes(content: bytes, page: int, places: Sequence[int], password: str | None = None) -> list[Box]:
    """Return the rectangles that characters stand in, one for each line.

    A place of -1 is no character. ``ValueError`` if the page or a character is not there.
    """
    with opened(content, password) as pdf:
        loaded = _page(pdf, page)
        try:
            return _boxes(loaded, places)
        finally:
            loaded.close()


def page_image(
    content: bytes, page: int, places: Sequence[int] = (), *, password: str | None = None, scale: float = 2.0
) -> bytes:
    """Return a page as PNG, with characters marked in yellow.

    ``scale`` is in pixels a point; a huge page gets less. ``ValueError`` if the page or a character is
    not there.
    """
    with opened(content, password) as pdf:
        loaded = _page(pdf, page)
        try:
            image = rendered(loaded, scale)
            width, _ = loaded.get_size()
            marked = _boxes(loaded, places)
        finally:
            loaded.close()
    if marked:
        image = ImageChops.multiply(image, _marks(image.size, marked, image.width / width))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def rendered(page: pdfium.PdfPage, scale: float) -> Image.Image:
    """Return an image of a page, with no more pixels than are reasonable."""
    width, height = page.get_size()
    most = (_MOST_PIXELS / max(width * height, 1)) ** 0.5
    image: Image.Image = page.render(scale=min(scale, most)).to_pil().convert("RGB")
    return image


def _page(pdf: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    if not 1 <= number <= len(pdf):
        raise ValueError(f"there is no page {number}: the PDF has {len(pdf)}")
    try:
        return pdf[number - 1]
    except pdfium.PdfiumError:
        raise ValueError(f"page {number} cannot be read") from None


def _boxes(page: pdfium.PdfPage, places: Sequence[int]) -> list[Box]:
    wanted = [place for place in places if place >= 0]
    if not wanted:
        return []
    text_page = page.get_textpage()
    try:
        characters = Characters(page, text_page)
        if max(wanted) >= len(characters.codes):
            raise ValueError(f"there is no character {max(wanted)}: the page has {len(characters.codes)}")
        is_sideways = bool(characters.turns(wanted[:1])[0] // 45 % 4 in (1, 2))
    finally:
        text_page.close()
    found = characters.boxes[wanted]
    has_area = (found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])
    return list(_merged(found[has_area], is_sideways=is_sideways))


def _merged(found: Boxes, *, is_sideways: bool) -> Iterator[Box]:
    """Yield the boxes of characters that follow each other on a line as one."""
    along, across = (1, 0) if is_sideways else (0, 1)
    line: Boxes | None = None
    for box in found:
        if line is not None and _follows(line, box, along, across):
            line = np.concatenate([np.minimum(line[:2], box[:2]), np.maximum(line[2:], box[2:])])
            continue
        if line is not None:
            yield Box(*line.tolist())
        line = box
    if line is not None:
        yield Box(*line.tolist())


def _follows(line: Boxes, box: Boxes, along: int, across: int) -> bool:
    heights = line[across + 2] - line[across], box[across + 2] - box[across]
    shared = min(line[across + 2], box[across + 2]) - max(line[across], box[across])
    gap = max(box[along] - line[along + 2], line[along] - box[along + 2])
    return bool(shared > 0.5 * min(heights) and gap < _WIDEST_GAP * max(heights))


def _marks(size: tuple[int, int], marked: Sequence[Box], scale: float) -> Image.Image:
    layer = Image.new("RGB", size, _WHITE)
    pen = ImageDraw.Draw(layer)
    for box in marked:
        pen.rectangle([scale * side for side in (box.left, box.top, box.right, box.bottom)], fill=_YELLOW)
    return layer
