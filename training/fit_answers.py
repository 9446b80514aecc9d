"""Learns what makes answers of readings, ``rag/reader.json``, from SQuAD v1.1 train and CMRC 2018 train.

    python training/fit_answers.py DATA    # DATA holds squad/train-v1.1.json.gz and cmrc2018/train.json.gz

Two small fits for each language, on articles that the span reader never saw:

    score        softmax over a question's candidates: which of them answers it?
    confidence   logistic regression: is the first that is shown right? On other articles; each question
                 twice, once with its paragraph taken away, so that what is found instead is mostly wrong.
                 Together the latter weigh a third, as if every third question had no answer

An answer is right if its F1 with an accepted one is at least 0.5; one that is given as a sentence, if it
holds an accepted one. Retrieval goes through ``Corpus``, as a user's question does, among other articles'
paragraphs. Seeded: the same data, model and versions give the same file.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from squad import TRAIN_FILE, Paragraph, Question, Squad, read_squad

from pincite.answering import distinct
from pincite.candidates import FEATURES, Candidate, Candidates, find_candidates
from pincite.composing import Selection, claim_text, select
from pincite.evaluating import LEAST_F1
from pincite.index.corpus import Corpus
from pincite.index.retrieval import Hit
from pincite.questions import Question as Asked
from pincite.reading import CONFIDENCE, KINDS, confidence_features
from pincite.risk import auroc, calibration_error, point_at, reliability, risk_coverage
from pincite.scoring import best_f1, holds
from pincite.span_reader import SpanReader

CHINESE_FILE = Path("cmrc2018", "train.json.gz")
TARGET = Path(__file__).parent.parent / "rag" / "reader.json"
SEED = 20261123
TOP_K = 8
SEARCHED = 32
PARAGRAPHS = 2_000
MOST_QUESTIONS = 1_000
CHINESE_PARAGRAPHS = 1_000
CHINESE_QUESTIONS = 800
ABSENT_WEIGHT = 0.5
"""What a question without its paragraph weighs beside one with it."""
RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """Documents to search, and questions about some of them: for scores, and for confidence."""

    paragraphs: Sequence[Paragraph]
    scored: Sequence[Question]
    weighed: Sequence[Question]

    @classmethod
    def english(cls, squad: Squad, questions: int) -> "Lesson":
        """Take the held-out articles, among others."""
        rng = random.Random(SEED)
        middle = (squad.first_held_out + len(squad.titles)) // 2
        parts = (
            [one for one in squad.held_out if one.paragraph.article < middle],
            [one for one in squad.held_out if one.paragraph.article >= middle],
        )
        own = [one for one in squad.paragraphs if one.article >= squad.first_held_out]
        others = [one for one in squad.paragraphs if one.article < squad.first_held_out]
        return cls(
            own + rng.sample(others, PARAGRAPHS - len(own)),
            *(rng.sample(part, min(questions, len(part))) for part in parts),
        )

    @classmethod
    def chinese(cls, squad: Squad, questions: int) -> "Lesson":
        """Take some articles, each of which is one paragraph; half of them for each fit."""
        rng = random.Random(SEED)
        paragraphs = rng.sample(squad.paragraphs, CHINESE_PARAGRAPHS)
        first = {one.number for one in paragraphs[: CHINESE_PARAGRAPHS // 2]}
        second = {one.number for one in paragraphs[CHINESE_PARAGRAPHS // 2 :]}
        parts = (
            [one for one in squad.questions if one.paragraph.number in numbers] for numbers in (first, second)
        )
        return cls(paragraphs, *(rng.sample(part, min(questions, len(part))) for part in parts))


@dataclass(frozen=True, slots=True)
class Sitting:
    """A question with its candidates, and which of them are right."""

    asked: Asked
    candidates: Candidates
    right: NDArray[np.bool_]


def sit(
    corpus: Corpus, questions: Sequence[Question], *, without: bool
) -> Iterator[tuple[Sitting, Sitting | None]]:
    """Yield what is found for each question, and, if wanted, what is found ``without`` its paragraph."""
    for place, question in enumerate(questions):
        asked = Asked.of(question.text)
        hits = distinct(corpus.search(question.text, top_k=SEARCHED))
        others = [hit for hit in hits if hit.passage.source != source_of(question.paragraph)]
        found = _sitting(asked, hits, question.answers)
        if found:
            yield found, _sitting(asked, others, question.answers) if without else None
        if place % 250 == 249:
            print(f"  {place + 1} of {len(questions)} questions", flush=True)


def _sitting(asked: Asked, hits: Sequence[Hit], answers: Sequence[str]) -> Sitting | None:
    reader = None if asked.is_chinese else SpanReader.shipped()
    candidates = find_candidates(asked, hits[:TOP_K], reader)
    right = [is_right(asked, one, answers) for one in candidates.all]
    return Sitting(asked, candidates, np.array(right)) if right else None


def is_right(asked: Asked, candidate: Candidate, answers: Sequence[str]) -> bool:
    """Whether a candidate, said as it would be said, is a right answer."""
    text = claim_text(asked, candidate)
    if asked.wants_sentence or candidate.phrase is None:
        return any(holds(text, answer) for answer in answers)
    return best_f1(text, answers) >= LEAST_F1


def fit_scores(sittings: Sequence[Sitting]) -> NDArray[np.float64]:
    """Return weights that give right candidates the most of a softmax over all, with a light ridge."""
    known = [(one.candidates.features, one.right) for one in sittings if one.right.any()]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, gradient = float(weights @ weights) * RIDGE / 2, weights * RIDGE
        for features, right in known:
            scores = features @ weights
            shares = np.exp(scores - np.logaddexp.reduce(scores))
            wanted = np.where(right, shares, 0.0)
            total -= np.log(wanted.sum())
            gradient = gradient + features.T @ (shares - wanted / wanted.sum())
        return total, gradient

    return np.asarray(minimize(loss, np.zeros(known[0][0].shape[1]), jac=True, method="L-BFGS-B").x)


def fit_logistic(
    inputs: NDArray[np.float64], labels: NDArray[np.bool_], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of a logistic regression with a light ridge, by Newton's method; ``shares`` say how
    much each row counts.
    """
    weights = np.zeros(inputs.shape[1])
    ridge = RIDGE * np.eye(inputs.shape[1])
    for _ in range(30):
        predicted = 1 / (1 + np.exp(-(inputs @ weights)))
        gradient = inputs.T @ (shares * (predicted - labels)) + RIDGE * weights
        hessian = (inputs * (shares * predicted * (1 - predicted))[:, None]).T @ inputs + ridge
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


