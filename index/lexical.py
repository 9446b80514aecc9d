"""The lexical index: an inverted index of stems and bigrams in the corpus's own database, ranked by BM25.

It is changed in the same transaction as the documents, so the two cannot disagree. A term's postings are
arrays, which numpy scores a hundred times faster than rows. Two levels keep both adding and searching quick:

    recent      a row for each passage added last: its terms and their weights, read as a whole
    segments    up to 65,536 consecutive passage ids each, with a posting list per term in ``postings``

Once 512 ids are recent they become a segment, and eight neighbours of a size become one. A posting list is
the passages' places in the segment (uint16, ascending), then their weights (uint8): twice the occurrences in
the body plus those in the context, which count half. ``lengths`` are the passages' lengths in terms (uint16),
by place; 0 marks one that is gone. Its postings stay until the segment is written anew, but take no part in
anything: a ranking depends on what the corpus holds now, and never on how it came to hold it.

BM25 is Robertson's with Lucene's never negative idf. The rarest terms bring the candidates; once the others
together could lift no further passage into the result, they are only looked up for those (MaxScore: Turtle,
Flood, "Query Evaluation: Strategies and Optimizations", 1995). The ranking is the exact one all the same.
"""

import json
import math
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import mul
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pincite.index.errors import CorpusDamaged

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

_K1, _B = 1.2, 0.75
CHECKSUM_BITS = 2**63 - 1
UNREADABLE = (IndexError, OverflowError, TypeError, ValueError)
_HEAVIEST = 255
_LONGEST = 65_535
_ROUNDING = 1.0001
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A passage id and its BM25 score, higher is better."""

    id: int
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What the index keeps of one passage: each term's weight, and its length in terms."""

    of: dict[str, int]
    length: int

    @property
    def checksum(self) -> int:
        """A sum over the postings, in the range of SQLite's integers, that ``verify`` can add up again."""
        checksums = map(zlib.crc32, map(str.encode, self.of))
        total: int = sum(map(mul, checksums, self.of.values()))
        return total & CHECKSUM_BITS


@contextmanager
def readable() -> Iterator[None]:
    """Raise ``CorpusDamaged`` where what is stored cannot have been written by ``lexical_writer``."""
    try:
        yield
    except UNREADABLE as error:
        raise CorpusDamaged(
            f"the lexical index cannot be read: {error}: restore a backup or index the documents into a new"
            " corpus"
        ) from error


def weigh(context: Sequence[str], body: Sequence[str]) -> Weights:
    """Return the weights of a passage from the terms of its context and body."""
    counts = Counter(body)
    doubled = Counter({term: 2 * count for term, count in counts.items()})
    doubled.update(context)
    weights: dict[str, int] = doubled
    if max(doubled.values(), default=0) > _HEAVIEST:
        weights = {term: min(weight, _HEAVIEST) for term, weight in doubled.items()}
    return Weights(weights, min(len(context) + len(body), _LONGEST))


