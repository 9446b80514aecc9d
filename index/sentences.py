"""Sentence boundaries for English and Chinese, without a model or a download.

A boundary is the end of a sentence, an empty line, or the start of a line that is plainly an item of its own
(a bullet, a numbered item, a table row, a heading). A line break inside a hard-wrapped paragraph is none.
Abbreviations ("U.S.", "Dr.", "e.g."), initials, decimals and an item's number end no sentence. What cannot
be told without understanding the sentence ("He moved to the U.S. She stayed.") is left whole: too long a
quote is honest, half a sentence is not.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from pincite.index.document import Span

_ITEM = r"[ \t]*(?:[-*+•‣▪●]|\d{1,3}[.)、]|[（(]\d{1,3}[)）]|#{1,6}|>|\|)(?=[ \t|])"
_BREAK = re.compile(rf"\n[ \t]*\n\s*|\n(?={_ITEM})|\n(?=[ \t]*(?:```|~~~|\|))")
_LATIN_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?:[ \t]*\[\d{1,4}\])*\s+(?=[^\sa-z])")
_HAN_END = re.compile(r"[。！？]+[”’」』）】》\"']*(?:\s*\[\d{1,4}\])*\s*")
_LEADING_ITEM = re.compile(r"(?:[-*+•‣▪●]|\d{1,3}[.)、]|#{1,6}|>)[ \t]+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'“‘])(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Mt|Ft|Gen|Col|Capt|Lt|Sgt|Rev|Hon"
    r"|Gov|Sen|Rep|Pres|vs|etc|cf|al|No|Nos|Vol|Fig|Figs|Eq|Sec|Ch|pp?|ca|approx|est|Inc|Ltd|Co|Corp|Bros|Dept"
    r"|Univ|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)$|(?:^|\n)[ \t]*\d{1,3}$"
)
_LONGEST_ABBREVIATION = 16
_LINE = re.compile(r"[^\s][^\n]*")
_SHORT_LINE = 0.6
_EMPTY_LINE = re.compile(r"\n[ \t]*\n\s*")


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the sentences of ``text[start:end]`` in order, without surrounding white space or bullets.

    Spans count from the beginning of ``text``. Only white space, item markers and runs without a letter or
    digit, such as a ruled line, fall between them.

    >>> text = "Dr. Wu came. She stayed.\\n- one\\n- two"
    >>> [text[s.start : s.end] for s in sentence_spans(text)]
    ['Dr. Wu came.', 'She stayed.', 'one', 'two']
    """
    end = len(text) if end is None else end
    cuts = [start, *sorted({cut for cut in _cuts(text, start, end) if start < cut < end}), end]
    trimmed = (_trim(text, left, right) for left, right in pairwise(cuts))
    return [span for span in trimmed if span is not None]


def paragraph_starts(text: str, start: int, end: int) -> list[int]:
    """Return the offsets in ``text[start:end]`` at which a paragraph begins after an empty line."""
    return [match.end() for match in _EMPTY_LINE.finditer(text, start, end)]


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    for match in _BREAK.finditer(text, start, end):
        yield match.end()
    yield from _short_line_ends(text, start, end)
    if not text.isascii():
        for match in _HAN_END.finditer(text, start, end):
            yield match.end()
    for match in _LATIN_END.finditer(text, start, end):
        if not (text[match.start()] == "." and _is_abbreviation(text, start, match.start())):
            yield match.end()


def _short_line_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where a line begins after one much shorter than the longest, such as a title that no mark sets
    apart.
    """
    lines = [Span(m.start(), m.end()) for m in _LINE.finditer(text, start, end)]
    longest = max((line.end - line.start for line in lines), default=0)
    for line, following in pairwise(lines):
        is_short = line.end - line.start < longest * _SHORT_LINE
        if is_short and not text[following.start].islower() and text[line.end - 1] not in ",，、;；:：-–—":
            yield following.start


def _is_abbreviation(text: str, start: int, dot: int) -> bool:
    return _ABBREVIATION.search(text[max(start, dot - _LONGEST_ABBREVIATION) : dot]) is not None


def _trim(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    item = _LEADING_ITEM.match(text, start, end)
    if item:
        start = item.end()
    return Span(start, end) if any(map(str.isalnum, text[start:end])) else None