@dataclass(frozen=True, slots=True)
class Weighed:
    """What confidence is told from, float64 ``(n_questions, n_features)``, whether the first answer shown is
    right, whether several are shown, and whether those contradict one another; bool ``(n_questions,)``.
    """

    inputs: NDArray[np.float64]
    right: NDArray[np.bool_]
    several: NDArray[np.bool_]
    conflict: NDArray[np.bool_]

    @classmethod
    def of(cls, sittings: Sequence[Sitting], weights: NDArray[np.float64]) -> "Weighed":
        """Choose by the scores' weights what each question is answered with."""
        shown = [choose(one, weights) for one in sittings]
        inputs = [
            confidence_features(one.candidates, one.candidates.features @ weights, selection)
            for one, selection in zip(sittings, shown, strict=True)
        ]
        return cls(
            np.array(inputs),
            np.array([one.right[selection.shown[0]] for one, selection in zip(sittings, shown, strict=True)]),
            np.array([len(one.shown) > 1 for one in shown]),
            np.array([one.is_conflict for one in shown]),
        )


def fit(name: str, lesson: Lesson) -> dict[str, dict[str, float]]:
    """Return score and confidence weights by name; prints how good they are on the articles weighed."""
    with tempfile.TemporaryDirectory() as folder, Corpus.open(Path(folder) / "corpus") as corpus:
        print(f"{name}: indexing {len(lesson.paragraphs)} paragraphs", flush=True)
        for paragraph in lesson.paragraphs:
            corpus.add_text(text_of(paragraph), source=source_of(paragraph))
        scored = [found for found, _ in sit(corpus, lesson.scored, without=False)]
        weighed = list(sit(corpus, lesson.weighed, without=True))
    has_phrases = scored[0].candidates.has_phrases

    def alike(sittings: Iterable[Sitting | None]) -> list[Sitting]:
        return [one for one in sittings if one and one.candidates.has_phrases == has_phrases]

    score_weights = fit_scores(alike(scored))
    present, absent = (Weighed.of(alike(one), score_weights) for one in zip(*weighed, strict=True))
    confidence_weights = fit_logistic(
        np.vstack([present.inputs, absent.inputs]),
        np.concatenate([present.right, absent.right]),
        np.repeat([1.0, ABSENT_WEIGHT], [len(present.right), len(absent.right)]),
    )
    report(name, present, absent, confidence_weights)
    return {
        "score": named(FEATURES[has_phrases], score_weights),
        "confidence": named(CONFIDENCE[has_phrases], confidence_weights),
    }


