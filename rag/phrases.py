"""A phrase as an answer: trimmed to what a person would say, and checked against what was asked for."""

import re

from pincite.answers import is_abbreviated
from pincite.index.document import Span
from pincite.index.passages import without_references
from pincite.index.tokens import fold, query_terms
from pincite.questions import Question

_OPENING, _CLOSING = "([{", ")]}"
_MARKS = "'\"“”‘’«»「」『』,;:.!?–—-…*•| \t\n"
_SIGNED = re.compile(r"[-–−.]\w")  # -5, .22, .NET
_OWNER = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)*['’]s? $")
_MONTHS = (
    "january february march april may june july august september october november december"
    " monday tuesday wednesday thursday friday saturday sunday century spring summer autumn winter"
)
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty"
    " fifty sixty seventy eighty ninety hundred thousand million billion dozen half quarter third twice"
    " once single both few several many most all none zero first second"
)
_COUNTED = re.compile(rf"\d|\b(?:{'|'.join(f'{_MONTHS} {_NUMBERS}'.split())})\b")


def trimmed(text: str, span: Span) -> Span:
    """Return ``span`` without marks at its ends and without a bracket that has lost its other half.

    A full stop stays where it belongs to an abbreviation. Never empty: what is all marks stays as it is.

    >>> trimmed("by (Ada Pellow, Jr.), in 1921", Span(3, 21))
    Span(start=4, end=19)
    """
    start, end = span.start, span.end
    while start < end:
        inside = text[start:end]
        if (inside[0] in _MARKS and not _SIGNED.match(inside)) or _is_lone(inside, 0):
            start += 1
        elif (inside[-1] in _MARKS and not is_abbreviated(inside)) or _is_lone(inside, -1):
            end -= 1
        else:
            return Span(start, end)
    return span


def _is_lone(text: str, end: int) -> bool:
    """Whether at that end of ``text``, 0 or -1, there is a bracket without its other half, or the half of a
    pair that encloses all of it.
    """
    if text[end] not in _OPENING + _CLOSING:
        return False
    pairs = _pairs(text)
    place = end % len(text)
    return place not in pairs or pairs[place] == len(text) - 1 - place


def _pairs(text: str) -> dict[int, int]:
    """Return for the place of each bracket that has another half the place of that half."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for place, character in enumerate(text):
        if character in _OPENING:
            opened.append(place)
        elif opened and character == _CLOSING[_OPENING.index(text[opened[-1]])]:
            pairs[place] = opened.pop()
            pairs[pairs[place]] = place
    return pairs


def completed(text: str, span: Span) -> Span:
    """Return the span of a name with the name of its owner before it: "Singapore's OCBC Bank" is one name.

    >>> completed("by Singapore's OCBC Bank", Span(15, 24))
    Span(start=3, end=24)
    """
    owner = _OWNER.search(text, 0, span.start) if text[span.start].isupper() else None
    return Span(owner.start(), span.end) if owner else span


def is_of_kind(question: Question, phrase: str) -> bool:
    """Whether a phrase can be what is asked for: a number or a date holds one, a person has a name."""
    if question.kind in ("number", "when"):
        return _COUNTED.search(phrase.lower()) is not None
    return question.kind != "who" or any(character.isupper() for character in phrase)


def repeated_share(question: Question, phrase: str) -> float:
    """Return the share of a phrase's terms that the question has too, but for the noun after "which": 1.0
    says nothing new.
    """
    terms = query_terms(without_references(phrase))
    if not terms:
        return float(fold(phrase) in fold(question.text))
    repeated = set(question.terms) - question.head
    return sum(term in repeated for term in terms) / len(terms)
