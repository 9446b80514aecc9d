"""Damaged PDFs: each is read or refused, whatever was done to it; `pytest -m fuzz` tries thousands."""

from __future__ import annotations

import random
import re
import zlib

import numpy as np
import pytest

from pincite.index.document import page_at
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, pdf, read_documents
from pincite.index.formats.pdf_pages import boxes
from pincite.index.splitter import split

from .pdf_maker import SEED, Mark, Text, column, make_pdf, prose
from .real_files import real_files

SMALL = 300_000


@pytest.fixture(autouse=True)
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "is_installed", lambda: False)


def sources() -> list[bytes]:
    page = [
        *column(prose("Left", 12), 60, 700),
        *column(prose("Right", 12), 310, 700),
        Text(30, 90, "Up", turn=270),
    ]
    made = make_pdf([page, [], page], outline=[Mark("A", 0, 700, [Mark("B", 2)])], info={"Title": "T"})
    contents = [path.read_bytes() for path in real_files("pdf")]
    return [made, SEED.read_bytes(), *(content for content in contents if len(content) < SMALL)]


def mutated(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Flip, cut, repeat, splice, change numbers, or damage what a stream holds."""
    kind = chance.randrange(6)
    place = chance.randrange(len(content))
    if kind == 0:
        changed = bytearray(content)
        for _ in range(chance.choice((1, 4, 40, 400))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    if kind == 1:
        return content[:place]
    if kind == 2:
        return content[:place] + content[place // 2 : place] + content[place:]
    if kind == 3:
        other = chance.choice(others)
        return content[:place] + other[chance.randrange(len(other)) :]
    if kind == 4:
        numbers = list(re.finditer(rb"\d+", content))
        number = chance.choice(numbers)
        value = chance.choice((b"0", b"-1", b"99999999999", b"2147483647", b"1", b"3.4e38"))
        return content[: number.start()] + value + content[number.end() :]
    return _in_stream(content, chance)


def _in_stream(content: bytes, chance: random.Random) -> bytes:
    """Unpack a stream, damage it, and pack it again."""
    streams = list(re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL))
    if not streams:
        return content
    stream = chance.choice(streams)
    try:
        unpacked = bytearray(zlib.decompress(stream[1]))
    except zlib.error:
        return content
    for _ in range(chance.choice((1, 10, 100))):
        if unpacked:
            unpacked[chance.randrange(len(unpacked))] = chance.choice(b"0123456789 []()<>/-.TjETcm\xff\x00")
    return content[: stream.start(1)] + zlib.compress(bytes(unpacked)) + content[stream.end(1) :]


def survives(content: bytes) -> bool:
    """Read the file, and hold what it says to the invariants; False if it is refused."""
    try:
        documents = read_documents(File("a.pdf", content))
    except UnsupportedDocument as refused:
        assert "its reader failed" not in str(refused), refused  # noqa: PT017
        return False
    (document,) = documents
    assert len(document.places) == 4 * len(document.text)
    document.text.encode()
    read, groups = split(document)
    for group in groups:
        assert read.text[group.start : group.end] == group.text
    page = page_at(document.pages, 0)
    assert page is not None
    assert boxes(content, page, np.frombuffer(document.places, "<i4")[:9].tolist()) is not None
    return True


def fuzz(cases: int, seed: int) -> int:
    chance = random.Random(seed)
    contents = sources()
    return sum(survives(mutated(chance.choice(contents), contents, chance)) for _ in range(cases))


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_refused() -> None:
    assert 5 < fuzz(60, 7) < 60


@pytest.mark.filterwarnings("ignore")
def test_a_file_cut_anywhere_is_read_or_refused() -> None:
    content = sources()[0]
    for end in range(0, len(content), 97):
        survives(content[:end])


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(8))
def test_many_damaged_files_are_read_or_refused(seed: int) -> None:
    assert fuzz(300, 1000 + seed) > 20
