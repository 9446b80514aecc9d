"""Measuring answers whose rightness is known, on corpora small enough to count by hand."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pincite
from pincite.evaluating import Outcome, Report, doubtful, evaluate
from pincite.index.corpus import Corpus
from pincite.labels import LabelledQuestion as Question
from pincite.labels import Labels
from tests.conftest import ROOT
from tests.fakes import FakeEncoder

MILL = "The mill was bought by Ada Pellow in March 1921. Its wheel turns twice a day."
BARN = "The barn was sold to Josiah Trewin in May 1930. Its roof leaks."
TEA = "合作社成立于2009年4月。社员有186户。"
WHO, WHO_ELSE = "Who bought the mill in 1921?", "Who conducts the Berlin Philharmonic?"


@pytest.fixture
def corpus(tmp_path: Path, fake_encoder: FakeEncoder) -> Iterator[Corpus]:
    with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as opened:
        opened.add_text(MILL, source="notes/mill.txt")
        opened.add_text(BARN, source="notes/barn.txt")
        opened.add_text(TEA, source="tea.txt")
        yield opened


def outcome_of(question: Question, corpus: Corpus, **options: Any) -> Outcome:
    (outcome,) = evaluate([question], corpus, **options).outcomes
    return outcome


def test_a_right_answer_is_right_by_every_measure(corpus: Corpus) -> None:
    report = evaluate([Question(WHO, ("Ada Pellow",), "mill.txt", "bought by Ada\nPELLOW")], corpus)
    assert (report.answered, report.exact, report.f1, report.cited, report.accuracy) == (1, 1, 1, 1, 1)
    assert (report.recall_at_1, report.recall_at_3, report.recall_at_k, report.source_rr) == (1, 1, 1, 1)
    assert (report.passage_recall_at_1, report.aurc) == (1, 0)
    assert (report.false_answers, report.auroc) == (None, None)
    (outcome,) = report.outcomes
    assert (outcome.text, outcome.right, outcome.cited) == ("Ada Pellow", True, True)
    assert (outcome.source_rank, outcome.passage_rank) == (1, 1)
    assert outcome.cited_source == "notes/mill.txt"
    assert outcome.cited_quote in MILL
    assert report.over["exact"] == report.over["recall_at_1"] == 1
    assert report.over["false_answers"] == 0


def test_a_question_without_an_answer_is_rightly_not_answered_and_wrongly_answered(corpus: Corpus) -> None:
    questions = [Question(WHO_ELSE, answerable=False)]
    report = evaluate(questions, corpus)
    assert (report.false_answers, report.accuracy, report.answered) == (0.0, 1.0, None)
    report = evaluate(questions, corpus, min_confidence=0.0)
    assert (report.false_answers, report.accuracy) == (1.0, 0.0)
    assert report.outcomes[0].right is False
    assert [point.risk for point in report.curve] == [1.0]


def test_means_are_over_the_questions_that_can_tell(corpus: Corpus) -> None:
    questions = [
        Question(WHO, ("Ada Pellow",), "mill.txt"),
        Question("When was the barn sold?", ("1931",), "barn.txt"),
        Question("Who bought the mill in March 1921?"),
        Question(WHO_ELSE, ("Karajan",), "opera.txt", answerable=False),
    ]
    report = evaluate(questions, corpus, min_confidence=0.0)
    right, wrong, untold, unanswerable = report.outcomes
    assert (right.right, wrong.right, untold.right, unanswerable.right) == (True, False, None, False)
    assert report.exact == 0.5
    assert (report.answered, report.over["answered"]) == (1.0, 3)
    assert (report.cited, report.over["cited"]) == (0.5, 2)
    assert (report.false_answers, report.over["false_answers"]) == (1.0, 1)
    assert (report.recall_at_k, report.over["recall_at_k"]) == (1.0, 2)
    assert report.accuracy == pytest.approx(1 / 3)
    assert report.over["accuracy"] == 3
    assert report.auroc == float(right.confidence > wrong.confidence) / 2 + (
        float(right.confidence > unanswerable.confidence) / 2
    )
    assert (unanswerable.exact, unanswerable.cited, unanswerable.source_rank) == (None, None, None)


def test_what_is_not_answered_counts_as_no_match_and_is_no_citation(corpus: Corpus) -> None:
    report = evaluate([Question(WHO, ("Ada Pellow",))], corpus, min_confidence=1.0)
    assert (report.answered, report.exact, report.f1, report.cited, report.accuracy) == (0, 0, 0, None, 0)
    (outcome,) = report.outcomes
    assert (outcome.answered, outcome.proposed, outcome.text) == (False, True, "Ada Pellow")
    assert (outcome.exact, outcome.right) == (1.0, True)
    assert report.curve[-1].coverage == 1.0


def test_an_answer_is_right_by_f1_or_by_holding_a_known_one(corpus: Corpus) -> None:
    asked = "合作社是哪一年成立的?"
    sentence = outcome_of(Question(asked, ("2010年", "2009年")), corpus)
    assert sentence.f1 is not None
    assert 0 < sentence.f1 < 0.5
    assert sentence.right
    assert outcome_of(Question(asked, ("2010年",)), corpus).right is False
    near = outcome_of(Question(WHO, ("Ada Pellow of Quay",)), corpus)
    assert near.f1 == pytest.approx(2 * 2 / 6)
    assert (near.right, near.cited) == (True, False)


def test_where_only_a_quote_is_known_the_citation_decides(corpus: Corpus) -> None:
    assert outcome_of(Question(WHO, quote="Ada Pellow in March"), corpus).right is True
    assert outcome_of(Question(WHO, quote="Ada Pellow in May"), corpus).right is False
    assert outcome_of(Question(WHO, source="mill.txt"), corpus).right is None


def test_ranks_are_those_of_search(seeds_corpus: Corpus) -> None:
    asked = "How big is the mill pond?"
    hits = seeds_corpus.search(asked, top_k=8)
    sources = [hit.passage.source.rpartition("/")[2] for hit in hits]
    for name in set(sources):
        assert outcome_of(Question(asked, source=name), seeds_corpus).source_rank == sources.index(name) + 1
    holding = [at for at, hit in enumerate(hits, 1) if "2.4 hectares" in hit.passage.text]
    assert outcome_of(Question(asked, ("2.4 hectares",)), seeds_corpus).passage_rank == holding[0]
    elsewhere = outcome_of(Question(asked, ("2.4 hectares",), "seeds/README.md"), seeds_corpus)
    assert elsewhere.passage_rank == 0
    assert outcome_of(Question(asked, source="none.txt"), seeds_corpus).source_rank == 0


def test_recall_is_counted_to_the_depth_that_is_read(seeds_corpus: Corpus) -> None:
    asked = "How big is the mill pond?"
    sources = [hit.passage.source for hit in seeds_corpus.search(asked, top_k=8)]
    rank, source = next((sources.index(one) + 1, one) for one in sources if 1 < sources.index(one) + 1 <= 8)
    deep = evaluate([Question(asked, source=source)], seeds_corpus)
    assert (deep.recall_at_1, deep.recall_at_3, deep.recall_at_k) == (0.0, float(rank <= 3), 1.0)
    assert deep.source_rr == pytest.approx(1 / rank)
    shallow = evaluate([Question(asked, source=source)], seeds_corpus, top_k=rank - 1)
    assert (shallow.recall_at_1, shallow.recall_at_k, shallow.source_rr) == (0.0, 0.0, 0.0)
    two = evaluate([Question(asked, source=source)], seeds_corpus, top_k=2)
    assert (two.recall_at_3, two.passage_recall_at_3, two.over["recall_at_3"]) == (None, None, 0)


@pytest.mark.parametrize("threshold", [None, 0.2, 0.9])
def test_the_outcome_at_a_threshold_is_what_ask_returns_there(
    seeds_corpus: Corpus, threshold: float | None
) -> None:
    questions = Labels.read(ROOT / "tests" / "data" / "seed_questions.jsonl").questions[::6]
    report = evaluate(questions, seeds_corpus, min_confidence=threshold, top_k=5)
    for outcome in report.outcomes:
        answer = pincite.ask(outcome.question, seeds_corpus, min_confidence=threshold, top_k=5)
        assert outcome.answered == answer.answered
        assert outcome.confidence == pytest.approx(answer.confidence)
        if answer.answered:
            assert (outcome.text, outcome.cited_quote) == (answer.text, answer.citations[0].quote)
            assert outcome.cited_address == answer.citations[0].address


def test_a_confidence_just_at_the_threshold_is_answered_as_by_ask(corpus: Corpus) -> None:
    confidence = pincite.ask(WHO, corpus).confidence
    assert pincite.ask(WHO, corpus, min_confidence=confidence).answered
    assert outcome_of(Question(WHO), corpus, min_confidence=confidence).answered


def test_each_question_is_asked_once_and_progress_told(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    search = Corpus.search

    def counting(self: Corpus, query: str, **options: Any) -> Any:
        searched.append(query)
        return search(self, query, **options)

    monkeypatch.setattr(Corpus, "search", counting)
    told: list[tuple[int, int]] = []
    evaluate([Question(WHO), Question(WHO_ELSE)], corpus, progress=lambda *step: told.append(step))
    assert searched == [WHO, WHO_ELSE]
    assert told == [(0, 2), (1, 2)]


def test_sources_are_named_as_elsewhere_and_those_that_are_not_there_are_doubted(corpus: Corpus) -> None:
    corpus.add_text("Another mill.", source="old/mill.txt")
    corpus.add_text("A third mill.", source="mill.txt")
    corpus.add_text("Another barn.", source="old/barn.txt")
    questions = [
        Question("a", source="mill.txt", line=1),
        Question("b", source="notes/mill.txt", line=2),
        Question("c", source="./tea.txt", line=3),
        Question("d", source="barn.txt", line=4),
        Question("e", source="ill.txt", line=5),
        Question("f", source="opera.txt"),
        Question("g"),
    ]
    assert doubtful(questions, corpus) == [
        "line 4: 2 documents are called barn.txt; any of them counts",
        "line 5: no document in the corpus is called ill.txt",
        "f: no document in the corpus is called opera.txt",
    ]
    assert doubtful([*questions, Question("g", source="ill.txt", line=9)], corpus) == doubtful(
        questions, corpus
    )


def test_an_empty_corpus_and_no_questions_make_a_report(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    with Corpus.open(tmp_path / "empty", encoder=fake_encoder) as empty:
        report = evaluate([Question(WHO, ("Ada",), "mill.txt"), Question("x", answerable=False)], empty)
        assert (report.answered, report.recall_at_k, report.accuracy, report.false_answers) == (0, 0, 0.5, 0)
        assert (report.curve, report.bins, report.aurc, report.recommended) == ((), (), None, None)
        assert not report.outcomes[0].proposed
        assert evaluate([], empty).questions == 0


def test_what_nothing_was_found_for_is_never_covered(corpus: Corpus) -> None:
    questions = [Question(WHO, ("Ada Pellow",)), Question("?!", answerable=False)]
    report = evaluate(questions, corpus, min_confidence=0.0)
    assert not report.outcomes[1].proposed
    assert [point.coverage for point in report.curve] == [0.5]
    assert (report.accuracy, report.over["auroc"], report.over["aurc"]) == (1.0, 1, 2)


def test_a_threshold_outside_its_range_is_refused_before_anything_is_asked(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        evaluate([], corpus, min_confidence=1.5)


def test_a_report_is_plain_data(corpus: Corpus) -> None:
    report = evaluate([Question(WHO, ("Ada Pellow",), line=3)], corpus)
    plain = json.loads(json.dumps(dataclasses.asdict(report)))
    assert set(plain) == {field.name for field in dataclasses.fields(Report)}
    assert plain["outcomes"][0]["line"] == 3
    assert plain["curve"][0] == {"threshold": report.outcomes[0].confidence, "coverage": 1.0, "risk": 0.0}
    assert plain["recommended"]["threshold"] <= report.outcomes[0].confidence
