"""Turns a file into documents: text in any common encoding, Markdown, PDF.

One function per format, chosen by the file's ending, with anything that looks like text read as text. Each
raises ``UnsupportedDocument`` with the reason that the file's receipt then gives. Files are only read:
nothing that a document refers to is opened or fetched. The libraries behind a format are imported when one is
read, not when a question is asked.
"""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from pincite.index.document import Document, Section
from pincite.index.errors import UnsupportedDocument

TEXT_SUFFIXES = frozenset({".txt", ".text", ".log"})
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
PDF_SUFFIXES = frozenset({".pdf"})
SUFFIXES = TEXT_SUFFIXES | MARKDOWN_SUFFIXES | PDF_SUFFIXES

_UNICODE_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_WESTERN = re.compile(rb"[^\x81\x8d\x8f\x90\x9d]*")
_MOST_CONTROL_CHARACTERS = 0.02
_BINARY = "it holds binary data, not text, whatever its name says"


def read_file(path: Path, content: bytes, password: str | None = None) -> tuple[Document, ...]:
    """Return the documents in ``content``, a file's bytes; only the ending of ``path`` is looked at.

    Whatever a format's library raises becomes an ``UnsupportedDocument`` that names it: one strange file does
    not stop the others.
    """
    if not content:
        raise UnsupportedDocument("the file is empty")
    try:
        return (with_text(_read(path.suffix.lower(), content, password)),)
    except UnsupportedDocument:
        raise
    except Exception as error:
        raise UnsupportedDocument(f"its reader failed: {type(error).__name__}: {error}") from error


def _read(suffix: str, content: bytes, password: str | None) -> Document:
    if suffix in PDF_SUFFIXES or content.startswith(b"%PDF-"):
        from pincite.index.pdf import read_pdf

        return read_pdf(content, password)
    try:
        text = decode(content)
    except UnsupportedDocument:
        if not suffix or suffix in SUFFIXES:
            raise
        known = ", ".join(sorted(SUFFIXES))
        raise UnsupportedDocument(f"{suffix} files cannot be read yet: save it as one of {known}") from None
    return text_document(text, is_markdown=suffix in MARKDOWN_SUFFIXES)


def with_text(document: Document) -> Document:
    """Return ``document`` itself; ``UnsupportedDocument`` if it has not one letter or digit."""
    if not any(map(str.isalnum, document.text)):
        raise UnsupportedDocument("there is no text in it")
    return document


def text_document(text: str, *, is_markdown: bool = False) -> Document:
    """Return text as a document. Line ends become ``\\n``; a lone surrogate or NUL becomes U+FFFD."""
    text = re.sub(r"\r\n?|\u2028|\u2029", "\n", text).removeprefix("\ufeff")
    text = re.sub("[\ud800-\udfff\x00]", "\ufffd", text)
    if not is_markdown:
        return Document(text)
    sections = markdown_sections(text)
    titles = [section.path[0] for section in sections if len(section.path) == 1]
    return Document(text, metadata={"title": titles[0]} if titles else {}, sections=sections)


def decode(content: bytes) -> str:
    """Return the text of ``content``: by its byte order mark, else as UTF-8, else by a guess."""
    for mark, encoding in _UNICODE_MARKS:
        if content.startswith(mark):
            return _decode_as(content, encoding)
    if b"\x00" in content:
        text = _decode_as(content, _wide_encoding(content[:4096]))
    else:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = _guess(content)
    if _is_binary(text):
        raise UnsupportedDocument(_BINARY)
    return text


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnsupportedDocument(
            f"it starts as {encoding} text but breaks off at byte {error.start}"
        ) from None


def _wide_encoding(sample: bytes) -> str:
    """Return which UTF-16 a text without a mark is in: its ASCII characters have every second byte zero."""
    high, low = sample[::2].count(0), sample[1::2].count(0)
    if max(high, low) * 8 < len(sample) or min(high, low) * 8 > max(high, low):
        raise UnsupportedDocument(_BINARY)
    return "utf-16-be" if high > low else "utf-16-le"


def _guess(content: bytes) -> str:
    if not re.search(rb"[\x80-\xff]{2}", content):  # Chinese, Greek and so on come in runs, accents alone
        return content.decode("cp1252" if _WESTERN.fullmatch(content) else "latin-1")
    import charset_normalizer

    best = charset_normalizer.from_bytes(content).best()
    if best is None:
        raise UnsupportedDocument("its text encoding could not be told; save it as UTF-8")
    return str(best)


def _is_binary(text: str) -> bool:
    sample = text[:100_000]
    controls = sum(
        unicodedata.category(character) == "Cc" and character not in "\n\r\t\f\x1b" for character in sample
    )
    return "\x00" in sample or controls > len(sample) * _MOST_CONTROL_CHARACTERS


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
