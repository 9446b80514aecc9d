"""Archives and XML that would grow, and those that are broken."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive, parse_xml


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def test_members_are_read_and_parsed() -> None:
    opened = Archive(zipped({"a.xml": b"<a><b/></a>", "b": b"\x00"}), "DOCX file")
    assert opened.names() == ["a.xml", "b"]
    assert opened.read("b") == b"\x00"
    assert [child.tag for child in opened.xml("a.xml")] == ["b"]
    with pytest.raises(UnsupportedDocument, match="not a readable DOCX file: it has no c"):
        opened.read("c")
    with pytest.raises(UnsupportedDocument, match="not a readable DOCX file: b: "):
        opened.xml("b")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped({f"{number}": bytes(4_000_000) for number in range(5)})
    assert len(bomb) < 30_000
    with pytest.raises(UnsupportedDocument, match=r"would unpack to 20 MB .* looks like a zip bomb"):
        Archive(bomb, "DOCX file")
    with pytest.raises(UnsupportedDocument, match="it holds 20,001 files"):
        Archive(zipped({f"{number}": b"" for number in range(20_001)}), "DOCX file")


def test_an_archive_that_lies_about_its_sizes_is_not_believed() -> None:
    honest = zipped({"a": bytes(300_000)})
    lying = honest.replace((300_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(UnsupportedDocument, match="not a readable DOCX file: a"):
        Archive(lying, "DOCX file").read("a")


@pytest.mark.parametrize("cut", [4, 40, 60, -30, -1])
def test_a_broken_archive_says_so(cut: int) -> None:
    content = zipped({"a": b"text " * 100})
    with pytest.raises(UnsupportedDocument, match="not a readable EPUB: it is cut short or damaged"):
        Archive(content[:cut], "EPUB")


@pytest.mark.parametrize("content", [b"<html>", b"%PDF-1.7", b"\x00" * 100])
def test_what_is_no_archive_is_of_another_kind(content: bytes) -> None:
    with pytest.raises(UnsupportedDocument, match="its content is of another kind than its name says"):
        Archive(content, "EPUB")


def test_damaged_members_say_so() -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = bytearray(zipped({"a": b"text and more of it " * 40}, compression))
        content[50:60] = b"\xff" * 10
        with pytest.raises(UnsupportedDocument, match="not a readable EPUB: a"):
            Archive(bytes(content), "EPUB").read("a")


def test_an_encrypted_member_says_so() -> None:
    content = zipped({"a": b"text"})
    at = content.index(b"PK\x01\x02")
    content = content[: at + 8] + b"\x01\x00" + content[at + 10 :]
    with pytest.raises(UnsupportedDocument, match="the EPUB is encrypted"):
        Archive(content, "EPUB").read("a")


def test_entities_of_xml_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "boom">{entities}]><a>&e11;</a>'
    with pytest.raises(UnsupportedDocument, match="it looks like an XML bomb"):
        parse_xml(bomb.encode(), "file")
    reading = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
    assert "root" not in "".join(parse_xml(reading.encode(), "file").itertext())
    deep = "<a>" * 10_000 + "</a>" * 10_000
    with pytest.raises(UnsupportedDocument, match="not a readable file: its parts are nested too deeply"):
        parse_xml(deep.encode(), "file")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
def test_xml_that_does_not_fit_in_memory_is_not_called_broken() -> None:
    program = """
import resource
from pincite.index.formats.archive import parse_xml
content = b"<a>" + b"<b>x</b>" * 500_000 + b"</a>"
parse_xml(b"<a/>", "file")
data = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (data + 20 * 1024**2,) * 2)
parse_xml(content, "file")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MemoryError" in ended.stderr.splitlines()[-1]
