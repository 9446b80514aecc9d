"""The span reader's training: scripts that import one another from their own folder."""

import gzip
import importlib
import json
import os
import random
import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from onnxruntime import InferenceSession

from pincite.index.quantisation import with_stored_tables, without_notes
from pincite.span_inputs import MOST_TOKENS, Inputs
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


def test_the_shipped_reader_does_as_its_card_says(squad: ModuleType) -> None:
    evaluate = importlib.import_module("evaluate_reader")
    file = DATA / "squad" / "dev-v1.1.json.gz"
    if not file.exists():
        pytest.skip("the SQuAD files are not here")
    card = files("pincite").joinpath("reader.md").read_text(encoding="utf-8")
    [told] = re.findall(r"200 of these questions.*\| ([\d.]+) / ([\d.]+) \|", card)
    questions = evaluate.sample(squad.read_squad(file).questions, 200)
    line = evaluate.report_answerable(
        questions, evaluate.predict(SpanReader.shipped(), questions, whole=False)
    )
    [found] = re.findall(r"EM ([\d.]+) F1 ([\d.]+)", line)
    # Integers are the same on every processor, the order of floating sums is not: one answer may differ.
    assert [float(one) for one in found] == pytest.approx([float(one) for one in told], abs=0.5)


def test_an_emptied_paragraph_lacks_the_answer_alone(squad: ModuleType) -> None:
    emptied = importlib.import_module("negatives").emptied
    passage = "Rome was rich. It fell in 476. Then it was poor."
    left = emptied(question(squad, "When did Rome fall?", passage, "476"))
    assert (left.paragraph.text, left.answers) == ("Rome was rich. Then it was poor.", ())
    assert emptied(question(squad, "When did Rome fall?", "It fell in 476.", "476")) is None


def test_a_shortened_paragraph_keeps_the_answer_in_its_place(squad: ModuleType) -> None:
    shortened = importlib.import_module("examples").shortened
    passage = "Rome was rich. It grew. It fell in 476. Then it was poor. Nobody cared."
    asked = question(squad, "When did Rome fall?", passage, "476")
    made = [shortened(asked, random.Random(seed)) for seed in range(30)]
    assert {one.paragraph.text[one.start : one.end] for one in made} == {"476"}
    assert {one.paragraph.text for one in made} > {"It fell in 476.", passage}


@pytest.fixture
def schooling(squad: ModuleType) -> Any:
    examples = importlib.import_module("examples")
    passages = [f"Mill {number} was built in {1800 + number}. It burnt down." for number in range(120)]
    paragraphs = tuple(
        squad.Paragraph(number, number // 3, "Mills", text) for number, text in enumerate(passages)
    )
    questions = tuple(
        squad.Question(
            str(one.number), f"When was mill {one.number} built?", one, (str(1800 + one.number),), start
        )
        for one in paragraphs
        for start in [one.text.index(str(1800 + one.number))]
    )
    titles = tuple("Mills" for _ in range(40))
    found = {one.id: [(int(one.id) + 1) % 114] for one in questions}
    return examples.Schooling(squad.Squad(paragraphs, questions, titles), found, 1, 7)


def ids(batches: Iterable[Any], count: int) -> list[list[int]]:
    return [batch.inputs.ids[0].tolist() for batch in islice(batches, count)]


def test_a_run_that_goes_on_gets_the_batches_it_would_have_got(schooling: Any) -> None:
    assert schooling.batches_a_pass == 192
    through = ids(schooling.batches(0), 200)
    assert ids(schooling.batches(70), 130) == through[70:]
    assert ids(schooling.batches(0, workers=1), 3) == through[:3], "whoever makes them"
    assert through[:8] != through[192:], "the next pass has another order"


def test_a_chunk_has_its_share_of_questions_without_an_answer(schooling: Any) -> None:
    answered = [batch.starts[0] > 0 for batch in islice(schooling.batches(0), 64)]
    assert sum(answered) == pytest.approx(64 / 1.9, abs=4)


def test_training_rounds_as_the_exported_model_does(scripts: None, tmp_path: Path) -> None:
    torch = importlib.import_module("torch")
    rounding = importlib.import_module("rounding")
    rng = np.random.default_rng(5)
    weights = rng.normal(0, 1, (32, 384)).astype(np.float32)
    inputs = (rng.normal(0, 1, (1, 50, 384)) ** 3).astype(np.float32)
    shape = [1, None, None]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, None, 384])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights.T.copy(), "w")],
    )
    whole, rounded = tmp_path / "whole.onnx", tmp_path / "rounded.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), whole)
    importlib.import_module("export_reader").quantise(whole, rounded)
    [wanted] = InferenceSession(rounded, providers=["CPUExecutionProvider"]).run(None, {"x": inputs})

    layer = torch.nn.Sequential(torch.nn.Linear(384, 32, bias=False))
    layer[0].weight.data = torch.from_numpy(weights)
    state = rounding.Rounding()
    rounding.round_products(layer, state)
    padded = torch.from_numpy(np.concatenate([inputs, 1000 * np.ones((1, 3, 384), np.float32)], axis=1))
    state.begin(torch.tensor([[1] * 50 + [0] * 3]), is_on=True)
    found = layer(padded)[:, :50]
    np.testing.assert_allclose(found.detach().numpy(), wanted, atol=1e-3)
    state.begin(torch.ones(1, 53), is_on=False)
    exact = layer(padded)[:, :50].detach().numpy()
    assert 0.05 < np.abs(exact - wanted).max() < 10, "rounding is no small thing, and no large one"
    found.sum().backward()
    assert torch.isfinite(layer[0].weight.grad).all()
    assert layer[0].weight.grad.abs().min() > 0


