"""The reader, on the sample documents with the real encoder, and on made-up hits."""

import json
from pathlib import Path

import numpy as np
import pytest

from pincite.evidence import FEATURES, gather
from pincite.index.corpus import Corpus
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.reading import DEFAULT_MIN_CONFIDENCE, Reader, Weights, calibration_features
from tests.fakes import FakeEncoder

QUESTIONS = Path(__file__).parent.parent / "data" / "seed_questions.jsonl"


def hit(text: str, *, title: str = "", score: float = 1.0) -> Hit:
    passage = Passage("id", "notes.txt", title, "", 0, len(text), text, (), None)
    return Hit(passage, score, 0.5, 3.0)


def test_the_best_sentence_is_cited_and_its_phrase_is_the_answer(fake_encoder: FakeEncoder) -> None:
    text = "The river rose. The mill was bought by Ada Pellow in March 1921. Nobody lives there."
    draft = Reader(fake_encoder).answer("Who bought the mill?", [hit(text)])
    (claim,) = draft.claims
    (support,) = claim.supports
    assert claim.text == "Ada Pellow"
    assert text[support.start : support.end] == "The mill was bought by Ada Pellow in March 1921."
    assert draft.method == "reader"


def test_a_question_for_a_reason_is_answered_by_the_sentence(fake_encoder: FakeEncoder) -> None:
    text = "The river rose. The mill closed in 1921 because the river had silted up."
    draft = Reader(fake_encoder).answer("Why did the mill close?", [hit(text)])
    assert draft.claims[0].text == "The mill closed in 1921 because the river had silted up."


def test_a_phrase_that_is_not_of_the_asked_kind_gives_way_to_the_sentence(fake_encoder: FakeEncoder) -> None:
    text = "The main mirror was made after the first one cracked in a hard frost."
    draft = Reader(fake_encoder).answer("Who made the main mirror?", [hit(text)])
    assert draft.claims[0].text == text


def test_what_the_documents_do_not_speak_of_gets_little_confidence(fake_encoder: FakeEncoder) -> None:
    text = "The river rose. The mill was bought by Ada Pellow in March 1921."
    known = Reader(fake_encoder).answer("Who bought the mill in March 1921?", [hit(text)])
    unknown = Reader(fake_encoder).answer("Who conducts the Berlin Philharmonic?", [hit(text)])
    assert known.confidence > 0.5 > unknown.confidence


def test_no_hits_and_no_terms_make_no_claims(fake_encoder: FakeEncoder) -> None:
    assert Reader(fake_encoder).answer("Who bought the mill?", []).claims == ()
    assert Reader(fake_encoder).answer("?!", [hit("Something.")]).claims == ()


def test_references_inside_a_sentence_are_left_out_of_the_answer(fake_encoder: FakeEncoder) -> None:
    draft = Reader(fake_encoder).answer(
        "Why did it close?", [hit("It closed [3] since the river [4][5] rose.")]
    )
    assert draft.claims[0].text == "It closed since the river rose."


def test_features_are_what_their_names_say(fake_encoder: FakeEncoder) -> None:
    evidence = gather(
        Question.of("Who bought Pellow Mill?"), [hit("Ada bought Pellow Mill. It rained.")], fake_encoder
    )
    named = [dict(zip(FEATURES, row, strict=True)) for row in evidence.features]
    first = named[[sentence.text for sentence in evidence.sentences].index("Ada bought Pellow Mill.")]
    assert first["coverage"] == first["coverage of passage"] == first["names in passage"] == 1.0
    assert first["asked for but nowhere"] == 0.0
    assert first["passage rank"] == 1.0
    vectors = fake_encoder.encode(["Who bought Pellow Mill?", "Ada bought Pellow Mill."])
    assert first["similarity"] == pytest.approx(float(vectors[0] @ vectors[1]))


def test_confidence_is_told_from_the_best_score_and_its_lead() -> None:
    assert calibration_features(np.array([1.0, 4.0, 2.5])).tolist() == [4.0, 1.5, 1.0]
    assert calibration_features(np.array([2.0])).tolist() == [2.0, 0.0, 1.0]


def test_the_shipped_weights_fit_the_features() -> None:
    weights = Weights.shipped()
    for known in (True, False):
        assert weights.sentence[known].shape == (len(FEATURES),)
        assert weights.calibration[known].shape == (3,)
    assert len(weights.phrase) > 500


def test_a_heading_that_echoes_the_question_is_no_answer(fake_encoder: FakeEncoder) -> None:
    text = (
        "Visiting Hollin Moor Observatory\n\nEdith Varley, a chemist, founded the observatory at Hollin Moor."
    )
    draft = Reader(fake_encoder).answer("Who founded Hollin Moor Observatory?", [hit(text)])
    assert draft.claims[0].text == "Edith Varley"


def test_most_of_what_is_answered_from_the_samples_is_cited_from_the_right_place(
    seeds_corpus: Corpus,
) -> None:
    reader = Reader(seeds_corpus.encoder)
    labelled = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = []
    for row in labelled:
        draft = reader.answer(row["question"], seeds_corpus.search(row["question"], top_k=8))
        if draft.confidence >= DEFAULT_MIN_CONFIDENCE:
            (support,) = draft.claims[0].supports
            quote = seeds_corpus.text(support.passage.document_id)[support.start : support.end]
            right.append(row["answerable"] and row["answer"] in " ".join(quote.split()))
    assert len(right) >= 9
    assert sum(right) / len(right) >= 0.7
