"""Reranks what was found for a question, by the sentence of each passage that says most of it.

A question is answered in a sentence or two, and a passage that has the question's words together answers it
more often than one that scatters them. So the first passages are read once more, and measured by

    coverage     the share of the question in the passage's best sentence; terms that few of these passages
                 hold count for more, as in BM25
    nearness     how near to each other neighbouring terms of the question come: 1 side by side, 1/d at d
                 terms' distance
    similarity   the encoder's, of the question and that sentence, for those that are near the first

Claims and key words are left as they were ranked: what is relevant to them is about their subject, and seldom
has it in one sentence. What else was tried, and what did not help, is in docs/ranking.md.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from pincite.index.passages import Passage
from pincite.index.read_passages import ReadPassage, read_passage
from pincite.index.remembered_encodings import Encode
from pincite.index.tokens import fold, query_terms, terms_of

RERANKED = 30
ENCODED = 5
NEAR_THE_FIRST = 0.2
"""By so much a passage may be behind for its sentence to be encoded: similarity lifts hardly one further."""
COVERAGE_WEIGHT = 0.375
NEARNESS_WEIGHT = 0.185
SIMILARITY_WEIGHT = 0.3
_LEAST = 1e-6

_ASKING = "who|whom|whose|what|when|where|which|why|how"
_QUESTION = re.compile(
    rf"\?\s*$|^\W*(?:{_ASKING}|is|are|was|were|do|does|did|can|could|should|has|have|had|will|would)\b"
    "|什么|什麼|谁|誰|哪|吗|嗎|呢|多少|几|幾|怎|如何|为何|為何|何时|何時"
)

MOST_EVIDENCE = COVERAGE_WEIGHT + NEARNESS_WEIGHT + SIMILARITY_WEIGHT

Pair = tuple[str, str]
Vector = NDArray[np.float32]


def is_question(query: str) -> bool:
    """Whether ``query`` asks, rather than states or names something."""
    return _QUESTION.search(fold(query)) is not None


def evidence_for(
    query: str, vector: Vector, passages: Sequence[Passage], scores: Sequence[float], encode: Encode
) -> NDArray[np.float64]:
    """Return each passage's evidence for the question, 0 to ``MOST_EVIDENCE``: to be added to its score.

    ``passages`` are the best found, with the ``scores`` that they have so far; ``vector`` is the question's,
    which ``encode`` made.
    """
    readings = [read_passage(passage) for passage in passages]
    weights = term_weights(query_terms(query), [reading.terms for reading in readings])
    asked = [term for term in terms_of(query) if term in weights]
    pairs = {pair: min(weights[pair[0]], weights[pair[1]]) for pair in pairwise(asked) if pair[0] != pair[1]}
    measured = [_measured(reading, weights, pairs) for reading in readings]
    evidence = np.array([COVERAGE_WEIGHT * one.coverage + NEARNESS_WEIGHT * one.nearness for one in measured])
    so_far = scores + evidence
    order = sorted(range(len(measured)), key=lambda place: (-so_far[place], measured[place].sentence))
    least = so_far[order[0]] - NEAR_THE_FIRST
    near = dict.fromkeys(measured[place].sentence for place in order if so_far[place] >= least)
    shares = _similarities(vector, list(near)[:ENCODED], encode)
    return evidence + SIMILARITY_WEIGHT * np.array([shares.get(one.sentence, 0.0) for one in measured])


def _similarities(vector: Vector, sentences: Sequence[str], encode: Encode) -> dict[str, float]:
    """Return how similar each sentence is to the question, in shares of the most similar one's similarity."""
    if len(sentences) == 1:
        return {sentences[0]: 1.0}
    # In double precision: a single one's 0.3 is more than 0.3, and the evidence would be above its most.
    similar = (encode(sentences) * vector).sum(axis=1).astype(np.float64)
    return dict(zip(sentences, similar.clip(min=0) / max(similar.max(initial=0), _LEAST), strict=True))


@dataclass(frozen=True, slots=True)
class _Measured:
    """A passage's coverage and nearness, 0..1, and its best sentence, without references."""

    coverage: float
    nearness: float
    sentence: str


def term_weights(terms: Sequence[str], held: Sequence[Collection[str]]) -> dict[str, float]:
    """Return each term's inverse frequency among texts, as in BM25; ``held`` are the terms of each."""
    counts = {term: sum(term in one for one in held) for term in terms}
    return {term: math.log1p((len(held) - count + 0.5) / (count + 0.5)) for term, count in counts.items()}


def covered(terms: Collection[str], weights: Mapping[str, float]) -> float:
    """Return the share, by weight, of the terms in ``weights`` that are among ``terms``."""
    # Exact sums, which do not depend on the order of a set.
    total = math.fsum(weights.values())
    return math.fsum(weights[term] for term in weights.keys() & terms) / total if total else 0.0


def _measured(reading: ReadPassage, weights: Mapping[str, float], pairs: Mapping[Pair, float]) -> _Measured:
    coverages = [covered(one.terms, weights) for one in reading.sentences]
    best = max(range(len(coverages)), key=coverages.__getitem__, default=None)
    if best is None:
        return _Measured(0.0, 0.0, "")
    return _Measured(coverages[best], _nearness(reading, pairs), reading.sentences[best].text)


def _nearness(reading: ReadPassage, pairs: Mapping[Pair, float]) -> float:
    wanted = {term for pair in pairs for term in pair}
    places: dict[str, list[int]] = {}
    for place, term in enumerate(chain.from_iterable(one.terms for one in reading.sentences)):
        if term in wanted:
            places.setdefault(term, []).append(place)
    near = sum(
        weight / _least_distance(places[a], places[b])
        for (a, b), weight in pairs.items()
        if a in places and b in places
    )
    return near / total if (total := sum(pairs.values())) else 0.0


def _least_distance(places: Sequence[int], others: Sequence[int]) -> int:
    """Return how near a place comes to one of the others: in order, the nearest two are neighbours."""
    ordered = sorted([*((place, True) for place in places), *((place, False) for place in others)])
    return min(y - x for (x, ours), (y, theirs) in pairwise(ordered) if ours != theirs)