def choose(sitting: Sitting, weights: NDArray[np.float64]) -> Selection:
    return select(sitting.asked, sitting.candidates, sitting.candidates.features @ weights)


def named(names: Sequence[str], weights: NDArray[np.float64]) -> dict[str, float]:
    for name, weight in zip(names, weights, strict=True):
        print(f"  {name:24} {weight:8.3f}")
    return {name: round(float(weight), 4) + 0.0 for name, weight in zip(names, weights, strict=True)}


def report(name: str, present: Weighed, absent: Weighed, weights: NDArray[np.float64]) -> None:
    """Print how confidence does on what it was fitted to, first where the paragraph is there."""
    confidence, without = (1 / (1 + np.exp(-(one.inputs @ weights))) for one in (present, absent))
    right = present.right
    curve = risk_coverage(confidence, right, len(right))
    print(
        f"{name}: right {right.mean():.3f}, AUROC {auroc(confidence[right], confidence[~right]) or 0:.3f},"
        f" Brier {np.mean((confidence - right) ** 2):.3f},"
        f" ECE {calibration_error(reliability(confidence, right)) or 0:.3f},"
        f" several {present.several.mean():.3f}, conflicts {present.conflict.mean():.3f};"
        f" AUROC with the paragraph against without {auroc(confidence, without) or 0:.3f}"
    )
    for threshold in np.arange(0.2, 0.8, 0.05):
        if point := point_at(curve, threshold):
            print(
                f"  from {threshold:.2f}: answered {point.coverage:.3f}, wrong {point.risk:.3f};"
                f" without the paragraph answered {np.mean(without >= threshold):.3f}"
            )


def text_of(paragraph: Paragraph) -> str:
    """Return a paragraph as a document; every second has its title, as users' documents do or do not."""
    return f"{paragraph.title}\n\n{paragraph.text}" if paragraph.number % 2 else paragraph.text


def source_of(paragraph: Paragraph) -> str:
    return f"{paragraph.number:05d}.txt"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=("english", "chinese"), help="fit one language, keep the other")
    parser.add_argument("--questions", type=int, default=MOST_QUESTIONS, help="for each of the two fits")
    options = parser.parse_args()
    result = json.loads(TARGET.read_text(encoding="utf-8")) if options.only else {}
    if options.only != "chinese":
        result[KINDS[True]] = fit(
            "english", Lesson.english(read_squad(options.data / TRAIN_FILE), options.questions)
        )
    if options.only != "english":
        count = min(options.questions, CHINESE_QUESTIONS)
        result[KINDS[False]] = fit("chinese", Lesson.chinese(read_squad(options.data / CHINESE_FILE), count))
    TARGET.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
