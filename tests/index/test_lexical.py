"""The lexical index against BM25 in plain Python, whatever has been added, removed and settled."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index import lexical_writer, schema
from pincite.index.lexical import LexicalIndex, Mask, pack, unpack, unpack_many, weigh
from pincite.index.lexical_writer import LexicalWriter, is_unsettled

Texts = dict[int, tuple[list[str], list[str]]]

TERMS = ("a", "ab", "abc", "b", "c", "王", "王小", "小茗")
term_lists = st.lists(st.sampled_from(TERMS), max_size=6)
additions = st.tuples(st.just("add"), term_lists, term_lists)
removals = st.tuples(st.just("remove"), st.integers(0, 99), st.integers(1, 30))
changes = st.lists(additions | additions | removals | st.just(("settle",)), max_size=60)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments small enough that a test comes to have several, and to merge them."""
    monkeypatch.setattr(lexical_writer, "RECENT_IDS", 3)
    monkeypatch.setattr(lexical_writer, "SEGMENT_IDS", 32)
    monkeypatch.setattr(lexical_writer, "_MERGED_AT_ONCE", 3)


class Held:
    """A lexical index in a database of its own, and what it ought to hold."""

    def __init__(self, first_id: int = 1) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.executescript(schema.TABLES)
        self.connection.executescript(
            "INSERT INTO files VALUES (1, 'f', '', 0, '[]');"
            "INSERT INTO documents VALUES (1, 1, 'd', 'f', 1, 1, 1, 0, '{}', '{}', '[]', '[]', 'x', x'');"
            "INSERT INTO groups VALUES (1, 1, 0, 1, '[]', NULL);"
            f"INSERT INTO sqlite_sequence VALUES ('passages', {first_id - 1});"
            "PRAGMA foreign_keys = ON"
        )
        self.writer = LexicalWriter(self.connection)
        self.texts: Texts = {}
        self.index: LexicalIndex | None = None

    def add(self, context: list[str], body: list[str]) -> None:
        weights = weigh(context, body)
        id_ = self.connection.execute(
            'INSERT INTO passages (document, "group", start, "end", points, length, checksum)'
            " VALUES (1, 1, 0, 1, '', ?, ?)",
            (weights.length, weights.checksum),
        ).lastrowid
        assert id_ is not None
        self.writer.add(id_, weights)
        if context or body:
            self.texts[id_] = (context, body)

    def remove(self, place: int, count: int) -> None:
        gone = sorted(self.texts)[place : place + count]
        self.writer.remove(gone)
        for id_ in gone:
            self.connection.execute("DELETE FROM passages WHERE id = ?", (id_,))
            del self.texts[id_]

    def change(self, what: str, *values: object) -> None:
        if what == "settle":
            self.writer.settle()
            assert not is_unsettled(self.connection)
        else:
            getattr(self, what)(*values)

    def search(
        self, terms: Sequence[str], top_k: int, allowed: Mask | None = None, *, by_prefix: bool = False
    ) -> list[tuple[int, float]]:
        self.index = LexicalIndex.read(self.connection, self.index)
        hits = self.index.search(self.connection, terms, top_k, allowed, by_prefix=by_prefix)
        return [(hit.id, hit.score) for hit in hits]


def bm25(
    texts: Texts, terms: Sequence[str], top_k: int, keep: set[int], *, by_prefix: bool = False
) -> list[tuple[int, float]]:
    """The oracle: Robertson's BM25, k1 1.2 and b 0.75, a context's occurrences counting half."""

    def frequency(term: str, id_: int) -> float:
        context, body = texts[id_]
        if by_prefix:
            return 0.5 * sum(t.startswith(term) for t in context) + sum(t.startswith(term) for t in body)
        return 0.5 * context.count(term) + body.count(term)

    mean = sum(len(context) + len(body) for context, body in texts.values()) / max(len(texts), 1)
    scores = dict.fromkeys(texts, 0.0)
    for term in terms:
        holders = [id_ for id_ in texts if frequency(term, id_)]
        idf = math.log(1 + (len(texts) - len(holders) + 0.5) / (len(holders) + 0.5))
        for id_ in holders:
            norm = 0.25 + 0.75 * sum(map(len, texts[id_])) / mean
            scores[id_] += idf * 2.2 * frequency(term, id_) / (frequency(term, id_) + 1.2 * norm)
    found = [(id_, score) for id_, score in scores.items() if score and id_ in keep]
    return sorted(found, key=lambda one: (-round(one[1], 4), one[0]))[:top_k]


def assert_same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-4)
    ranked = sorted(found, key=lambda one: (-round(one[1], 4), one[0]))
    if len({round(score, 3) for _, score in expected}) == len(expected):
        assert [id_ for id_, _ in ranked] == [id_ for id_, _ in expected]


