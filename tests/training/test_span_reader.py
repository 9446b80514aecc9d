"""The span reader's training: scripts that import one another from their own folder."""

import gzip
import importlib
import json
import os
import random
import re
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from pincite.span_inputs import MOST_TOKENS
from pincite.span_reader import SpanReader

TRAINING = Path(__file__).parents[2] / "training"
DATA = Path(os.environ.get("PINCITE_DATA", Path(__file__).parents[3] / "shared" / "data"))
PUBLISHED = [
    ("1.1__BERT_ensemble_Google_AI_Language", "dev-v1.1", "EM 86.21 F1 92.20"),
    ("1.1__Logistic_Regression_Baseline_Stanford_University", "dev-v1.1", "EM 40.14 F1 50.98"),
    ("v2.0__BERT_single_model_Google_AI_Language", "dev-v2.0", "EM 78.76 F1 81.79"),
]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TRAINING))


@pytest.fixture
def squad(scripts: None) -> ModuleType:
    return importlib.import_module("squad")


def question(squad: ModuleType, text: str, passage: str, answer: str = "") -> Any:
    paragraph = squad.Paragraph(0, 0, "Rome", passage)
    return squad.Question("q", text, paragraph, (answer,) if answer else (), passage.find(answer))


@pytest.mark.parametrize(("system", "dev", "published"), PUBLISHED)
def test_leaderboard_systems_get_their_published_scores(
    squad: ModuleType, system: str, dev: str, published: str
) -> None:
    score = importlib.import_module("score")
    folder = DATA / "squad"
    if not folder.is_dir():
        pytest.skip("the SQuAD files are not here")
    predictions = json.loads(gzip.decompress((folder / "predictions" / f"{system}.json.gz").read_bytes()))
    questions = squad.read_squad(folder / f"{dev}.json.gz").questions
    assert str(score.score_all(questions, predictions)) == published


def test_an_answer_that_stands_twice_is_taken_beside_the_question_s_words(squad: ModuleType) -> None:
    text = "30 came." + " And so on." * 20 + " 30 left."
    assert squad.meant_occurrence("How many left?", text, "30") == text.rindex("30")
    assert squad.meant_occurrence("How many came?", text, "30") == 0


def test_only_a_passage_without_the_answer_s_words_is_a_negative(squad: ModuleType) -> None:
    lacks_answer = importlib.import_module("negatives").lacks_answer
    assert lacks_answer("the Roman Senate", "Carthage was destroyed.")
    assert not lacks_answer("the Roman Senate", "The senate met.")
    assert not lacks_answer("476", "It fell in 476.")


def test_a_changed_question_mentions_what_its_paragraph_does_not(squad: ModuleType) -> None:
    negatives = importlib.import_module("negatives")
    one = question(squad, "What happened to Rome in 476?", "Rome fell in 476; it was sacked in 410.", "fell")
    changed = negatives.change(one, negatives.Mentions((), (), ("410", "455")), random.Random(1))
    assert (changed.text, changed.answers) == ("What happened to Rome in 455?", ())


def test_a_feature_s_places_and_the_best_span_are_the_answer(squad: ModuleType) -> None:
    features = importlib.import_module("span_features")
    passage = "Naïve men say. " * 200 + "The Emperor Romulus Augustulus was deposed."
    one = question(squad, "Who was deposed?", passage, "Romulus Augustulus")
    [feature] = features.Featurizer(features.new_tokenizer()).features([one])
    start, end = (np.zeros(len(feature.window.ids), np.float32) for _ in range(2))
    start[feature.start] = end[feature.end] = 5.0
    found = features.best_span(feature, passage, start, end)
    assert len(feature.window.ids) == MOST_TOKENS
    assert (found.text, found.margin) == ("Romulus Augustulus", 10.0)


def test_a_batch_is_padded_and_dealt_out_alike(squad: ModuleType) -> None:
    features = importlib.import_module("span_features")
    asked = [question(squad, "Who fell?", "Rome fell. " * size, "Rome") for size in (1, 2, 3)]
    batch = features.Batch.of(features.Featurizer(features.new_tokenizer()).features(asked))
    first, second = batch.parts(2)
    assert (len(first.starts), len(second.starts)) == (2, 1)
    assert (first.inputs.ids[1] == batch.inputs.ids[2]).all()
    for row, size in enumerate((1, 2, 3)):
        places = np.flatnonzero(batch.is_target[row])
        assert places[0] == 0, "[CLS] stands for no answer"
        assert len(places) == 1 + 3 * size
        assert batch.starts[row] == batch.ends[row] == places[1]


def test_the_learning_rate_rises_stays_and_falls_to_zero(scripts: None) -> None:
    schedule = importlib.import_module("schedule").Schedule(100, 10, 20, 1.0)
    assert [schedule.rate(step) for step in (0, 9, 50, 80, 90, 99)] == [0.1, 1.0, 1.0, 1.0, 0.5, 0.05]


def test_the_shipped_reader_does_as_its_card_says(scripts: None) -> None:
    evaluate = importlib.import_module("evaluate_reader")
    if not (DATA / "squad").is_dir():
        pytest.skip("the SQuAD files are not here")
    card = files("pincite").joinpath("reader.md").read_text(encoding="utf-8")
    [exact, f1] = re.findall(r"200 of these questions.*\| ([\d.]+) / ([\d.]+) \|", card)[0]
    questions = evaluate.sampled(DATA / "squad" / "dev-v1.1.json.gz", 200)
    found = evaluate.predict(SpanReader.shipped(), questions, whole=False)
    assert evaluate.report_answerable(questions, found).endswith(f"EM {exact} F1 {f1}")


def test_tables_are_stored_in_bytes_and_gathered_as_they_were(scripts: None) -> None:
    table = np.random.default_rng(3).normal(0, 1, (100, 64)).astype(np.float32) * np.arange(100)[:, None]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["rows"], doc_string="made in /somewhere/made.py")],
        "lookup",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [None])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 64])],
        [numpy_helper.from_array(table.astype(np.float32), "table")],
    )
    export = importlib.import_module("export_reader")
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    small = export.without_notes(export.store_tables_in_bytes(whole)).SerializeToString()
    assert len(small) < table.size * 1.2
    assert b"/somewhere" not in small
    session = InferenceSession(small, providers=["CPUExecutionProvider"])
    [rows] = session.run(None, {"ids": np.array([0, 7, 99])})
    for row, wanted in zip(rows, table[[0, 7, 99]], strict=True):
        assert np.abs(row - wanted).max() <= np.abs(wanted).max() / 127
