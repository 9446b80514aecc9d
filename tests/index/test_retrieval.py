"""Ranking: BM25 against a second implementation, fusion against figures worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.index.retrieval import Hit
from pincite.index.tokens import query_terms, terms_of
from tests.fakes import DIMENSION, FakeEncoder

SEEDS = Path(__file__).parents[2] / "seeds"

TEXTS = {
    "tide.md": (
        "# The tide mill\n\nThe mill grinds flour with the tide.\n\n"
        "## Gates\n\nTwo sea gates fill the pond.\n"
    ),
    "wheel.md": "# Wheel\n\nThe wheel is oak, the floats are elm, the teeth are apple wood.\n",
    "stones.txt": "French burr stones grind wheat. Burr stones make 60 kilograms of flour an hour.",
    "bread.txt": "Bread sales paid for a third of the gates. Flour, flour and more flour.",
    "tea.txt": "雾岭茶叶合作社成立于2009年,茶园共2140亩。",
}


@pytest.fixture
def corpus(location: str) -> Iterator[Corpus]:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for source, text in TEXTS.items():
            corpus.add_text(text, source=source, metadata={} if source.endswith(".md") else {"title": "Mill"})
        yield corpus


# The terms of each passage's context and body, worked out from the texts above.
FIELDS = {
    ("tide.md", "The tide mill"): ("The tide mill", "The mill grinds flour with the tide."),
    ("tide.md", "The tide mill › Gates"): (
        "The tide mill Gates",
        "Two sea gates fill the pond.",
    ),
    ("wheel.md", "Wheel"): ("Wheel", TEXTS["wheel.md"].split("\n")[2]),
    ("stones.txt", ""): ("Mill", TEXTS["stones.txt"]),
    ("bread.txt", ""): ("Mill", TEXTS["bread.txt"]),
    ("tea.txt", ""): ("Mill", TEXTS["tea.txt"]),
}


@dataclass(frozen=True, slots=True)
class Bm25:
    """A form of BM25: what a term of the body counts, towards a row's length too, what one of the context
    counts, which is 1 towards the length, and what the whole is multiplied by.
    """

    k1: float
    body: float
    context: float
    factor: float

    def score(self, idf: float, frequency: float, length: float) -> float:
        """Return what one term adds; ``length`` is the row's over the mean."""
        return self.factor * idf * frequency * (self.k1 + 1) / (frequency + self.k1 * (0.25 + 0.75 * length))


FTS5 = Bm25(k1=1.2, body=1, context=0.5, factor=1)


def bm25(query: str, form: Bm25) -> dict[tuple[str, str], float]:
    """BM25 as FTS5 documents it: k1 1.2, b 0.75, weights 0.5 for the context and 1.0 for the body.

    https://www.sqlite.org/fts5.html#the_bm25_function: a term's frequency is weighted by column before it is
    saturated, a row's length counts all its columns, and an idf below 1e-6 is 1e-6. Or another ``form``.
    """
    rows = {key: (terms_of(context), terms_of(body)) for key, (context, body) in FIELDS.items()}
    lengths = {k: len(context) + form.body * len(body) for k, (context, body) in rows.items()}
    mean = sum(lengths.values()) / len(rows)
    scores: dict[tuple[str, str], float] = dict.fromkeys(rows, 0.0)
    for term in query_terms(query):
        holders = sum(term in context or term in body for context, body in rows.values())
        idf = math.log(1 + (len(rows) - holders + 0.5) / (holders + 0.5))
        for key, (context, body) in rows.items():
            frequency = form.context * context.count(term) + form.body * body.count(term)
            scores[key] += form.score(idf, frequency, lengths[key] / mean)
    return {key: score for key, score in scores.items() if score}


def key(hit: Hit) -> tuple[str, str]:
    return hit.passage.source, hit.passage.group


QUERIES = (
    "burr stones",
    "flour",
    "which gates fill the pond?",
    "mill",
    "wheel wheel oak",
    "茶园有多少亩",
    "60 tide",
)


@pytest.mark.parametrize("query", [*QUERIES, "apple-wood"])
def test_lexical_scores_are_those_of_an_independent_bm25(corpus: Corpus, query: str) -> None:
    expected = bm25(query, FTS5)
    assert expected
    found = {key(hit): hit.lexical_score for hit in corpus.search(query, top_k=50)}
    assert {place: score for place, score in found.items() if score} == pytest.approx(expected)


