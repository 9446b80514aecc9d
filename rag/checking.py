"""Whether a claim goes beyond the quote that it rests on: the part of that question that needs no judgement.

Figures, their units and what they stand beside (``figures``, ``units``), names (``names``), negations
(``negation``) and opposites (``opposites``) of the claim are looked for in the quote; names also in its
sentence, in the question, in the passage's heading and in the sentence before. A claim that passes may still
be a poor paraphrase; one that does not pass may still be right, as when it adds up two numbers. So the result
is a reason to look, not a verdict.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pincite.figures import Figure, figures_in, read_figures
from pincite.index.language import script_of
from pincite.index.tokens import STOP_WORDS, terms_of
from pincite.names import new_names
from pincite.negation import contradicts, negates_alone
from pincite.opposites import say_opposites
from pincite.quoting import fold
from pincite.units import differ, unit_of

_YEAR = re.compile(r"(?:1\d|20)\d\d")
_DECADE = re.compile(r"\b((?:1\d|20)\d)0s\b|\b((?:1\d|20)\d)0年代")
_MORE = re.compile(r"(?:more than|over|above|at least|exceed\w*|超过|多于|逾|高于)\s*[$€£]?$", re.IGNORECASE)
_LESS = re.compile(
    r"(?:less than|fewer than|under|below|at most|up to|不到|低于|少于|不足)\s*[$€£]?$", re.IGNORECASE
)
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|nearly|almost|some|circa|约|大约|近|将近)\s*[$€£]?$",
    re.IGNORECASE,
)
_NUMBERS_IN_WORDS = {
    "2": re.compile(r"\b(?:both|twice|pair|couple|second|double[ds]?|doubling)\b|双|两", re.IGNORECASE),
    "3": re.compile(r"\b(?:third|triple[ds]?|thrice)\b", re.IGNORECASE),
    "4": re.compile(r"\bfourth\b", re.IGNORECASE),
    "5": re.compile(r"\bfifth\b", re.IGNORECASE),
}
_DIGITS = re.compile(r"\d+")
_SPAN_OF_YEARS = re.compile(r"\b((?:1\d|20)\d\d)[-–/](\d\d)\b")
_ENGLISH = re.compile(
    r"\b(?:the|a|an|of|and|to|in|is|was|were|are|has|have|had|it|for|by|on|at|with|be)\b", re.IGNORECASE
)
_BOUNDARY = re.compile(r"[;:()|｜；：（）。]|[.!?]\s")
_MARKS = " .,;:!?'-。，；：！？、…"
_MOST_FIGURES = 40
_MOST_OTHERS = 200
_BESIDE = 80
_FAR = Decimal("1.25")
_NEAR = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from: its ``quote``, the few words ``before`` it in its sentence, which may negate
    it, and what is ``around`` it and may name what it speaks of: its sentences and the one before, the
    question, the passage's heading.
    """

    quote: str
    before: str = ""
    around: str = ""


def says_more(claim: str, source: Source) -> bool:
    """Whether ``claim`` has a figure, a unit or a name that its source lacks, takes a figure for another,
    denies or turns round what the quote says, or has nothing in common with it.

    >>> says_more("It rose by 40 % in May 2024.", Source("a rise of 40 % (2024-05-31)"))
    False
    >>> says_more("The plan was approved.", Source("the plan was not approved"))
    True
    """
    claim, source = fold(claim), Source(fold(source.quote), fold(source.before), fold(source.around))
    said = f"{source.before} {source.quote}"
    if claim.strip(_MARKS) in source.quote and not contradicts(claim, said):
        return False  # the quote's own words
    return (
        _counts_otherwise(claim, source)
        or bool(new_names(claim, [source.quote, source.around]))
        or _turns_round(claim, said)
        or _speaks_of_something_else(claim, source)
    )


def _turns_round(claim: str, said: str) -> bool:
    """Whether a claim denies what is said, or says its opposite; a negation of the opposite is neither."""
    if say_opposites(claim, said):
        return not negates_alone(claim, said)
    return contradicts(claim, said)


