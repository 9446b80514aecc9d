"""Hybrid retrieval: dense and lexical candidates, each list's scores normalised, fused by a weighted sum.

Every candidate gets its cosine, also those that only the lexical list brought. Cosines are scaled between the
lowest and the highest candidate, BM25 by the highest; a fused score is in 0..1 and compares hits of one query
only. Where the encoder does not know the query's characters its weight is zero: a guess among unknown
characters ranks worse than none. (Convex fusion: Bruch, Gai, Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", 2022.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import LEAST_KNOWN_SHARE, Encoder
from pincite.index.errors import CorpusDamaged
from pincite.index.filters import Filter
from pincite.index.indexes import Indexes
from pincite.index.lexical import LexicalHit
from pincite.index.passages import Passage
from pincite.index.snapshot import Snapshot
from pincite.index.tokens import characters_of, query_terms

DENSE_WEIGHT = 0.5
CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. ``score`` is 0..1 within one query; ``dense_score`` is a cosine, ``lexical_score``
    BM25.

    ``dense_score`` is None where the encoder had no say, ``lexical_score`` 0.0 where no term of the query
    occurs.
    """

    passage: Passage
    score: float
    dense_score: float | None
    lexical_score: float


def search(
    query: str, top_k: int, snapshot: Snapshot, indexes: Indexes, encoder: Encoder, condition: Filter | None
) -> list[Hit]:
    """Return the ``top_k`` best hits for ``query`` among the passages whose document meets ``condition``."""
    top_k = min(top_k, snapshot.last_id)
    candidates = max(CANDIDATES, top_k)
    terms = query_terms(query)
    allowed = None if condition is None else indexes.allowed(snapshot, condition)
    lexical = snapshot.lexical(indexes.lexical, terms, candidates, allowed)
    cosines: dict[int, float] = {}
    if encoder.known_share(query) < LEAST_KNOWN_SHARE:
        # Chinese that shares no pair of characters with the corpus may still share some single ones.
        lexical = lexical or snapshot.lexical(
            indexes.lexical, characters_of(terms), candidates, allowed, by_prefix=True
        )
    else:
        vector = encoder.encode([query])[0]
        neighbours = indexes.vectors.search(vector, candidates, allowed)
        cosines = _cosines(vector, {*neighbours.ids.tolist(), *(hit.id for hit in lexical)}, snapshot)
    return _fuse(cosines, lexical, top_k, snapshot)


def _cosines(vector: NDArray[np.float32], ids: Iterable[int], snapshot: Snapshot) -> dict[int, float]:
    """Return the similarity of each of ``ids`` that the encoder has something to say of."""
    known, others = snapshot.vectors_of(sorted(ids))
    # Summed row by row, so that equal vectors have equal cosines, which a matrix product does not promise.
    cosines = zip(known.tolist(), (others * vector).sum(axis=1).tolist(), strict=True)
    return {id_: cosine for id_, cosine in cosines if cosine}


def _fuse(
    cosines: dict[int, float], lexical: Sequence[LexicalHit], top_k: int, snapshot: Snapshot
) -> list[Hit]:
    bm25 = {hit.id: hit.score for hit in lexical}
    highest = max(bm25.values(), default=0.0) or 1.0
    low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=0.0)
    weight = DENSE_WEIGHT if cosines else 0.0

    def fused(id_: int) -> float:
        dense = (
            (cosines[id_] - low) / (high - low) if id_ in cosines and high > low else float(id_ in cosines)
        )
        return weight * dense + (1 - weight) * bm25.get(id_, 0.0) / highest

    scores = {id_: fused(id_) for id_ in cosines.keys() | bm25.keys()}
    best = sorted(scores, key=lambda id_: (-scores[id_], id_))[:top_k]
    passages = snapshot.passages(best)
    if len(passages) < len(best):
        raise CorpusDamaged("the lexical index has passages that are not there: see `pincite verify`")
    return [Hit(passages[id_], scores[id_], cosines.get(id_), bm25.get(id_, 0.0)) for id_ in best]
