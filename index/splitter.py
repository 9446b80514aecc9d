"""Splits a document into groups, and a grouped summary into points.

Explicit markers win ("Group 1 - …", "第2组：…"); else the headings; else the pages; else the document is one
group. The grouped form, worked out on one line of text::

    Group 1 - Rain fell [2] - Rivers rose [2][3] Group 2 - Roads closed [4]
    |         |             |                    |
    marker    point 1       point 2, refs 2, 3   the next group, from a marker numbered one higher

A marker counts only where it stands at the start of the text or of a line, after a reference, or after a
sentence, and only as the next number of the run 1, 2, 3 …, of which a few may be missing: "Age Group 3 - 5"
is prose. A short line over the points is the group's title: "Group 2: Rivers" gives "Group 2 › Rivers". Where
points end in references, a new point begins after ``] - `` or on a new line after one, so that "Boston - New
York" stays whole; bullets at the start of a line always begin one. A last line "PUBLISHER·DATE" is a byline,
and the line above it the title.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from pincite.index.document import Document, Group, Point, Span, page_at

_MARKER = re.compile(
    r"(?P<label>(?:Group|GROUP)[ \t]+(?P<digits>\d{1,3})"
    r"|第[ \t]*(?P<han>\d{1,3}|[一二三四五六七八九十]{1,3})[ \t]*[组組])"
    r"(?:[ \t]*[-–—](?:[ \t]+|(?!\d))|[ \t]*[:：][ \t]*|[ \t]*(?=\n|$)|(?<=[组組])[ \t\u3000]+)"
)
_BOUNDARY = re.compile(r"(?:\n|\]|[.!?。！？][\"'”’」』)）]{0,4})\Z")
_LONGEST_BOUNDARY = 5

_REFERENCE = r"\[\d{1,4}(?:[ \t]*[,，、][ \t]*\d{1,4})*\]"
_TRAILING_REFERENCES = re.compile(rf"(?:(?:(?<!\s)\s+)?{_REFERENCE})+\s*(?:[.。;；]\s*)?$")
_BULLET = r"(?:[-–—*•‣▪●][ \t]+|\d{1,3}[.)、](?!\d)[ \t]*)"
_POINT_BREAK = re.compile(rf"\n[ \t]*{_BULLET}")
_POINT_BREAK_AFTER_REFERENCES = re.compile(
    rf"(?<=\])(?:\s+[-–—•][ \t]+|[.。;；]?[ \t]*\n\s*{_BULLET}?)|\n[ \t]*{_BULLET}"
)
_TITLE_LINE = re.compile(r"(?:[ \t]*\n)?[ \t]*(?P<title>[^\s\[][^\n]*)(?=\n)")
_LINE_BELOW = re.compile(rf"(?P<gap>\s*\n)[ \t]*(?P<bullet>{_BULLET})?(?P<first>\S)")
_NO_TITLE_ENDS = tuple(".,;:!…。，,；;：！、")
_LONGEST_TITLE = 80
_LEADING_BULLET = re.compile(r"\s*(?:[-–—*•‣▪●][ \t]+)?")

_BYLINE = re.compile(
    r"[ \t]*(?P<publisher>[^\n·・•]*[^\n·・•\s])[ \t]*[·・•][ \t]*"
    r"(?P<date>(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    r"(?:[ \t]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?)?)[ \t]*"
)
_WIDEST_STEP = 4
_HAN_DIGITS = {character: value for value, character in enumerate("一二三四五六七八九", start=1)}


def split(document: Document) -> tuple[Document, tuple[Group, ...]]:
    """Return the document, with the metadata that its grouped form carries, and its groups in reading order.

    Groups do not overlap. What lies between them is white space, a byline and its title.
    """
    has_items = any(section.items for section in document.sections)
    markers = [] if has_items else _markers(document.text)
    if markers:
        return _split_by_markers(document, markers)
    if document.sections:
        return document, tuple(_section_groups(document))
    return document, tuple(_page_groups(document))


def _markers(text: str) -> list[re.Match[str]]:
    """Return the markers that count from 1; with small gaps where more of them fit so, and at least three."""
    found = [match for match in _MARKER.finditer(text) if _stands_at_boundary(text, match.start())]
    unbroken, broken = _run(found, 1), _run(found, _WIDEST_STEP)
    return broken if len(broken) > max(len(unbroken), 2) else unbroken


def _run(markers: list[re.Match[str]], widest_step: int) -> list[re.Match[str]]:
    run: list[re.Match[str]] = []
    last = 0
    for marker in markers:
        number = _number(marker)
        if last < number <= last + (widest_step if run else 1):
            run.append(marker)
            last = number
    return run


def _stands_at_boundary(text: str, offset: int) -> bool:
    while offset and text[offset - 1] in " \t\u3000":
        offset -= 1
    return not offset or _BOUNDARY.search(text, max(0, offset - _LONGEST_BOUNDARY), offset) is not None


def _number(marker: re.Match[str]) -> int:
    digits = marker["digits"] or marker["han"]
    if digits.isdigit():
        return int(digits)
    tens, ten, ones = digits.rpartition("十")
    if not ten:
        return _HAN_DIGITS.get(digits, 0)
    return _HAN_DIGITS.get(tens, 1) * 10 + _HAN_DIGITS.get(ones, 0)


def _split_by_markers(document: Document, markers: list[re.Match[str]]) -> tuple[Document, tuple[Group, ...]]:
    text = document.text
    document, body_end = _take_byline(document, markers[-1].end())
    groups = []
    first = document.sections[0].start if document.sections else 0
    if text[first : markers[0].start()].strip():
        groups.append(_group(document, first, markers[0].start(), first, ()))
    starts = [marker.start() for marker in markers]
    for marker, end in zip(markers, [*starts[1:], body_end], strict=True):
        title = _title(text, marker, end)
        path = (marker["label"], title["title"].strip()) if title else (marker["label"],)
        group = _group(document, marker.start(), end, title.end() if title else marker.end(), path)
        groups.append(replace(group, points=tuple(_points(text, group.body_start, group.end))))
    return document, tuple(groups)


def _title(text: str, marker: re.Match[str], end: int) -> re.Match[str] | None:
    """Return the line that titles a group: short, without references or a full stop, and over its points.

    It stands over points where they begin with bullets or after an empty line, or where a colon leads to it
    and a line of its own follows.
    """
    line = _TITLE_LINE.match(text, marker.end(), end)
    below = _LINE_BELOW.match(text, line.end(), end) if line else None
    if line is None or below is None or len(line["title"]) > _LONGEST_TITLE:
        return None
    if not _reads_as_title(line["title"]) or line["title"].rstrip().endswith(_NO_TITLE_ENDS):
        return None
    is_on_marker_line = "\n" not in text[marker.start() : line.start("title")]
    if below["bullet"] or (is_on_marker_line and below["gap"].count("\n") > 1):
        return line
    follows_colon = text[marker.start() : marker.end()].rstrip().endswith((":", "：")) and is_on_marker_line
    return line if follows_colon and not below["first"].islower() else None


def _take_byline(document: Document, body_start: int) -> tuple[Document, int]:
    """Take a closing title and byline out of the text after ``body_start``; return where the body ends."""
    text = document.text
    lines = [Span(m.start(), m.end()) for m in re.compile(r"[^\n]+").finditer(text) if m.group().strip()]
    line = lines[-1]
    stripped = _stripped(text, line.start, line.end)
    byline = _BYLINE.fullmatch(text, stripped.start, stripped.end)
    date = _iso_date(byline) if byline else None
    if byline is None or date is None or line.start < body_start:
        return document, len(text)
    metadata = {"publisher": byline["publisher"].strip(), "date": date}
    spans = {"publisher": _stripped(text, *byline.span("publisher")), "date": Span(*byline.span("date"))}
    end = line.start
    above = lines[-2]
    if above.start >= body_start and _reads_as_title(text[above.start : above.end]):
        spans["title"] = _stripped(text, above.start, above.end)
        metadata["title"] = text[spans["title"].start : spans["title"].end]
        end = above.start
    spans = {field: span for field, span in spans.items() if field not in document.metadata}
    return replace(
        document,
        metadata={**metadata, **document.metadata},
        metadata_spans={**document.metadata_spans, **spans},
    ), end


def _reads_as_title(line: str) -> bool:
    is_item = re.match(r"[ \t]*(?:[-–—*•‣▪●][ \t]|\d{1,3}[.)、])", line)
    return not is_item and not _TRAILING_REFERENCES.search(line)


def _iso_date(byline: re.Match[str]) -> str | None:
    year, month, day, hour, minute = (
        int(byline[name] or 0) for name in ("year", "month", "day", "hour", "minute")
    )
    try:
        moment = datetime(year, month, day, hour, minute)
    except ValueError:
        return None
    return moment.isoformat(timespec="minutes") if byline["hour"] else moment.date().isoformat()


def _points(text: str, start: int, end: int) -> Iterator[Point]:
    breaks = _POINT_BREAK_AFTER_REFERENCES if _ends_points_in_references(text[start:end]) else _POINT_BREAK
    cuts = list(breaks.finditer(text, start, end))
    lefts = [_LEADING_BULLET.match(text, start, end).end(), *(cut.end() for cut in cuts)]  # type: ignore[union-attr]
    rights = [*(cut.start() for cut in cuts), end]
    number = 0
    for left, right in zip(lefts, rights, strict=True):
        references = _TRAILING_REFERENCES.search(text, left, right)
        span = _stripped(text, left, references.start() if references else right)
        if span.start < span.end:
            number += 1
            labels = tuple(re.findall(r"\d+", references.group())) if references else ()
            yield Point(span.start, span.end, text[span.start : span.end], number, labels)


def _ends_points_in_references(body: str) -> bool:
    return bool(
        _TRAILING_REFERENCES.search(body)
        or re.search(rf"{_REFERENCE}(?:\s+[-–—•]\s|[.。;；]?[ \t]*\n)", body)
    )


def _section_groups(document: Document) -> Iterator[Group]:
    """Yield a group for each section. A heading with nothing under it is text itself, unless the next one is
    below it and so names it.
    """
    for section, following in pairwise([*document.sections, None]):
        assert section is not None  # noqa: S101 -- only the last is None
        body_start = section.body_start
        if not document.text[body_start : section.end].strip():
            if following and following.path[: len(section.path)] == section.path:
                continue
            body_start = section.start
        if document.text[body_start : section.end].strip():
            group = _group(document, section.start, section.end, body_start, section.path)
            points = (
                Point(item.start, item.end, document.text[item.start : item.end], item.number, (), item.kind)
                for item in section.items
            )
            yield replace(group, points=tuple(points))


def _page_groups(document: Document) -> Iterator[Group]:
    starts = document.pages or (0,)
    for start, end in zip(starts, [*starts[1:], len(document.text)], strict=True):
        if document.text[start:end].strip():
            yield _group(document, start, end, start, ())


def _group(document: Document, start: int, end: int, body_start: int, path: tuple[str, ...]) -> Group:
    span = _stripped(document.text, start, end)
    text = document.text[span.start : span.end]
    page = page_at(document.pages, span.start)
    return Group(span.start, span.end, text, min(max(body_start, span.start), span.end), path, page=page)


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
