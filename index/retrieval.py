"""Hybrid retrieval: dense and lexical candidates, fused by normalised scores; questions are reranked.

Every candidate gets its cosine, also one that only words brought; one that is not among the best by words
has no BM25. Each score is divided by the highest of its kind, and their weighted mean is the score: 0..1, to
compare hits of one query only. (Convex fusion: Bruch, Gai, Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", 2022.)

A question is then reranked (``reranking``). For any other query the vector is first moved a little towards
the best passages, which lifts passages that say the same in other words. (Rocchio, "Relevance Feedback in
Information Retrieval", 1971; nobody is asked, the first three are taken as relevant.) ``Hit.dense_score`` is
always the cosine of the query itself.

Where the encoder does not know the query's characters it has no say: a guess among unknown characters ranks
worse than none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import LEAST_KNOWN_SHARE, Encoder
from pincite.index.errors import CorpusDamaged
from pincite.index.passages import Passage
from pincite.index.remembered_encodings import Encode
from pincite.index.reranking import MOST_EVIDENCE, RERANKED, evidence_for, is_question
from pincite.index.tokens import characters_of, query_terms
from pincite.index.vectors import Matrix

CANDIDATES = 100
DENSE_WEIGHT = 0.5
DENSE_WEIGHT_OF_QUESTIONS = 0.65
FEEDBACK = 3
FEEDBACK_WEIGHT = 0.2

Scores = NDArray[np.float64]
Vector = NDArray[np.float32]


class _Ordered(Protocol):
    def __hash__(self) -> int: ...
    def __lt__(self, other: Any, /) -> bool: ...


Key = TypeVar("Key", bound=_Ordered)
"""What a store knows a passage by; keys have an order, by which equal scores are told apart."""


class Searchable(Protocol[Key]):
    """The passages that one search may find, as a store has them."""

    @property
    def most(self) -> int:
        """More than so many are never found."""

    def lexical(self, terms: Iterable[str], count: int, *, by_prefix: bool = False) -> Mapping[Key, float]:
        """Return the ``count`` best by BM25 with their scores, which are above 0. ``by_prefix``: each term
        stands for all that begin with it.
        """

    def dense(self, vector: Vector, count: int) -> Iterable[Key]:
        """Return the ``count`` nearest to a vector."""

    def vectors_of(self, keys: Sequence[Key]) -> tuple[Sequence[Key], Matrix]:
        """Return those of ``keys`` that there are, with their vectors, (n, dim)."""

    def passages(self, keys: Sequence[Key]) -> Mapping[Key, Passage]:
        """Return those of ``keys`` that there are."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. ``score`` is 0..1 within one query; ``dense_score`` is a cosine, ``lexical_score``
    BM25.

    ``dense_score`` is None where the encoder had no say, ``lexical_score`` 0.0 where no term of the query
    occurs, or where the passage is not among the best 100, or ``top_k``, by words. The ranks, from 1, are
    those among all that was found by either score; None where there is no such score. ``evidence`` is what
    reranking added for a question, 0..1; None where it took no part.
    """

    passage: Passage
    score: float
    dense_score: float | None
    lexical_score: float
    dense_rank: int | None = None
    lexical_rank: int | None = None
    evidence: float | None = None


@dataclass(frozen=True, slots=True)
class _Candidates(Generic[Key]):
    """What either list found. ``keys`` ascend; the others go by their places.

    ``cosines`` are 0 and ``vectors``, (n, dim), rows of zeros where the encoder has nothing to say; ``bm25``
    is 0 for what is not in the lexical list.
    """

    keys: list[Key]
    bm25: Scores
    cosines: Scores
    vectors: Matrix


def search(query: str, top_k: int, passages: Searchable[Key], encoder: Encoder, encode: Encode) -> list[Hit]:
    """Return the ``top_k`` best hits for ``query`` among ``passages``. ``encode`` is ``encoder``'s, or knows
    what it has made before.
    """
    top_k = min(top_k, passages.most)
    vector = encode([query])[0] if encoder.known_share(query) >= LEAST_KNOWN_SHARE else None
    found = _candidates(query, vector, max(CANDIDATES, top_k), passages)
    if vector is None or not found.cosines.any():
        scores = _normalised(found.bm25)
        return _hits(found, scores, _best(scores, top_k), passages)
    if not is_question(query):
        scores = _fused(_after_feedback(vector, found), found.bm25, DENSE_WEIGHT)
        return _hits(found, scores, _best(scores, top_k), passages)
    scores = _fused(found.cosines, found.bm25, DENSE_WEIGHT_OF_QUESTIONS)
    count = len(_best_and_ties(scores, RERANKED))
    hits = _hits(found, scores, _best(scores, max(count, top_k)), passages)
    return _reranked(query, vector, hits, count, encode)[:top_k]


def _candidates(query: str, vector: Vector | None, count: int, passages: Searchable[Key]) -> _Candidates[Key]:
    terms = query_terms(query)
    bm25 = passages.lexical(terms, count)
    if vector is None and not bm25:
        # Chinese that shares no pair of characters with the corpus may still share some single ones.
        bm25 = passages.lexical(characters_of(terms), count, by_prefix=True)
    dense = () if vector is None else passages.dense(vector, count)
    keys = sorted({*dense, *bm25})
    scores = np.array([bm25.get(key, 0.0) for key in keys])
    if vector is None:
        return _Candidates(keys, scores, np.zeros(len(keys)), np.zeros((len(keys), 0), dtype=np.float32))
    vectors = np.zeros((len(keys), len(vector)), dtype=np.float32)
    known, rows = passages.vectors_of(keys)
    place_of = {key: place for place, key in enumerate(keys)}
    vectors[[place_of[key] for key in known]] = rows
    cosines = _cosines(vectors, vector)
    scored = np.flatnonzero((scores != 0) | (cosines != 0))
    return _Candidates([keys[place] for place in scored], scores[scored], cosines[scored], vectors[scored])


def _cosines(vectors: Matrix, vector: Vector) -> Scores:
    """Return the products with ``vector``, summed row by row, so that equal rows have equal cosines, which a
    matrix product does not promise.
    """
    return np.asarray((vectors * vector).sum(axis=1), dtype=np.float64)


def _after_feedback(vector: Vector, found: _Candidates[Key]) -> Scores:
    """Return the candidates' cosines to the query once it has moved towards the best of them."""
    best = _best_and_ties(_fused(found.cosines, found.bm25, DENSE_WEIGHT), FEEDBACK)
    moved = vector + FEEDBACK_WEIGHT * found.vectors[best].mean(axis=0)
    return _cosines(found.vectors, moved / np.linalg.norm(moved))


