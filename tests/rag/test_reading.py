"""The reader, on the sample documents with the real encoder, and on made-up hits."""

import json
from pathlib import Path

import numpy as np
import pytest

from pincite.candidates import FEATURES, find_candidates
from pincite.composing import CONFLICT, Selection
from pincite.index.corpus import Corpus
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.reading import CONFIDENCE, DEFAULT_MIN_CONFIDENCE, Reader, Weights, confidence_features
from pincite.span_reader import SpanReader

QUESTIONS = Path(__file__).parent.parent / "data" / "seed_questions.jsonl"


def hit(text: str, *, source: str = "notes.txt") -> Hit:
    passage = Passage(source, source, "", "", 0, len(text), text, (), None)
    return Hit(passage, 1.0, 0.5, 3.0)


def test_the_best_sentence_is_cited_and_its_phrase_is_the_answer() -> None:
    text = "The river rose. The mill was bought by Ada Pellow in March 1921. Nobody lives there."
    draft = Reader().answer("Who bought the mill?", [hit(text)])
    (claim,) = draft.claims
    (support,) = claim.supports
    assert claim.text == "Ada Pellow"
    assert text[support.start : support.end] == "The mill was bought by Ada Pellow in March 1921."
    assert draft.method == "reader"


def test_a_question_for_a_reason_is_answered_by_the_sentence() -> None:
    text = "The river rose. The mill closed in 1921 because the river had silted up."
    draft = Reader().answer("Why did the mill close?", [hit(text)])
    assert draft.claims[0].text == "The mill closed in 1921 because the river had silted up."


def test_what_answers_another_question_gets_little_confidence() -> None:
    text = "The main mirror was made after the first one cracked in a hard frost."
    assert Reader().answer("Who made the main mirror?", [hit(text)]).confidence < DEFAULT_MIN_CONFIDENCE


def test_documents_that_differ_are_both_cited_and_said_to_differ() -> None:
    one, other = (
        "The tide mill was bought by Ada Pellow in 1921.",
        "In 1923 the tide mill was bought by Ada Pellow.",
    )
    draft = Reader().answer("When did Ada Pellow buy the tide mill?", [hit(one), hit(other, source="b.txt")])
    assert [claim.text for claim in draft.claims] == ["1921", "1923"]
    assert [claim.supports[0].passage.source for claim in draft.claims] == ["notes.txt", "b.txt"]
    assert (draft.notes, draft.caveats) == ((), (CONFLICT,))


def test_chinese_is_answered_by_the_sentence() -> None:
    text = "合作社位于山村。合作社成立于2009年4月。茶园很大。"
    draft = Reader().answer("合作社是哪一年成立的?", [hit(text)])
    assert draft.claims[0].text == "合作社成立于2009年4月。"


def test_what_the_documents_do_not_speak_of_gets_little_confidence() -> None:
    text = "The river rose. The mill was bought by Ada Pellow in March 1921."
    known = Reader().answer("Who bought the mill in March 1921?", [hit(text)])
    unknown = Reader().answer("Who conducts the Berlin Philharmonic?", [hit(text)])
    assert known.confidence > 0.5 > unknown.confidence


def test_no_hits_and_no_terms_make_no_claims() -> None:
    assert Reader().answer("Who bought the mill?", []).claims == ()
    assert Reader().answer("?!", [hit("Something.")]).claims == ()


def test_references_inside_a_sentence_are_left_out_of_the_answer() -> None:
    draft = Reader().answer("Why did it close?", [hit("It closed [3] since the river [4][5] rose.")])
    assert draft.claims[0].text == "It closed since the river rose."


def test_confidence_is_told_from_the_best_candidate_and_its_lead() -> None:
    found = find_candidates(
        Question.of("Who bought the mill?"),
        [hit("Ada Pellow bought the mill. It rained.")],
        SpanReader.shipped(),
    )
    values = confidence_features(found, np.array([4.0, 1.5]), Selection((0,), False, 2.5))
    told = dict(zip(CONFIDENCE[True], values, strict=True))
    assert (told["bias"], told["score"], told["lead"]) == (1.0, 4.0, 2.5)
    assert told["margin"] == found.column("margin")[0]
    assert told["coverage of passage"] == found.column("coverage of passage")[0]


@pytest.mark.parametrize("has_phrases", [True, False])
def test_the_shipped_weights_fit_the_features(has_phrases: bool) -> None:
    weights = Weights.shipped()
    assert weights.score[has_phrases].shape == (len(FEATURES[has_phrases]),)
    assert weights.confidence[has_phrases].shape == (len(CONFIDENCE[has_phrases]),)


def test_a_heading_that_echoes_the_question_is_no_answer() -> None:
    text = (
        "Visiting Hollin Moor Observatory\n\nEdith Varley, a chemist, founded the observatory at Hollin Moor."
    )
    draft = Reader().answer("Who founded Hollin Moor Observatory?", [hit(text)])
    assert draft.claims[0].text == "Edith Varley"


def test_most_of_what_is_answered_from_the_samples_is_cited_from_the_right_place(
    seeds_corpus: Corpus,
) -> None:
    reader = Reader()
    labelled = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = []
    for row in labelled:
        draft = reader.answer(row["question"], seeds_corpus.search(row["question"], top_k=8))
        if draft.confidence >= DEFAULT_MIN_CONFIDENCE:
            support = draft.claims[0].supports[0]
            quote = seeds_corpus.text(support.passage.document_id)[support.start : support.end]
            right.append(row["answerable"] and row["answer"] in " ".join(quote.split()))
    assert len(right) >= 9
    assert sum(right) / len(right) >= 0.75
