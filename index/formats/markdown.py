"""Reads Markdown: the headings make sections, the text stays as it stands."""

import re
from itertools import pairwise

from pincite.index.document import Document, Section
from pincite.index.formats.file import File
from pincite.index.formats.text import read_text


def read(file: File) -> list[Document]:
    """Return a Markdown file's text as a document."""
    return [markdown_document(read_text(file))]


def markdown_document(text: str) -> Document:
    """Return Markdown as a document, titled by its first heading of the top level."""
    sections = markdown_sections(text)
    titles = [section.path[0] for section in sections if len(section.path) == 1]
    return Document(text, metadata={"title": titles[0]} if titles else {}, sections=sections)


def markdown_sections(text: str) -> tuple[Section, ...]:
    """Return the sections that the headings of a Markdown text make; none where it has no heading."""
    from markdown_it import MarkdownIt

    starts = _line_starts(text)

    tokens = MarkdownIt("commonmark").parse(text)
    headings = [
        (
            int(token.tag[1]),
            inline.content.strip(),
            starts[token.map[0]],
            starts[min(token.map[1], len(starts) - 1)],
        )
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.map and token.level == 0
    ]
    if not headings:
        return ()
    sections = [Section(0, headings[0][2], 0, ())] if text[: headings[0][2]].strip() else []
    path: list[tuple[int, str]] = []
    ends = [heading[2] for heading in headings[1:]] + [len(text)]
    for (level, title, start, body_start), end in zip(headings, ends, strict=True):
        path = [*(entry for entry in path if entry[0] < level), (level, title)]
        sections.append(Section(start, end, min(body_start, end), tuple(name for _, name in path if name)))
    return tuple(sections)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
