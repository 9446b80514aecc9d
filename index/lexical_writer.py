"""Writes the lexical index, inside a transaction that the caller opened; ``lexical`` says what is stored."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

from pincite.index.lexical import Weights, pack, unpack_many

RECENT_IDS = 512
SEGMENT_IDS = 65_536
_MERGED_AT_ONCE = 8
_FLUSHED = "(SELECT coalesce(max(first + length(lengths) / 2 - 1), 0) FROM segments)"
_RECENT = f"(SELECT coalesce(max(id), 0) - {_FLUSHED} FROM passages)"


@dataclass(frozen=True, slots=True)
class _Segment:
    id: int
    first: int
    end: int
    indexed: int
    alive: int

    @property
    def ids(self) -> int:
        return self.end - self.first

    @property
    def is_mostly_gone(self) -> bool:
        return self.alive * 2 < self.indexed


def is_unsettled(connection: sqlite3.Connection) -> bool:
    """Whether ``LexicalWriter.settle`` has something to do."""
    mostly_gone = any(segment.is_mostly_gone for segment in _segments(connection))
    return mostly_gone or connection.execute(f"SELECT {_RECENT}").fetchone()[0] >= RECENT_IDS


class LexicalWriter:
    """Adds passages to the lexical index and takes them out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, passage: int, weights: Weights) -> None:
        """Add a passage, which ``passages`` already has."""
        stored = json.dumps(weights.of, ensure_ascii=False, separators=(",", ":"))
        self._connection.execute("INSERT INTO recent VALUES (?, ?)", (passage, stored))

    def remove(self, ids: Sequence[int]) -> None:
        """Take passages out, which are about to leave ``passages`` too."""
        gone = np.array(ids, dtype=np.int64)
        for segment in _segments(self._connection):
            places = gone[(gone >= segment.first) & (gone < segment.end)] - segment.first
            if len(places):
                lengths = self._lengths([segment])
                lengths[places] = 0
                self._connection.execute(
                    "UPDATE segments SET alive = ?, lengths = ? WHERE id = ?",
                    (int(np.count_nonzero(lengths)), lengths.tobytes(), segment.id),
                )

    def settle(self) -> None:
        """Make a segment of what is recent, one of many small ones, and a lighter one where most is gone."""
        if self._connection.execute(f"SELECT {_RECENT}").fetchone()[0] >= RECENT_IDS:
            self._flush()
        while len(run := _mergeable(_segments(self._connection))) > 1:
            self._rewrite(run)
        for segment in _segments(self._connection):
            if segment.is_mostly_gone:
                self._rewrite([segment])

    def _flush(self) -> None:
        sizes = self._connection.execute(
            f"SELECT id, length FROM passages WHERE id > {_FLUSHED} ORDER BY id"
        ).fetchall()
        ids, all_lengths = np.array(sizes, dtype=np.int64).T
        while len(ids):
            first = int(ids[0])
            size = int(np.searchsorted(ids, first + SEGMENT_IDS))
            end = int(ids[size - 1]) + 1
            lengths = np.zeros(end - first, dtype=np.uint16)
            lengths[ids[:size] - first] = all_lengths[:size]
            lists: defaultdict[str, list[int]] = defaultdict(list)
            for id_, stored in self._connection.execute(
                "SELECT passage, weights FROM recent WHERE passage >= ? AND passage < ? ORDER BY passage",
                (first, end),
            ):
                for term, weight in json.loads(stored).items():
                    lists[term].append((id_ - first) << 8 | weight)
            terms = sorted(lists)
            counts = np.array([len(lists[term]) for term in terms], dtype=np.int64)
            both = np.fromiter(chain.from_iterable(lists[term] for term in terms), dtype=np.int64)
            self._insert(first, lengths, _lists(terms, counts, both >> 8, both & 255, lengths))
            ids, all_lengths = ids[size:], all_lengths[size:]
        self._connection.execute("DELETE FROM recent")

    def _rewrite(self, segments: Sequence[_Segment]) -> None:
        """Write neighbouring segments anew as one, without what is gone."""
        first = segments[0].first
        lengths = self._lengths(segments)
        terms, firsts, blobs = [], [], []
        for term, of, blob in self._connection.execute(
            "SELECT p.term, s.first, p.passages FROM postings p JOIN segments s ON s.id = p.segment"
            " WHERE s.first BETWEEN ? AND ? ORDER BY p.term, s.first",
            (first, segments[-1].first),
        ):
            terms.append(term)
            firsts.append(of)
            blobs.append(blob)
        counts, places, weights = unpack_many(blobs)
        places = places + np.repeat(np.array(firsts, dtype=np.int64) - first, counts)
        self._connection.execute(
            "DELETE FROM segments WHERE first BETWEEN ? AND ?", (first, segments[-1].first)
        )
        if lengths.any():
            self._insert(first, lengths, _lists(terms, counts, places, weights, lengths))

    def _insert(self, first: int, lengths: NDArray[np.uint16], lists: Iterator[tuple[str, bytes]]) -> None:
        count = int(np.count_nonzero(lengths))
        segment = self._connection.execute(
            "INSERT INTO segments (first, indexed, alive, lengths) VALUES (?, ?, ?, ?)",
            (first, count, count, lengths.tobytes()),
        ).lastrowid
        self._connection.executemany(
            "INSERT INTO postings VALUES (?, ?, ?)", ((segment, term, blob) for term, blob in lists)
        )

    def _lengths(self, segments: Sequence[_Segment]) -> NDArray[np.uint16]:
        """Return the lengths of neighbouring segments, from the first one's first place."""
        first = segments[0].first
        lengths = np.zeros(segments[-1].end - first, dtype=np.uint16)
        for segment in segments:
            (stored,) = self._connection.execute(
                "SELECT lengths FROM segments WHERE id = ?", (segment.id,)
            ).fetchone()
            lengths[segment.first - first : segment.end - first] = np.frombuffer(stored, dtype="<u2")
        return lengths