def _fused(cosines: Scores, bm25: Scores, dense_weight: float) -> Scores:
    return dense_weight * _normalised(cosines) + (1 - dense_weight) * _normalised(bm25)


def _normalised(scores: Scores) -> Scores:
    highest = scores.max(initial=0.0)
    return scores.clip(min=0.0) / highest if highest else np.zeros(len(scores))


def _best(scores: Scores, count: int) -> NDArray[np.intp]:
    """Return the places of the highest scores, best first; of equal ones the first."""
    return np.argsort(-scores, kind="stable")[:count]


def _best_and_ties(scores: Scores, count: int) -> NDArray[np.intp]:
    """Return the places of the highest scores, and of all that equal the last of them: who is among the first
    must not depend on the order in which passages were stored.
    """
    best = _best(scores, len(scores))
    return best[: np.count_nonzero(scores >= scores[best[:count][-1]])]


def _hits(
    found: _Candidates[Key], scores: Scores, places: NDArray[np.intp], searched: Searchable[Key]
) -> list[Hit]:
    keys = [found.keys[place] for place in places.tolist()]
    passages = searched.passages(keys)
    if len(passages) < len(keys):
        raise CorpusDamaged("the lexical index has passages that are not there: see `pincite verify`")
    dense_ranks, lexical_ranks = _ranks(found.cosines), _ranks(found.bm25)
    return [
        Hit(
            passages[key],
            float(scores[place]),
            float(found.cosines[place]) if found.cosines[place] else None,
            float(found.bm25[place]),
            int(dense_ranks[place]) if found.cosines[place] else None,
            int(lexical_ranks[place]) if found.bm25[place] else None,
        )
        for key, place in zip(keys, places.tolist(), strict=True)
    ]


def _reranked(query: str, vector: Vector, hits: list[Hit], count: int, encode: Encode) -> list[Hit]:
    """Return ``hits`` with the first ``count`` of them ranked again by what they have for the question."""
    first = hits[:count]
    evidence = np.zeros(len(hits))
    evidence[: len(first)] = evidence_for(
        query, vector, [hit.passage for hit in first], [hit.score for hit in first], encode
    )
    scores = (np.array([hit.score for hit in hits]) + evidence) / (1 + MOST_EVIDENCE)
    return [
        replace(
            hits[place],
            score=float(scores[place]),
            evidence=float(evidence[place]) / MOST_EVIDENCE if place < len(first) else None,
        )
        for place in _best(scores, len(hits)).tolist()
    ]


def _ranks(scores: Scores) -> NDArray[np.intp]:
    """Return ranks from 1; what has no score, 0, comes after the rest, a negative cosine too."""
    ranks = np.empty(len(scores), dtype=np.intp)
    ranks[_best(np.where(scores, scores, -np.inf), len(scores))] = np.arange(1, len(scores) + 1)
    return ranks
