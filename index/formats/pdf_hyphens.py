"""Joins the words that a page hyphenates at a line's end, and tells them from compounds.

A soft hyphen goes. A plain one stays before a capital or a digit ("Anglo-\\nSaxon"), after a single letter
("e-\\nmail"), in a compound of three ("state-of-the-\\nart") and after words that make compounds ("well-").
Otherwise the document's other words decide: the hyphen stays only where the compound is written out and the
joined word is not.
"""

import re
from collections.abc import Iterable

from pincite.index.formats.pdf_lines import SOFT_HYPHEN

_HYPHENS = "-\u2010"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_BEFORE = re.compile(r"([\w\u2010-]*\w)[-\u2010]\Z")
_AFTER = re.compile(r"\w+")
_COMPOUNDING = frozenset(
    "all cross double ex full half high long low mid near non part self semi short single so well".split()
)


def ends_hyphenated(line: str) -> bool:
    """Whether a word is broken at the line's end."""
    return len(line) > 1 and line[-1] in _HYPHENS + SOFT_HYPHEN and line[-2].isalnum()


class Hyphens:
    """Decides about a document's hyphens from the words in it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._words: set[str] | None = None

    def goes(self, line: str, following: str) -> bool:
        """Whether the hyphen at the end of ``line`` only breaks a word; if not, it is the word's own."""
        if line.endswith(SOFT_HYPHEN):
            return True
        before, after = _BEFORE.search(line), _AFTER.match(following)
        if not before or not after or not following[0].islower():
            return False
        left, right = before[1].replace("\u2010", "-").lower(), after[0].lower()
        if len(left) == 1 or "-" in left or left[-1].isdigit():
            return False
        if self._has(left + right):
            return True
        return not self._has(f"{left}-{right}") and left not in _COMPOUNDING

    def _has(self, word: str) -> bool:
        if self._words is None:
            self._words = set()
            for text in self._texts:
                self._words.update(_WORD.findall(text.replace("\u2010", "-").lower()))
        return word in self._words
