"""Reads EPUB books: the chapters in reading order, named by the book's table of contents.

A chapter begins where an entry of the contents points: a file, or a place in one. What comes before the first
entry, and files that no entry names, belong to the chapter before them unless a top heading of their own
begins them. Left out are the contents itself, the cover, and what the book keeps out of its reading order.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive
from pincite.index.formats.builder import Builder
from pincite.index.formats.dates import iso_date
from pincite.index.formats.file import File
from pincite.index.formats.hypertext import Writer
from pincite.index.formats.language import language_name
from pincite.index.formats.markup import decode_markup, parse_xhtml

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})
_DEEPEST_CONTENTS = 4

_Places = Mapping[str, tuple[str, ...]]
"""Paths of the chapters that begin in a file, by the id of the element there; "" is the file's beginning."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A file of the book, by its name in the archive."""

    name: str
    media_type: str
    properties: frozenset[str]


def read(file: File) -> list[Document]:
    """Return the book as a document."""
    archive = Archive(file.content, "EPUB")
    _refuse_protected(archive)
    package_name = _package_name(archive)
    package = _stripped(archive.xml(package_name))
    pages = _pages(package, posixpath.dirname(package_name))
    metadata = _metadata(package)
    chapters = _chapters(archive, pages, str(metadata["title"]))
    builder = Builder()
    notes = []
    spine = list(_spine(package, pages))
    for number, page in enumerate(spine):
        file.on_page(number, len(spine))
        try:
            root = parse_xhtml(decode_markup(archive.read(page.name)))
        except UnsupportedDocument as error:
            notes.append(f"{page.name}: {error}")
            continue
        if root is not None:
            _write_page(builder, root, chapters.get(page.name, {}))
    return [builder.document(metadata, notes=notes[:20])]


def _refuse_protected(archive: Archive) -> None:
    if "META-INF/rights.xml" in archive.names():
        raise UnsupportedDocument("it is protected by DRM and cannot be read")
    if _ENCRYPTION not in archive.names():
        return
    methods = [
        one.get("Algorithm") or ""
        for one in _stripped(archive.xml(_ENCRYPTION)).iterfind(".//EncryptedData/EncryptionMethod")
    ]
    if any(method not in _FONT_OBFUSCATION for method in methods):
        raise UnsupportedDocument("it is protected by DRM and cannot be read")


def _package_name(archive: Archive) -> str:
    """Return the name of the file that lists the book's parts."""
    if _CONTAINER in archive.names():
        for rootfile in _stripped(archive.xml(_CONTAINER)).iter("rootfile"):
            name = _resolved("", rootfile.get("full-path") or "")
            if name in archive.names():
                return name
    for name in archive.names():
        if name.lower().endswith(".opf"):
            return name
    raise UnsupportedDocument("not a readable EPUB: it has no package document")


def _pages(package: etree._Element, folder: str) -> dict[str, _Page]:
    """Return the files that the package names, by their ids."""
    return {
        item.get("id") or "": _Page(
            _resolved(folder, item.get("href") or ""),
            (item.get("media-type") or "").lower(),
            frozenset((item.get("properties") or "").split()),
        )
        for item in package.iterfind("manifest/item")
    }


def _spine(package: etree._Element, pages: Mapping[str, _Page]) -> Iterator[_Page]:
    """Yield the files of the reading order."""
    covers = {
        ref.get("href") or ""
        for ref in package.iterfind("guide/reference")
        if (ref.get("type") or "").lower() in ("cover", "toc")
    }
    seen = set()
    for ref in package.iterfind("spine/itemref"):
        page = pages.get(ref.get("idref") or "")
        if page is None or ref.get("linear") == "no" or "nav" in page.properties:
            continue
        is_cover = any(page.name.endswith(unquote(cover)) for cover in covers if cover and "#" not in cover)
        if page.media_type in _PAGES and page.name not in seen and not is_cover:
            seen.add(page.name)
            yield page


def _metadata(package: etree._Element) -> dict[str, str]:
    def values(name: str) -> list[str]:
        found = (" ".join("".join(one.itertext()).split()) for one in package.iterfind(f"metadata//{name}"))
        return [value for value in found if value]

    dates = [date for date in map(iso_date, values("date")) if date and date[0] != "0"]
    return {
        "title": next(iter(values("title")), ""),
        "author": ", ".join(dict.fromkeys(values("creator"))),
        "publisher": next(iter(values("publisher")), ""),
        "date": next(iter(dates), ""),
        "language": next(filter(None, map(language_name, values("language"))), ""),
    }


