"""Measures exported span readers on SQuAD's dev questions, each with its own paragraph.

    python training/evaluate_reader.py DATA MODEL.onnx [MODEL.onnx …] [--questions N]

Prints EM and F1 of version 1.1. ``--held-out`` takes the train articles that are not learned from instead,
by which models are chosen. ``--adversarial`` takes version 2.0: AUROC of the margin between span and none,
and EM and F1 at the best threshold (which is looked for on the same questions, as its official scorer does)
and at 0. ``--speed`` prints how long 8 passages of 200 tokens take.
"""

import argparse
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from score import Score, score_all, score_one
from span_features import Prediction
from squad import ADVERSARIAL_FILE, DEV_FILE, TRAIN_FILE, Question, read_squad

from pincite.index.document import Span
from pincite.index.sentences import sentence_spans
from pincite.risk import auroc
from pincite.span_reader import Excerpt, SpanReader

SEED = 20261123
SPEED_PASSAGES, SPEED_TOKENS, SPEED_RUNS = 8, 200, 30


def sample(questions: Sequence[Question], count: int | None) -> list[Question]:
    """Return so many of the questions, always the same; all of them for None."""
    return random.Random(SEED).sample(questions, count) if count else list(questions)


def predict(reader: SpanReader, questions: Sequence[Question], *, whole: bool) -> dict[str, Prediction]:
    """Return for each question's id the best phrase of its paragraph; ``whole``: also across sentences."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda one: _prediction(reader, one, whole), questions)
        return {one.id: prediction for one, prediction in zip(questions, found, strict=True)}


def _prediction(reader: SpanReader, question: Question, whole: bool) -> Prediction:
    paragraph = question.paragraph
    sentences = [Span(0, len(paragraph.text))] if whole else sentence_spans(paragraph.text)
    [phrases] = reader.read(question.text, [Excerpt(paragraph.title, paragraph.text, tuple(sentences))])
    best = max((phrase for phrase in phrases if phrase), key=lambda phrase: phrase.margin)
    return Prediction(paragraph.text[best.span.start : best.span.end], best.margin)


def report_answerable(questions: Sequence[Question], found: dict[str, Prediction]) -> str:
    score = score_all(questions, {id_: one.text for id_, one in found.items()})
    return f"SQuAD 1.1, {len(questions)} questions: {score}"


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


def report_speed(reader: SpanReader) -> str:
    text = " ".join(["mill"] * SPEED_TOKENS)
    excerpts = [Excerpt("", text, (Span(0, len(text)),))] * SPEED_PASSAGES
    seconds, busy = [], time.process_time()
    for _ in range(SPEED_RUNS):
        begun = time.perf_counter()
        reader.read("Who built the mill?", excerpts)
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
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--adversarial", action="store_true", help="SQuAD 2.0 dev")
    instead.add_argument("--held-out", action="store_true", help="train articles that are not learned from")
    parser.add_argument("--whole", action="store_true", help="allow phrases that cross a sentence's end")
    parser.add_argument("--speed", action="store_true", help="measure speed only")
    options = parser.parse_args()
    if options.held_out:
        questions = sample(read_squad(options.data / TRAIN_FILE).held_out, options.questions)
    else:
        file = options.data / (ADVERSARIAL_FILE if options.adversarial else DEV_FILE)
        questions = sample(read_squad(file).questions, options.questions)
    report = report_adversarial if options.adversarial else report_answerable
    for model in options.models:
        reader = SpanReader.open(model)
        if options.speed:
            line = report_speed(reader)
        else:
            line = report(questions, predict(reader, questions, whole=options.whole))
        print(f"{model.name}: {line}", flush=True)


if __name__ == "__main__":
    main()
