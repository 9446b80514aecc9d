"""Opens the package that a DOCX or PPTX file is: parts of XML, and relationships from one to the others.

Parts are read one by one when asked for, through ``Archive``; pictures and what else is in there never.
The namespaces of "strict" files are turned into the usual ones, so that readers know one set.
"""

import posixpath
import re
from dataclasses import dataclass

from lxml import etree

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.archive import Archive, parse_xml
from pincite.index.formats.properties import properties

_SCHEMAS = "http://schemas.openxmlformats.org"
W = f"{{{_SCHEMAS}/wordprocessingml/2006/main}}"
A = f"{{{_SCHEMAS}/drawingml/2006/main}}"
P = f"{{{_SCHEMAS}/presentationml/2006/main}}"
R = f"{{{_SCHEMAS}/officeDocument/2006/relationships}}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
ALTERNATE = f"{_MC}AlternateContent"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_CORE = re.compile(r"\{.*\}(title|creator|created|modified|language)")


@dataclass(frozen=True, slots=True)
class Relationship:
    """Where a part leads: ``kind`` is the last word of the relationship's type, "footnotes"."""

    kind: str
    target: str


class Package:
    """The parts of an OOXML file, by name."""

    def __init__(self, content: bytes, kind: str, main: str) -> None:
        """``kind`` names the format, as in "DOCX file"; ``main`` is the main part where none is named."""
        self._kind = kind
        self._archive = Archive(content, kind)
        self._names = {_plain(name): name for name in self._archive.names()}
        self._relationships: dict[str, dict[str, Relationship]] = {}
        self.main = next(iter(self.related("", "officeDocument")), main)

    def xml(self, part: str) -> etree._Element:
        """Return the root of a part."""
        content = self._archive.read(self._names.get(_plain(part), part))
        return parse_xml(_STRICT.sub(_transitional, content), f"{self._kind}: {part}")

    def target(self, part: str, identifier: str | None) -> str | None:
        """Return the part that another part refers to by a relationship's id; None if it is not there."""
        found = self._of(part).get(identifier or "")
        return found.target if found and _plain(found.target) in self._names else None

    def related(self, part: str, kind: str) -> list[str]:
        """Return the parts that a part is related to in one way."""
        targets = (one.target for one in self._of(part).values() if one.kind == kind)
        return [target for target in targets if _plain(target) in self._names]

    def roots(self, part: str, kind: str) -> list[etree._Element]:
        """Return the roots of the parts that a part is related to in one way."""
        return [self.xml(target) for target in self.related(part, kind)]

    def metadata(self) -> dict[str, str]:
        """Return the title, author, date and language that the package states."""
        core: dict[str, str] = {}
        for root in self.roots("", "core-properties"):
            for element in root.iter(etree.Element):
                if match := _CORE.fullmatch(element.tag):
                    core.setdefault(match[1], element.text or "")
        core["author"] = core.pop("creator", "")
        return properties(**core)

    def _of(self, part: str) -> dict[str, Relationship]:
        if part not in self._relationships:
            folder, name = posixpath.split(part)
            file = posixpath.join(folder, "_rels", f"{name}.rels")
            root = self.xml(file) if _plain(file) in self._names else ()
            self._relationships[part] = {
                str(one.get("Id")): Relationship(
                    one.get("Type", "").rpartition("/")[2], _target(folder, one.get("Target", ""))
                )
                for one in root
                if one.get("TargetMode") != "External"
            }
        return self._relationships[part]


def chosen(alternate: etree._Element) -> etree._Element:
    """Return the one branch of ``mc:AlternateContent`` that is read: the first that is not empty."""
    return next((branch for branch in alternate if len(branch)), etree.Element("none"))


def number_of(text: str | None, default: int = 0) -> int:
    """Return the number in an attribute; ``default`` where it holds none."""
    try:
        return int(text or "")
    except ValueError:
        return default


def open_package(content: bytes, kind: str, main: str, root_tag: str) -> tuple[Package, etree._Element]:
    """Return a package and the root of its main part, which must be a ``root_tag``."""
    package = Package(content, kind, main)
    root = package.xml(package.main)
    if root.tag != root_tag:
        raise UnsupportedDocument(f"not a readable {kind}: {package.main} holds something else")
    return package, root


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _target(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _transitional(match: re.Match[bytes]) -> bytes:
    kind, name = match.groups()
    if name == b"main":
        return _SCHEMAS.encode() + b"/%b/2006/main" % kind
    return _SCHEMAS.encode() + b"/%b/2006/%b" % (kind, name)
