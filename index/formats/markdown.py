"""Reads Markdown: the headings make sections, the text stays as it stands.

A section's name has no marks. Front matter is metadata, outside of any section. The rows of a table are lines
of prose: what is cited is the file's own text, which has the headers in one place only.
"""

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pincite.index.document import Document, Section
from pincite.index.formats.file import File
from pincite.index.formats.front_matter import read_front_matter
from pincite.index.formats.sections import Heading, sections_under
from pincite.index.formats.text import read_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LONGEST_TITLE = 200


def read(file: File) -> list[Document]:
    """Return a Markdown file's text as a document."""
    return [markdown_document(read_text(file))]


def markdown_document(text: str) -> Document:
    """Return Markdown as a document, titled by its front matter or its first heading of the top level."""
    metadata, start = read_front_matter(text)
    sections = markdown_sections(text, start)
    titles = [section.path[0] for section in sections if len(section.path) == 1]
    if titles:
        metadata = {"title": titles[0], **metadata}
    return Document(text, metadata=metadata, sections=sections)


def markdown_sections(text: str, start: int = 0) -> tuple[Section, ...]:
    """Return the sections that the headings after ``start`` make; none where there is neither a heading nor
    front matter before it.
    """
    parser = _parser()
    offsets = _line_starts(text)
    skipped = text.count("\n", 0, start)
    headings = []
    for token, inline in pairwise(parser.parse(text[start:])):
        is_heading = (
            token.type == "heading_open" and token.level == 0 and len(inline.content) <= _LONGEST_TITLE
        )
        if is_heading and token.map:
            first, end = (offsets[min(line + skipped, len(offsets) - 1)] for line in token.map)
            headings.append(Heading(int(token.tag[1]), _plain(parser, inline), first, end))
    return sections_under(text, headings, start)


@cache
def _parser() -> "MarkdownIt":
    """Return the parser, whose making takes longer than a short file."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.disable("inline")
    return parser


def _plain(parser: "MarkdownIt", inline: "Token") -> str:
    """Return a heading as it reads on a page: no emphasis, code marks, addresses of links or markup."""
    parser.core.ruler.enable("inline")
    (parsed,) = parser.parseInline(inline.content)
    parser.core.ruler.disable("inline")
    return " ".join("".join(map(_token_text, parsed.children or [])).split())


def _token_text(token: "Token") -> str:
    if token.type == "image":
        return "".join(map(_token_text, token.children or [])) or token.content
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return "" if token.type == "html_inline" else token.content


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
