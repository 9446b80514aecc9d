"""Writes small OLE files, such as Outlook's, for tests."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD

Tree = dict[str, "bytes | Tree"]


def ole_file(tree: Tree) -> bytes:
    """An OLE file with the streams and storages of ``tree``."""
    sectors: list[bytes] = []
    chain: list[int] = []
    mini, mini_chain = bytearray(), list[int]()
    entries: list[tuple[str, int, int, int, int, int]] = []  # name, type, sibling, child, start, size

    def store(content: bytes) -> int:
        start = len(sectors)
        pieces = [content[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(content), _SECTOR)]
        sectors.extend(pieces)
        chain.extend([*range(start + 1, start + len(pieces)), _END][: len(pieces)])
        return start if pieces else _END

    def store_mini(content: bytes) -> int:
        start = len(mini_chain)
        mini.extend(content.ljust(-(-len(content) // _MINI) * _MINI, b"\0"))
        mini_chain.extend([*range(start + 1, len(mini) // _MINI), _END])
        return start

    def add(children: Tree) -> int:
        following = _FREE
        for name, content in reversed(list(children.items())):
            if isinstance(content, dict):
                child = add(content)
                entries.append((name, 1, following, child, 0, 0))
            else:
                is_small = 0 < len(content) < _CUTOFF
                start = store_mini(content) if is_small else store(content)
                entries.append((name, 2, following, _FREE, start, len(content)))
            following = len(entries)
        return following

    child = add(tree)
    root = ("Root Entry", 5, _FREE, child, store(bytes(mini)), len(mini))
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBBIII", len(name) * 2 + 2, kind, 1, _FREE, sibling, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
        for name, kind, sibling, child, start, size in [root, *entries]
    )
    directory_start = store(directory.ljust(-(-len(directory) // _SECTOR) * _SECTOR, b"\0"))
    mini_fat = struct.pack(f"<{len(mini_chain)}I", *mini_chain)
    mini_start, mini_sectors = store(mini_fat), -(-len(mini_fat) // _SECTOR)
    fat_count = next(n for n in range(1, 100) if (len(chain) + n) * 4 <= n * _SECTOR)
    fat_start = len(sectors)
    chain += [_FAT] * fat_count
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(fat_count * _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    starts = (0, fat_count, directory_start, 0, _CUTOFF, mini_start, mini_sectors, _END, 0)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, *starts)
    header += struct.pack("<109I", *[*range(fat_start, fat_start + fat_count), *[_FREE] * (109 - fat_count)])
    return header + b"".join(sectors) + fat


def properties(values: dict[int, object], header_size: int) -> Tree:
    """The streams that hold a message's or an attachment's properties."""
    segments = []
    streams: Tree = {}
    for pid, value in values.items():
        kind, payload = 0x0102, b""
        if isinstance(value, str):
            kind, payload = 0x001F, value.encode("utf-16-le")
        elif isinstance(value, bytes):
            payload = value
        if isinstance(value, int):
            segments.append(struct.pack("<HHIII", 0x0003, pid, 6, value, 0))
        elif isinstance(value, datetime):
            ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
            segments.append(struct.pack("<HHIQ", 0x0040, pid, 6, ticks))
        else:
            segments.append(struct.pack("<HHIII", kind, pid, 6, len(payload), 0))
            streams[f"__substg1.0_{pid:04X}{kind:04X}"] = payload
    streams["__properties_version1.0"] = bytes(header_size) + b"".join(segments)
    return streams
