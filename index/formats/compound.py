"""Takes the workbook out of an old Excel file, and puts it in a compound file that is sure to be sound.

calamine follows the sector chains of a compound file wherever they lead, and one that leads back into itself
has no end. olefile minds that, so the stream comes from olefile, and calamine gets it with chains of our own.
Layout: [MS-CFB], with sectors of 4,096 bytes.
"""

import struct

import olefile

from pincite.index.errors import UnsupportedDocument

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 4096
_PER_SECTOR = _SECTOR // 4
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STREAMS = ("Workbook", "Book")


def workbook_stream(content: bytes) -> bytes:
    """Return the records of the workbook in a compound file."""
    try:
        with olefile.OleFileIO(content) as ole:
            name = next((name for name in _STREAMS if ole.exists(name)), None)
            stream: bytes = ole.openstream(name).read() if name else b""
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise UnsupportedDocument(f"not a readable XLS file: {error}") from None
    if not stream:
        raise UnsupportedDocument("not a readable XLS file: there is no workbook in it")
    return stream


def compound_file(stream: bytes) -> bytes:
    """Return a compound file that holds the stream of a workbook and nothing else.

    The sectors are: the table of chains, the directory, an empty one for small streams, the stream.
    """
    sectors = max(-(-len(stream) // _SECTOR), 1)
    tables = -(-(sectors + 2) // (_PER_SECTOR - 1))
    small, first = tables + 1, tables + 2
    chains = [_FAT] * tables + [_END, _END, *range(first + 1, first + sectors), _END]
    chains += [_FREE] * (tables * _PER_SECTOR - len(chains))
    directory = _entry("Root Entry", 5, 1, small, _SECTOR)
    directory += _entry("Workbook", 2, _FREE, first, sectors * _SECTOR)
    header = struct.pack("<8s16xHHHHH6x", SIGNATURE, 0x3E, 4, 0xFFFE, 12, 6)
    header += struct.pack("<9I", 1, tables, tables, 0, _SECTOR, _END, 0, _END, 0)
    header += struct.pack("<109I", *range(tables), *[_FREE] * (109 - tables))
    pieces = (header, struct.pack(f"<{len(chains)}I", *chains), directory, b"", stream)
    lengths = (_SECTOR, tables * _SECTOR, _SECTOR, _SECTOR, sectors * _SECTOR)
    return b"".join(piece.ljust(length, b"\0") for piece, length in zip(pieces, lengths, strict=True))


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII36xIQ", encoded, len(encoded) + 2, kind, 1, _FREE, _FREE, child, start, size
    )