@pytest.fixture
def small_model(scripts: None) -> Any:
    """Return a model of the reader's kind with two layers and two heads, its weights drawn at random."""
    transformers = importlib.import_module("transformers")
    torch = importlib.import_module("torch")
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        attn_implementation="eager",
    )
    transformer = transformers.BertModel(config, add_pooling_layer=False)
    return importlib.import_module("span_model").SpanModel(transformer).eval()


def test_what_is_exported_scores_as_the_model_does(small_model: Any, tmp_path: Path) -> None:
    torch = importlib.import_module("torch")
    ids, types = torch.arange(18).reshape(2, 9) * 2, torch.tensor([[0] * 3 + [1] * 6, [0] * 5 + [1] * 4])
    with torch.inference_mode():
        wanted = small_model(ids, torch.ones_like(ids), types)
    file = tmp_path / "small.onnx"
    importlib.import_module("export_reader").export(small_model, file)
    session = InferenceSession(file, providers=["CPUExecutionProvider"])
    found = session.run(["start", "end"], {"input_ids": ids.numpy(), "token_type_ids": types.numpy()})
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
        assert np.ptp(ours) > 0.01


def test_what_teachers_think_is_most_of_the_loss(squad: ModuleType, small_model: Any) -> None:
    torch = importlib.import_module("torch")
    span_model = importlib.import_module("span_model")
    ids, ones = np.array([[1, 2, 3, 4]]), np.ones((1, 4), np.int64)
    inputs = Inputs(ids, ones, 0 * ones)
    is_target = np.array([[True, False, True, True]])
    batch = importlib.import_module("span_features").Batch(inputs, is_target, np.array([2]), np.array([3]))
    other = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    with torch.inference_mode():
        scores = [one.log_softmax(1)[0].tolist() for one in small_model.allowed_scores(batch)]
        alone, taught = float(small_model.loss(batch)), float(small_model.loss(batch, (other, other)))
    right, told = -(scores[0][2] + scores[1][3]) / 2, -(scores[0][0] + scores[1][0]) / 2
    share = span_model.TEACHERS_SHARE
    assert alone == pytest.approx(right, rel=0.01)
    assert taught == pytest.approx(share * told + (1 - share) * right, rel=0.01)
    assert abs(told - right) > 0.05


def test_a_row_that_weighs_twice_is_fitted_as_if_it_came_twice(scripts: None) -> None:
    fit = importlib.import_module("fit_answers").fit_logistic
    inputs = np.random.default_rng(2).normal(0, 1, (40, 3))
    labels = inputs[:, 0] + inputs[:, 1] > 0.3
    twice = np.concatenate([inputs, inputs[:10]]), np.concatenate([labels, labels[:10]])
    weights = fit(inputs, labels, np.repeat([2.0, 1.0], [10, 30]))
    np.testing.assert_allclose(weights, fit(*twice, np.ones(50)), rtol=1e-6)
    assert not np.allclose(weights, fit(inputs, labels, np.ones(40)), rtol=0.01)


def test_teachers_give_their_mean(squad: ModuleType) -> None:
    torch = importlib.import_module("torch")
    teaching = importlib.import_module("teaching")

    class Certain:
        def __init__(self, place: int) -> None:
            self.place = place

        def eval(self) -> Any:
            return self

        def allowed_scores(self, batch: Any) -> Any:
            scores = torch.full((1, 4), -1e4)
            scores[0, self.place] = 0.0
            return scores, scores.roll(1, 1)

    start, end = teaching.Teachers([Certain(0), Certain(2), Certain(2)]).shares(None)
    np.testing.assert_allclose(start, [[1 / 3, 0, 2 / 3, 0]], atol=1e-6)
    np.testing.assert_allclose(end, [[0, 1 / 3, 0, 2 / 3]], atol=1e-6)


def test_tables_are_stored_in_bytes_and_gathered_as_they_were() -> None:
    table = (
        np.random.default_rng(3).normal(0, 1, (20_000, 64)).astype(np.float32) * np.arange(20_000)[:, None]
    )
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["rows"], doc_string="made in /somewhere/made.py")],
        "lookup",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [None])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 64])],
        [numpy_helper.from_array(table.astype(np.float32), "table")],
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    small = without_notes(with_stored_tables(whole)).SerializeToString()
    assert len(small) < table.size * 1.2
    assert b"/somewhere" not in small
    session = InferenceSession(small, providers=["CPUExecutionProvider"])
    [rows] = session.run(None, {"ids": np.array([0, 7, 99])})
    for row, wanted in zip(rows, table[[0, 7, 99]], strict=True):
        assert np.abs(row - wanted).max() <= np.abs(wanted).max() / 127
