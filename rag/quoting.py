"""Finds the words that an LLM quotes in the passage they were taken from, and says where they stand.

A quote is looked for as it is, then folded: white space, quotation marks, dashes, invisible characters, and
the width and composition of characters (Unicode NFKC, but without superscripts and fractions, which would
turn 10² into 102) no longer count, nor do a source's own references such as ``[3]``, which the LLM is not
shown. Then it is looked for without what LLMs put around or into a quote: marks at its edges, Markdown's
emphasis, bullets and blocks, HTML's entities, labels of passages. Both texts must then be equal, so nothing
is ever found that is merely similar. A map leads from every folded character back to its place, and the span
that comes out is the text as it stands, references included.
"""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category, combining, decomposition, normalize

from pincite.index.document import Span
from pincite.index.passages import REFERENCE
from pincite.index.tokens import STOP_WORDS, terms_of
from pincite.numerals import HAN_NUMERALS

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARKS = dict.fromkeys('"`´ʼ‘’‚‛“”„‟′″«»「」『』〝〞〟', "'")
_DASHES = dict.fromkeys("‐‑‒–—―−", "-")
_ANGLES = {"‹": "<", "›": ">"}  # ``prompting`` shows < as ‹ where it would look like one of its delimiters
_ALIKE = str.maketrans({**_MARKS, **_DASHES, **_ANGLES})
_FORMAT = "Cf"  # what Unicode calls characters without a shape of their own

