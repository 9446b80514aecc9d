"""Packs a group's points or sentences into passages, the unit that is embedded and retrieved.

A passage holds whole points or sentences of one group, as many as fit the encoder's window together with the
heading path and title that are embedded before them. Only a single sentence longer than the window is cut, at
a word boundary where there is one: nothing is ever dropped. What is embedded leaves out markers, separators
and references; what is stored, and cited, is the document's text as it stands.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise
from typing import Any

from pincite.index.document import Document, Group, Point, Span, page_at
from pincite.index.language import script_of
from pincite.index.sentences import paragraph_starts, sentence_spans

TokenCounter = Callable[[Sequence[str]], list[int]]

REFERENCE = re.compile(r"(?:(?<![ \t])[ \t]+|(?<![ \tA-Za-z0-9_]))\[\d{1,3}(?:[ \t]*[,，、][ \t]*\d{1,3})*\]")
_WORD = re.compile(r"[\u3001-\U0003ffff]|[^\s\u3001-\U0003ffff]{1,40}")
_WORDS_COUNTED_AT_ONCE = 10_000
_ROOM_FOR_CONTEXT = 0.25
_MAILS = (".eml", ".msg")
_SEPARATOR = " › "


PassagePlace = tuple[str, int, int]
"""Where a passage is: a document's id, and the passage's start and end in it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole points or sentences inside one group.

    ``text`` is ``corpus.text(document_id)[start:end]``; ``group`` is the group's own name, or empty; ``page``
    counts from 1, and is the one on which the passage begins. ``points`` are those of its group that the
    passage holds, numbered as there. ``page_starts`` are the offsets inside it at which further pages begin.
    """

    document_id: str
    source: str
    title: str
    group: str
    start: int
    end: int
    text: str
    references: tuple[str, ...]
    page: int | None
    points: tuple[Point, ...] = ()
    page_starts: tuple[int, ...] = ()

    @property
    def address(self) -> str:
        """Where a person looks: ``news.txt › Group 2 › points 1–3``."""
        return self.address_of(self.start, self.end)

    def address_of(self, start: int, end: int) -> str:
        """Return the address of a span inside this passage, down to the pages and points that it touches."""
        parts = [_file_name(self.source)]
        if self.page is not None:
            first = self.page + bisect_right(self.page_starts, start)
            last = self.page + bisect_left(self.page_starts, end)
            parts.append(f"p. {first}" if first == last else f"pp. {first}–{last}")
        if self.group:
            parts.append(self.group)
        touched = [point for point in self.points if point.start < end and start < point.end]
        runs = [
            (kind, [point.number for point in run]) for kind, run in groupby(touched, lambda one: one.kind)
        ]
        if runs:
            parts.append(", ".join(_run(kind, numbers) for kind, numbers in runs))
        return " › ".join(parts)

    def references_of(self, start: int, end: int) -> tuple[str, ...]:
        """Return the source's own reference markers for a span inside this passage, in order, each once."""
        touched = (point for point in self.points if point.start < end and start < point.end)
        return _unique(label for point in touched for label in point.references)


def _file_name(source: str) -> str:
    """Return the last part of a source; for what is attached to a mail, the mail's name before it."""
    parts = source.split("/")
    mail = next((at for at, part in enumerate(parts) if part.lower().endswith(_MAILS)), len(parts) - 1)
    return " › ".join(parts[mail:])


