"""Reads a PDF's outline, and finds where its entries begin.

A title is looked for on the page that it leads to; where it does not stand there, the position it leads to
counts, or the page's start.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pincite.index.formats.pdf_headings import Dropped, Heading, kept_lines
from pincite.index.formats.pdf_lines import PageLine, PageText
from pincite.index.formats.text import plain_text

_MOST_BOOKMARKS = 20_000
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline; ``level`` counts from 0, ``place`` is in the PDF's own coordinates."""

    title: str
    level: int
    page: int
    place: tuple[float, float] | None


def bookmarks_of(pdf: pdfium.PdfDocument) -> list[Bookmark]:
    """Return the outline's entries that lead to a page."""
    found = []
    for entry in islice(pdf.get_toc(), _MOST_BOOKMARKS):
        destination = entry.get_dest()
        page = destination.get_index() if destination else None
        title = " ".join(plain_text(entry.get_title() or "").split())
        if title and destination and page is not None and 0 <= page < len(pdf):
            found.append(Bookmark(title, entry.level, page, _place(destination)))
    return found


def _place(destination: pdfium.PdfDest) -> tuple[float, float] | None:
    view, values = destination.get_view()
    if view == raw.PDFDEST_VIEW_XYZ and len(values) >= 2 and values[1]:
        return values[0] or 0.0, values[1]
    if view in (raw.PDFDEST_VIEW_FITH, raw.PDFDEST_VIEW_FITBH) and values:
        return 0.0, values[0]
    return None


def outlined(bookmarks: Sequence[Bookmark], pages: Sequence[PageText], dropped: Dropped) -> list[Heading]:
    """Return the headings that an outline names, in reading order.

    A page with more entries than lines, as one cut out of a larger file has, keeps those it has the title of.
    """
    counts = Counter(bookmark.page for bookmark in bookmarks)
    path: list[tuple[int, str]] = []
    found: dict[tuple[int, int], Heading] = {}
    for bookmark in bookmarks:
        path = [*(entry for entry in path if entry[0] < bookmark.level), (bookmark.level, bookmark.title)]
        kept = kept_lines(pages[bookmark.page], dropped.get(bookmark.page, frozenset()))
        first, last = _lines_named(bookmark, pages[bookmark.page], kept)
        if first < last or counts[bookmark.page] <= len(kept):
            found[bookmark.page, first] = Heading(bookmark.page, first, last, tuple(name for _, name in path))
    return [found[place] for place in sorted(found)]


def _lines_named(bookmark: Bookmark, page: PageText, kept: list[tuple[int, PageLine]]) -> tuple[int, int]:
    point = _shown(bookmark, page)
    named = [(first, last) for first, last in _runs_named(bookmark.title, page, kept)]
    tops = dict(kept)
    if named:
        return min(named, key=lambda run: abs(tops[run[0]].top - point[1]) if point else 0)
    below = [(line.top - point[1], place) for place, line in kept if line.bottom > point[1]] if point else []
    place = min(below)[1] if below else kept[0][0] if kept and not point else len(page.rows)
    return place, place


def _shown(bookmark: Bookmark, page: PageText) -> tuple[float, float] | None:
    frame = page.frame
    if bookmark.place is None or frame.rotation:
        return None
    return bookmark.place[0] - frame.left, frame.top - bookmark.place[1]


def _runs_named(title: str, page: PageText, kept: list[tuple[int, PageLine]]) -> Iterator[tuple[int, int]]:
    wanted = _bare(title)
    for start in range(len(kept)):
        written = ""
        for place, line in kept[start : start + _MOST_LINES]:
            written += _bare(page.text[line.start : line.end], keeps_number=bool(written))
            if written and written == wanted:
                yield kept[start][0], place + 1
            if not wanted.startswith(written):
                break


def _bare(text: str, *, keeps_number: bool = False) -> str:
    text = text if keeps_number else re.sub(r"^[\dIVX.]+[.\s]\s*", "", text)
    return "".join(filter(str.isalnum, text)).casefold()
