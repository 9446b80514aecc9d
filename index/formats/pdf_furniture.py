"""Tells running headers, footers and page numbers from what a PDF says.

A line is furniture where it stands at the same place near the edge of three or more pages, and says the same
there or counts the pages, with a chapter's title if it is small; nothing but furniture is further out, no
more than three lines at an edge are, and a space sets them off, unlike the head of a table that goes on. A
larger one that only counts, such as "Exercise 3", is a heading. A page of nothing but the same again keeps
it, save a page number.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pincite.index.formats.pdf_lines import PageLine, PageText

_FEWEST_PAGES = 3
_MOST_LINES = 3
_EDGE, _NARROW_EDGE = 0.2, 0.12
_SAME_PLACE = 4.0
_FURTHEST_INSIDE = 0.7
_LARGE, _SMALL = 1.15, 0.95
_KEY_OF_SMALL = "a small line with a number"
_OUTER_NUMBER = re.compile(r"\A\d{1,4}\s|\s\d{1,4}\Z")
_NUMBERS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,8}", re.IGNORECASE)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class _Edge:
    """A line near the top or bottom of a page; ``offset`` is its distance from there, ``share`` that of the
    page's height, ``gap`` the space between it and the next line inwards.
    """

    page: int
    line: int
    offset: float
    share: float
    gap: float
    text: str
    size: float


def furniture_of(pages: Sequence[PageText], body_size: float) -> dict[int, frozenset[int]]:
    """Return for each page the places of its lines that are furniture; pages without any are left out."""
    if len(pages) < _FEWEST_PAGES:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    for is_top in (True, False):
        edges = [_edge_lines(number, page, is_top=is_top) for number, page in enumerate(pages)]
        repeated = {(edge.page, edge.line) for edge in _repeated(edges, body_size)}
        for outermost in edges:
            run = _run(outermost, repeated)
            if len(run) <= _MOST_LINES:
                found.update({edge.page: found[edge.page] | {edge.line} for edge in run})
    return {number: frozenset(_sparing(pages[number], lines)) for number, lines in found.items()}


def _edge_lines(number: int, page: PageText, *, is_top: bool) -> list[_Edge]:
    """Return the outermost lines of a page, the outermost first."""
    height = page.frame.size[1]
    offsets = page.rows["top"] if is_top else height - page.rows["bottom"]
    order = np.argsort(offsets, kind="stable")[: 2 * _MOST_LINES + 1].tolist()
    found = []
    for place, inner in pairwise([*order, None]):
        line, offset = PageLine(*page.rows[place].tolist()), float(offsets[place])
        if offset < _EDGE * height:
            gap = offsets[inner] - offset - (line.bottom - line.top) if inner is not None else np.inf
            text = " ".join(page.text[line.start : line.end].split())
            found.append(_Edge(number, place, offset, offset / height, float(gap), text, line.size))
    return found[: 2 * _MOST_LINES]


def _run(outermost: Iterable[_Edge], repeated: set[tuple[int, int]]) -> list[_Edge]:
    run = []
    for edge in outermost:
        if (edge.page, edge.line) not in repeated:
            break
        run.append(edge)
    while run and run[-1].gap < _FURTHEST_INSIDE * run[-1].size:
        run.pop()
    return run


def _repeated(pages: Iterable[Sequence[_Edge]], body_size: float) -> Iterator[_Edge]:
    alike: dict[str, list[_Edge]] = defaultdict(list)
    for edge in (edge for edges in pages for edge in edges):
        is_small = edge.size < _SMALL * body_size
        alike[_key(edge.text)].append(edge)
        if is_small and _OUTER_NUMBER.search(edge.text):
            alike[_KEY_OF_SMALL].append(edge)
    for edges in alike.values():
        for group in _at_one_place(edges):
            yield from _same(group)
            yield from _counting(group, body_size)


def _at_one_place(edges: Sequence[_Edge]) -> Iterator[list[_Edge]]:
    group: list[_Edge] = []
    for edge in sorted(edges, key=lambda edge: edge.offset):
        if group and edge.offset - group[-1].offset > _SAME_PLACE:
            yield group
            group = []
        group.append(edge)
    if group:
        yield group


def _same(group: Iterable[_Edge]) -> Iterator[_Edge]:
    """Yield the lines that say the same, digits included, on enough pages."""
    texts: dict[str, list[_Edge]] = defaultdict(list)
    for edge in group:
        if not _is_number(edge.text):
            texts[edge.text].append(edge)
    for edges in texts.values():
        if len({edge.page for edge in edges}) >= _FEWEST_PAGES:
            yield from edges


def _counting(group: Iterable[_Edge], body_size: float) -> Iterator[_Edge]:
    """Yield the lines that have a number which grows with the page."""
    counts: dict[tuple[int, int], list[_Edge]] = defaultdict(list)
    for edge in group:
        is_small = edge.size <= _LARGE * body_size and edge.share < _NARROW_EDGE
        if is_small or _is_number(edge.text):
            for place, number in enumerate(_numbers(edge.text)):
                counts[place, number - edge.page].append(edge)
    for edges in counts.values():
        if len({edge.page for edge in edges}) >= _FEWEST_PAGES:
            yield from edges


def _key(text: str) -> str:
    return "#" if _is_number(text) else _NUMBERS.sub("#", text).casefold()


def _is_number(text: str) -> bool:
    bare = text.strip(" -–—.|[]()")
    return (bare.isdecimal() and len(bare) < 6) or _ROMAN.fullmatch(bare) is not None


def _numbers(text: str) -> list[int]:
    bare = text.strip(" -–—.|[]()")
    if _ROMAN.fullmatch(bare):
        return [_roman(bare.lower())]
    return [int(digits) for digits in _NUMBERS.findall(text) if len(digits) < 6]


def _roman(digits: str) -> int:
    values = [_ROMAN_VALUES[digit] for digit in digits]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _sparing(page: PageText, furniture: set[int]) -> set[int]:
    """Return the furniture of a page; of a page with nothing else, its number at most."""
    if len(furniture) < len(page.rows):
        return furniture
    lines = page.lines
    numbers = {place for place in furniture if _is_number(page.text[lines[place].start : lines[place].end])}
    return numbers if len(numbers) < len(page.rows) else set()
