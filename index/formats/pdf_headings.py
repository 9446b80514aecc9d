"""Finds the headings of a PDF without an outline: lines set clearly larger, or bold and numbered."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pincite.index.formats.pdf_lines import PageLine, PageText

_LONGEST = 120
_MOST_LINES = 3
_LARGER, _LARGER_BOLD = 1.25, 1.15
_SHORT = 60
_LARGEST_SHARE = 0.25
_NUMBERED = re.compile(
    r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[^\W\d_]|(?:Appendix|Chapter|Part)\s+[\dA-Z]+\b|第.{1,4}[章节]"
)
_GOES_ON = re.compile(r"[.,;:\-]\Z")
_LEADERS = re.compile(r"\.{4}|(?:\. ){4}")
_CONTENTS = re.compile(r"(?:table of )?contents|目\s*[录錄次]", re.IGNORECASE)
_ALIKE = 0.6

Dropped = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Heading:
    """Lines ``first`` to ``last`` of a page, which head what follows; none where the title is not there.

    ``path`` names the headings above it, its own last; it is empty for the document's title.
    """

    page: int
    first: int
    last: int
    path: tuple[str, ...]


def kept_lines(page: PageText, dropped: frozenset[int]) -> list[tuple[int, PageLine]]:
    """Return the lines of a page that are not dropped, with their places."""
    return [(place, line) for place, line in enumerate(page.lines) if place not in dropped]


def body_size_of(pages: Sequence[PageText]) -> float:
    """Return the size that most characters are set in, to half a point; 0 for no text."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for start, end, size in page.rows[["start", "end", "size"]].tolist():
            if size > 0:
                sizes[_rounded(size)] += end - start
    return sizes.most_common(1)[0][0] if sizes else 0.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Lines that may be a heading; ``depth`` is of its number, 0 without one."""

    page: int
    first: int
    last: int
    text: str
    size: float
    is_bold: bool
    is_large: bool
    depth: int

    @property
    def is_short(self) -> bool:
        """Whether it is bold and in one short line."""
        return self.is_bold and self.last == self.first + 1 and len(self.text) < _SHORT

    @property
    def rank(self) -> tuple[float, int]:
        """Sorts the outermost headings first."""
        return -self.size, max(self.depth, 1)


def detected(pages: Sequence[PageText], dropped: Dropped, body_size: float) -> list[Heading]:
    """Return what is set as headings, in reading order; nothing where that would be much of the text.

    What is set like the bold numbered headings, in a short line of its own, is one too.
    """
    found: list[_Candidate] = []
    if not body_size:
        return []
    for number, page in enumerate(pages):
        on_page = list(_candidates(number, page, dropped.get(number, frozenset()), body_size))
        if _length(one for one in on_page if one.is_large) <= _LARGEST_SHARE * len(page.text):
            found += on_page
    if _mostly_bold(pages):
        found = [one for one in found if one.is_large]
    numbered = {one.size for one in found if one.depth and one.is_bold}
    found = [one for one in found if one.is_large or one.depth or (one.is_short and one.size in numbered)]
    if _length(found) > _LARGEST_SHARE * sum(len(page.text) for page in pages):
        return []
    return list(_with_paths(found))


def _length(candidates: Iterable[_Candidate]) -> int:
    return sum(len(candidate.text) for candidate in candidates)


def _mostly_bold(pages: Sequence[PageText]) -> bool:
    bold = sum(int((page.rows["end"] - page.rows["start"])[page.rows["is_bold"]].sum()) for page in pages)
    return bold * 2 > sum(len(page.text) for page in pages)


def _candidates(
    number: int, page: PageText, dropped: frozenset[int], body_size: float
) -> Iterator[_Candidate]:
    """Yield the runs of lines that are large, or bold and by themselves."""
    run: list[tuple[int, PageLine]] = []
    for entry in [*kept_lines(page, dropped), None]:
        if run and (entry is None or not _goes_on(run[-1], entry)):
            yield from _candidate(number, page, run, body_size)
            run = []
        if entry and (_is_large(entry[1], body_size) or _is_set_bold(entry[1], body_size)):
            run.append(entry)


def _is_large(line: PageLine, body_size: float) -> bool:
    return line.size >= (_LARGER_BOLD if line.is_bold else _LARGER) * body_size


def _is_set_bold(line: PageLine, body_size: float) -> bool:
    return line.is_bold and line.size >= 0.95 * body_size


def _goes_on(above: tuple[int, PageLine], below: tuple[int, PageLine]) -> bool:
    pitch = below[1].bottom - above[1].bottom
    is_alike = abs(below[1].size - above[1].size) < _ALIKE and below[1].is_bold == above[1].is_bold
    return above[0] + 1 == below[0] and is_alike and 0 < pitch < 1.8 * below[1].size


def _candidate(
    number: int, page: PageText, run: list[tuple[int, PageLine]], body_size: float
) -> Iterator[_Candidate]:
    if len(run) > _MOST_LINES or not run[0][1].starts_paragraph or any(line.is_row for _, line in run):
        return
    text = " ".join(" ".join(page.text[line.start : line.end] for _, line in run).split())
    if _reads_as_heading(text):
        numbered = _NUMBERED.match(text)
        depth = (numbered["number"] or "").count(".") + 1 if numbered else 0
        line = run[0][1]
        yield _Candidate(
            number,
            run[0][0],
            run[-1][0] + 1,
            text,
            _rounded(line.size),
            line.is_bold,
            _is_large(line, body_size),
            depth,
        )


def _reads_as_heading(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return (
        letters > 1
        and len(text) < min(2 * letters, _LONGEST)
        and not text[0].islower()
        and not _GOES_ON.search(text)
        and not _LEADERS.search(text)
    )


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _with_paths(found: Sequence[_Candidate]) -> Iterator[Heading]:
    title = _title(found)
    levels = sorted({one.rank for one in found if one is not title})
    path: list[tuple[int, str]] = []
    for one in found:
        if one is title:
            yield Heading(one.page, one.first, one.last, ())
            continue
        level = levels.index(one.rank)
        above = (entry for entry in path if entry[0] < level and not _CONTENTS.fullmatch(entry[1]))
        path = [*above, (level, one.text)]
        yield Heading(one.page, one.first, one.last, tuple(name for _, name in path))


def _title(found: Sequence[_Candidate]) -> _Candidate | None:
    """Return the heading that is the document's title: early on the first page, larger than all others."""
    largest = max(found, key=lambda one: one.size, default=None)
    if largest is None or largest.page or largest.depth or largest not in found[:2]:
        return None
    return largest if sum(one.size == largest.size for one in found) == 1 else None


def title_of(headings: Sequence[Heading], pages: Sequence[PageText]) -> str:
    """Return the title that stands on the first page; empty if there is none."""
    for heading in headings:
        if not heading.path:
            lines = pages[heading.page].lines[heading.first : heading.last]
            return " ".join(" ".join(pages[heading.page].text[one.start : one.end].split()) for one in lines)
    return ""
