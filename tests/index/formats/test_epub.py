"""Books: their chapters, in reading order and by the names in their contents."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter

import pytest

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents

from .real_files import real_file
from .test_archive import zipped
from .test_html import sections_of, shown_words

CONTAINER = '<container xmlns="urn:x"><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>'
META = """<dc:title>Tides</dc:title><dc:creator>Ada Moss</dc:creator><dc:creator>Ben Oak</dc:creator>
<dc:publisher>Harbour</dc:publisher><dc:date>2019-08-23T00:00:00Z</dc:date><dc:language>en-GB</dc:language>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="urn:e"><body><nav epub:type="toc"><ol>
<li><a href="c1.xhtml">Chapter 1</a><ol><li><a href="c1.xhtml#letter">The letter</a></li></ol></li>
<li><span>Part two</span><ol><li><a href="c%202.xhtml">Chapter 2</a></li></ol></li>
</ol></nav></body></html>"""
C1 = "<h1>Chapter 1</h1><p>One&nbsp;day.</p><h2 id='letter'>The Letter</h2><p>Dear<br/>you</p>"
C1 += "<h3>P.S.</h3><p>more</p>"


def page(body: str) -> bytes:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{body}</body></html>'.encode()


def book(spine: str = "nav c1 c1b c2 gone", nav: str = NAV, others: dict[str, bytes] | None = None) -> bytes:
    files = {
        "nav": "nav.xhtml",
        "c1": "c1.xhtml",
        "c1b": "c1b.xhtml",
        "c2": "c%202.xhtml",
        "gone": "gone.xhtml",
    }
    items = "".join(
        f'<item id="{key}" href="{href}" media-type="application/xhtml+xml"'
        f' properties="{"nav" if key == "nav" else ""}"/>'
        for key, href in files.items()
    )
    refs = "".join(
        f'<itemref idref="{key.rstrip("!")}" linear="{"no" if key[-1] == "!" else "yes"}"/>'
        for key in spine.split()
    )
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="urn:dc"><metadata>{META}</metadata>'
        f"<manifest>{items}</manifest><spine>{refs}</spine></package>"
    )
    return zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": CONTAINER.encode(),
            "O/b.opf": package.encode(),
            "O/nav.xhtml": nav.encode(),
            "O/c1.xhtml": page(C1),
            "O/c1b.xhtml": page("<p>still the letter</p>"),
            "O/c 2.xhtml": page("<p>Unheaded <script/>text</p>"),
            **(others or {}),
        }
    )


def read_book(content: bytes) -> Document:
    (document,) = read_documents(File("tides.epub", content))
    return document


def test_chapters_are_named_by_the_contents_and_headings_stand_below_them() -> None:
    document = read_book(book())
    assert document.metadata == {
        "title": "Tides",
        "author": "Ada Moss, Ben Oak",
        "publisher": "Harbour",
        "date": "2019-08-23",
        "language": "en",
    }
    assert sections_of(document) == {
        ("Chapter 1",): "One day.",
        ("Chapter 1", "The letter"): "Dear\nyou",
        ("Chapter 1", "The letter", "P.S."): "more\n\nstill the letter",
        ("Part two", "Chapter 2"): "Unheaded text",
    }
    assert document.text.startswith("Chapter 1\n\nOne day.\n\nThe Letter\n\n")
    assert document.notes == ("O/gone.xhtml: not a readable EPUB: it has no O/gone.xhtml",)


def test_the_spine_gives_the_order_and_what_is_not_linear_is_left_out() -> None:
    assert [*sections_of(read_book(book("c2 c1 c1 c1b!")))] == [
        ("Part two", "Chapter 2"),
        ("Chapter 1",),
        ("Chapter 1", "The letter"),
        ("Chapter 1", "The letter", "P.S."),
    ]


def test_without_contents_the_headings_name_the_chapters() -> None:
    assert [*sections_of(read_book(book("c1 c1b c2", nav="<html/>")))] == [
        ("Chapter 1",),
        ("Chapter 1", "The Letter"),
        ("Chapter 1", "The Letter", "P.S."),
    ]


def test_an_older_book_has_its_contents_in_a_file_of_another_kind() -> None:
    ncx = """<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://127.0.0.1/ncx.dtd">
    <ncx xmlns="urn:n"><navMap>
    <navPoint><navLabel><text>Tides</text></navLabel><content src="c1.xhtml"/>
    <navPoint><navLabel><text>Letter</text></navLabel><content src="c1.xhtml#letter"/></navPoint>
    </navPoint></navMap></ncx>"""
    content = book("c1")
    opf = b'<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["O/b.opf"] = members["O/b.opf"].replace(
        opf, b'<item id="x" href="t.ncx" media-type="application/x-dtbncx+xml"/>'
    )
    assert opf not in members["O/b.opf"]
    document = read_book(zipped({**members, "O/t.ncx": ncx.encode()}))
    assert [*sections_of(document)] == [
        ("Tides", "Chapter 1"),
        ("Letter",),
        ("Letter", "P.S."),
    ]


@pytest.mark.parametrize(
    "name", ["../../c1.xhtml", "/O/c1.xhtml", "..%2F..%2Fetc/passwd", "http://127.0.0.1/x", ""]
)
def test_names_that_lead_out_of_the_book_lead_nowhere(name: str) -> None:
    document = read_book(book(nav=NAV.replace("c1.xhtml", name)))
    assert "One day." in document.text


def test_a_protected_book_says_so_and_obfuscated_fonts_do_not_matter() -> None:
    def encryption(method: str) -> bytes:
        data = f'<EncryptedData xmlns="urn:e"><EncryptionMethod Algorithm="{method}"/></EncryptedData>'
        return f'<encryption xmlns="urn:o">{data}</encryption>'.encode()

    fonts = book(others={"META-INF/encryption.xml": encryption("http://www.idpf.org/2008/embedding")})
    assert "One day." in read_book(fonts).text
    for other in (
        {"META-INF/encryption.xml": encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")},
        {"META-INF/rights.xml": b"<r/>"},
    ):
        with pytest.raises(UnsupportedDocument, match="it is protected by DRM and cannot be read"):
            read_book(book(others=other))


def test_broken_pages_keep_their_text_and_broken_books_say_why() -> None:
    broken = read_book(book("c1 c2", others={"O/c1.xhtml": b"<html><body><p>one<p>two &bogus; <b>thr</i>ee"}))
    assert broken.text.startswith("one\n\ntwo &bogus; three\n\n")
    for content, reason in [
        (b"PK\x03\x04 nothing", "not a readable EPUB"),
        (zipped({"mimetype": b"application/epub+zip"}), "it has no package document"),
        (zipped({"mimetype": b"application/epub+zip", "a.opf": b"<package>"}), "not a readable EPUB: a.opf"),
        (zipped({"mimetype": b"application/epub+zip", "a.opf": b"<package/>"}), "there is no text in it"),
        (book("gone"), "there is no text in it"),
    ]:
        with pytest.raises(UnsupportedDocument, match=reason):
            read_book(content)


@pytest.mark.parametrize("name", ["winter-sports.epub", "language-docs/eng_spa_mult.epub"])
def test_the_words_of_a_real_book_are_those_that_another_parser_sees(name: str) -> None:
    content = real_file(f"unstructured/example-docs/{name}")
    seen: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pages = [
            n
            for n in archive.namelist()
            if re.search(r"\.x?html?$", n) and not re.search("nav|toc|wrap|cover", n)
        ]
        for page_name in pages:
            text = archive.read(page_name).decode()
            seen += shown_words(text)
    ours = Counter(re.findall(r"\w+", read_book(content).text))
    assert not set(seen) - set(ours)
    assert sum((seen - ours).values()) <= 2  # a cell that is its own header
    assert sum((ours - seen).values()) < sum(ours.values()) * 0.01  # headers, again with each row