PLAIN = {
    "a": "alpha",
    "b": "alpha beta beta beta",
    "c": "alpha gamma gamma gamma delta",
    "d": "delta epsilon",
    "e": "omega psi chi",
}


@pytest.fixture
def plain(location: str) -> Iterator[Corpus]:
    """Texts without title or heading, so that what is embedded is the text."""
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for source, text in PLAIN.items():
            corpus.add_text(text, source=source)
        yield corpus


def vectors_of(*texts: str) -> NDArray[np.float64]:
    return FakeEncoder().encode(texts).astype(np.float64)


def test_scores_are_worked_out_by_hand_to_the_last_passage(plain: Corpus) -> None:
    hits = {hit.passage.source: hit for hit in plain.search("alpha", top_k=50)}
    # Cosines 1/1, 1/sqrt(1+9), 1/sqrt(1+9+1); three of five passages hold the word: idf ln(1 + 2.5/3.5).
    cosine = {"a": 1.0, "b": 1 / math.sqrt(10), "c": 1 / math.sqrt(11)}
    # The mean length is (1 + 4 + 5 + 2 + 3) / 5 = 3.
    lengths = {"a": 1, "b": 4, "c": 5}
    lexical = {name: FTS5.score(math.log(6 / 3.5), FTS5.body, n / 3) for name, n in lengths.items()}
    for name in "abc":
        assert hits[name].dense_score == pytest.approx(cosine[name], abs=1e-3)
        assert hits[name].lexical_score == pytest.approx(lexical[name])
    assert [(hits[name].dense_rank, hits[name].lexical_rank) for name in "abc"] == [(1, 1), (2, 2), (3, 3)]
    assert all(hit.evidence is None for hit in hits.values())
    assert hits.keys() == set("abc")


def test_fusion_is_the_mean_of_cosine_after_feedback_and_bm25_each_over_its_highest(plain: Corpus) -> None:
    query = "gamma delta beta"
    (asked,), passages = vectors_of(query), vectors_of(*PLAIN.values())
    hits = {hit.passage.source: hit for hit in plain.search(query, top_k=50)}
    bm25 = np.array([hits[name].lexical_score if name in hits else 0 for name in PLAIN])
    cosines = passages @ asked
    first = np.argsort(-(cosines / cosines.max() + bm25 / bm25.max()), kind="stable")[:3]
    moved = asked + 0.2 * passages[first].mean(axis=0)
    nearer = passages @ (moved / np.linalg.norm(moved))
    expected = 0.5 * nearer / nearer.max() + 0.5 * bm25 / bm25.max()
    expected[(cosines == 0) & (bm25 == 0)] = 0  # neither list has brought these
    for name, score in zip(PLAIN, expected, strict=True):
        assert (hits[name].score if name in hits else 0) == pytest.approx(score, abs=2e-3)
    assert list(hits) == [list(PLAIN)[place] for place in np.argsort(-expected) if expected[place]]


def test_feedback_finds_what_says_the_same_in_other_words(location: str) -> None:
    texts = {"first": "cat feline", "same": "pet feline", "other": "pet anchor"}
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for source, text in texts.items():
            corpus.add_text(text, source=source)
        found = {hit.passage.source: hit for hit in corpus.search("cat pet")}
    assert found["same"].dense_score == pytest.approx(found["other"].dense_score, abs=1e-3)
    assert found["same"].lexical_score == found["other"].lexical_score
    assert found["same"].score > found["other"].score + 0.01


def test_a_query_outside_the_encoders_script_is_ranked_by_words_alone(corpus: Corpus) -> None:
    (hit,) = corpus.search("茶园有多少亩")
    assert (hit.passage.source, hit.dense_score, hit.score) == ("tea.txt", None, 1.0)


def test_chinese_that_shares_no_pair_of_characters_is_found_by_single_ones(corpus: Corpus) -> None:
    assert [hit.passage.source for hit in corpus.search("茶")] == ["tea.txt"]
    assert [hit.passage.source for hit in corpus.search("成茶")] == ["tea.txt"]
    assert corpus.search("水") == []
    corpus.add_text("Сегодня идёт дождь", source="ru.txt")
    assert [hit.passage.source for hit in corpus.search("дождь")] == ["ru.txt"]
    assert corpus.search("солнце") == []


def test_a_passage_outside_the_encoders_script_has_no_cosine(corpus: Corpus) -> None:
    hits = {hit.passage.source: hit for hit in corpus.search("in 2009 flour", top_k=50)}
    assert hits["tea.txt"].dense_score is None
    assert hits["tea.txt"].lexical_score > 0
    assert hits["bread.txt"].dense_score is not None


