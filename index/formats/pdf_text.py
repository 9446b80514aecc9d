"""Makes one document out of the lines of a PDF's pages.

Furniture is left out, broken words are joined, paragraphs are set apart by an empty line, and lines in one
keep their breaks, except between Chinese or Japanese characters, which have no spaces. A section begins with
each heading and each page, so that none crosses a page.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pincite.index.document import Section
from pincite.index.formats.pdf_headings import Dropped, Heading, kept_lines
from pincite.index.formats.pdf_hyphens import Hyphens, ends_hyphenated
from pincite.index.formats.pdf_lines import PageLine, PageText, Places

_NO_PLACE = b"\xff" * 4
_LINE, _PARAGRAPH = "\n", "\n\n"
_SENTENCE_ENDS = ".!?:;。！？：；”\"'"


@dataclass(frozen=True, slots=True)
class Assembled:
    """What ``Document`` holds of the same names."""

    text: str
    places: bytes
    pages: tuple[int, ...]
    sections: tuple[Section, ...]


def assembled(pages: Sequence[PageText], dropped: Dropped, headings: Iterable[Heading]) -> Assembled:
    """Return the text of all pages, in which ``dropped`` lines are left out."""
    by_page: dict[int, list[Heading]] = defaultdict(list)
    for heading in headings:
        by_page[heading.page].append(heading)
    writer = _Writer(Hyphens(page.text for page in pages))
    for number, page in enumerate(pages):
        writer.page(page, kept_lines(page, dropped.get(number, frozenset())), by_page[number])
    return writer.done()


class _Writer:
    """Puts text, places and sections together."""

    def __init__(self, hyphens: Hyphens) -> None:
        self._hyphens = hyphens
        self._pieces: list[str] = []
        self._places = bytearray()
        self._length = 0
        self._starts: list[int] = []
        self._unwritten = 0
        self._sections: list[Section] = []
        self._path: tuple[str, ...] = ()
        self._start = self._body_start = 0

    def page(self, page: PageText, lines: list[tuple[int, PageLine]], headings: Sequence[Heading]) -> None:
        """Write a page."""
        if lines and self._length:
            self._write(_PARAGRAPH)
        self._close()
        self._open(self._path)
        self._unwritten += 1
        if lines:
            self._starts += [self._length] * self._unwritten
            self._unwritten = 0
        firsts = {heading.first: heading for heading in headings}
        lasts = {heading.last - 1 for heading in headings if heading.last > heading.first}
        for (place, line), following in pairwise([*lines, None]):  # type: ignore[misc]
            if place in firsts:
                self._begin(firsts[place])
            breaks = following is not None and (place in lasts or following[0] in firsts)
            self._line(page, line, following[1] if following else None, breaks=breaks)
            if place in lasts:
                self._body_start = self._length
        for heading in headings:
            self._path = heading.path

    def done(self) -> Assembled:
        """Return what was written."""
        self._close()
        starts = (*self._starts, *[self._length] * self._unwritten)
        return Assembled("".join(self._pieces), bytes(self._places), starts, tuple(self._sections))

    def _begin(self, heading: Heading) -> None:
        self._close()
        self._open(heading.path)

    def _open(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._start = self._body_start = self._length

    def _close(self) -> None:
        if self._length > self._start:
            self._sections.append(Section(self._start, self._length, self._body_start, self._path))

    def _line(self, page: PageText, line: PageLine, following: PageLine | None, *, breaks: bool) -> None:
        text, places = page.text[line.start : line.end], page.places[line.start : line.end]
        if following is None:
            self._write(text.removesuffix("\u00ad"), places)
            return
        after = page.text[following.start : following.end]
        if ends_hyphenated(text) and (after[0].isalnum()) and not breaks:
            end = len(text) - self._hyphens.goes(text, after)
            self._write(text[:end], places[:end])
            return
        self._write(text.removesuffix("\u00ad"), places)
        self._write(_PARAGRAPH if breaks else _between(text, line, after, following))

    def _write(self, text: str, places: Places | None = None) -> None:
        self._pieces.append(text)
        self._places += (
            _NO_PLACE * len(text) if places is None else places[: len(text)].astype("<i4").tobytes()
        )
        self._length += len(text)


def _between(text: str, line: PageLine, after: str, following: PageLine) -> str:
    """Return what goes between two lines; a paragraph may go on at the top of the next column."""
    goes_up = following.top < line.top
    goes_on = goes_up and after[0].islower() and text[-1] not in _SENTENCE_ENDS
    if following.starts_paragraph and not goes_on:
        return _PARAGRAPH
    return "" if _is_han(text[-1]) and _is_han(after[0]) else _LINE


def _is_han(character: str) -> bool:
    return (
        "\u3001" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or character in "，。；：？！"
    )
