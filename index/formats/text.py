"""Reads text, in any common encoding.

A byte order mark decides the encoding, else it is UTF-8 if it can be, else guessed. What is UTF-8 or UTF-16
but for a few broken places is that, with U+FFFD there: text cut off, or with lone halves of surrogate pairs.
"""

import re
import unicodedata

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.alphabets import latin_encoding
from pincite.index.formats.file import File
from pincite.index.formats.headings import find_headings
from pincite.index.formats.kinds import SUFFIXES, suffix_of
from pincite.index.formats.sections import sections_under

_UNICODE_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LONGEST_SAMPLE = 1_000_000
_BEFORE_SAMPLE = 200
_JAPANESE_MAIL = re.compile(rb"\x1b\$[@B].*?\x1b\([BJ]", re.DOTALL)
_MOST_CONTROL_CHARACTERS = 0.02
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f]")  # those that text has left out
_MOST_BROKEN = 0.05
_BINARY = "it holds binary data, not text, whatever its name says"


def read(file: File) -> list[Document]:
    """Return the file's text as a document."""
    try:
        return [plain_document(read_text(file))]
    except UnsupportedDocument:
        suffix = suffix_of(file.name)
        if not suffix or suffix in SUFFIXES:
            raise
        known = ", ".join(sorted(SUFFIXES))
        raise UnsupportedDocument(f"{suffix} files cannot be read; these can: {known}") from None


def plain_document(text: str) -> Document:
    """Return plain text as a document, with the sections that its headings make."""
    return Document(text, sections=sections_under(text, find_headings(text)))


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
            text = content.decode("iso2022_jp" if _JAPANESE_MAIL.search(content) else "utf-8")
        except UnicodeDecodeError:
            broken = _broken_utf8(content)
            text = _guess(content) if broken is None else broken
    if _is_binary(text):
        raise UnsupportedDocument(_BINARY)
    return text


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _with_lone_surrogates(content, encoding)
        if text is not None:
            return text
        text = content.decode(encoding, "replace")
        if text.count("\ufffd") <= len(text) * _MOST_BROKEN:
            return text
        raise UnsupportedDocument(
            f"it starts as {encoding} text but breaks off at byte {error.start}"
        ) from None


def _broken_utf8(content: bytes) -> str | None:
    """Return text that is plainly UTF-8 but for a few places; None where it is more likely something else.

    Only what is no ASCII tells, of which hardly anything in another encoding is sound UTF-8.
    """
    text = _with_lone_surrogates(content, "utf-8")
    if text is not None:
        return text
    text = content.decode("utf-8", "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text if text.count("\ufffd") <= beyond_ascii * _MOST_BROKEN else None


def _with_lone_surrogates(content: bytes, encoding: str) -> str | None:
    """Return text of which nothing else is wrong, with U+FFFD for each, and pairs of them put together."""
    try:
        text = content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _wide_encoding(sample: bytes) -> str:
    """Return which UTF-16 a text without a mark is in: its ASCII characters have every second byte zero."""
    high, low = sample[::2].count(0), sample[1::2].count(0)
    if max(high, low) * 8 < len(sample) or min(high, low) * 8 > max(high, low):
        raise UnsupportedDocument(_BINARY)
    return "utf-16-be" if high > low else "utf-16-le"


def _guess(content: bytes) -> str:
    """Decode by a guess: Chinese, Greek and so on come in runs of high bytes, accents mostly alone."""
    first = re.search(rb"[\x80-\xff]", content)
    start = max(0, first.start() - _BEFORE_SAMPLE) if first else 0
    sample = content[start : start + _LONGEST_SAMPLE]
    if re.search(rb"[\x80-\xff]{2}", sample):
        encoding = _encoding_of(sample)
    else:
        encoding = latin_encoding(sample) or "cp1252"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return content.decode("latin-1" if encoding.startswith("cp12") else encoding, errors="replace")


def _encoding_of(sample: bytes) -> str:
    import charset_normalizer

    if _is_euc_japanese(sample):
        return "euc_jp"
    best = charset_normalizer.from_bytes(sample).best()
    if best is None:
        raise UnsupportedDocument("its text encoding could not be told; save it as UTF-8")
    letters = "".join(character for character in str(best) if character.isalpha() and character > "\x7f")
    is_latin = all(unicodedata.name(letter, "").startswith("LATIN") for letter in set(letters))
    return (latin_encoding(sample) if is_latin else None) or best.encoding


def _is_euc_japanese(sample: bytes) -> bool:
    """Whether it is Japanese as Unix wrote it, of which much is kana, where Korean has its rarest letters."""
    text = sample.decode("euc_jp", errors="ignore")
    kana = len(re.findall("[\u3041-\u30ff]", text))
    return kana * 4 > len(re.findall(r"[^\x00-\x7f]", text)) and _decodes(sample, "euc_jp")


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError as error:
        return error.end >= len(sample) - 3
    return True


def _is_binary(text: str) -> bool:
    sample = text[:100_000]
    controls = len(_CONTROL.findall(sample))
    return "\x00" in sample or controls > len(sample) * _MOST_CONTROL_CHARACTERS