def _counts_otherwise(claim: str, source: Source) -> bool:
    ours, theirs = read_figures(claim), read_figures(source.quote)
    if len(ours) > _MOST_FIGURES:
        return True  # nobody would check them either
    known = _known_numbers(claim, source)
    for figure in ours:
        same = [other for other in theirs if figure.values & other.values]
        if not same and not (figure.values & known or _is_close(claim, figure, theirs)):
            return True
        unit = unit_of(claim, figure.start, figure.end)
        if same and all(differ(unit, unit_of(source.quote, one.start, one.end)) for one in same):
            return True
        others = [other for other in theirs if other not in same and _sort(other) == _sort(figure)]
        others = others[:_MOST_OTHERS]
        if same and _is_beside_another(claim, figure, source.quote, same, others):
            return True
    return False


def _known_numbers(claim: str, source: Source) -> set[str]:
    """Return what else a quote makes known: ordinals and "both", digits inside words, ends of spans of years,
    years around it, the centuries of all these years, and their decades where the claim speaks of one.
    """
    quote = source.quote
    known = {"1", *_DIGITS.findall(quote)}
    known |= {number for number, words in _NUMBERS_IN_WORDS.items() if words.search(quote)}
    known |= {match[1][:2] + match[2] for match in _SPAN_OF_YEARS.finditer(quote)}
    known |= {year for year in figures_in(f"{quote}\n{source.around}") if _YEAR.fullmatch(year)}
    years = [year for year in known if _YEAR.fullmatch(year)]
    decades = {f"{year[:3]}0" for year in years} if _DECADE.search(claim) else set()
    return known | decades | {f"c{int(year) // 100 + 1}" for year in years}


def _is_close(claim: str, figure: Figure, theirs: Iterable[Figure]) -> bool:
    """Whether a figure that is said to be a bound or a rough one fits one of the quote's."""
    before = claim[max(0, figure.start - 20) : figure.start]
    more, less, about = (bool(pattern.search(before)) for pattern in (_MORE, _LESS, _ABOUT))
    for mine in _numbers([figure]):
        for other in _numbers(theirs):
            if more and mine <= other <= mine * _FAR:
                return True
            if less and mine / _FAR <= other <= mine:
                return True
            if about and abs(mine - other) <= other * _NEAR:
                return True
    return False


def _numbers(figures: Iterable[Figure]) -> list[Decimal]:
    values = (value for figure in figures for value in figure.values)
    return [Decimal(value) for value in values if re.fullmatch(r"\d+(?:\.\d+)?", value)]


def _is_beside_another(
    claim: str, figure: Figure, quote: str, same: Sequence[Figure], others: Sequence[Figure]
) -> bool:
    """Whether what stands beside a figure in the claim stands in the quote beside other figures only."""
    mine = _beside(claim, figure)
    if any(mine & _beside(quote, one) for one in same):
        return False
    return any(mine & _beside(quote, one) for one in others)


def _sort(figure: Figure) -> str:
    """Return what sort of figure it is, so that no year is taken for an amount."""
    value = min(figure.values)
    if _YEAR.fullmatch(value):
        return "year"
    return "number" if value.replace(".", "").isdigit() else "time" if ":" in value else "date"


def _beside(text: str, figure: Figure) -> set[str]:
    before = _BOUNDARY.split(text[max(0, figure.start - _BESIDE) : figure.start])[-1]
    after = _BOUNDARY.split(text[figure.end : figure.end + _BESIDE])[0]
    return {term for term in _terms(f"{before} {after}") if not term[0].isdigit()}


def _speaks_of_something_else(claim: str, source: Source) -> bool:
    """Whether a claim has no word and no figure of its quote, where both are in the same language."""
    ours, theirs, script = _terms(claim), _terms(source.quote), script_of(claim)
    if not ours or script != script_of(source.quote) or script == "other":
        return False
    if script == "latin" and not (_ENGLISH.search(claim) and _ENGLISH.search(source.quote)):
        return False
    if not ours.isdisjoint(theirs):
        return False
    known, figures = figures_in(source.quote) | _known_numbers(claim, source), read_figures(source.quote)
    return not any(one.values & known or _is_close(claim, one, figures) for one in read_figures(claim))


def _terms(text: str) -> set[str]:
    return {term for term in terms_of(text) if term not in STOP_WORDS}
