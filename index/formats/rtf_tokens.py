"""Cuts an RTF file into braces, control words, bytes in hexadecimal and plain text.

Follows the "Rich Text Format (RTF) Specification", version 1.9.1. What a word means is left to ``rtf``.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

_TOKEN = re.compile(
    rb"(?P<brace>[{}])|\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<symbol>[^A-Za-z'])|(?P<text>[^\\{}]+)|\\'?",
    re.DOTALL,
)
_LINE_ENDS = b"\r\n"


class Kind(Enum):
    """What a token is."""

    BRACE = "brace"
    WORD = "word"
    SYMBOL = "symbol"
    TEXT = "text"


class Token(NamedTuple):
    """A token: ``name`` is the word, symbol or brace; ``data`` the bytes of text; ``end`` where it ends."""

    kind: Kind
    end: int
    name: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(content: bytes) -> Iterator[Token]:
    """Yield the tokens of an RTF file. Binary data, which ``\\bin`` announces, is passed over."""
    place = 0
    while match := _TOKEN.match(content, place):
        place = match.end()
        found = match.lastgroup
        if found in ("word", "number"):
            number = int(match["number"]) if match["number"] else None
            if match["word"] == b"bin":
                place += max(0, number or 0)
            else:
                yield Token(Kind.WORD, place, match["word"].decode(), number)
        elif found == "text":
            yield Token(Kind.TEXT, place, data=match["text"].translate(None, _LINE_ENDS))
        elif found == "hex":
            yield Token(Kind.TEXT, place, data=bytes.fromhex(match["hex"].decode()))
        elif found == "symbol" and match["symbol"] in b"\\{}":
            yield Token(Kind.TEXT, place, data=match["symbol"])
        elif found == "symbol":
            yield Token(Kind.SYMBOL, place, match["symbol"].decode("latin-1"))
        elif found == "brace":
            yield Token(Kind.BRACE, place, match["brace"].decode())
