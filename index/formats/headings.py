"""Finds the headings of plain text, where they are plain to see.

A heading is underlined, is called a chapter, bears the next number, or stands alone in capitals. It is better
to find none than a wrong one: a number must continue a run, capitals must occur twice, and text must follow.
Lists, tables of contents, addresses, poems, logs and code have none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pincite.index.formats.sections import Heading

_UNDERLINE = re.compile(r"(=|-|~)\1{2,}")
_MARKED = re.compile(r"(#{1,6})[ \t]+(\S.*?)[ \t]*#*")
_CHAPTER = re.compile(
    r"(?P<word>chapter|part|book|volume|section|appendix|act|scene)[ \t]+"
    r"(?:\d{1,3}|[IVXLC]{1,8}|[A-H]|(?:twenty[- ]?)?(?:one|two|three|four|five|six|seven|eight|nine)"
    r"|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty|thirty)"
    r"(?:[ \t]*[.:—–-]+[ \t]*|[ \t]+(?=[^\sa-z])|$)(?P<title>[^a-z].*)?",
    re.IGNORECASE,
)
_HAN_CHAPTER = re.compile(
    r"第[ \t]*[\d一二三四五六七八九十百千零〇两兩]{1,7}[ \t]*(?P<word>[章节節回卷编編篇部])"
    r"(?:$|[ \t\u3000:：].*|(?P<glued>[^。,,;;]{1,20}))"
)
_LEVELS = {"part": 3, "book": 3, "volume": 3, "act": 3, "section": 5, "scene": 5, "appendix": 4, "chapter": 4}
_LEVELS |= dict.fromkeys("卷编編篇部", 3) | dict.fromkeys("章回", 4) | dict.fromkeys("节節", 5)
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+(?P<title>[^\W\d_a-z].*)")
_ENDS_SENTENCE = tuple(".,;:?!。,;:?!…")
_LONGEST = 80
_LONGEST_LINE = 200
_FIRST_CHARACTERS = frozenset("=-~第")
_LONGEST_HAN = 40
_CAPITALS_LEVEL, _NUMBERED_LEVEL = 6, 7
_FEWEST = 2
_MOST_CAPITALS = 0.3
_LEAST_BODY = 40


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    follows_empty: bool
    precedes_empty: bool

    @property
    def is_alone(self) -> bool:
        return self.follows_empty and self.precedes_empty


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    heading: Heading
    number: tuple[int, ...] = ()


def find_headings(text: str) -> list[Heading]:
    """Return the headings of a plain text in order."""
    lines = list(_short_lines(text))
    found = [
        *_underlined(lines),
        *_marked(text, lines),
        *_chapters(lines),
        *_numbered(text, lines),
        *_in_capitals(text, lines),
    ]
    first_of_each = {one.heading.start: one for one in reversed(found)}
    headings = sorted(first_of_each.values(), key=lambda one: one.heading.start)
    return [one.heading for one in _without_contents(text, headings)]


def _short_lines(text: str) -> Iterator[_Line]:
    """Yield the lines that may be a heading, or what underlines it."""
    lines = [*_lines(text), (len(text), len(text), "")]
    follows_empty = True
    for (start, end, line), (_, _, following) in pairwise(lines):
        if line and end - start <= _LONGEST_LINE and (follows_empty or line[0] in _FIRST_CHARACTERS):
            yield _Line(start, end, line, follows_empty, not following)
        follows_empty = not line


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each line begins and the next one does, and its text; of a long one, something."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, end, text[start:end].strip() if end - start <= _LONGEST_LINE else "long"
        start = end


def _underlined(lines: Sequence[_Line]) -> Iterator[_Found]:
    for title, under in pairwise(lines):
        if (
            title.end == under.start
            and title.follows_empty
            and _UNDERLINE.fullmatch(under.text)
            and len(title.text) <= _LONGEST
            and len(title.text) - 3 <= len(under.text) <= 2 * len(title.text) + 3
            and re.match(r"[^\W_]|[\"'“‘(《]", title.text)
            and not re.search(r"\t|   |\|", title.text)
        ):
            level = "=-~".index(under.text[0]) + 1
            yield _Found("underlined", Heading(level, _folded(title.text), title.start, under.end))


def _marked(text: str, lines: Sequence[_Line]) -> list[_Found]:
    """Return headings as in Markdown, of which each line with a # must be one."""
    found = [
        _Found("marked", Heading(len(match[1]), _folded(match[2]), line.start, line.end))
        for line in lines
        if line.is_alone and (match := _MARKED.fullmatch(line.text))
    ]
    return found if len(found) >= _FEWEST and len(found) == len(re.findall(r"(?m)^[ \t]*#", text)) else []


