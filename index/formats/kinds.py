"""Tells which format a file is in."""

import io
import lzma
import re
import zipfile
import zlib
from pathlib import PurePath

from pincite.index.formats.file import File

_MODULES = {
    "csv": (".csv", ".tsv"),
    "docx": (".docx", ".docm"),
    "epub": (".epub",),
    "html": (".html", ".htm", ".xhtml"),
    "image": (".png", ".jpg", ".jpeg", ".tif", ".tiff"),
    "json": (".json", ".jsonl", ".ndjson"),
    "mail": (".eml",),
    "markdown": (".md", ".markdown"),
    "msg": (".msg",),
    "odt": (".odt",),
    "pdf": (".pdf",),
    "pptx": (".pptx",),
    "rst": (".rst",),
    "rtf": (".rtf",),
    "sheets": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    "text": (".txt", ".text", ".log"),
}
_MODULE_OF = {suffix: module for module, suffixes in _MODULES.items() for suffix in suffixes}
PICTURES = frozenset(_MODULES["image"])
SUFFIXES = frozenset(_MODULE_OF).difference(PICTURES)
"""What a folder is searched for. Few pictures are scans, so those are read that are named outright."""

_SIGNATURES = (
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
)
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL)
_PARTS = (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "sheets"))
_MIMETYPES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "sheets",
}
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(OSError, EOFError, RuntimeError, NotImplementedError, ValueError),
)
_OLE_FORMATS = frozenset({"msg", "sheets"})


def format_of(file: File) -> str:
    """Return the name of the module that reads the file.

    The signature decides where there is one, since names lie. An ending that nobody knows is text's, which
    tells text from binary data.
    """
    named = _MODULE_OF.get(suffix_of(file.name), "text")
    start = file.content[:1024].lstrip(b"\xef\xbb\xbf\r\n\t ")
    for signature, module in _SIGNATURES:
        if start.startswith(signature):
            return module
    if file.content.startswith(_ZIP):
        return _zipped(file.content) or named
    if file.content.startswith(_OLE):
        return _in_ole(file.content, named)
    if named == "text" and _HTML.match(start):
        return "html"
    return named


def suffix_of(name: str) -> str:
    """Return a file name's ending in small letters, with its dot; empty if it has none."""
    return PurePath(name).suffix.lower()


def _zipped(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if names and names[0] == "mimetype" and archive.getinfo("mimetype").file_size < 100:
                return _MIMETYPES.get(archive.read("mimetype").strip())
    except _DAMAGE:
        return None
    return next((module for part, module in _PARTS if any(name.startswith(part) for name in names)), None)


def _in_ole(content: bytes, named: str) -> str:
    """Tell what an OLE file is by the names of its streams, which are UTF-16."""
    if "__substg1.0_".encode("utf-16-le") in content:
        return "msg"
    if "EncryptedPackage".encode("utf-16-le") in content:
        return "ole"
    if named in _OLE_FORMATS:
        return named
    is_document = any(name.encode("utf-16-le") in content for name in ("WordDocument", "PowerPoint Document"))
    return "sheets" if not is_document and "Workbook".encode("utf-16-le") in content else "ole"
