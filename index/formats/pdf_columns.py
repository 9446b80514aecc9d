"""Puts runs of characters into reading order: columns, rows, paragraphs.

A gutter between two columns is where several long runs end and others begin beside them. What crosses it,
such as a title or a wide table, parts the page into bands, each read column by column; in a column, rows are
read from top to bottom. Tables have short cells, so their gaps are no gutters and rows stay rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median, mode

import numpy as np

_LONG_RUN = 8.0
_FEWEST_ROWS = 4
_DEEPEST = 4


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


class Piece:
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


def _shared(a: Piece | Run, b: Piece | Run) -> float:
    return min(a.bottom, b.bottom) - max(a.top, b.top)


def lines_of(pieces: Sequence[Piece]) -> list[Line]:
    """Return the lines that pieces make, in reading order."""
    return [line for block in _blocks(pieces, _DEEPEST) for line in _paragraphs(list(_rows(block)))]


def _blocks(pieces: Sequence[Piece], depth: int) -> Iterator[Sequence[Piece]]:
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


def _gutter(pieces: Sequence[Piece]) -> float | None:
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


Band = tuple[list[Piece], list[Piece], list[Piece]]


def _bands(pieces: Sequence[Piece], gutter: float) -> Iterator[Band]:
    """Yield, from top to bottom, what crosses the gutter and then what is left and right of it below that."""
    crossing = [piece for piece in pieces if _crosses(piece, gutter)]
    across: list[Piece] = []
    left: list[Piece] = []
    right: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: one.top + one.bottom):
        if any(_shared(piece, one) > 0.5 * min(piece.height, one.height) for one in crossing):
            if left or right:
                yield across, left, right
                across, left, right = [], [], []
            across.append(piece)
        else:
            (left if piece.left + piece.right < 2 * gutter else right).append(piece)
    yield across, left, right


def _crosses(piece: Piece, gutter: float) -> bool:
    """A line that only sticks out of its column does not cross; a page number in the middle does."""
    reach = min(gutter - piece.left, piece.right - gutter)
    is_small = piece.right - piece.left < 4 * piece.height
    return reach > (1 if is_small else 1.5 * piece.height)


def _rows(pieces: Sequence[Piece]) -> Iterator[Line]:
    """Yield the lines that pieces beside each other make, from top to bottom."""
    row: list[Piece] = []
    tallest: Piece | None = None
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


def _row(pieces: Sequence[Piece]) -> Line:
    return line_of([run for piece in sorted(pieces, key=lambda one: one.left) for run in piece.runs])


def line_of(runs: Sequence[Run], *, starts_paragraph: bool = False) -> Line:
    """Return a line of runs, which go from left to right."""
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
    pitches = [below.bottom - above.bottom for above, below in pairwise(lines)]
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