@given(
    changes,
    st.lists(st.sampled_from(TERMS), min_size=1, max_size=5, unique=True),
    st.integers(1, 8),
    st.booleans(),
)
def test_a_ranking_depends_on_what_is_held_and_not_on_how_it_came_there(
    history: list[tuple[str]], terms: list[str], top_k: int, by_prefix: bool
) -> None:
    held = Held(first_id=130_000)
    for change in history:
        held.change(*change)
        found = held.search(terms, top_k, by_prefix=by_prefix)
        assert_same(found, bm25(held.texts, terms, top_k, set(held.texts), by_prefix=by_prefix))


@given(changes, st.sets(st.integers(1, 60)), st.lists(st.sampled_from(TERMS), min_size=1, unique=True))
def test_only_allowed_passages_are_found_and_as_many_as_there_are(
    history: list[tuple[str]], keep: set[int], terms: list[str]
) -> None:
    held = Held()
    for change in history:
        held.change(*change)
    allowed = np.zeros(61, dtype=np.bool_)
    allowed[list(keep)] = True
    assert_same(held.search(terms, 4, allowed), bm25(held.texts, terms, 4, keep))


def many() -> Held:
    """Some hundred passages of words as common as words are."""
    held, random = Held(first_id=65_500), np.random.default_rng(1)
    for _ in range(400):
        ranks = random.zipf(1.3, size=int(random.integers(5, 40)))
        held.add([], [f"w{rank}" for rank in ranks if rank < 500])
        if is_unsettled(held.connection):
            held.writer.settle()
    return held


@pytest.fixture(scope="module")
def zipf() -> Iterator[Held]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical_writer, "RECENT_IDS", 20)
        patch.setattr(lexical_writer, "SEGMENT_IDS", 100)
        yield many()


def test_leaving_out_common_terms_changes_no_ranking(zipf: Held) -> None:
    random = np.random.default_rng(2)
    assert zipf.connection.execute("SELECT count(*) FROM segments").fetchone()[0] > 3
    for _ in range(60):
        terms = list({f"w{rank}" for rank in random.zipf(1.3, size=8) if rank < 500})
        assert_same(zipf.search(terms, 5), bm25(zipf.texts, terms, 5, set(zipf.texts)))


def test_segments_merge_shrink_and_go(zipf: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    del zipf  # its thresholds are not those of this test
    monkeypatch.setattr(lexical_writer, "SEGMENT_IDS", 16)
    held = Held()
    for number in range(40):
        held.add([], ["a", f"t{number}"])
        held.writer.settle()
    spans = held.connection.execute("SELECT first, alive FROM segments ORDER BY first").fetchall()
    assert spans[:2] == [(1, 15), (16, 15)]
    held.remove(0, 9)
    assert is_unsettled(held.connection)
    held.writer.settle()
    assert held.connection.execute("SELECT count(*) FROM postings WHERE term = 't3'").fetchone() == (0,)
    held.remove(0, 6)
    held.writer.settle()
    assert held.connection.execute("SELECT min(first) FROM segments").fetchone() == (16,)
    assert [id_ for id_, _ in held.search(["a"], 3)] == [16, 17, 18]


def test_a_large_segment_between_small_ones_is_not_lost_when_those_merge() -> None:
    held = Held()
    for number, size in enumerate((3, 12, 3, 3, 3)):
        for _ in range(size):
            held.add([], [f"t{number}"])
        held.writer.settle()
    assert [id_ for id_, _ in held.search(["t1"], 20)] == list(range(4, 16))


def test_no_terms_no_passages_and_unknown_terms_find_nothing() -> None:
    held = Held()
    assert held.search(["a"], 3) == []
    held.add([], ["a"])
    assert held.search([], 3) == held.search(["b"], 3) == []
    held.remove(0, 1)
    assert held.search(["a"], 3) == []


def test_a_weight_and_a_length_stop_at_what_their_bytes_hold() -> None:
    weights = weigh([], ["a"] * 70_000)
    assert (weights.of, weights.length) == ({"a": 255}, 65_535)
    held = Held()
    held.add([], ["a"] * 70_000)
    assert [id_ for id_, _ in held.search(["a"], 3)] == [1]


def test_posting_lists_come_back_as_they_went_in() -> None:
    places, weights = np.array([0, 7, 65_535]), np.array([1, 255, 2])
    blob = pack(places, weights)
    assert len(blob) == 9
    assert [part.tolist() for part in unpack(blob)] == [places.tolist(), weights.tolist()]
    counts, all_places, all_weights = unpack_many([blob, b"", blob[2:4] + blob[7:8]])
    assert counts.tolist() == [3, 0, 1]
    assert all_places.tolist() == [0, 7, 65_535, 7]
    assert all_weights.tolist() == [1, 255, 2, 255]