def _chapters(lines: Sequence[_Line]) -> Iterator[_Found]:
    for line in lines:
        match = _CHAPTER.fullmatch(line.text)
        if match and line.is_alone and len(line.text) <= _LONGEST:
            title = match["title"] or ""
            is_sentence = title.endswith(_ENDS_SENTENCE) and not title.isupper() and " " in title
            if not is_sentence and (line.text[0].isupper()):
                yield _found_chapter(line, match["word"].lower())
        han = _HAN_CHAPTER.fullmatch(line.text)
        is_set_off = han and (line.is_alone or not han["glued"]) and not line.text.endswith(_ENDS_SENTENCE)
        if han and is_set_off and len(line.text) <= _LONGEST_HAN:
            yield _found_chapter(line, han["word"])


def _found_chapter(line: _Line, word: str) -> _Found:
    return _Found(f"chapter {word}", Heading(_LEVELS[word], _folded(line.text), line.start, line.end))


def _numbered(text: str, lines: Sequence[_Line]) -> list[_Found]:
    """Return the lines that count on from 1, each over text of its own."""
    run: list[_Found] = []
    for line in lines:
        match = _NUMBERED.fullmatch(line.text)
        if match and line.is_alone and len(line.text) <= _LONGEST and not line.text.endswith(_ENDS_SENTENCE):
            number = tuple(map(int, match["number"].split(".")))
            if _counts_on(run[-1].number if run else (0,), number):
                heading = Heading(_NUMBERED_LEVEL + len(number), _folded(line.text), line.start, line.end)
                run.append(_Found("numbered", heading, number))
    return run if len(run) >= _FEWEST and _have_bodies(text, run) else []


def _counts_on(before: tuple[int, ...], number: tuple[int, ...]) -> bool:
    """Whether 2.1 or 3 follows 2, and 2.2, 3 or 2.1.1 follows 2.1."""
    if number == (*before, 1):
        return True
    depth = len(number)
    return depth <= len(before) and number == (*before[: depth - 1], before[depth - 1] + 1)


def _in_capitals(text: str, lines: Sequence[_Line]) -> list[_Found]:
    letters = [character for character in text[:100_000] if character.isalpha()]
    if sum(map(str.isupper, letters)) > _MOST_CAPITALS * len(letters):
        return []
    found = [
        _Found("capitals", Heading(_CAPITALS_LEVEL, _folded(line.text), line.start, line.end))
        for line in lines
        if line.is_alone and _reads_in_capitals(line.text)
    ]
    return found if len(found) >= _FEWEST and _have_bodies(text, found) else []


def _reads_in_capitals(line: str) -> bool:
    letters = sum(map(str.isalpha, line))
    return (
        line.isupper()
        and letters >= 4
        and letters >= 0.7 * len(line.replace(" ", ""))
        and len(line) <= _LONGEST
        and not line.endswith(_ENDS_SENTENCE)
        and not re.search(r"\t|   |[|=<>{}\[\]_/\\]", line)
        and line[0].isalnum()
    )


def _have_bodies(text: str, found: Sequence[_Found]) -> bool:
    """Whether most headings have prose of their own under them: lists have none."""
    ends = [*(one.heading.start for one in found[1:]), len(text)]
    bodies = [text[one.heading.body_start : end].strip() for one, end in zip(found, ends, strict=True)]
    full = [body for body in bodies if len(body) >= _LEAST_BODY and any(map(str.islower, body))]
    return len(full) * 2 > len(found) and bool(bodies[-1])


def _without_contents(text: str, found: Sequence[_Found]) -> Iterator[_Found]:
    """Leave out three or more headings of one kind in a row without text between: a table of contents."""

    runs: list[list[_Found]] = []
    for one in found:
        last = runs[-1][-1] if runs else None
        if last and last.kind == one.kind and not text[last.heading.body_start : one.heading.start].strip():
            runs[-1].append(one)
        else:
            runs.append([one])
    for run in runs:
        if len(run) < 3:
            yield from run


def _folded(text: str) -> str:
    return " ".join(text.split())
