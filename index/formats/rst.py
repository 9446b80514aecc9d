"""Reads reStructuredText: the underlined titles make sections, the text stays as it stands.

A title is underlined, or over- and underlined, with one repeated sign of punctuation; the levels are the
order in which the styles first occur. Nothing is carried out: directives are text. The fields after the first
title, or at the start, are metadata. Rules: the reStructuredText specification, "Sections".
"""

import re
from collections.abc import Iterator, Sequence

from pincite.index.document import Document
from pincite.index.formats.file import File
from pincite.index.formats.front_matter import named_metadata
from pincite.index.formats.sections import Heading, sections_under
from pincite.index.formats.text import read_text

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*[ \t]*")
_SHORTEST = 4
_FIELD = re.compile(r":([^:\n]+):[ \t]+(.*)")
_LINK = re.compile(r"(?:\|([^|]+)\||:[\w.:-]+:)?`+~?([^`<]*?)(?:\s*<[^`>]*>)?`+_{0,2}")
_EMPHASIS = re.compile(r"(\*{1,2})(?=\S)(.+?)(?<=\S)\1")


def read(file: File) -> list[Document]:
    """Return a reStructuredText file's text as a document."""
    text = read_text(file)
    headings = list(_headings(text))
    metadata = named_metadata(dict(_fields(text, headings[0].body_start if headings else 0)))
    outermost = [heading.title for heading in headings if heading.level == 1]
    if len(outermost) == 1 and headings[0].level == 1:
        metadata = {"title": outermost[0], **metadata}
    return [Document(text, metadata=metadata, sections=sections_under(text, headings))]


def _headings(text: str) -> Iterator[Heading]:
    lines = [match[0] for match in re.finditer(r"[^\n]*\n|[^\n]+\Z", text)]
    styles: list[tuple[str, bool]] = []
    offset = number = 0
    while number < len(lines):
        before = lines[number - 1] if number else ""
        overlined = _is_overlined(lines[number : number + 3]) and not before.strip()
        underlined = not before.strip() and _is_underlined(lines[number : number + 2])
        count = 3 if overlined else 2 if underlined else 1
        end = offset + sum(map(len, lines[number : number + count]))
        if count > 1:
            style = (lines[number + count - 1][0], overlined)
            styles += [style] if style not in styles else []
            title = _plain(lines[number + count - 2])
            yield Heading(styles.index(style) + 1, title, offset, end)
        offset, number = end, number + count


def _is_underlined(lines: Sequence[str]) -> bool:
    if len(lines) < 2 or not lines[0].strip() or lines[0][0].isspace() or lines[0].startswith(".. "):
        return False
    return not _ADORNMENT.fullmatch(lines[0].rstrip("\n")) and _adorns(lines[1], lines[0])


def _is_overlined(lines: Sequence[str]) -> bool:
    if len(lines) < 3 or lines[0].rstrip() != lines[2].rstrip() or not lines[1].strip():
        return False
    return _adorns(lines[0], lines[1])


def _adorns(line: str, title: str) -> bool:
    signs = line.rstrip()
    return bool(signs and _ADORNMENT.fullmatch(signs)) and len(signs) >= min(len(title.strip()), _SHORTEST)


def _fields(text: str, start: int) -> Iterator[tuple[str, str]]:
    """Yield the fields that stand at ``start``, up to the first line that is none."""
    for line in text[start:].lstrip("\n").split("\n"):
        field = _FIELD.fullmatch(line)
        if field is None and not line.startswith(" "):
            return
        if field:
            yield field[1], field[2]


def _plain(title: str) -> str:
    """Return a title without emphasis, roles and the targets of links."""
    title = _LINK.sub(lambda match: match[1] or match[2], title)
    return " ".join(_EMPHASIS.sub(r"\2", title).split())