def _run(kind: str, numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    return f"{kind} {first}" if first == last else f"{kind}s {first}–{last}"


def pages_of(pages: Sequence[int], start: int, end: int) -> tuple[int | None, tuple[int, ...]]:
    """Return the page on which a span begins, and where further ones begin in it, given where all begin."""
    return page_at(pages, start), tuple(pages[bisect_right(pages, start) : bisect_left(pages, end)])


def plain_points(draft: "PassageDraft") -> list[list[object]]:
    """Return a draft's points as values that JSON knows."""
    return [[p.start, p.end, p.number, p.references, p.kind] for p in draft.points]


def points_from(plain: Iterable[Sequence[Any]], start: int, text: str) -> tuple[Point, ...]:
    """Return the points that ``plain_points`` made plain, of the passage that has ``text`` from ``start``."""
    return tuple(
        Point(a, b, text[a - start : b - start], number, tuple(references), *kind)
        for a, b, number, references, *kind in plain
    )


def passage_from(
    document_id: str,
    source: str,
    title: str,
    path: Sequence[str],
    start: int,
    text: str,
    page: int | None,
    page_starts: Sequence[int],
    points: tuple[Point, ...],
) -> Passage:
    """Return the passage that these are stored of."""
    references = _unique(label for point in points for label in point.references)
    return Passage(
        document_id,
        source,
        title,
        _SEPARATOR.join(path),
        start,
        start + len(text),
        text,
        references,
        page,
        points,
        tuple(page_starts),
    )


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it belongs to a stored document, with the text that stands for it in the two indexes.

    ``context`` is the heading path and title, ``body`` the passage's text without markers and references.
    """

    group: Group
    start: int
    end: int
    points: tuple[Point, ...]
    context: str
    body: str

    @property
    def embedded(self) -> str:
        """The text that the encoder sees: the context where it says something in the body's script, then the
        body.
        """
        lines = [
            line for line in self.context.split("\n") if line and script_of(line) == script_of(self.body)
        ]
        return "\n".join([*lines, self.body])

    @property
    def references(self) -> tuple[str, ...]:
        return _unique(label for point in self.points for label in point.references)


def draft_passages(
    document: Document, groups: Iterable[Group], count_tokens: TokenCounter, max_tokens: int
) -> list[PassageDraft]:
    """Pack every group of ``document`` into passages of at most ``max_tokens`` tokens, context included."""
    return [draft for group in groups for draft in _draft_group(document, group, count_tokens, max_tokens)]


def quotable_spans(passage: Passage) -> list[tuple[Span, Point | None]]:
    """Return the document's spans that may be quoted, in order, each with the point that it belongs to.

    They are sentences, of points or of prose, and rows and records whole.
    """
    found: list[tuple[Span, Point | None]] = []
    prose_start = passage.start
    for point in passage.points:
        if point.kind == "point":
            found += [(_moved(span, point.start), point) for span in sentence_spans(point.text)]
        else:
            found += _prose(passage, prose_start, point.start)
            found.append((Span(point.start, point.end), point))
        prose_start = point.end
    if not passage.points or passage.points[-1].kind != "point":
        found += _prose(passage, prose_start, passage.end)
    return found


def _prose(passage: Passage, start: int, end: int) -> list[tuple[Span, Point | None]]:
    spans = sentence_spans(passage.text, start - passage.start, end - passage.start)
    return [(_moved(span, passage.start), None) for span in spans]


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def without_references(text: str) -> str:
    """Return ``text`` with markers such as ``[3]`` or ``[2, 4]`` left out and white space folded.

    >>> without_references("It grew [3] by\\nhalf [2][4].")
    'It grew by half.'
    """
    return _folded(REFERENCE.sub("", text) if "[" in text else text)


def _folded(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class _Unit:
    """A point, a sentence, or a piece of one: what is packed."""

    span: Span
    body: str
    tokens: int
    starts_paragraph: bool = False
    point: Point | None = None


def _draft_group(
    document: Document, group: Group, count_tokens: TokenCounter, max_tokens: int
) -> Iterator[PassageDraft]:
    context = _context(document, group, count_tokens, int(max_tokens * _ROOM_FOR_CONTEXT))
    window = max_tokens - sum(count_tokens([context]))
    units = _units(document.text, group, count_tokens, window)
    for run in _pack(units, window):
        start, end = run[0].span.start, run[-1].span.end
        points = tuple(_merge_pieces(document.text, run))
        yield PassageDraft(group, start, end, points, context, _join(run))


def _context(document: Document, group: Group, count_tokens: TokenCounter, limit: int) -> str:
    """Return title and heading path, a line each, without bare "Group 2" and within ``limit`` tokens."""
    path = group.path[1:] if _is_summary(group) else group.path
    title = str(document.metadata.get("title", ""))
    lines = [title] if title and title not in path else []
    lines += [" › ".join(path)] if path else []
    while lines and sum(count_tokens(lines)) > limit:
        lines.pop(0)
    return "\n".join(lines)


def _units(text: str, group: Group, count_tokens: TokenCounter, window: int) -> list[_Unit]:
    """Return the points, and the prose between those that are no summary's, as units."""
    units: list[_Unit] = []
    is_summary = _is_summary(group)
    bodies = [without_references(point.text) if is_summary else _folded(point.text) for point in group.points]
    prose_start = group.body_start
    for point, body, tokens in zip(group.points, bodies, count_tokens(bodies), strict=True):
        if not is_summary:
            units += _sentences(text, Span(prose_start, point.start), count_tokens, window)
            prose_start = point.end
        if tokens <= window:
            units.append(_Unit(Span(point.start, point.end), body, tokens, point=point))
        else:
            pieces = _sentences(text, Span(point.start, point.end), count_tokens, window)
            units += [replace(piece, point=point) for piece in pieces]
    if not is_summary:
        units += _sentences(text, Span(prose_start, group.end), count_tokens, window)
    return units


def _is_summary(group: Group) -> bool:
    """Whether the group is its points and nothing else."""
    return bool(group.points) and group.points[0].kind == "point"


def _sentences(text: str, span: Span, count_tokens: TokenCounter, window: int) -> list[_Unit]:
    spans = sentence_spans(text, span.start, span.end)
    bodies = [without_references(text[s.start : s.end]) for s in spans]
    paragraphs = [span.start, *paragraph_starts(text, span.start, span.end)]
    units: list[_Unit] = []
    begun = 0
    for sentence, body, tokens in zip(spans, bodies, count_tokens(bodies), strict=True):
        before, begun = begun, bisect_right(paragraphs, sentence.start)
        if tokens <= window:
            units.append(_Unit(sentence, body, tokens, starts_paragraph=begun > before))
        else:
            units += _cut(text, sentence, count_tokens, window)
    return units


def _cut(text: str, span: Span, count_tokens: TokenCounter, window: int) -> Iterator[_Unit]:
    """Cut a sentence that no window holds into pieces, at white space where there is some."""
    start, end, total = span.start, span.start, 0
    for word, size in _words(text, span, count_tokens):
        if total and total + size > window:
            yield _Unit(Span(start, end), without_references(text[start:end]), total)
            start, total = word.start, 0
        end, total = word.end, total + size
    if total:
        yield _Unit(Span(start, end), without_references(text[start:end]), total)


def _words(text: str, span: Span, count_tokens: TokenCounter) -> Iterator[tuple[Span, int]]:
    """Yield words, or characters where there are no spaces, with their tokens; there may be millions."""
    found = _WORD.finditer(text, span.start, span.end)
    while words := [Span(*word.span()) for word in islice(found, _WORDS_COUNTED_AT_ONCE)]:
        sizes = count_tokens([text[word.start : word.end] for word in words])
        yield from zip(words, sizes, strict=True)


def _pack(units: Iterable[_Unit], window: int) -> Iterator[list[_Unit]]:
    """Fill passages in order; past half a window, rather begin the next paragraph in a passage of its own."""
    run: list[_Unit] = []
    total = 0
    for unit in units:
        is_good_break = unit.starts_paragraph and total * 2 > window
        if run and (total + unit.tokens > window or is_good_break):
            yield run
            run, total = [], 0
        run.append(unit)
        total += unit.tokens
    if run:
        yield run


def _join(run: Sequence[_Unit]) -> str:
    """Return the bodies in one line, with a space where the text has something between two of them."""
    parts = [run[0].body]
    for before, unit in pairwise(run):
        parts.append(unit.body if before.span.end == unit.span.start else f" {unit.body}")
    return "".join(parts)


def _merge_pieces(text: str, run: Sequence[_Unit]) -> Iterator[Point]:
    """Return the points of a passage; of a point longer than the window, the part that the passage holds."""
    for point, units in groupby((unit for unit in run if unit.point), lambda unit: unit.point):
        assert point is not None  # noqa: S101 -- filtered above
        spans = [unit.span for unit in units]
        start, end = spans[0].start, spans[-1].end
        yield replace(point, start=start, end=end, text=text[start:end])


def _unique(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