def test_a_lexical_hit_below_the_nearest_gets_its_cosine_all_the_same(location: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for number in range(120):
            Path(f"near{number}.txt").write_text("alpha beta")
        corpus.add(".")
        corpus.add_text("alpha " + " ".join(f"word{n}" for n in range(40)) + " rare", source="far")
        hits = corpus.search("alpha beta rare", top_k=121)
    far = next(hit for hit in hits if hit.passage.source == "far")
    assert far.lexical_score > 0
    assert far.dense_score is not None


class Dense(FakeEncoder):
    """Has vectors without zeros, so that no sum of products is exact."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        turn = np.linalg.qr(np.random.default_rng(0).normal(size=(DIMENSION, DIMENSION)))[0]
        vectors: NDArray[np.float32] = (super().encode(texts) @ turn).astype(np.float32)
        return vectors


class Averse(FakeEncoder):
    """Turns what names "anti" away from the rest."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        signs = np.array([-1 if "anti" in text else 1 for text in texts], dtype=np.float32)
        vectors: NDArray[np.float32] = super().encode(texts) * signs[:, None]
        return vectors


def test_a_passage_without_a_cosine_takes_no_rank_from_one_with_a_negative(location: str) -> None:
    with Corpus.open(location, encoder=Averse()) as corpus:
        for source, text in {"near": "alpha beta", "none": "茶园 2140", "against": "anti alpha beta"}.items():
            corpus.add_text(text, source=source)
        hits = {hit.passage.source: hit for hit in corpus.search("alpha beta 2140")}
    assert hits["none"].dense_score is None
    assert {name: hit.dense_rank for name, hit in hits.items()} == {"near": 1, "none": None, "against": 2}


@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_one_text_under_many_names_has_the_same_scores_and_comes_by_age(location: str, count: int) -> None:
    with Corpus.open(location, encoder=Dense()) as corpus:
        for number in reversed(range(count)):
            corpus.add_text("one alpha of three beta, gamma and some delta", source=f"{number:02}")
        hits = corpus.search("alpha gamma delta", top_k=count)
    assert {hit.score for hit in hits} == {1.0}
    found = [hit.passage.source for hit in hits]
    assert sorted(found) == [f"{number:02}" for number in range(count)]
    if not location.startswith("milvus:"):  # whose rows have no age
        assert found == sorted(found, reverse=True)


def test_top_k_is_filled_where_passages_exist_and_never_exceeded(location: str) -> None:
    Path("files").mkdir()
    for number in range(201):
        (Path("files") / f"{number}.txt").write_text("alpha beta")
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add(Path("files"), include=["*[!05].txt"], metadata={"kind": "usual"})
        corpus.add(Path("files"), include=["*5.txt", "*0.txt"], metadata={"kind": "rare"})
        for top_k in (1, 3, 100, 150):
            assert len(corpus.search("alpha", top_k=top_k)) == top_k
            assert len(corpus.search("alpha", top_k=top_k, where={"kind": "rare"})) == min(top_k, 41)
        assert len(corpus.search("alpha", top_k=40_000)) == 201
        assert corpus.search("nothing alike") == []


def test_a_long_query_and_one_of_marks_alone_are_answered(corpus: Corpus) -> None:
    long = " ".join(f"word{n}" for n in range(5000)) + " burr"
    assert corpus.search(long)[0].passage.source == "stones.txt"
    assert corpus.search('"?!" * ( ) - :') == corpus.search("?!")
    assert corpus.search('burr" OR "x')[0].passage.source == "stones.txt"
    assert corpus.search("NEAR(burr stones) AND NOT flour")[0].passage.source == "stones.txt"


def test_the_default_encoder_has_no_say_in_chinese_and_finds_by_meaning_in_english(
    location: str, encoder: Encoder
) -> None:
    with Corpus.open(location, encoder=encoder) as corpus:
        corpus.add(SEEDS)
        (best, *_) = corpus.search("合作社是什么时候成立的?")
        assert best.passage.source.endswith("tea-cooperative.txt")
        assert "2009年4月" in best.passage.text
        assert best.dense_score is None
        assert best.score == 1.0
        hits = corpus.search("a financial institution in Southeast Asia made software for staff")
        assert hits[0].passage.address == "open-source-ai-race.txt › Group 2 › points 1–3"
        assert hits[0].dense_score == max(hit.dense_score or 0 for hit in hits)
        assert all(hit.dense_score is None for hit in corpus.search("茶园"))
