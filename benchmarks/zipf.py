"""A made-up corpus whose words are as unevenly frequent as in real text, and queries and filters for it.

Words ``w0``, ``w1``, … are drawn independently, the word of rank r with a probability proportional to
(r + 1) ** -1.07. Passages are made in chunks of 1,000 from the chunk's own seed, so that any of them can be
made again and a million never have to be held. Passage ids begin at 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

CHUNK = 1_000
VOCABULARY = 300_000
EXPONENT = 1.07
SHORTEST, LONGEST = 60, 140
QUERY_WORDS = 8
STOP_WORDS = 100
_SEED = 7
_QUERY_SEED, _FILTER_SEED, _NEW_SEED = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage's id and its terms in reading order."""

    id: int
    terms: list[str]


def batches(passages: int) -> Iterator[list[Passage]]:
    """Yield the corpus's first ``passages`` passages, 1,000 at a time."""
    for chunk in range(-(-passages // CHUNK)):
        first = chunk * CHUNK
        rows = _ranks(chunk)[: passages - first]
        yield [Passage(first + n + 1, _words(ranks)) for n, ranks in enumerate(rows)]


def queries(passages: int, count: int) -> dict[str, list[list[str]]]:
    """Return two sets of ``count`` queries of up to 8 different words, each query's from one passage.

    The queries of the set "no stop words" leave out the 100 most frequent words of the vocabulary.
    """
    rng = np.random.default_rng([_SEED, _QUERY_SEED])
    sets: dict[str, list[list[str]]] = {"all words": [], "no stop words": []}
    for number in rng.integers(0, passages, count):
        ranks = np.unique(_ranks(int(number) // CHUNK)[int(number) % CHUNK])
        for asked, known in zip(sets.values(), (ranks, ranks[ranks >= STOP_WORDS]), strict=True):
            asked.append(_words(rng.permutation(known)[:QUERY_WORDS]))
    return sets


def allowed_ids(passages: int, share: float) -> Ids:
    """Return the ids of a random ``share`` of the passages, sorted, int64, (n,)."""
    rng = np.random.default_rng([_SEED, _FILTER_SEED, round(1 / share)])
    return np.sort(rng.choice(passages, max(1, int(passages * share)), replace=False)).astype(np.int64) + 1


def new_passage(id_: int) -> Passage:
    """Return a passage of 100 words, the first of which no other passage has."""
    ranks = _draw(np.random.default_rng([_SEED, _NEW_SEED, id_]), 99)
    return Passage(id_, [f"new{id_}", *_words(ranks)])


def rank_of(word: str) -> int:
    """Return the rank of a word of the vocabulary; the most frequent is 0."""
    return int(word[1:])


def _ranks(chunk: int) -> list[NDArray[np.int64]]:
    rng = np.random.default_rng([_SEED, 0, chunk])
    lengths = rng.integers(SHORTEST, LONGEST + 1, CHUNK)
    return np.split(_draw(rng, int(lengths.sum())), np.cumsum(lengths)[:-1])


def _draw(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    return np.searchsorted(_cumulative(), rng.random(count)).astype(np.int64)


@cache
def _cumulative() -> NDArray[np.float64]:
    sums = np.cumsum(np.arange(1, VOCABULARY + 1) ** -EXPONENT)
    return np.asarray(sums / sums[-1])


def _words(ranks: Sequence[int] | NDArray[np.int64]) -> list[str]:
    return [_vocabulary()[rank] for rank in ranks]


@cache
def _vocabulary() -> list[str]:
    return [f"w{rank}" for rank in range(VOCABULARY)]
