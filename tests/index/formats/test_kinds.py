"""Which format a file is in: its first bytes know better than its name."""

from __future__ import annotations

import zipfile

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.formats.kinds import SUFFIXES, format_of, suffix_of

from .test_archive import zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("name", "content", "module"),
    [
        ("a.txt", b"text", "text"),
        ("a", b"text", "text"),
        ("a.unknown", b"text", "text"),
        ("A.MD", b"text", "markdown"),
        ("a.tsv", b"a\tb", "csv"),
        ("a.txt", b"\n%PDF-1.7", "pdf"),
        ("a.JPEG", b"text", "image"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "image"),
        ("a", b"\xff\xd8\xff\xe0", "image"),
        ("a", b"II*\x00", "image"),
        ("a", b"MM\x00*", "image"),
        ("a.doc", b"{\\rtf1 x}", "rtf"),
        ("a.txt", b"<!-- saved -->\n<!DOCTYPE html><p>x", "html"),
        ("a.md", b"<html><p>x", "markdown"),
        ("a.doc", zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "docx"),
        ("a.xlsx", zipped({"ppt/x.xml": b""}), "pptx"),
        ("a.zip", zipped({"xl/workbook.xml": b""}), "sheets"),
        ("a.zip", zipped({"mimetype": b"application/epub+zip"}), "epub"),
        ("a.docx", zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "odt"),
        ("a.docx", zipped({"other": b""}), "docx"),
        ("a.docx", b"PK\x03\x04 and nothing more", "docx"),
        ("a.xls", OLE, "sheets"),
        ("a", OLE + "__substg1.0_".encode("utf-16-le"), "msg"),
        ("a.doc", OLE + "Workbook".encode("utf-16-le"), "sheets"),
        ("a.doc", OLE, "ole"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "ole"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "ole"),
        ("a.doc", OLE + "WordDocument Workbook".encode("utf-16-le"), "ole"),
    ],
)
def test_the_signature_decides_then_the_ending(name: str, content: bytes, module: str) -> None:
    assert format_of(File(name, content)) == module


def test_an_archive_whose_mimetype_is_damaged_is_what_its_name_says() -> None:
    content = zipped({"mimetype": b"application/epub+zip" * 3})
    at = content.index(b"mimetype") + len("mimetype")
    for place in range(at, at + 6):
        for byte in range(256):
            damaged = content[:place] + bytes([byte]) + content[place + 1 :]
            assert format_of(File("a.odt", damaged)) in ("odt", "epub")
    stored = zipped({"mimetype": b"abc"}, zipfile.ZIP_STORED)
    sizes = stored.index(b"PK\x01\x02") + 20
    lying = stored[:sizes] + (99).to_bytes(4, "little") * 2 + stored[sizes + 8 :]
    assert format_of(File("a.odt", lying)) == "odt"


def test_an_ending_is_what_follows_the_last_dot() -> None:
    names = ("a.B", "x.y/a", "a.tar.GZ", ".hidden", "")
    assert [suffix_of(name) for name in names] == [".b", "", ".gz", "", ""]
    assert {".pdf", ".docx", ".eml", ".xlsx"} <= SUFFIXES
    assert ".png" not in SUFFIXES


@pytest.mark.parametrize(
    ("name", "stream", "reason"),
    [
        ("a.doc", "WordDocument", r"old Word files \(.doc\) cannot be read: save it as .docx"),
        ("a.ppt", "PowerPoint Document", r"old PowerPoint files \(.ppt\) cannot be read: save it as .pptx"),
        ("a.docx", "EncryptedPackage", "it is encrypted: save it without a password"),
        ("a.pptx", "EncryptedPackage", "it is encrypted: save it without a password"),
        ("a.bin", "other", "it is an OLE file of an unknown kind, which cannot be read"),
    ],
)
def test_ole_files_say_what_to_do(name: str, stream: str, reason: str) -> None:
    with pytest.raises(UnsupportedDocument, match=f"^{reason}$"):
        read_documents(File(name, OLE + bytes(9) + stream.encode("utf-16-le")))
