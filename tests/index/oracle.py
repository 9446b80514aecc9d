"""What a corpus ought to find, in plain Python over the texts it holds: no index, no vectors, no SQL.

Texts are of a kind that leaves no doubt how they are split: a line of words, or headings with a line of words
under each. The words have three letters, so that each is its own stem, or are Chinese. Ranking is BM25 (k1
1.2, b 0.75, what the context holds counts half) and the cosine, each list cut at so many candidates; each is
divided by its highest, and they are averaged. No query here is a question, which would be reranked.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import EncoderIdentity
from tests.fakes import FakeEncoder

_LEAST_KNOWN_SHARE = 0.9
_SAME = 1e-5
_LEAST_SPREAD = 1e-3
_ROUNDING = 1e-9


class WordEncoder(FakeEncoder):
    """Sums a vector for each word, which its checksum gives; cosines are of either sign and never zero."""

    def __init__(self, name: str, dimension: int) -> None:
        super().__init__(name)
        self.identity = EncoderIdentity(name, self.identity.weights_sha256, dimension, "float32")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See ``vector``, which says the same in plain Python."""
        sums = np.zeros((len(texts), self.identity.dimension))
        for row, text in zip(sums, texts, strict=True):
            for word in _words(text):
                digest = hashlib.sha256((self.identity.name + word).encode()).digest()
                row += np.frombuffer(digest, np.uint8)[: len(row)] - 127.5
        vectors: NDArray[np.float32] = (sums / np.sqrt((sums**2).sum(axis=1, keepdims=True))).astype(
            np.float32
        )
        return vectors


@dataclass(frozen=True, slots=True)
class Held:
    """A text that the corpus holds; ``is_text``: it was given in hand."""

    text: str
    year: int
    is_text: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """What is retrieved; ``place`` counts the corpus's passages in the order in which they came."""

    place: int
    source: str
    start: int
    context: str
    body: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with the scores that it ought to have."""

    passage: Passage
    score: float
    cosine: float | None
    bm25: float


def passages_of(held: Mapping[str, Held]) -> list[Passage]:
    """Return the passages of texts in the order in which they were stored."""
    cut = [(source, *part) for source, one in held.items() for part in _parts(one.text)]
    return [Passage(place, *part) for place, part in enumerate(cut)]


def search(
    query: str, passages: Sequence[Passage], allowed: Callable[[Passage], bool], encoder: str, candidates: int
) -> list[Found] | None:
    """Return all that is to be found, best first; None where a tie leaves open who the candidates are.

    ``encoder`` is the name of a ``WordEncoder``.
    """
    terms = [term for word in dict.fromkeys(query.split()) for term in _terms(word)]
    lexical = _bm25(terms, passages, allowed, by_prefix=False)
    nearest: dict[Passage, float] | None = {}
    asked: list[float] = []
    if _known_share(query) < _LEAST_KNOWN_SHARE:
        if not lexical:
            characters = list(dict.fromkeys(c for term in terms for c in term if not c.isascii()))
            lexical = _bm25(characters, passages, allowed, by_prefix=True)
        bm25 = _first(lexical, candidates, passages)
    else:
        asked = vector(query, encoder)
        known = [one for one in passages if _known_share(one.body) >= _LEAST_KNOWN_SHARE and allowed(one)]
        cosines = {one: _dot(asked, _as_stored(vector(_embedded(one), encoder))) for one in known}
        bm25 = _first(lexical, candidates, passages)
        nearest = _first(cosines, candidates)
        if nearest is not None and bm25 is not None:
            nearest |= {one: cosines[one] for one in bm25 if one in cosines}
    return None if nearest is None or bm25 is None else _fused(nearest, bm25, asked, encoder)


@lru_cache(maxsize=10_000)
def vector(text: str, encoder: str) -> list[float]:
    """Return the unit vector of a text, its numbers as float32 has them."""
    digests = [hashlib.sha256((encoder + word).encode()).digest() for word in _words(text)]
    sums = [sum(byte - 127.5 for byte in column) for column in zip(*digests, strict=True)]
    sums = sums[: DIMENSIONS[encoder]]
    length = math.sqrt(sum(number**2 for number in sums))
    return [float(struct.unpack("<f", struct.pack("<f", number / length))[0]) for number in sums]


DIMENSIONS = {"first": 16, "second": 16, "third": 24}
ENCODERS = {name: WordEncoder(name, dimension) for name, dimension in DIMENSIONS.items()}


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each passage's start, context and body."""
    start, title, context = 0, "", ""
    for line in text.split("\n\n"):
        level, _, name = line.partition(" ")
        if level == "#":
            title = context = name
        elif level == "##":
            context = f"{title} › {name}"
        else:
            yield start, context, line
        start += len(line) + 2


def _words(text: str) -> list[str]:
    return [word for word in text.split() if word != "›"]


def _terms(word: str) -> list[str]:
    return [word] if word.isascii() or len(word) == 1 else [a + b for a, b in pairwise(word)]


def _known_share(text: str) -> float:
    characters = "".join(text.split())
    return sum(character < "\x80" for character in characters) / len(characters)


