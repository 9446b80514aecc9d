"""What the reader finds in each passage alone."""

from pincite.answering import ask
from pincite.index.corpus import Corpus
from pincite.passage_scores import reader_scores
from pincite.reading import Reader
from tests.samples import BANK


def test_each_passage_has_the_confidence_of_an_answer_from_it_alone(seeds_corpus: Corpus) -> None:
    hits = seeds_corpus.search(BANK, top_k=4)
    scores = reader_scores(BANK, hits)
    assert scores == [Reader().answer(BANK, [hit]).confidence for hit in hits]
    assert all(score is not None and 0 <= score <= 1 for score in scores)


def test_the_passage_that_answers_has_the_highest_score(seeds_corpus: Corpus) -> None:
    answer = ask(BANK, seeds_corpus)
    scores = [score or 0.0 for score in reader_scores(BANK, answer.passages)]
    best = answer.passages[scores.index(max(scores))].passage
    cited = answer.citations[0]
    assert best.document_id == cited.document_id
    assert best.start <= cited.start < cited.end <= best.end


def test_the_reader_has_no_say_in_chinese(seeds_corpus: Corpus) -> None:
    hits = seeds_corpus.search("合作社在哪里？", top_k=3)
    assert hits
    assert reader_scores("合作社在哪里？", hits) == [None] * len(hits)


def test_no_passages_have_no_scores() -> None:
    assert reader_scores(BANK, []) == []