class LexicalIndex:
    """The lexical index as one generation of the corpus has it. Safe to share between threads."""

    def __init__(self, origin: int, lengths: NDArray[np.float32], recent: dict[int, dict[str, int]]) -> None:
        """``lengths`` are the passages' lengths in terms, from the id ``origin``; 0 for one that is gone."""
        is_held = lengths > 0
        self._origin = origin
        self._recent = recent
        self._count = int(np.count_nonzero(is_held))
        self._has_gaps = self._count < len(lengths)
        mean = float(lengths.sum(dtype=np.float64)) / max(self._count, 1)
        self._norms = np.full(len(lengths), np.inf, dtype=np.float32)
        self._norms[is_held] = _K1 * (1 - _B + _B * lengths[is_held] / mean)
        self._least_norm = float(self._norms.min(initial=np.inf))

    @classmethod
    def read(cls, connection: sqlite3.Connection, before: Self | None = None) -> Self:
        """Read what every search needs; of ``before``, an earlier generation's, take what has stayed."""
        segments = connection.execute("SELECT first, lengths FROM segments ORDER BY first").fetchall()
        parts = [(first, np.frombuffer(stored, dtype="<u2")) for first, stored in segments]
        flushed = parts[-1][0] + len(parts[-1][1]) - 1 if parts else 0
        recent = connection.execute(
            "SELECT id, length FROM passages WHERE id > ? ORDER BY id", (flushed,)
        ).fetchall()
        origin = parts[0][0] if parts else recent[0][0] if recent else 1
        end = recent[-1][0] + 1 if recent else flushed + 1
        lengths = np.zeros(max(end - origin, 0), dtype=np.float32)
        for first, part in parts:
            lengths[first - origin :][: len(part)] = part
        for id_, length in recent:
            lengths[id_ - origin] = length
        return cls(origin, lengths, _read_recent(connection, before._recent if before else {}))

    @property
    def last_id(self) -> int:
        """The highest passage id; 0 for none."""
        return self._origin + len(self._norms) - 1

    def search(
        self,
        connection: sqlite3.Connection,
        terms: Iterable[str],
        top_k: int,
        allowed: Mask | None = None,
        *,
        by_prefix: bool = False,
    ) -> list[LexicalHit]:
        """Return the ``top_k`` passages that hold any of ``terms``, best first, then by id.

        ``allowed`` says for every passage id whether it may be returned. ``by_prefix``: each term stands for
        all that begin with it. ``connection`` reads the generation that this index was made for.
        """
        read = self._read_prefix if by_prefix else self._read
        found = [postings for term in terms if (postings := read(connection, term)).count]
        found.sort(key=lambda postings: postings.count)
        gains = [self._gain(postings) for postings in found]
        bounds = [
            gain * postings.heaviest / (postings.heaviest + 2 * self._least_norm)
            for gain, postings in zip(gains, found, strict=True)
        ]
        scores = np.zeros(len(self._norms), dtype=np.float32)
        candidates = np.empty(0, dtype=np.intp)
        least = 0.0
        for number, postings in enumerate(found):
            rest = sum(bounds[number:]) * _ROUNDING
            if rest < least:
                candidates = np.sort(candidates[scores[candidates] + rest >= least])
                places, weights = postings.at(candidates)
            else:
                places, weights = postings.all()
                if allowed is not None:
                    chosen = allowed[places + self._origin]
                    places, weights = places[chosen], weights[chosen]
                candidates = np.concatenate([candidates, places[scores[places] == 0]])
            scores[places] += gains[number] * weights / (weights + 2 * self._norms[places])
            if sum(bounds[: number + 1]) > sum(bounds[number + 1 :]):
                least = max(least, _nth_largest(scores[candidates], top_k))
        candidates = np.sort(candidates[scores[candidates] >= least])
        best = candidates[np.argsort(-scores[candidates], kind="stable")[:top_k]]
        return [LexicalHit(int(place) + self._origin, float(scores[place])) for place in best]

    def _gain(self, postings: "_Postings") -> float:
        """Return what a term adds to the score of a passage that holds nothing else, at most."""
        idf = math.log1p((self._count - postings.count + 0.5) / (postings.count + 0.5))
        return idf * (_K1 + 1)

    def _read(self, connection: sqlite3.Connection, term: str) -> "_Postings":
        rows = connection.execute(
            "SELECT s.first, p.passages FROM segments s"
            " CROSS JOIN postings p ON p.segment = s.id AND p.term = ? ORDER BY s.first",
            (term,),
        )
        parts = [self._held(_Part(first - self._origin, *unpack(blob))) for first, blob in rows]
        recent = [
            (id_ - self._origin, weights[term]) for id_, weights in self._recent.items() if term in weights
        ]
        return _Postings([*parts, _recent_part(recent)])

    def _read_prefix(self, connection: sqlite3.Connection, prefix: str) -> "_Postings":
        bounds = (prefix, prefix + _LAST_CHARACTER)
        rows = connection.execute(
            "SELECT s.first, p.passages FROM segments s"
            " CROSS JOIN postings p ON p.segment = s.id AND p.term >= ? AND p.term < ?",
            bounds,
        )
        parts = [self._held(_Part(first - self._origin, *unpack(blob))) for first, blob in rows]
        recent = [
            (id_ - self._origin, weight)
            for id_, weights in self._recent.items()
            for term, weight in weights.items()
            if term.startswith(prefix)
        ]
        parts.append(_recent_part(recent))
        places = np.concatenate([part.offset + part.places.astype(np.intp) for part in parts])
        weights = np.concatenate([part.weights for part in parts])
        unique, inverse = np.unique(places, return_inverse=True)
        summed = np.minimum(np.bincount(inverse, weights), _HEAVIEST).astype(np.uint8)
        return _Postings([_Part(0, unique, summed)])

    def _held(self, part: "_Part") -> "_Part":
        """Return the part without the passages that are gone."""
        if not self._has_gaps:
            return part
        is_held = np.isfinite(self._norms[part.offset :][part.places])
        if is_held.all():
            return part
        return _Part(part.offset, part.places[is_held], part.weights[is_held])


