"""Finds the lines of a page in what PDFium says of its characters.

PDFium counts characters as the file draws them, which is the reading order more often than not, but cells of
a table or two columns may be drawn row by row. So the order is found again from where things stand, by
``pdf_columns``. Where that would guess (writing from right to left or from top to bottom, letters strewn over
the page), PDFium's own order is kept. What lies outside the page is not read.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pincite.index.formats.pdf_columns import Line, Piece, Run, line_of, lines_of
from pincite.index.formats.pdfium import Boxes, Characters

HYPHEN = 2
"""What PDFium makes of a hyphen at the end of its line."""

_LINE_FEED, _SPACE, _NO_BREAK_SPACE = 10, 32, 0xA0
_SAME_LINE = 0.4
_WIDEST_SPACE = 0.7
_MOST_BACKWARD = 0.7
_FEWEST_SHOWN = 0.2
_MOST_RUNS = 1_500

Codes = NDArray[np.uint32]
Indexes = NDArray[np.int64]


def lines_in_order(characters: Characters) -> list[Line]:
    """Return the lines of a page in reading order."""
    codes = characters.codes
    is_drawn = ((codes > _SPACE) & (codes != _NO_BREAK_SPACE)) | (codes == HYPHEN)
    is_shown = is_drawn & _is_inside(characters)
    visible = np.flatnonzero(is_shown if is_shown.sum() > _FEWEST_SHOWN * is_drawn.sum() else is_drawn)
    if not len(visible):
        return []
    boxes = characters.boxes[visible]
    runs = _runs(visible, boxes, codes)
    turns = characters.turns([run.start for run in runs])
    if not turns.any():
        return _lines_in(runs, visible, boxes, codes)
    lengths = [np.searchsorted(visible, run.end) - np.searchsorted(visible, run.start) for run in runs]
    return _turned_lines(visible, boxes, codes, np.repeat((turns + 45) // 90 % 4, lengths))


def _is_inside(characters: Characters) -> NDArray[np.bool_]:
    """Tell what is on the page from what is beside it, as when a spread is cut into two pages."""
    middles = (characters.boxes[:, :2] + characters.boxes[:, 2:]) / 2
    inside = (middles >= 0) & (middles <= np.asarray(characters.frame.size))
    return inside[:, 0] & inside[:, 1]


def _turned_lines(visible: Indexes, boxes: Boxes, codes: Codes, quarters: Indexes) -> list[Line]:
    """Read what is turned another way apart, what most characters are turned to first."""
    counts = np.bincount(quarters, minlength=4)
    lines: list[Line] = []
    for quarter in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist():
        chosen = quarters == quarter
        upright = _turned_back(boxes[chosen], quarter)
        runs = _runs(visible[chosen], upright, codes)
        lines += _lines_in(runs, visible[chosen], upright, codes)
    return lines


def _turned_back(boxes: Boxes, quarter: int) -> Boxes:
    left, top, right, bottom = boxes.T
    sides = (
        (left, top, right, bottom),
        (top, -right, bottom, -left),
        (-right, -bottom, -left, -top),
        (-bottom, left, -top, right),
    )[quarter]
    return np.stack(sides, axis=1)


def _lines_in(runs: Sequence[Run], visible: Indexes, boxes: Boxes, codes: Codes) -> list[Line]:
    pieces = list(_joined(runs))
    if _is_unclear(pieces, codes[visible]):
        return [
            line_of([run], starts_paragraph=not place)
            for place, run in enumerate(_drawn(visible, boxes, codes))
        ]
    return lines_of(pieces)


def _is_unclear(pieces: Sequence[Piece], codes: Codes) -> bool:
    right_to_left = ((codes >= 0x590) & (codes < 0x900)) | ((codes >= 0xFB1D) & (codes < 0xFF00))
    is_strewn = len(codes) > 20 and len(pieces) * 2 > len(codes)
    return bool(right_to_left.mean() > 0.2 or is_strewn or len(pieces) > _MOST_RUNS)


def _runs(visible: Indexes, boxes: Boxes, codes: Codes) -> list[Run]:
    """Break the visible characters where PDFium breaks a line, or where the next is not close by."""
    left, top, right, bottom = boxes.T
    height = bottom - top
    shared = np.minimum(bottom[:-1], bottom[1:]) - np.maximum(top[:-1], top[1:])
    taller, shorter = np.maximum(height[:-1], height[1:]), np.minimum(height[:-1], height[1:])
    gap = left[1:] - right[:-1]
    breaks = np.diff(_line_numbers(codes)[visible]) > 0
    breaks |= (shared < _SAME_LINE * shorter) | (gap > _WIDEST_SPACE * taller)
    breaks |= left[1:] - left[:-1] < -_MOST_BACKWARD * taller
    return _cut(visible, boxes, breaks)


def _drawn(visible: Indexes, boxes: Boxes, codes: Codes) -> list[Run]:
    """Return PDFium's own lines, in its order."""
    return _cut(visible, boxes, np.diff(_line_numbers(codes)[visible]) > 0)


def _line_numbers(codes: Codes) -> Indexes:
    return np.cumsum(codes == _LINE_FEED)


def _cut(visible: Indexes, boxes: Boxes, breaks: NDArray[np.bool_]) -> list[Run]:
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.append(firsts[1:], len(visible)) - 1
    least = np.minimum.reduceat(boxes[:, :2], firsts, axis=0)
    most = np.maximum.reduceat(boxes[:, 2:], firsts, axis=0)
    rows = zip(visible[firsts].tolist(), visible[lasts].tolist(), least.tolist(), most.tolist(), strict=True)
    return [Run(start, end + 1, *corner, *opposite) for start, end, corner, opposite in rows]


def _joined(runs: Iterable[Run]) -> Iterator[Piece]:
    piece: Piece | None = None
    for run in runs:
        if piece and piece.takes(run):
            piece.add(run)
        else:
            if piece:
                yield piece
            piece = Piece(run)
    if piece:
        yield piece
