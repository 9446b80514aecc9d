"""Damaged web pages, books and mails: each is read or refused, soon, and with spans that hold."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Callable

import pytest

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.splitter import split

from .ole import ole_file
from .real_files import real_files
from .test_archive import zipped
from .test_epub import book
from .test_html import PAGE
from .test_mail import attached, mail, outlook

_LONGEST_SECONDS = 5
_MOST_BYTES = 60_000


def _mail() -> bytes:
    inner = mail("Inner text.", Subject="Inner")
    message = mail("Yes.\n\nOn Tue, 5 Nov 2024, Ben wrote:\n> Late?\n")
    message.add_alternative(PAGE, subtype="html")
    message.add_attachment(book("c1 c2"), maintype="application", subtype="epub+zip", filename="b.epub")
    message.add_attachment(inner)
    return message.as_bytes()


MADE: dict[str, Callable[[], bytes]] = {
    "html": PAGE.encode,
    "epub": book,
    "eml": _mail,
    "msg": lambda: ole_file(outlook({"__attach_version1.0_#00000000": attached("a.html", PAGE.encode())})),
}


def originals(kind: str) -> list[bytes]:
    """Files of one kind: one made here, and the real ones of bearable size where there are any."""
    real = real_files(kind)
    return [MADE[kind](), *(file.read_bytes() for file in real if file.stat().st_size < _MOST_BYTES)]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Bytes with some changed, cut out, doubled or put elsewhere."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        if not changed:
            break
        at = chance.randrange(len(changed))
        length = chance.choice([1, 1, 4, 30, 400])
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length] * chance.choice([1, 2, 50])
            case _:
                other = chance.randrange(len(changed))
                changed[at : at + length] = changed[other : other + length]
    return (
        bytes(changed[: chance.randrange(len(changed))])
        if changed and chance.random() < 0.1
        else bytes(changed)
    )


def damaged_inside(content: bytes, chance: random.Random) -> bytes:
    """A zip archive of which one member is damaged and the archive is sound."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return damaged(content, chance)
    name = chance.choice(list(members))
    members[name] = damaged(members[name], chance)
    return zipped(members)


def check(kind: str, content: bytes) -> None:
    """Read a file as a person's file is read; whatever comes of it must be sound."""
    began = time.monotonic()
    reason = ""
    documents: tuple[Document, ...] = ()
    try:
        documents = read_documents(File(f"a.{kind}", content))
    except UnsupportedDocument as error:
        reason = str(error)
    assert "its reader failed" not in reason
    assert time.monotonic() - began < _LONGEST_SECONDS
    for document in documents:
        document.text.encode()
        place = 0
        for section in document.sections:
            assert place <= section.start <= section.body_start <= section.end <= len(document.text)
            place = section.end
        for group in split(document)[1]:
            assert document.text[group.start : group.end] == group.text


def fuzz(kind: str, cases: int, seed: int) -> None:
    chance = random.Random(seed)
    seeds = originals(kind)
    for number in range(cases):
        original = seeds[number % len(seeds)]
        if kind == "epub" and number % 2:
            check(kind, damaged_inside(original, chance))
        else:
            check(kind, damaged(original, chance))


@pytest.mark.parametrize("kind", MADE)
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    fuzz(kind, 60, seed=4)


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", MADE)
def test_many_damaged_files_are_read_or_refused(kind: str) -> None:
    fuzz(kind, 2_000, seed=11)
