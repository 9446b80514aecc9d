"""Turns the bytes of a web page or of a book's chapter into a tree, whatever state they are in.

The encoding is told by a byte order mark, else by what the page itself states, else as for any text. Nothing
a page refers to is opened. A page nested too deeply to be held as a tree keeps its text and loses its
structure.
"""

import codecs
import re
from html.entities import html5

from lxml import etree
from lxml import html as lxml_html

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import parse_xml
from pincite.index.formats.text import decode, plain_text

_STATED = re.compile(
    rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_STATED_WITHIN = 8192
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_REALLY = {  # as browsers take them: pages state the small encoding and use the large one
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
_NO_ENCODINGS = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "rot13", "hex", "base64", "uu"}
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)[^<>]*>")
_UNDIVIDED = frozenset({"script", "style", "title"})
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code em font i ins mark s small span strong sub sup tt u wbr".split()
)
_MOST_NULS = 0.1


def decode_markup(content: bytes) -> str:
    """Return the characters of a page. Raises ``UnsupportedDocument`` where it holds no text."""
    if content.startswith(_BYTE_ORDER_MARKS):
        return plain_text(decode(content))
    if 0 < content.count(0) < len(content) * _MOST_NULS:
        content = content.replace(b"\x00", b"")
    return plain_text(decode_as(content, _stated_encoding(content)))


def decode_as(content: bytes, encoding: str) -> str:
    """Return text that is said to be in ``encoding``, which need not be so nor be known; "" is not said.

    What is valid UTF-8 is that, whatever single-byte encoding is stated: those fit any bytes.
    """
    stated = _known(encoding)
    if not stated or (b"\x00" in content and not stated.startswith("utf-")):
        return decode(content)
    for candidate in ("utf-8", stated) if _is_single_byte(stated) else (stated, "utf-8"):
        try:
            return content.decode(candidate)
        except UnicodeError:
            continue
    return content.decode(stated, "replace")


def _known(encoding: str) -> str:
    """Return Python's name of an encoding, the larger one that pages mean by it, or nothing."""
    try:
        codec = codecs.lookup(encoding)
        codec.decode(b"")
    except (LookupError, ValueError, TypeError, OSError):
        return ""
    name = _REALLY.get(codec.name, codec.name)
    return "" if name in _NO_ENCODINGS or not isinstance(codec.decode(b"a")[0], str) else name


def _is_single_byte(encoding: str) -> bool:
    return len(b"\xe4\xe4".decode(encoding, "ignore")) == 2


def parse_html(text: str) -> etree._Element | None:
    """Return the root of a page's tree, without comments; None where there is nothing in it."""
    root, is_whole = _parsed(text)
    return root if is_whole else _parsed(_flattened(text))[0]


def parse_xhtml(text: str) -> etree._Element | None:
    """Return the same for a page that should be XML, but is read as HTML where it is not."""
    resolved = _ENTITY.sub(_character, _undeclared(text))
    try:
        root = parse_xml(resolved.encode(), "XHTML")
    except UnsupportedDocument:
        return parse_html(text)
    if next(root.iter(etree.Entity), None) is not None:
        return parse_html(text)
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    for element in root.iter():
        element.tag = etree.QName(element).localname.lower()
    return root if root.tag == "html" else parse_html(text)


def _stated_encoding(content: bytes) -> str:
    found = _STATED.search(content, 0, _STATED_WITHIN)
    return (found[1] or found[2]).decode("ascii", "ignore") if found else ""


def _parsed(text: str) -> tuple[etree._Element | None, bool]:
    parser = lxml_html.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        root = lxml_html.document_fromstring(_undeclared(text).encode(), parser=parser)
    except etree.LxmlError:
        return None, True
    return root, not any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)


def _undeclared(text: str) -> str:
    """Return the page without the declaration that it is XML."""
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _flattened(text: str) -> str:
    """Return the page without nesting: a line break for each tag of a block, nothing for others."""

    def without(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        if name in _UNDIVIDED:
            return tag[0]
        return "" if name in _INLINE else "<br>"

    return _TAG.sub(without, text)


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES else html5.get(name, entity[0])
