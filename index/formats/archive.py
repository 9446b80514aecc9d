"""Opens the zip archives and the XML of office formats so that none can grow without bounds.

What an archive says of its sizes is checked before anything is unpacked; no more than that comes out of it.
XML is parsed without entities, network or excessive depth.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator

from lxml import etree

from pincite.index.errors import UnsupportedDocument

MOST_UNPACKED = 512 * 1024**2
_MOST_MEMBERS = 20_000
_MOST_RATIO = 200
_SMALL = 10 * 1024**2
_PIECE = 1024**2
_ZIP = b"PK"
_MANIFEST = "META-INF/manifest.xml"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


class Archive:
    """A zip archive whose members may be read."""

    def __init__(self, content: bytes, kind: str) -> None:
        """Raise ``UnsupportedDocument`` for anything but a sound archive of bearable size; ``kind`` names
        what it should be, as in "DOCX file".
        """
        self._kind = kind
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UnsupportedDocument(f"not a readable {kind}: {_why_no_zip(content, error)}") from None
        members = self._zip.infolist()
        unpacked = sum(member.file_size for member in members)
        packed = max(sum(member.compress_size for member in members), 1)
        if len(members) > _MOST_MEMBERS:
            raise UnsupportedDocument(f"it holds {len(members):,} files: more than {_MOST_MEMBERS:,}")
        if unpacked > MOST_UNPACKED or (unpacked > _SMALL and unpacked > packed * _MOST_RATIO):
            raise UnsupportedDocument(
                f"it would unpack to {unpacked / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB: it looks like a"
                " zip bomb"
            )

    def names(self) -> list[str]:
        """Return the members' names, in the archive's order."""
        return self._zip.namelist()

    def is_locked(self) -> bool:
        """Whether it is an OpenDocument file that needs a password, which its manifest says."""
        return _MANIFEST in self.names() and b"encryption-data" in self.read(_MANIFEST)

    def read(self, name: str) -> bytes:
        """Return a member's bytes. Raises ``UnsupportedDocument`` where it is not there or is damaged."""
        try:
            return self._zip.read(self._member(name))  # no more than it says it has
        except _DAMAGE as error:
            raise UnsupportedDocument(f"not a readable {self._kind}: {name}: {error}") from None

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes bit by bit; raises as ``read`` does."""
        try:
            with self._zip.open(self._member(name)) as member:
                while piece := member.read(_PIECE):
                    yield piece
        except _DAMAGE as error:
            raise UnsupportedDocument(f"not a readable {self._kind}: {name}: {error}") from None

    def check_xml(self, name: str) -> None:
        """Raise ``UnsupportedDocument`` if a member is no sound XML; it may be larger than memory."""
        parser = etree.XMLParser(
            target=_Unheeding(), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        try:
            for piece in self.pieces(name):
                parser.feed(piece)
            parser.close()
        except etree.XMLSyntaxError as error:
            raise _unreadable(f"{self._kind}: {name}", error) from None

    def xml(self, name: str) -> etree._Element:
        """Return a member's XML."""
        return parse_xml(self.read(name), f"{self._kind}: {name}")

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            raise UnsupportedDocument(f"not a readable {self._kind}: it has no {name}") from None
        if member.flag_bits & 1:
            raise UnsupportedDocument(f"the {self._kind} is encrypted: save it without a password")
        return member


class _Unheeding:
    """Takes what a parser finds, and keeps nothing."""

    def close(self) -> None:
        """Nothing is made of it."""


def parse_xml(content: bytes, what: str) -> etree._Element:
    """Return the root of an XML document. Raises ``UnsupportedDocument`` where it is none, ``MemoryError``
    where it does not fit.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _unreadable(what, error) from None


def _unreadable(what: str, error: etree.XMLSyntaxError) -> Exception:
    """Return what to raise where libxml2 gave up; its own words are for programmers."""
    if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
        return MemoryError(str(error))
    reason = str(error)
    if "Excessive depth" in reason:
        reason = "its parts are nested too deeply"
    elif "amplification" in reason:
        reason = "what its entities stand for would grow without bounds: it looks like an XML bomb"
    return UnsupportedDocument(f"not a readable {what}: {reason}")


def _why_no_zip(content: bytes, error: Exception) -> str:
    if not content.startswith(_ZIP):
        return "its content is of another kind than its name says"
    return "it is cut short or damaged" if str(error) == "File is not a zip file" else str(error)
