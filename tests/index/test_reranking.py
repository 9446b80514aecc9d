"""What a passage has for a question, against figures worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.document import Point
from pincite.index.passages import Passage
from pincite.index.reranking import evidence_for, is_question
from pincite.index.retrieval import Hit
from tests.fakes import CountingEncoder, FakeEncoder


@pytest.mark.parametrize(
    "query",
    [
        "which bank built 30 internal tools?",
        "Who runs it",
        "  “What is this",
        "the mill was built when?",
        "Did it float",
        "the depth of the pond?",
        "合作社是哪一年成立的",
        "茶园有多少亩",
        "他来吗",
        "他是誰",
        "池塘有多深？",
    ],
)
def test_questions_are_told(query: str) -> None:
    assert is_question(query)


@pytest.mark.parametrize(
    "query",
    [
        "internal tools of banks",
        "Vitamin D lowers blood pressure.",
        "the bank that built 30 tools",
        "somewhat whole",
        "合作社的茶园",
        "Island ferries",
    ],
)
def test_other_queries_are_not(query: str) -> None:
    assert not is_question(query)


def passage_of(text: str) -> Passage:
    return Passage("d", "a.txt", "", "", 0, len(text), text, (), None)


def evidence(
    question: str, texts: Sequence[str], encoder: FakeEncoder | None = None, scores: Sequence[float] = ()
) -> list[float]:
    encoder = encoder or FakeEncoder()
    passages = [passage_of(text) for text in texts]
    vector = encoder.encode([question])[0]
    return list(evidence_for(question, vector, passages, scores or [0.0] * len(texts), encoder.encode))


def test_evidence_is_worked_out_by_hand() -> None:
    question = "what gamma beta?"
    together, apart, none = evidence(
        question,
        ["Zeta eta. Gamma then beta.", "Gamma zeta eta. Theta beta iota.", "Kappa lambda mu nu."],
        scores=[0.0, 0.1, 0.0],
    )
    # Each of the two terms is in two of three passages, so it is half of the question.
    # "gamma then beta": coverage 1, the terms two apart, similarity 2 / 3, the highest.
    assert together == pytest.approx(0.375 + 0.185 / 2 + 0.3)
    # "gamma zeta eta": coverage 1/2, and beta follows 4 terms after gamma; similarity 1 / 3.
    assert apart == pytest.approx(0.375 / 2 + 0.185 / 4 + 0.3 / 2)
    assert none == pytest.approx(0)


def test_terms_that_few_of_the_passages_hold_count_for_more() -> None:
    rare, common = evidence("where is alpha beta", ["Alpha one.", "Beta two.", "Beta three."])[:2]
    assert rare > common
    idf = {"alpha": math.log1p(2.5 / 1.5), "beta": math.log1p(1.5 / 2.5)}
    assert rare - common == pytest.approx(0.375 * (idf["alpha"] - idf["beta"]) / sum(idf.values()))


def test_a_point_is_a_sentence_of_its_own_without_its_references() -> None:
    text = "gamma delta. [1] - zeta beta. [2]"
    points = (Point(0, 16, text[:16], 1, ("1",)), Point(19, 33, text[19:], 2, ("2",)))
    encoder = FakeEncoder()
    (found,) = evidence_for(
        "what is gamma beta",
        encoder.encode(["gamma beta"])[0],
        [replace(passage_of(text), points=points)],
        [0.0],
        encoder.encode,
    )
    assert found == pytest.approx(0.375 / 2 + 0.185 / 3 + 0.3)


def test_only_the_best_few_sentences_are_encoded() -> None:
    encoder = CountingEncoder()
    texts = [f"Alpha {'beta ' * (number % 2)}w{number}. Another sentence here." for number in range(20)]
    evidence("what is alpha beta", texts, encoder)
    assert encoder.encoded == ["what is alpha beta", *(f"Alpha beta w{n}." for n in (1, 11, 13, 15, 17))]


def test_only_sentences_of_passages_near_the_first_are_encoded() -> None:
    encoder = CountingEncoder()
    near, first, far = evidence(
        "what is alpha beta?",
        ["Alpha beta.", "Alpha beta too.", "Alpha beta too late."],
        encoder,
        [0.3, 0.49, 0.28],
    )
    assert encoder.encoded == ["what is alpha beta?", "Alpha beta too.", "Alpha beta."]
    assert near > first
    assert far == pytest.approx(0.375 + 0.185)


def test_where_one_passage_is_far_ahead_nothing_is_encoded() -> None:
    encoder = CountingEncoder()
    first, far = evidence("what is alpha?", ["Alpha beta.", "Alpha."], encoder, [0.9, 0.1])
    assert encoder.encoded == ["what is alpha?"]
    assert first - far == pytest.approx(0.3)


def test_a_question_prefers_the_passage_that_has_its_words_in_one_sentence(tmp_path: Path) -> None:
    texts = {
        "scattered": "The mill stands by the river. Flour was sold. The gates came later. Oak was dear.",
        "together": "Oak gates keep the river from the mill. Bread was eaten. It was all sold.",
    }
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for source, text in texts.items():
            corpus.add_text(text, source=source)
        hits = corpus.search("What did oak gates keep from the mill?")
        statement = corpus.search("oak gates of the mill")
    assert [hit.passage.source for hit in hits] == ["together", "scattered"]
    assert hits[0].evidence is not None
    assert hits[0].evidence > (hits[1].evidence or 0) > 0
    assert all(hit.evidence is None for hit in statement)
    check_order(hits)


def test_reranked_hits_stay_above_those_that_were_not(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for number in range(60):
            corpus.add_text(f"alpha {'beta ' * number} w{number}.", source=f"{number}")
        few, many = corpus.search("what is alpha?", top_k=5), corpus.search("what is alpha?", top_k=60)
    check_order(many)
    assert [hit.evidence is None for hit in many] == [False] * 30 + [True] * 30
    assert few == many[:5]


def check_order(hits: Sequence[Hit]) -> None:
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("count", range(2, 12))
def test_a_passage_that_has_all_of_the_question_has_all_the_evidence_and_no_more(
    tmp_path: Path, count: int
) -> None:
    words = [f"w{number}" for number in range(count)]
    texts = [" ".join(words), *(" ".join(words[number:]) for number in range(1, count))]
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for number, text in enumerate(texts):
            corpus.add_text(text, source=f"{number}")
        best = corpus.search(f"{' '.join(words)}?")[0]
    assert best.passage.source == "0"
    assert (best.score, best.evidence) == (1.0, 1.0)


def test_terms_that_stand_thousands_of_times_are_as_near_as_their_nearest_places() -> None:
    many = 30_000  # as many pairs of places as would take minutes
    (found,) = evidence("what gamma beta?", ["gamma " * many + "zeta eta " + "beta " * many])
    assert found == pytest.approx(0.375 + 0.185 / 3 + 0.3)
