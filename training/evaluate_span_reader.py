"""Measures an exported span reader on SQuAD's dev questions, each with its own paragraph.

    python training/evaluate_span_reader.py DATA MODEL.onnx [MODEL.onnx …] [--questions N] [--adversarial]

Prints EM and F1 of version 1.1; with ``--adversarial``, of version 2.0: AUROC of the margin between span and
none, and EM and F1 at the best threshold (which is looked for on the same questions, as its official scorer
does) and at 0. ``--speed`` prints how long 8 passages of 200 tokens take.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from score import Score, score_all, score_one
from span_features import Batch, Feature, Featurizer, Prediction, best_span, collate, inputs_of, new_tokenizer
from squad import ADVERSARIAL_FILE, DEV_FILE, Question, read_squad

from pincite.risk import auroc

SEED = 20261123
BATCH_SIZE = 16
SPEED_PASSAGES, SPEED_TOKENS, SPEED_RUNS = 8, 200, 30


class ExportedReader:
    """A model on onnxruntime with its tokenizer."""

    def __init__(self, file: Path, threads: int) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = threads
        self.session = InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._featurizer = Featurizer(new_tokenizer())

    def read(self, questions: Sequence[Question]) -> dict[str, Prediction]:
        """Return for each question's id the best phrase of its paragraph."""
        inputs = [(one, feature) for one in questions for feature in self._featurizer.windows(one)]
        inputs.sort(key=lambda pair: len(pair[1].ids))
        found: dict[str, Prediction] = {}
        for begin in range(0, len(inputs), BATCH_SIZE):
            for question, prediction in self._read(inputs[begin : begin + BATCH_SIZE]):
                known = found.get(question.id)
                found[question.id] = prediction if known is None else _better(known, prediction)
        return found

    def _read(self, inputs: Sequence[tuple[Question, Feature]]) -> Iterator[tuple[Question, Prediction]]:
        start, end = self.session.run(None, dict(inputs_of(collate([feature for _, feature in inputs]))))
        for row, (question, feature) in enumerate(inputs):
            yield question, best_span(feature, question.paragraph.text, start[row], end[row])


def _better(one: Prediction, other: Prediction) -> Prediction:
    return one if one.margin >= other.margin else other


def report_answerable(questions: Sequence[Question], found: dict[str, Prediction]) -> str:
    score = score_all(questions, {id_: one.text for id_, one in found.items()})
    return f"SQuAD 1.1 dev, {len(questions)} questions: {score}"


def report_adversarial(questions: Sequence[Question], found: dict[str, Prediction]) -> str:
    margins = np.array([found[one.id].margin for one in questions])
    has_answer = np.array([bool(one.answers) for one in questions])
    told = [score_one(found[one.id].text, one.answers) for one in questions]
    refused = [score_one("", one.answers) for one in questions]
    area = auroc(margins[has_answer], margins[~has_answer])
    thresholds = np.quantile(margins, np.linspace(0, 1, 201))
    best = max((_at(threshold, margins, told, refused) for threshold in thresholds), key=lambda one: one.f1)
    at_zero = _at(0.0, margins, told, refused)
    return (
        f"SQuAD 2.0 dev, {len(questions)} questions: AUROC {area:.3f}, best threshold {best}, at 0 {at_zero}"
    )


def _at(threshold: float, margins: NDArray[np.float64], told: list[Score], refused: list[Score]) -> Score:
    return Score.mean(
        yes if margin > threshold else no for margin, yes, no in zip(margins, told, refused, strict=True)
    )


def report_speed(reader: ExportedReader) -> str:
    rng = np.random.default_rng(SEED)
    shape = (SPEED_PASSAGES, SPEED_TOKENS)
    ids = rng.integers(1000, 30_000, shape)
    ones = np.ones(shape, np.int64)
    batch = Batch(ids, ones, ones, ones.astype(bool), ids[:, 0], ids[:, 0])
    seconds, busy = [], time.process_time()
    for _ in range(SPEED_RUNS):
        begun = time.perf_counter()
        reader.session.run(None, dict(inputs_of(batch)))
        seconds.append(time.perf_counter() - begun)
    busy = (time.process_time() - busy) / SPEED_RUNS
    return (
        f"{SPEED_PASSAGES} passages of {SPEED_TOKENS} tokens: p50 {1000 * np.median(seconds):.0f} ms,"
        f" least {1000 * min(seconds):.0f} ms, processor time {1000 * busy:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--questions", type=int, help="a seeded sample of so many (default: all)")
    parser.add_argument("--adversarial", action="store_true", help="SQuAD 2.0 instead of 1.1")
    parser.add_argument("--speed", action="store_true", help="measure speed only")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    file = options.data / (ADVERSARIAL_FILE if options.adversarial else DEV_FILE)
    questions = list(read_squad(file).questions)
    if options.questions:
        questions = random.Random(SEED).sample(questions, options.questions)
    report = report_adversarial if options.adversarial else report_answerable
    for model in options.models:
        reader = ExportedReader(model, options.threads)
        line = report_speed(reader) if options.speed else report(questions, reader.read(questions))
        print(f"{model.name}: {line}", flush=True)


if __name__ == "__main__":
    main()