@dataclass(frozen=True, slots=True)
class _Part:
    """Postings of one segment: places, ascending and counted from ``offset``, with their weights."""

    offset: int
    places: NDArray[np.unsignedinteger] | Places
    weights: NDArray[np.uint8]


class _Postings:
    """All postings of a term, ascending by place."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = [part for part in parts if len(part.places)]
        self.count = sum(len(part.places) for part in self._parts)
        self.heaviest = max((int(part.weights.max()) for part in self._parts), default=0)

    def all(self) -> tuple[Places, NDArray[np.uint8]]:
        """Return every place and its weight."""
        places = np.concatenate([part.places.astype(np.intp) + part.offset for part in self._parts])
        return places, np.concatenate([part.weights for part in self._parts])

    def at(self, candidates: Places) -> tuple[Places, NDArray[np.uint8]]:
        """Return those of ``candidates``, ascending, that are here, with their weights."""
        found = [np.empty(0, dtype=np.intp)]
        weights = [np.empty(0, dtype=np.uint8)]
        for part in self._parts:
            last = part.offset + int(part.places[-1])
            low, high = np.searchsorted(candidates, [part.offset, last + 1])
            wanted = (candidates[low:high] - part.offset).astype(part.places.dtype)
            at = np.searchsorted(part.places, wanted)
            is_here = part.places[at] == wanted
            found.append(candidates[low:high][is_here])
            weights.append(part.weights[at[is_here]])
        return np.concatenate(found), np.concatenate(weights)


def pack(places: NDArray[np.unsignedinteger] | Places, weights: NDArray[np.integer]) -> bytes:
    """Return a posting list as it is stored; places ascend and are below 65,536."""
    return places.astype("<u2").tobytes() + weights.astype(np.uint8).tobytes()


def unpack(blob: bytes) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return the places and weights of a stored posting list."""
    count = len(blob) // 3
    return np.frombuffer(blob, "<u2", count), np.frombuffer(blob, np.uint8, count, 2 * count)


def unpack_many(blobs: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return how many postings each list has, then all places and all weights, list after list."""
    content = np.frombuffer(b"".join(blobs), dtype=np.uint8)
    counts = np.array([len(blob) // 3 for blob in blobs], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    within = np.arange(counts.sum()) - np.repeat(starts, counts)
    at = np.repeat(3 * starts, counts)
    low = at + 2 * within
    places = content[low] + (content[low + 1].astype(np.int64) << 8)
    return counts, places, content[at + np.repeat(2 * counts, counts) + within]


def _read_recent(
    connection: sqlite3.Connection, known: Mapping[int, dict[str, int]]
) -> dict[int, dict[str, int]]:
    """Return the weights of each recent passage, by id, ascending."""
    ids = [id_ for (id_,) in connection.execute("SELECT passage FROM recent ORDER BY passage")]
    unknown: dict[int, dict[str, int]] = {id_: {} for id_ in ids if id_ not in known}
    for id_, weights in connection.execute(
        "SELECT passage, weights FROM recent WHERE passage >= ?", (min(unknown, default=0),)
    ):
        if id_ in unknown:
            unknown[id_] = json.loads(weights)
    return {id_: known[id_] if id_ in known else unknown[id_] for id_ in ids}


def _recent_part(rows: Sequence[tuple[int, int]]) -> _Part:
    places, weights = np.array(rows, dtype=np.intp).reshape(-1, 2).T
    return _Part(0, places, weights.astype(np.uint8))


def _nth_largest(values: NDArray[np.float32], n: int) -> float:
    """Return the ``n``-th largest value; 0 when there are not so many."""
    return float(np.partition(values, len(values) - n)[len(values) - n]) if len(values) >= n else 0.0
