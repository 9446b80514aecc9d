"""Damaged office files: each is read, or refused with a reason that is no failure of its reader."""

from __future__ import annotations

import io
import random
import re
import time
import zipfile
from collections.abc import Callable

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents

from .office_files import check_spans, odt_file, paragraph, word_file
from .real_files import real_files
from .test_archive import zipped
from .test_pptx import deck_file, shape

SECONDS = 5.0
MOST_BYTES = 100_000
"""Larger real files are left to the tests that read them whole: each case would take as long."""

_TABLE = "<w:tbl><w:tr><w:tc>{0}</w:tc><w:tc>{0}</w:tc></w:tr><w:tr><w:tc>{0}</w:tc></w:tr></w:tbl>"
_OWN = {
    "docx": word_file(
        paragraph("One", '<w:outlineLvl w:val="0"/>') + paragraph("雾岭") + _TABLE.format(paragraph("x")),
        styles='<w:style w:styleId="a"><w:name w:val="heading 1"/><w:basedOn w:val="a"/></w:style>',
    ),
    "pptx": deck_file(shape("One", placeholder='<p:ph type="title"/>') + shape("a|b", 2), shape("雾岭")),
    "odt": odt_file(
        '<text:h text:outline-level="1">One</text:h><text:p>a<text:s text:c="3"/>b</text:p><table:table>'
        '<table:table-row table:number-rows-repeated="3"><table:table-cell><text:p>x</text:p>'
        "</table:table-cell></table:table-row></table:table>"
    ),
    "rtf": (
        rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f1\fcharset134 F;}}{\stylesheet{\s1 heading 1;}}\pard\s1 One\par"
        rb"\pard\f1 \'ce\'ed\u23725?{\footnote n}\trowd\cellx5\cellx9\intbl a\cell b\cell\row"
        rb"{\*\x\bin3 }}}}\pard end\par}"
    ),
}


def samples(suffix: str) -> list[bytes]:
    """A file of our own, and the real ones where they are."""
    files = (file.read_bytes() for file in real_files(suffix))
    return [_OWN[suffix], *(content for content in files if len(content) <= MOST_BYTES)]


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Some bytes, others."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """The beginning only."""
    return content[: chance.randrange(1, len(content))]


def spliced(content: bytes, chance: random.Random) -> bytes:
    """A piece in another place once more, or twenty times."""
    start, to = chance.randrange(len(content)), chance.randrange(len(content))
    piece = content[start : start + chance.randint(1, 2000)] * chance.choice([1, 20])
    return content[:to] + piece + content[to:]


def renumbered(content: bytes, chance: random.Random) -> bytes:
    """Every number here and there another one: huge, negative, none."""
    numbers = [b"0", b"-1", b"1048576", b"99999999999999999999", b"", b"x"]
    return re.sub(rb"\d+", lambda m: chance.choice(numbers) if chance.random() < 0.05 else m[0], content)


def rearranged(content: bytes, chance: random.Random) -> bytes:
    """Pieces of markup in another order."""
    pieces = re.split(rb"(?=<|\\)", content)
    for _ in range(chance.randint(1, 8)):
        first, second = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        pieces[first], pieces[second] = pieces[second], pieces[first]
    return b"".join(pieces)


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [flipped, cut, spliced, renumbered, rearranged]


def in_members(content: bytes, chance: random.Random) -> bytes:
    """An archive that is sound but for what one or two of its members of XML hold, or that lacks one."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    names = [name for name, inside in members.items() if inside and name.endswith((".xml", ".rels"))]
    for name in chance.sample(names, min(len(names), chance.randint(1, 2))):
        members[name] = chance.choice(MUTATIONS)(members[name], chance)
    if chance.random() < 0.1:
        del members[chance.choice(names)]
    return zipped(members)


def read_damaged(suffix: str, cases: int, seed: int) -> set[str]:
    """Read damaged files of a format; return the reasons for which some were refused."""
    chance = random.Random(seed)
    contents = samples(suffix)
    reasons = set()
    for number in range(cases):
        whole = chance.choice(contents)
        in_archive = suffix != "rtf" and number % 4
        damaged = in_members(whole, chance) if in_archive else chance.choice(MUTATIONS)(whole, chance)
        begun = time.monotonic()
        try:
            for document in read_documents(File(f"a.{suffix}", damaged)):
                check_spans(document)
        except UnsupportedDocument as error:
            reasons.add(str(error))
        assert time.monotonic() - begun < SECONDS, (number, seed)
    return reasons


@pytest.mark.parametrize("suffix", sorted(_OWN))
def test_damaged_files_are_read_or_refused(suffix: str) -> None:
    reasons = read_damaged(suffix, 60, seed=4)
    assert reasons or suffix == "rtf"
    assert [reason for reason in reasons if "its reader failed" in reason] == []


@pytest.mark.fuzz
@pytest.mark.parametrize("suffix", sorted(_OWN))
def test_thousands_of_damaged_files_are_read_or_refused(suffix: str) -> None:
    reasons = read_damaged(suffix, 2500, seed=random.randrange(10**6))
    assert [reason for reason in reasons if "its reader failed" in reason] == []
