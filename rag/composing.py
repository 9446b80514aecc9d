"""Makes claims of ranked candidates: one answer, several for a question that asks for a list, or two where
documents differ.

The same answer found in several passages is one claim with several citations. What is cited is the point that
the candidate's sentence belongs to, or the sentence itself in running text.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pincite.answers import DraftClaim, Support
from pincite.candidates import Candidate, Candidates
from pincite.figures import figures_in
from pincite.index.passages import without_references
from pincite.index.tokens import terms_of
from pincite.questions import Question

CONFLICT = "The documents differ: both answers are shown, each with its citation."
MOST_ITEMS = 8
MOST_CITED = 3
_LEAD = 2.0  # a logarithm of odds, as all scores are
_LEAD_CITED = 3.0
_LESS_COVERED = 0.1
_DEFINITE = ("who", "when", "where", "number", "which")
_DEFINITE_WORD = re.compile(r"\b[A-Z]")
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_SCALE = re.compile(r"\b(?:hundred|thousand|million|billion|trillion|dozen)s?\b|%|\bper ?cent\b")


@dataclass(frozen=True, slots=True)
class Selection:
    """The places of the candidates that make the claims, the best first; whether they contradict one another;
    and how far the best candidate that is not shown lies below the best, 0 where there is none.
    """

    shown: tuple[int, ...]
    is_conflict: bool
    lead: float


def select(question: Question, candidates: Candidates, scores: NDArray[np.float64]) -> Selection:
    """Choose what to show of at least one candidate; ``scores`` are float64 ``(n_candidates,)``."""
    order = np.argsort(-scores, kind="stable").tolist()
    best, *others = _distinct(question, candidates.all, order)
    near = [place for place in others if scores[place] >= scores[best] - _LEAD]
    if question.wants_several:
        shown, is_conflict = [best, *(place for place in near if _is_meant(candidates, place))], False
    else:
        contrary = [place for place in near if _contradict(question, candidates, best, place)]
        shown, is_conflict = [best, *contrary[:1]], bool(contrary)
    shown = shown[:MOST_ITEMS]
    rest = [scores[place] for place in others if place not in shown]
    return Selection(tuple(shown), is_conflict, float(scores[best] - max(rest)) if rest else 0.0)


def compose(
    question: Question,
    candidates: Candidates,
    scores: NDArray[np.float64],
    selection: Selection,
    confidence: float,
) -> tuple[DraftClaim, ...]:
    """Return a claim for each candidate shown, with the citations that bear it out, the best first."""
    best = scores[selection.shown[0]]
    claims = []
    for place in selection.shown:
        supports = [
            _support(candidates.all[one], confidence * math.exp(min(scores[one] - best, 0.0)))
            for one in _saying_the_same(question, candidates, scores, place)[:MOST_CITED]
        ]
        claims.append(DraftClaim(claim_text(question, candidates.all[place]), tuple(supports)))
    return tuple(claims)


def claim_text(question: Question, candidate: Candidate) -> str:
    """Return what is said: the phrase, or the sentence where a phrase would be too little."""
    return without_references(candidate.sentence.text) if question.wants_sentence else candidate.text


def _distinct(question: Question, candidates: Sequence[Candidate], order: Sequence[int]) -> Iterator[int]:
    """Yield the places of candidates that do not repeat one before them, or a part of it."""
    seen: list[str] = []
    for place in order:
        key = f" {_key(question, candidates[place])} "
        if not any(key in other or other in key for other in seen):
            seen.append(key)
            yield place


def _key(question: Question, candidate: Candidate) -> str:
    return candidate.sentence.text if question.wants_sentence else candidate.key


def _is_meant(candidates: Candidates, place: int) -> bool:
    """Whether the reader takes a phrase for an answer rather than for none; without phrases, none is."""
    return candidates.has_phrases and bool(candidates.column("margin")[place] > 0)


def _contradict(question: Question, candidates: Candidates, best: int, other: int) -> bool:
    """Whether two documents answer the same question differently, as far as their words tell."""
    if question.kind not in _DEFINITE or not (_is_meant(candidates, best) and _is_meant(candidates, other)):
        return False
    one, two = candidates.all[best], candidates.all[other]
    if one.sentence.hit.passage.document_id == two.sentence.hit.passage.document_id:
        return False
    covered = [candidates.column(name) for name in ("coverage", "coverage around")]
    names = candidates.column("all names in passage")
    is_about_the_same = names[best] == names[other] == 1.0 and all(
        column[other] >= column[best] - _LESS_COVERED for column in covered
    )
    are_definite = all(_is_definite(each.text) for each in (one, two))
    return (
        is_about_the_same
        and are_definite
        and _says_another_thing(one.text, two.text, dated=question.kind == "when")
    )


def _is_definite(phrase: str) -> bool:
    """Whether a phrase names something or has a figure."""
    return bool(_DEFINITE_WORD.search(phrase) or figures_in(phrase))


def _says_another_thing(one: str, other: str, *, dated: bool) -> bool:
    """Whether two phrases have different figures, or nothing alike where they have none. Where they are
    ``dated``, years are compared, and no year with a mere day.

    >>> texts = ("March 1923", "12 March 1921", "12 March")
    >>> [_says_another_thing("in 1921", text, dated=True) for text in texts]
    [True, False, False]
    """
    figures = figures_in(one), figures_in(other)
    if not any(figures):
        return set(terms_of(one)).isdisjoint(terms_of(other))
    years = [set(filter(_YEAR.fullmatch, each)) for each in figures]
    if dated and any(years):
        figures = years[0], years[1]
    is_comparable = all(figures) and _scale(one) == _scale(other)
    return is_comparable and not (figures[0] <= figures[1] or figures[1] <= figures[0])


def _scale(phrase: str) -> set[str]:
    """Return a phrase's words that multiply its figures: "5 million" is not compared with "5,000,000"."""
    return set(_SCALE.findall(phrase.lower()))


def _saying_the_same(
    question: Question, candidates: Candidates, scores: NDArray[np.float64], place: int
) -> list[int]:
    """Return the candidate itself, and those of other passages that give the same answer, the best first."""
    key = _key(question, candidates.all[place])
    others = [
        other
        for other, candidate in enumerate(candidates.all)
        if other != place
        and _key(question, candidate) == key
        and _is_meant(candidates, other)
        and scores[other] >= scores[place] - _LEAD_CITED
    ]
    return [place, *sorted(others, key=lambda other: -scores[other])]


def _support(candidate: Candidate, score: float) -> Support:
    sentence = candidate.sentence
    span = sentence.point or sentence.span
    return Support(sentence.hit.passage, span.start, span.end, score)