def _embedded(passage: Passage) -> str:
    """Return the body, with the headings, which are Latin, where it is too: a Han character weighs a word."""
    words = passage.body.split()
    han = sum(len(word) for word in words if not word.isascii())
    return passage.body if han > sum(map(str.isascii, words)) else f"{passage.context} {passage.body}"


def _as_stored(numbers: Sequence[float]) -> list[float]:
    """Return numbers as float16 has them."""
    return [float(struct.unpack("<e", struct.pack("<e", number))[0]) for number in numbers]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=10_000)
def _fields(passage: Passage) -> tuple[list[str], list[str]]:
    context, body = (
        [term for word in _words(text) for term in _terms(word)] for text in (passage.context, passage.body)
    )
    return context, body


def _bm25(
    terms: Sequence[str],
    passages: Sequence[Passage],
    allowed: Callable[[Passage], bool],
    *,
    by_prefix: bool,
) -> dict[Passage, float]:
    """Return the BM25 score of the passages that are allowed and hold a term; all count towards the idf."""
    fields = {one: _fields(one) for one in passages}
    mean = sum(len(context) + len(body) for context, body in fields.values()) / max(len(fields), 1)
    scores = dict.fromkeys(passages, 0.0)
    for term in terms:
        frequencies = {}
        for one, (context, body) in fields.items():
            in_context, in_body = (
                sum(other.startswith(term) if by_prefix else other == term for other in field)
                for field in (context, body)
            )
            if frequency := in_context / 2 + in_body:
                frequencies[one] = frequency
        idf = math.log(1 + (len(passages) - len(frequencies) + 0.5) / (len(frequencies) + 0.5))
        for one, frequency in frequencies.items():
            norm = 0.25 + 0.75 * sum(map(len, fields[one])) / mean
            scores[one] += idf * 2.2 * frequency / (frequency + 1.2 * norm)
    return {one: score for one, score in scores.items() if score and allowed(one)}


def _first(
    scores: Mapping[Passage, float], count: int, by_place: Sequence[Passage] | None = None
) -> dict[Passage, float] | None:
    """Return the ``count`` best, of those with the same words (``by_place``) the first; None if that leaves
    the last one open.
    """
    best = sorted(scores, key=lambda one: (-round(scores[one] / _SAME), one.place))
    kept, left = best[:count], best[count:]
    tied = [one for one in best if kept and abs(scores[one] - scores[kept[-1]]) < 2 * _SAME]
    if any(one in left for one in tied):
        alike = {(tuple(sorted(_fields(one)[0])), tuple(sorted(_fields(one)[1]))) for one in tied}
        if by_place is None or len(alike) > 1:
            return None
    return {one: scores[one] for one in kept}


def _fused(
    cosines: Mapping[Passage, float], bm25: Mapping[Passage, float], asked: Sequence[float], encoder: str
) -> list[Found] | None:
    """Return the candidates by half of either score, after the query has moved a fifth of the way to the mean
    of the first three and their equals; None where rounding decides.
    """
    if not cosines:
        return _found(cosines, bm25, _averaged({}, bm25, 1.0))
    vectors = {
        one: _as_stored(vector(_embedded(one), encoder)) if one in cosines else [0.0] * len(asked)
        for one in {**cosines, **bm25}
    }
    before = _averaged(cosines, bm25, 0.5)
    third = sorted(before.values(), reverse=True)[:3][-1]
    first = [vectors[one] for one, score in before.items() if score > third - _ROUNDING]
    near = [one for one, score in before.items() if _ROUNDING < abs(score - third) < _SAME]
    if near or abs(max(cosines.values())) < _LEAST_SPREAD:
        return None
    moved = [number + 0.2 * sum(column) / len(first) for number, *column in zip(asked, *first, strict=True)]
    length = math.sqrt(_dot(moved, moved))
    after = {one: _dot(moved, vectors[one]) / length for one in cosines}
    if abs(max(after.values())) < _LEAST_SPREAD:
        return None
    return _found(cosines, bm25, _averaged(after, bm25, 0.5))


def _averaged(
    cosines: Mapping[Passage, float], bm25: Mapping[Passage, float], weight: float
) -> dict[Passage, float]:
    """Return the sum of both scores, each over its highest, the cosine's by ``weight``, what is below zero as
    zero; of the words alone where there are no cosines.
    """
    nearest, most = max(cosines.values(), default=0.0), max(bm25.values(), default=1.0)
    words = 1 - weight if cosines else 1.0
    return {
        one: (weight * max(cosines.get(one, 0.0), 0.0) / nearest if nearest > 0 else 0.0)
        + words * bm25.get(one, 0.0) / most
        for one in {**cosines, **bm25}
    }


def _found(
    cosines: Mapping[Passage, float], bm25: Mapping[Passage, float], scores: Mapping[Passage, float]
) -> list[Found]:
    found = [Found(one, score, cosines.get(one), bm25.get(one, 0.0)) for one, score in scores.items()]
    return sorted(found, key=lambda one: (-one.score, one.passage.place))
