"""Reads text, in any common encoding.

A byte order mark decides the encoding, else it is UTF-8 if it can be, else guessed.
"""

import re
import unicodedata

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File
from pincite.index.formats.kinds import SUFFIXES, suffix_of

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


def read(file: File) -> list[Document]:
    """Return the file's text as a document."""
    try:
        return [Document(read_text(file))]
    except UnsupportedDocument:
        suffix = suffix_of(file.name)
        if not suffix or suffix in SUFFIXES:
            raise
        known = ", ".join(sorted(SUFFIXES))
        raise UnsupportedDocument(f"{suffix} files cannot be read; these can: {known}") from None


def read_text(file: File) -> str:
    """Return a text file's characters, made plain."""
    return plain_text(decode(file.content))


def plain_text(text: str) -> str:
    """Return text with line ends as ``\\n`` and lone surrogates and NULs as U+FFFD."""
    text = re.sub(r"\r\n?|\u2028|\u2029", "\n", text).removeprefix("\ufeff")
    return re.sub("[\ud800-\udfff\x00]", "\ufffd", text)


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
