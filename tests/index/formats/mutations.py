"""Breaks a file in the ways that disks, networks and people do."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence

from .test_archive import zipped

_LIKELY_TO_HURT = (b"\xff" * 4, b"\0" * 4, b"<", b'"', b"99999999", b"\x7f\xff")


def mutated(content: bytes, others: Sequence[bytes], source: random.Random) -> bytes:
    """``content`` with bytes changed, cut, doubled or taken from another file; a zip's members too."""
    if content.startswith(b"PK") and source.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        names = sorted(set(members) - {"mimetype"})
        for name in source.sample(names, min(len(names), source.randint(1, 2))):
            members[name] = _broken(members[name], others, source)
        return zipped(members)
    return _broken(content, others, source)


def _broken(content: bytes, others: Sequence[bytes], source: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(source.choice([1, 1, 2, 4, 16])):
        start = source.randrange(len(data) + 1)
        end = min(len(data), start + source.choice([1, 1, 4, 64]))
        match source.randrange(6):
            case 0:
                data[start:end] = bytes(source.randrange(256) for _ in range(end - start))
            case 1:
                data[start:end] = b""
            case 2:
                data[start:start] = data[start:end] * source.choice([1, 3, 200])
            case 3:
                other = source.choice(others)
                place = source.randrange(len(other) + 1)
                data[start:end] = other[place : place + 64]
            case 4:
                data[start:end] = source.choice(
                    [b"\xff" * 4, b"\0" * 4, b"<", b'"', b"99999999", b"\x7f\xff"]
                )
            case 5:
                if source.random() < 0.3:
                    del data[start:]
    return bytes(data)