def _segments(connection: sqlite3.Connection) -> list[_Segment]:
    rows = connection.execute(
        "SELECT id, first, first + length(lengths) / 2, indexed, alive FROM segments ORDER BY first"
    )
    return [_Segment(*row) for row in rows]


def _mergeable(segments: Sequence[_Segment]) -> Sequence[_Segment]:
    """Return the last segments if they should be one: eight of a size, or as many as fill the room of one."""
    tail = [one for one in segments if segments[-1].end - one.first <= SEGMENT_IDS]
    of_a_size = takewhile(lambda one: one.ids <= 2 * tail[-1].ids, reversed(tail))
    run = list(islice(of_a_size, _MERGED_AT_ONCE))[::-1]
    is_full = bool(tail) and tail[-1].end - tail[0].first + RECENT_IDS > SEGMENT_IDS
    return tail if is_full else run if len(run) == _MERGED_AT_ONCE else []


def _lists(
    terms: Sequence[str],
    counts: NDArray[np.int64],
    places: NDArray[np.int64],
    weights: NDArray[np.integer],
    lengths: NDArray[np.uint16],
) -> Iterator[tuple[str, bytes]]:
    """Yield each term with its posting list, from ascending rows of a term and ``counts`` postings each,
    leaving out what is gone.
    """
    if not terms:
        return
    new_terms = np.array([True, *(a != b for a, b in pairwise(terms))])
    numbers = np.repeat(np.cumsum(new_terms) - 1, counts)
    is_held = lengths[places] > 0
    packed = pack(places[is_held], weights[is_held])
    ends = np.cumsum(np.bincount(numbers[is_held], minlength=int(new_terms.sum())))
    places_end, start = 2 * int(ends[-1]), 0
    for row, end in zip(np.flatnonzero(new_terms).tolist(), ends.tolist(), strict=True):
        if end > start:
            yield terms[row], packed[2 * start : 2 * end] + packed[places_end + start : places_end + end]
        start = end
