"""Compares an answer with one that is known.

Exact match and F1 are SQuAD's: case, punctuation and English articles are ignored; F1 counts shared words,
for Chinese shared characters. Unlike SQuAD's scorer, punctuation is that of all scripts, and what would be
nothing without punctuation and articles, as the grade "A", is compared as it stands. (Rajpurkar et al.,
"SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016.)
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable

from pincite.index.language import HAN

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_RANGE = re.compile(r"(?<=\d)[-–—/](?=\d)")
_SPACED = "0-9a-z\u00df-\u058f"  # Latin, Greek, Cyrillic and Armenian, which put spaces between words
_SPACE_BESIDE_HAN = re.compile(rf"(?<=[{HAN}]) | (?=[{HAN}])")


def normalise(text: str) -> str:
    """Return ``text`` as SQuAD compares answers: lower case, no punctuation, articles or extra spaces."""
    return _bare(text) or _lower(text)


def exact_match(predicted: str, answers: Iterable[str]) -> float:
    """Return 1.0 if ``predicted`` is one of ``answers``, else 0.0."""
    return float(normalise(predicted) in map(normalise, answers))


def f1_score(predicted: str, gold: str) -> float:
    """Return the harmonic mean of precision and recall over words, or over Chinese characters."""
    ours, theirs = _WORD.findall(normalise(predicted)), _WORD.findall(normalise(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def best_f1(predicted: str, answers: Iterable[str]) -> float:
    """Return the highest F1 of ``predicted`` with any of ``answers``, of which there is at least one."""
    return max(f1_score(predicted, answer) for answer in answers)


def holds(text: str, wanted: str) -> bool:
    """Whether ``wanted``, normalised, stands in ``text``, normalised; spaces beside Chinese do not count.

    It stands there from a word's beginning, and no number is found inside a longer one.

    >>> holds("Canada's 1,742 mills", "ADA"), holds("Canada's 1,742 mills", "742"), holds("A\\nmill", "mill")
    (False, False, True)
    """
    fold = _bare if _bare(wanted) else _lower
    inner, outer = (_SPACE_BESIDE_HAN.sub("", fold(_RANGE.sub(" ", one))) for one in (wanted, text))
    if not inner:
        return False
    before = f"(?<![{_SPACED}])" if re.match(f"[{_SPACED}]", inner) else ""
    after = "(?![0-9])" if re.search("[0-9]$", inner) else ""
    return re.search(before + re.escape(inner) + after, outer) is not None


def _bare(text: str) -> str:
    words = text.lower()
    if words.isascii():
        words = words.translate(_NO_PUNCTUATION)
    else:
        words = "".join(character for character in words if not _is_punctuation(character))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", words).split())


def _lower(text: str) -> str:
    return " ".join(text.lower().split())


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
