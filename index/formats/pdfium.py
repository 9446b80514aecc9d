"""Asks PDFium for what is on a page: its characters with their boxes, their fonts, what is drawn at all.

PDFium must not be called by two threads at once: whoever calls it holds ``LOCK``, and ``opened`` takes it.
Coordinates are points from the top left of the page as it is shown, with its rotation and crop box. A page
may hold ten thousand characters, and a call for each through pypdfium2's own bindings would take longer than
PDFium does, so the calls made for each have plain integers for arguments and keep Python's lock.
"""

import ctypes
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from pincite.index.errors import UnsupportedDocument

LOCK = threading.Lock()
_FORMAT_ERROR, _PASSWORD_ERROR, _SECURITY_ERROR = 3, 4, 5
_SIGNATURE = b"%PDF-"
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|medi(?![a-z])|cmbx|-bd", re.IGNORECASE)
_BOLD_WEIGHT = 600
_SPACE = 32
_FLAT = 0.02
_ASCENT, _DESCENT = 0.88, 0.12  # of a font's size, as Chinese and Japanese fonts have them

Boxes = NDArray[np.float32]


def _plain(function: Any, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result, ctypes.c_void_p, ctypes.c_int, *arguments)(address)


_unicode = _plain(raw.FPDFText_GetUnicode, result=ctypes.c_uint)
_loose_box = _plain(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p)
_angle = _plain(raw.FPDFText_GetCharAngle, result=ctypes.c_float)
_font_size = _plain(raw.FPDFText_GetFontSize, result=ctypes.c_double)
_weight = _plain(raw.FPDFText_GetFontWeight)
_matrix = _plain(raw.FPDFText_GetMatrix, ctypes.c_void_p)
_font_info = _plain(
    raw.FPDFText_GetFontInfo, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, result=ctypes.c_ulong
)


@contextmanager
def opened(content: bytes, password: str | None = None) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF while holding the lock; ``UnsupportedDocument`` if it cannot be."""
    with LOCK:
        try:
            pdf = pdfium.PdfDocument(content, password=password)
        except pdfium.PdfiumError as error:
            raise UnsupportedDocument(_why_not(error, content, password)) from None
        try:
            yield pdf
        finally:
            pdf.close()


def _why_not(error: pdfium.PdfiumError, content: bytes, password: str | None) -> str:
    code = getattr(error, "err_code", None)
    if code == _PASSWORD_ERROR:
        advice = "the password does not open it" if password else "it needs a password: give --password"
        return f"the PDF is encrypted; {advice}"
    if code == _SECURITY_ERROR:
        return "the PDF is encrypted in a way that cannot be read; save it without a password"
    if code == _FORMAT_ERROR:
        is_pdf = _SIGNATURE in content[:1024]
        why = "it is cut short or damaged" if is_pdf else "its content is of another kind than its name says"
        return f"not a readable PDF: {why}"
    return f"not a readable PDF: {error}"


@dataclass(frozen=True, slots=True)
class Frame:
    """What of a page is shown: a rectangle in the PDF's own coordinates, turned clockwise by ``rotation``."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shown."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def shown(self, boxes: Boxes) -> Boxes:
        """Return boxes (left, top, right, bottom) of the PDF as boxes of the page that is shown."""
        left, top, right, bottom = boxes.T
        if self.rotation == 90:
            sides = bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        elif self.rotation == 180:
            sides = self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        elif self.rotation == 270:
            sides = self.top - top, self.right - right, self.top - bottom, self.right - left
        else:
            sides = left - self.left, self.top - top, right - self.left, self.top - bottom
        return np.stack(sides, axis=1)


def frame_of(page: pdfium.PdfPage) -> Frame:
    """Return what of the page is shown."""
    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page, box):
        width, height = page.get_size()
        return Frame(0, 0, width, height, 0)
    return Frame(box.left, box.bottom, box.right, box.top, page.get_rotation())


class Characters:
    """The characters of a page, as PDFium counts them.

    ``codes`` are their code points, uint32; a space or line break that PDFium puts in has a box without area.
    ``boxes`` are (left, top, right, bottom), float32 ``(n, 4)``, as high as the font, not as the glyph.
    """

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self.frame = frame_of(page)
        self._page = ctypes.cast(text_page.raw, ctypes.c_void_p).value
        count = max(text_page.count_chars(), 0)
        self.codes = np.fromiter(map(_unicode, repeat(self._page, count), range(count)), np.uint32, count)
        self.boxes = self.frame.shown(self._loose_boxes(count))

    def _loose_boxes(self, count: int) -> Boxes:
        boxes = np.zeros((count, 4), np.float32)
        start, step = boxes.ctypes.data, boxes.itemsize * 4
        addresses = range(start, start + step * count, step)
        deque(map(_loose_box, repeat(self._page, count), range(count), addresses), maxlen=0)
        boxes = np.nan_to_num(boxes, nan=0.0, posinf=0.0, neginf=0.0)
        self._raise_flat_ones(boxes)
        return boxes

    def _raise_flat_ones(self, boxes: Boxes) -> None:
        """Give a height to characters of a font that is neither in the file nor on this machine, where its
        description in the file has none.
        """
        left, top, right, bottom = boxes.T
        flat = np.flatnonzero((self.codes > _SPACE) & (np.abs(top - bottom) < _FLAT * (right - left)))
        sizes = np.array([self.font_size(place) for place in flat.tolist()], np.float32)
        boxes[flat, 1] += _ASCENT * sizes
        boxes[flat, 3] -= _DESCENT * sizes

    def turns(self, indexes: Sequence[int]) -> NDArray[np.int32]:
        """Return by how many degrees, 0 to 359, characters are turned clockwise on the page as shown."""
        angles = np.fromiter(map(_angle, repeat(self._page), indexes), np.float64, len(indexes))
        degrees = np.rint(np.degrees(np.nan_to_num(angles))).astype(np.int32)
        return (degrees + self.frame.rotation) % 360

    def font_size(self, index: int) -> float:
        """Return the size of a character's font, in points as shown."""
        matrix = (ctypes.c_float * 6)()
        _matrix(self._page, index, ctypes.addressof(matrix))
        scale = max((matrix[2] ** 2 + matrix[3] ** 2) ** 0.5, 0.0) or 1.0
        return float(_font_size(self._page, index)) * scale

    def is_bold(self, index: int) -> bool:
        """Whether the character's font says that it is bold."""
        name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
        _font_info(self._page, index, ctypes.addressof(name), 128, ctypes.addressof(flags))
        is_named = _BOLD_NAME.search(name.value.decode("utf-8", "replace")) is not None
        return bool(is_named or _weight(self._page, index) >= _BOLD_WEIGHT)


def is_blank(page: pdfium.PdfPage) -> bool:
    """Whether nothing at all is drawn on the page."""
    return int(raw.FPDFPage_CountObjects(page)) <= 0