_EAST_ASIAN = "\u3000-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = f"{_EAST_ASIAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WORD = rf"[^\W{_UNSPACED}]"
_INSIDE = re.compile(
    rf"(?<={_WORD}|[\u0300-\u036f])(?={_WORD})"  # a word, in scripts that part words by spaces
    r"|(?<=\d[.,:/^'-])(?=\d)|(?<=\d)(?=[.,:/^'-]\d)"  # 2.5, 1,300, 10:30, 2024-08-14 or 1/2
    r"|(?<=\d\s)(?=\d{3}(?!\d))|(?<=\d)(?=\s\d{3}(?!\d))"  # 3 600
    r"|(?<=[^\w]-)(?=\d)|(?<=^-)(?=\d)|(?<=[^\w]\.)(?=\d)|(?<=^\.)(?=\d)"  # -5 or .5
    r"|(?<=n)(?='t\b)|(?<=n')(?=t\b)|(?<=\bnon-)|(?<=\bnot-for-)"  # can't, non-profit
    rf"|(?<=[{HAN_NUMERALS}])(?=[{HAN_NUMERALS}])|(?<=个)(?=半)",
    re.IGNORECASE,
)
_IS_EAST_ASIAN = re.compile(f"[{_EAST_ASIAN}]")
_EDGES = " \t\n'\"`´“”„‘’‚′«»‹›「」『』…·.。,，;；:：!！?？、*_()（）"
_LABEL = re.compile(r"[\[(（]\s*P\d{1,4}\s*[\])）]")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3}|`)(?=\S)(.{1,500}?)(?<=\S)\1", re.DOTALL)
_BLOCK = re.compile(r"^[ \t]*(?:>[ \t]?|[-*•][ \t]+|\d{1,3}[.)][ \t]+)+", re.MULTILINE)
_FEW_WORDS = 3
_MARKS_WITHIN = frozenset(",:;!?()")


@dataclass(frozen=True, slots=True)
class _Mapped:
    """Characters with the offset in the original text that each comes from."""

    text: str
    offsets: Sequence[int]


def fold(text: str) -> str:
    """Return ``text`` as it is compared.

    >>> fold("“Ｔｗｏ\\u00a0 thirds” [3] – of it")
    "'Two thirds' - of it"
    """
    return normalize("NFC", _fold(text).text)


def without_unseen(text: str) -> str:
    """Return ``text`` without what nobody sees (soft hyphens, fillers, characters of no width, of direction
    and of variation, tags, halves of characters), and with spaces for control characters.
    """
    return _UNSEEN.sub("", _CONTROL.sub(" ", text))


def locate(text: str, quote: str) -> Span | None:
    """Return the span of ``text`` where ``quote`` first stands, exactly or else folded; None if nowhere.

    A span never begins or ends inside a word or a number: "5 %" does not stand in "2.5 %". A quote of nothing
    but a letter or words such as "of the" says nothing, and is nowhere.

    >>> locate("The wheels weigh 2.5 tonnes.", "**wheels** weigh 2.5 tonnes…")
    Span(start=4, end=27)
    """
    folded = _fold(text)
    for candidate in filter(_says_something, _candidates(quote)):
        span = _find_exactly(text, folded, candidate) or _find(folded, _fold(candidate).text)
        if span:
            return span
    return None


def _candidates(quote: str) -> Iterator[str]:
    """Yield the quote as it is, then without what an LLM may have added, each once."""
    plain = _EMPHASIS.sub(r"\2", _BLOCK.sub("", _LABEL.sub("", html.unescape(quote))))
    yield from dict.fromkeys((quote.strip(), quote.strip(_EDGES), plain.strip(), plain.strip(_EDGES)))


def _says_something(quote: str) -> bool:
    words = _fold(quote).text
    letters = sum(character.isalnum() for character in words)
    terms = terms_of(words)
    return letters > 1 and (len(terms) > _FEW_WORDS or any(term not in STOP_WORDS for term in terms))


def _find_exactly(text: str, folded: _Mapped, sought: str) -> Span | None:
    """Return where ``sought`` stands in ``text``; whether that cuts a word or a number, ``folded`` tells."""
    start = text.find(sought)
    while start >= 0:
        end = start + len(sought)
        if not any(_cuts(folded, bisect_left(folded.offsets, edge)) for edge in (start, end)):
            return Span(start, end)
        start = text.find(sought, start + 1)
    return None


def _find(mapped: _Mapped, sought: str) -> Span | None:
    start = mapped.text.find(sought)
    while start >= 0:
        end = start + len(sought)
        if not (_cuts(mapped, start) or _cuts(mapped, end)):
            return Span(mapped.offsets[start], mapped.offsets[end - 1] + 1)
        start = mapped.text.find(sought, start + 1)
    return None


def _cuts(mapped: _Mapped, at: int) -> bool:
    """Whether a boundary at ``at`` would part a character, a word or a number."""
    text, offsets = mapped.text, mapped.offsets
    if not 0 < at < len(text):
        return False
    return offsets[at - 1] == offsets[at] or bool(combining(text[at])) or bool(_INSIDE.match(text, at))


def _fold(text: str) -> _Mapped:
    characters: list[str] = []
    offsets: list[int] = []
    space = -1
    for offset in _kept(text):
        if text[offset].isspace() or _CONTROL.match(text[offset]):
            space = offset if space < 0 else space
            continue
        plain = _plain(text[offset])
        if not plain:
            continue
        if space >= 0 and characters and not (_is_east_asian(characters) or _IS_EAST_ASIAN.match(plain)):
            characters.append(" ")
            offsets.append(space)
        space = -1
        characters += plain
        offsets += [offset] * len(plain)
    return _Mapped("".join(characters), offsets)


def _is_east_asian(characters: Sequence[str]) -> bool:
    """Whether the last of them is Chinese or Japanese, or a mark of ASCII after such a character."""
    last = characters[-1]
    if last in _MARKS_WITHIN and len(characters) > 1:
        last = characters[-2]
    return _IS_EAST_ASIAN.match(last) is not None


def _kept(text: str) -> list[int]:
    """Return the offsets of the characters outside references."""
    kept: list[int] = []
    end = 0
    for reference in REFERENCE.finditer(text):
        kept += range(end, reference.start())
        end = reference.end()
    return kept + list(range(end, len(text)))


@cache
def _plain(character: str) -> str:
    """Return what a character, not white space, counts as: decomposed, so that é is e and an accent."""
    if category(character) == _FORMAT or _UNSEEN.match(character):
        return ""
    if decomposition(character).startswith(("<super>", "<sub>", "<fraction>")):
        return character
    plain = normalize("NFKD", character.translate(_ALIKE)).translate(_ALIKE)
    return character if any(part.isspace() for part in plain) else plain
