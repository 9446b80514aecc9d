"""Holds the text of a PDF's pages, line by line, with the place of each character.

What PDFium marks or leaves as its fonts have it is made plain: a hyphen at a line's end is a hyphen again,
soft hyphens inside a line and characters that no font names are left out, ligatures become their letters.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pincite.index.formats.pdf_columns import Line, longest_of
from pincite.index.formats.pdf_layout import HYPHEN, lines_in_order
from pincite.index.formats.pdfium import Characters, Frame

Places = NDArray[np.int32]

SOFT_HYPHEN = "\u00ad"
_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
_PLAIN: dict[int, str] = {
    **_LIGATURES,
    **dict.fromkeys((*range(32), *range(127, 160), 173, 8203, 65279), ""),
    HYPHEN: "-",
    0xFFFE: "-",
    0xA0: " ",
    **dict.fromkeys((9, 10, 13), " "),
}
_WORD_GAP, _ROW_GAP = 0.12, 2.5
_NO_PLACE, _NO_PLACES = np.full(1, -1, np.int32), np.zeros(0, np.int32)
_FIELDS = np.dtype(
    [
        ("start", np.int32),
        ("end", np.int32),
        ("left", np.float32),
        ("top", np.float32),
        ("right", np.float32),
        ("bottom", np.float32),
        ("size", np.float32),
        ("is_bold", np.bool_),
        ("starts_paragraph", np.bool_),
        ("is_row", np.bool_),
    ]
)


class PageLine(NamedTuple):
    """Where a line stands in its page's text and on the page.

    ``size`` is its font's, in points; a row has wide gaps in it, as in a table.
    """

    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float
    size: float
    is_bold: bool
    starts_paragraph: bool
    is_row: bool


@dataclass(frozen=True, slots=True)
class PageText:
    """The lines of a page in reading order, with a line break after each.

    ``places`` are PDFium's numbers of the characters, -1 for a space or break that is none of them. ``rows``
    hold the lines, packed.
    """

    text: str
    places: Places
    rows: NDArray[np.void]
    frame: Frame

    @property
    def lines(self) -> list[PageLine]:
        """The lines, unpacked."""
        return [PageLine(*row) for row in self.rows.tolist()]


def no_text() -> PageText:
    """Return a page without text."""
    return PageText("", _NO_PLACES, np.zeros(0, _FIELDS), Frame(0, 0, 0, 0, 0))


def page_of(lines: Iterable[tuple[str, Line]], frame: Frame) -> PageText:
    """Return a page of lines whose characters have no places and no font, so that none is a heading."""
    pieces, rows, length = [], [], 0
    for text, line in lines:
        if text.strip():
            sides = line.left, line.top, line.right, line.bottom
            rows.append((length, length + len(text), *sides, 0.0, False, line.starts_paragraph, False))
            pieces.append(f"{text}\n")
            length += len(text) + 1
    return PageText("".join(pieces), np.full(length, -1, np.int32), np.array(rows, _FIELDS), frame)


def page_text(characters: Characters) -> PageText:
    """Return the lines of a page."""
    drawn = _decoded(characters.codes)
    pieces: list[str] = []
    places: list[Places] = [_NO_PLACES]
    rows = []
    length = 0
    for line in lines_in_order(characters):
        parts = list(_parts(line, drawn))
        text = "".join(part for part, _ in parts)
        if text.strip():
            rows.append((length, length + len(text), *_looks(line, characters)))
            pieces += [text, "\n"]
            places += [*(numbers for _, numbers in parts), _NO_PLACE]
            length += len(text) + 1
    return PageText("".join(pieces), np.concatenate(places), np.array(rows, _FIELDS), characters.frame)


def _decoded(codes: NDArray[np.uint32]) -> str:
    is_odd = ((codes >= 0xD800) & (codes < 0xE000)) | (codes > 0x10FFFF)
    return np.where(is_odd, 0xFFFD, codes).astype("<u4").tobytes().decode("utf-32-le")


def _looks(line: Line, characters: Characters) -> tuple[float | bool, ...]:
    longest = longest_of(line.runs)
    middle, last = (longest.start + longest.end - 1) // 2, line.runs[-1].end - 1
    is_bold = characters.is_bold(middle) and characters.is_bold(last)
    is_row = any(after.left - run.right > _ROW_GAP * line.height for run, after in pairwise(line.runs))
    corners = line.left, line.top, line.right, line.bottom
    return *corners, characters.font_size(middle), is_bold, line.starts_paragraph, is_row


def _parts(line: Line, drawn: str) -> Iterator[tuple[str, Places]]:
    """Yield the text of each run, made plain, and the spaces between them."""
    for before, run in pairwise([None, *line.runs]):
        assert run is not None  # noqa: S101 -- only the first is None
        gap = run.left - before.right if before else 0.0
        if gap > _WORD_GAP * line.height or gap < -line.height:
            yield " ", _NO_PLACE
        ends_line = run is line.runs[-1]
        yield _plain(drawn[run.start : run.end], run.start, keeps_last=ends_line)


def _plain(text: str, start: int, *, keeps_last: bool) -> tuple[str, Places]:
    places = np.arange(start, start + len(text), dtype=np.int32)
    if text.isascii() and text.isprintable():
        return text, places
    ends_softly = keeps_last and text.endswith(SOFT_HYPHEN)
    changed = [_PLAIN.get(ord(character), character) for character in text]
    if ends_softly:
        changed[-1] = SOFT_HYPHEN
    return "".join(changed), np.repeat(places, [len(one) for one in changed])
