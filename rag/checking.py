"""Whether a claim goes beyond the quote that it rests on: the part of that question that needs no judgement.

Figures (``figures``), names (``names``) and negations (``negation``) of the claim are looked for in the
quote; names also in the question, in the passage's heading, and in the sentence before a quote that begins
with a pronoun. A claim that passes may still be a poor paraphrase; one that does not pass may still be right,
as when it adds up two numbers. So the result is a reason to look, not a verdict.
"""

import re
from dataclasses import dataclass

from pincite.figures import figures_in, readings
from pincite.index.language import script_of
from pincite.index.tokens import STOP_WORDS, fold, terms_of
from pincite.names import new_names
from pincite.negation import contradicts

_YEAR = re.compile(r"(?:1\d|20)\d\d")
_DECADE = re.compile(r"\b((?:1\d|20)\d)0s\b")
_ENGLISH = re.compile(
    r"\b(?:the|a|an|of|and|to|in|is|was|were|are|has|have|had|it|for|by|on|at|with|be)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from: its ``quote``, and the ``around`` of it that may name what it speaks of, as the
    question, the passage's heading and the sentence before.
    """

    quote: str
    around: str = ""


def says_more(claim: str, source: Source) -> bool:
    """Whether ``claim`` has a number, a date or a name that its source lacks, denies what the quote says or
    says what it denies, or has no word in common with it.

    >>> says_more("It rose by 40 % in May 2024.", Source("a rise of 40 % (2024-05-31)"))
    False
    >>> says_more("The plan was approved.", Source("the plan was not approved"))
    True
    """
    return (
        _counts_more(claim, source)
        or bool(new_names(claim, [source.quote, source.around]))
        or contradicts(claim, source.quote)
        or _speaks_of_something_else(claim, source)
    )


def _counts_more(claim: str, source: Source) -> bool:
    known = figures_in(source.quote)
    years = {year for year in figures_in(source.around) if _YEAR.fullmatch(year)}
    decades = {f"{match[1]}0" for match in _DECADE.finditer(claim)}
    for figure in readings(claim):
        if figure & known or figure & years or figure == {"1"}:
            continue
        if figure <= decades and any(f"{year[:3]}0" in figure for year in known if _YEAR.fullmatch(year)):
            continue
        return True
    return False


def _speaks_of_something_else(claim: str, source: Source) -> bool:
    """Whether a claim has no word of its quote, where both are in the same language, English or Chinese."""
    ours = {term for term in terms_of(claim) if term not in STOP_WORDS}
    theirs = {term for term in terms_of(source.quote) if term not in STOP_WORDS}
    script = script_of(claim)
    if not ours or script != script_of(source.quote) or script == "other":
        return False
    if script == "latin" and not (_ENGLISH.search(claim) and _ENGLISH.search(source.quote)):
        return False
    return ours.isdisjoint(theirs)
