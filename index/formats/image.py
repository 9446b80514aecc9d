"""Reads pictures of text, such as scans and photographs; each of several pictures in a file is a page."""

import io
from collections.abc import Iterator

from PIL import Image, ImageOps, ImageSequence

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File
from pincite.index.formats.ocr import NO_TEXT_LAYER, is_installed, recognised
from pincite.index.formats.pdf_lines import PageText
from pincite.index.formats.pdf_text import assembled

_MOST_PIXELS = 80_000_000
_FORMATS = ("PNG", "JPEG", "TIFF")


def read(file: File) -> list[Document]:
    """Return the text in a picture."""
    if not is_installed():
        raise UnsupportedDocument(NO_TEXT_LAYER)
    try:
        with Image.open(io.BytesIO(file.content), formats=_FORMATS) as picture:
            pages = list(_pages(picture, file))
    except (OSError, SyntaxError, ValueError) as error:
        raise UnsupportedDocument(f"not a readable picture: {error}") from None
    made = assembled(pages, {}, [])
    if not made.text:
        raise UnsupportedDocument("no text was recognised in the picture")
    return [Document(made.text, sections=made.sections, pages=made.pages)]


def _pages(picture: Image.Image, file: File) -> Iterator[PageText]:
    total = getattr(picture, "n_frames", 1)
    for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
        width, height = frame.size
        if width * height > _MOST_PIXELS:
            raise UnsupportedDocument(f"the picture is too large to read: {width} × {height} pixels")
        yield recognised(ImageOps.exif_transpose(frame))
        file.on_page(number, total)
