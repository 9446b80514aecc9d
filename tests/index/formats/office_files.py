"""Small office files put together from XML, and what the readers make of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.index.document import Document
from pincite.index.formats import File, read_documents
from pincite.index.passages import draft_passages
from pincite.index.splitter import split
from tests.fakes import FakeEncoder

from .real_files import FOLDER
from .test_archive import zipped

ROOT = Path(__file__).parents[3]
SCHEMAS = "http://schemas.openxmlformats.org"
W, P, A, R, C, M = (
    f"{SCHEMAS}/{name}"
    for name in (
        "wordprocessingml/2006/main",
        "presentationml/2006/main",
        "drawingml/2006/main",
        "officeDocument/2006/relationships",
        "drawingml/2006/chart",
        "officeDocument/2006/math",
    )
)
NAMES = (
    f'xmlns:w="{W}" xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}" xmlns:c="{C}" xmlns:m="{M}"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="urn:wps" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    f' xmlns:dgm="{SCHEMAS}/drawingml/2006/diagram"'
)
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODF_NAMES = (
    "".join(f' xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "style", "meta"))
    + f' xmlns:draw="{ODF}:drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def read(name: str, content: bytes) -> Document:
    """The only document in a file."""
    (document,) = read_documents(File(name, content))
    return document


def check_spans(document: Document) -> None:
    """Assert that everything in a document is where it says, in order."""
    place = 0
    for section in document.sections:
        assert place <= section.start <= section.body_start <= section.end <= len(document.text)
        place = section.end
        inside = section.body_start
        for item in section.items:
            assert inside <= item.start < item.end <= section.end
            inside = item.end
    split_document, groups = split(document)
    assert split_document.text == document.text
    for group in groups:
        assert document.text[group.start : group.end] == group.text
        for point in group.points:
            assert document.text[point.start : point.end] == point.text
            assert group.start <= point.start < point.end <= group.end
    for draft in draft_passages(document, groups, FakeEncoder().count_tokens, 100):
        assert draft.group.start <= draft.start < draft.end <= draft.group.end


def rows_of(document: Document) -> list[tuple[str, int, str]]:
    """The rows in a document: kind, number, text."""
    items = (item for section in document.sections for item in section.items)
    return [(item.kind, item.number, document.text[item.start : item.end]) for item in items]


def in_order(words: Iterator[str], text: str) -> list[str]:
    """The words that do not come up in ``text``, each looked for after the one before it."""
    place, missing = 0, []
    for word in words:
        found = text.find(word, place)
        if found < 0:
            missing.append(word)
        else:
            place = found + len(word)
    return missing


def ooxml(parts: dict[str, str], relationships: dict[str, list[tuple[str, str, str]]]) -> bytes:
    """A package: XML by name, and (id, kind, target) by the part that they lead from."""
    members = {name: xml.encode() for name, xml in parts.items()}
    for part, targets in relationships.items():
        folder, _, name = part.rpartition("/")
        entries = "".join(
            f'<Relationship Id="{identifier}" Type="{R}/{kind}" Target="{target}"/>'
            for identifier, kind, target in targets
        )
        file = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        members[file] = (
            f'<Relationships xmlns="{SCHEMAS}/package/2006/relationships">{entries}</Relationships>'.encode()
        )
    return zipped(members)


def word_file(body: str, *, core: str = "", **parts: str) -> bytes:
    """A DOCX file; ``parts`` hold what is in ``styles``, ``footnotes`` and so on."""
    files = {"word/document.xml": f"<w:document {NAMES}><w:body>{body}</w:body></w:document>"}
    files |= {f"word/{name}.xml": f"<w:{name} {NAMES}>{xml}</w:{name}>" for name, xml in parts.items()}
    files["docProps/core.xml"] = f"<cp {NAMES}>{core}</cp>"
    main = [("rId1", "officeDocument", "word/document.xml"), ("rId2", "core-properties", "docProps/core.xml")]
    return ooxml(files, {"": main, "word/document.xml": [(name, name, f"{name}.xml") for name in parts]})


def word_text(body: str, **parts: str) -> str:
    """The text of a DOCX file, without its last empty lines."""
    return read("a.docx", word_file(body, **parts)).text.rstrip()


def paragraph(text: str, properties: str = "") -> str:
    """A paragraph of a DOCX file."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def odt_file(body: str, *, styles: str = "", meta: str = "", manifest: str = "") -> bytes:
    """An ODT file."""
    content = (
        f"<office:document-content{ODF_NAMES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
            "meta.xml": f"<office:document-meta{ODF_NAMES}>{meta}</office:document-meta>".encode(),
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>".encode(),
        }
    )


def needs(files: list[Path]) -> list[Path]:
    """``files``; the test is skipped where there are none."""
    if not files:
        pytest.skip(f"no files in {FOLDER}: set PINCITE_DATA")
    return files
