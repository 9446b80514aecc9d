"""Puts the characters of a page into lines, and the lines into reading order.

PDFium counts characters as the file draws them, which is the reading order more often than not, but cells of
a table or two columns may be drawn row by row. So the order is found again from where things stand: runs of
characters that follow closely on a line; a gutter between two columns, where several long runs end and others
begin beside them; bands between what crosses the gutter, such as a title or a wide table, each read column by
column; rows from top to bottom. Tables have short cells, so their gaps are no gutters and rows stay rows.
Where that would guess (writing from right to left or from top to bottom, letters strewn over the page),
PDFium's own order is kept. What lies outside the page is not read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median, mode

import numpy as np
from numpy.typing import NDArray

from pincite.index.formats.pdfium import Boxes, Characters

HYPHEN = 2
"""What PDFium makes of a hyphen at the end of its line."""

_LINE_FEED, _SPACE, _NO_BREAK_SPACE = 10, 32, 0xA0
_SAME_LINE = 0.4
_WIDEST_SPACE = 0.7
_MOST_BACKWARD = 0.7
_LONG_RUN = 8.0
_FEWEST_ROWS = 4
_FEWEST_SHOWN = 0.2
_MOST_RUNS = 1_500
_DEEPEST = 4

Indexes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Run:
    """Characters ``start`` to ``end`` of a page, which follow closely on one line."""

    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its runs from left to right, and whether it begins a paragraph.

    ``height`` is its longest run's.
    """

    runs: tuple[Run, ...]
    left: float
    top: float
    right: float
    bottom: float
    height: float
    starts_paragraph: bool


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
        return _lines_of(runs, visible, boxes, codes)
    lengths = [np.searchsorted(visible, run.end) - np.searchsorted(visible, run.start) for run in runs]
    return _turned_lines(visible, boxes, codes, np.repeat((turns + 45) // 90 % 4, lengths))


def _is_inside(characters: Characters) -> NDArray[np.bool_]:
    """Tell what is on the page from what is beside it, as when a spread is cut into two pages."""
    middles = (characters.boxes[:, :2] + characters.boxes[:, 2:]) / 2
    inside: NDArray[np.bool_] = ((middles >= 0) & (middles <= characters.frame.size)).all(axis=1)
    return inside


def _turned_lines(visible: Indexes, boxes: Boxes, codes: NDArray[np.uint32], quarters: Indexes) -> list[Line]:
    """Read what is turned another way apart, what most characters are turned to first."""
    counts = np.bincount(quarters, minlength=4)
    lines: list[Line] = []
    for quarter in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist():
        chosen = quarters == quarter
        upright = _turned_back(boxes[chosen], quarter)
        runs = _runs(visible[chosen], upright, codes)
        lines += _lines_of(runs, visible[chosen], upright, codes)
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


def _lines_of(runs: Sequence[Run], visible: Indexes, boxes: Boxes, codes: NDArray[np.uint32]) -> list[Line]:
    pieces = list(_joined(runs))
    if _is_unclear(pieces, codes[visible]):
        return [_line([run], starts_paragraph=not place) for place, run in enumerate(_drawn(visible, boxes, codes))]
    return [line for block in _blocks(pieces, _DEEPEST) for line in _paragraphs(list(_rows(block)))]


def lines_of_runs(runs: Sequence[Run]) -> list[Line]:
    """Return the lines that runs make, in reading order."""
    pieces = [_Piece(run) for run in runs]
    return [line for block in _blocks(pieces, _DEEPEST) for line in _paragraphs(list(_rows(block)))]


def _is_unclear(pieces: Sequence["_Piece"], codes: NDArray[np.uint32]) -> bool:
    right_to_left = ((codes >= 0x590) & (codes < 0x900)) | ((codes >= 0xFB1D) & (codes < 0xFF00))
    is_strewn = len(codes) > 20 and len(pieces) * 2 > len(codes)
    return bool(right_to_left.mean() > 0.2 or is_strewn or len(pieces) > _MOST_RUNS)


def _runs(visible: Indexes, boxes: Boxes, codes: NDArray[np.uint32]) -> list[Run]:
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


def _drawn(visible: Indexes, boxes: Boxes, codes: NDArray[np.uint32]) -> list[Run]:
    """Return PDFium's own lines, in its order."""
    return _cut(visible, boxes, np.diff(_line_numbers(codes)[visible]) > 0)


def _line_numbers(codes: NDArray[np.uint32]) -> Indexes:
    return np.cumsum(codes == _LINE_FEED)


def _cut(visible: Indexes, boxes: Boxes, breaks: NDArray[np.bool_]) -> list[Run]:
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.append(firsts[1:], len(visible)) - 1
    least = np.minimum.reduceat(boxes[:, :2], firsts, axis=0)
    most = np.maximum.reduceat(boxes[:, 2:], firsts, axis=0)
    rows = zip(visible[firsts].tolist(), visible[lasts].tolist(), least.tolist(), most.tolist(), strict=True)
    return [Run(start, end + 1, *corner, *opposite) for start, end, corner, opposite in rows]


class _Piece:
    """Runs that follow closely, such as a word and its raised note mark."""

    __slots__ = ("bottom", "left", "right", "runs", "top")

    def __init__(self, run: Run) -> None:
        self.runs = [run]
        self.left, self.top, self.right, self.bottom = run.left, run.top, run.right, run.bottom

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def takes(self, run: Run) -> bool:
        """Whether the run, drawn next, goes on from here."""
        taller = max(self.height, run.height)
        return (
            _shared(self, run) >= 0.5 * min(self.height, run.height)
            and -0.3 * taller <= run.left - self.right <= 0.3 * taller
        )

    def add(self, run: Run) -> None:
        self.runs.append(run)
        self.left, self.right = min(self.left, run.left), max(self.right, run.right)
        self.top, self.bottom = min(self.top, run.top), max(self.bottom, run.bottom)


def _shared(a: "_Piece | Run", b: "_Piece | Run") -> float:
    return min(a.bottom, b.bottom) - max(a.top, b.top)


def _joined(runs: Iterable[Run]) -> Iterator[_Piece]:
    piece: _Piece | None = None
    for run in runs:
        if piece and piece.takes(run):
            piece.add(run)
        else:
            if piece:
                yield piece
            piece = _Piece(run)
    if piece:
        yield piece


def _blocks(pieces: Sequence[_Piece], depth: int) -> Iterator[Sequence[_Piece]]:
    """Yield the parts of a region that are read from top to bottom, in order."""
    gutter = _gutter(pieces) if depth and len(pieces) > 2 * _FEWEST_ROWS else None
    if gutter is None:
        if pieces:
            yield pieces
        return
    for across, left, right in _bands(pieces, gutter):
        if across:
            yield across
        yield from _blocks(left, depth - 1)
        yield from _blocks(right, depth - 1)


def _gutter(pieces: Sequence[_Piece]) -> float | None:
    """Return where the most long runs have a long run beside them, if there are enough of them."""
    boxes = np.array([(piece.left, piece.top, piece.right, piece.bottom) for piece in pieces])
    left, top, right, bottom = boxes.T
    height = bottom - top
    is_long = right - left >= _LONG_RUN * height
    longs = np.flatnonzero(is_long)
    if len(longs) < 2 * _FEWEST_ROWS:
        return None
    shared = np.minimum(bottom[longs, None], bottom) - np.maximum(top[longs, None], top)
    beside = (shared > 0.3 * np.minimum(height[longs, None], height)) & (left >= right[longs, None] - 1)
    starts = np.where(beside, left, np.inf)
    nearest = starts.argmin(axis=1)
    pairs = np.isfinite(starts.min(axis=1)) & is_long[nearest]
    lows, highs = right[longs[pairs]], left[nearest[pairs]]
    if len(lows) < _FEWEST_ROWS:
        return None
    middles = (lows + highs) / 2
    inside = (lows <= middles[:, None]) & (middles[:, None] <= highs)
    votes = inside[inside.sum(axis=1).argmax()]
    if votes.sum() < _FEWEST_ROWS:
        return None
    gutter = float((lows[votes].max() + highs[votes].min()) / 2)
    voters = longs[pairs][votes]
    among = (bottom > top[voters].min()) & (top < bottom[voters].max())
    crossing = among & (left < gutter - height) & (right > gutter + height)
    return gutter if crossing.sum() < votes.sum() else None


Band = tuple[list[_Piece], list[_Piece], list[_Piece]]


def _bands(pieces: Sequence[_Piece], gutter: float) -> Iterator[Band]:
    """Yield, from top to bottom, what crosses the gutter and then what is left and right of it below that."""
    crossing = [piece for piece in pieces if _crosses(piece, gutter)]
    across: list[_Piece] = []
    left: list[_Piece] = []
    right: list[_Piece] = []
    for piece in sorted(pieces, key=lambda one: one.top + one.bottom):
        if any(_shared(piece, one) > 0.5 * min(piece.height, one.height) for one in crossing):
            if left or right:
                yield across, left, right
                across, left, right = [], [], []
            across.append(piece)
        else:
            (left if piece.left + piece.right < 2 * gutter else right).append(piece)
    yield across, left, right


def _crosses(piece: _Piece, gutter: float) -> bool:
    """A line that only sticks out of its column does not cross; a page number in the middle does."""
    reach = min(gutter - piece.left, piece.right - gutter)
    is_small = piece.right - piece.left < 4 * piece.height
    return reach > (1 if is_small else 1.5 * piece.height)


def _rows(pieces: Sequence[_Piece]) -> Iterator[Line]:
    """Yield the lines that pieces beside each other make, from top to bottom."""
    row: list[_Piece] = []
    tallest: _Piece | None = None
    for piece in sorted(pieces, key=lambda one: one.top + one.bottom):
        if tallest and _shared(tallest, piece) >= 0.5 * min(tallest.height, piece.height):
            row.append(piece)
            tallest = max(tallest, piece, key=lambda one: one.height)
            continue
        if row:
            yield _row(row)
        row, tallest = [piece], piece
    if row:
        yield _row(row)


def _row(pieces: Sequence[_Piece]) -> Line:
    return _line([run for piece in sorted(pieces, key=lambda one: one.left) for run in piece.runs])


def _line(runs: Sequence[Run], *, starts_paragraph: bool = False) -> Line:
    return Line(
        tuple(runs),
        min(run.left for run in runs),
        min(run.top for run in runs),
        max(run.right for run in runs),
        max(run.bottom for run in runs),
        longest_of(runs).height,
        starts_paragraph,
    )


def longest_of(runs: Iterable[Run]) -> Run:
    """Return the run with the most characters, which a line looks like."""
    return max(runs, key=lambda run: run.end - run.start)


def _paragraphs(lines: Sequence[Line]) -> Iterator[Line]:
    """Tell where paragraphs begin: after a wider space, at an indent, at another size."""
    pitches = [below.bottom - above.bottom for above, below in zip(lines, lines[1:], strict=False)]
    usual = median(pitches) if len(pitches) > 1 else 0.0
    margin = mode(round(line.left) for line in lines)
    above: Line | None = None
    for line in lines:
        yield line if above and not _begins(above, line, usual, margin) else _marked(line)
        above = line


def _begins(above: Line, line: Line, usual: float, margin: float) -> bool:
    pitch, height = line.bottom - above.bottom, max(above.height, line.height)
    if pitch > (min(1.3 * usual, 2.6 * height) if usual > height else 1.8 * height):
        return True
    if min(above.height, line.height) < 0.8 * height:
        return True
    indent = 0.8 * line.height
    return above.left < margin + indent / 2 and indent < line.left - margin < 4 * line.height


def _marked(line: Line) -> Line:
    return replace(line, starts_paragraph=True)