def _chapters(
    archive: Archive, pages: Mapping[str, _Page], title: str
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return where the chapters begin, by file, from either kind of contents."""
    for page in pages.values():
        is_nav = "nav" in page.properties
        if not is_nav and page.media_type != "application/x-dtbncx+xml":
            continue
        try:
            root = (
                parse_xhtml(decode_markup(archive.read(page.name)))
                if is_nav
                else _stripped(archive.xml(page.name))
            )
        except UnsupportedDocument:
            continue
        entries = _nav_entries(root) if is_nav else _ncx_entries(root)
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for path, href in entries:
            name, _, place = href.partition("#")
            named = tuple(part for part in path if len(path) == 1 or part != title)
            target = _resolved(posixpath.dirname(page.name), name) if name else page.name
            found.setdefault(target, {}).setdefault(unquote(place), named)
        if found:
            return found
    return {}


def _nav_entries(root: etree._Element | None) -> Iterator[tuple[tuple[str, ...], str]]:
    if root is None:
        return
    navs = [nav for nav in root.iter("nav") if "toc" in " ".join(nav.attrib.values()).split()]
    for link in (link for nav in navs[:1] or root.iter("nav") for link in nav.iter("a")):
        items = [link.getparent(), *link.iterancestors("li")]
        path = []
        for item in dict.fromkeys(item for item in items if item.tag == "li"):
            label = next((child for child in item if child.tag in ("a", "span")), None)
            path.append(" ".join("".join(label.itertext()).split()) if label is not None else "")
        yield tuple(filter(None, reversed(path)))[-_DEEPEST_CONTENTS:], link.get("href") or ""


def _ncx_entries(root: etree._Element) -> Iterator[tuple[tuple[str, ...], str]]:
    for point in root.iterfind(".//navMap//navPoint"):
        points = [*reversed(list(point.iterancestors("navPoint"))), point]
        labels = (" ".join("".join(one.itertext()).split()) for p in points for one in p.iterfind("navLabel"))
        content = point.find("content")
        if content is not None:
            yield tuple(filter(None, labels))[-_DEEPEST_CONTENTS:], content.get("src") or ""


def _write_page(builder: Builder, root: etree._Element, places: _Places) -> None:
    body = root.find("body") if root.find("body") is not None else root
    writer = _ChapterWriter(builder, places)
    writer.begin(body)
    writer.write(body)


class _ChapterWriter(Writer):
    """Begins a part of the document wherever the contents point."""

    def __init__(self, builder: Builder, places: _Places) -> None:
        super().__init__(builder)
        self._places = places
        self._awaited = ""

    def begin(self, body: etree._Element) -> None:
        """Begin a file, with its chapter if the contents name it as a whole."""
        if self._places.get(""):
            self._begin_chapter(self._places[""])
        elif not self._places:
            first = next(iter(body.iter("h1", "h2", "h3")), None)
            if first is not None and first.tag == "h1":
                self.builder.part()

    def start(self, element: etree._Element) -> None:
        """Begin an element, and the chapter that begins there."""
        place = element.get("id") or element.get("name") or ""
        if place and self._places.get(place):
            self.end_paragraph()
            self._begin_chapter(self._places[place])
        super().start(element)

    def heading(self, level: int, title: str) -> None:
        """Write a heading, which may be that of the chapter just begun."""
        awaited, self._awaited = self._awaited, ""
        if awaited and _are_alike(_bare(title), awaited):
            self.builder.title(title)
        else:
            self.builder.heading(level, title)

    def _begin_chapter(self, path: tuple[str, ...]) -> None:
        self.builder.part(*path)
        self._awaited = _bare(path[-1])


def _are_alike(one: str, other: str) -> bool:
    """Whether one title is the other, or its beginning or end: "Chapter 1" and "Chapter 1: Rain"."""
    short, long = sorted((one, other), key=len)
    return bool(short) and (long.startswith(short) or long.endswith(short))


def _bare(title: str) -> str:
    return re.sub(r"\W+", "", title).casefold()


def _resolved(folder: str, href: str) -> str:
    """Return the archive's name for what a file in ``folder`` refers to; it cannot lead out of the book."""
    name = posixpath.normpath(posixpath.join("/", folder, unquote(href.partition("#")[0])))
    return name.lstrip("/")


def _stripped(root: etree._Element) -> etree._Element:
    """Take the namespaces off a tree's names."""
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return root
