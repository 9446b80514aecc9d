"""The extractive reader: the sentence that best supports an answer, and the shortest phrase in it that
answers.

It needs no LLM. ``evidence`` measures sentences, this module weighs them, ``phrases`` looks inside the best
one. Its confidence is the probability that the quoted words hold the answer, calibrated on questions of which
half had the paragraph that answers them taken away. All weights are in ``reader.json``, learned by
``training/train_reader.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pincite.answers import READER, Draft, DraftClaim, Support
from pincite.evidence import FEATURES, Evidence, Sentence, gather
from pincite.index.document import Span
from pincite.index.encoder import Encoder
from pincite.index.passages import without_references
from pincite.index.retrieval import Hit
from pincite.phrases import best_phrase
from pincite.questions import Question

DEFAULT_MIN_CONFIDENCE = 0.4
LEAST_PHRASE_PROBABILITY = 0.3


@dataclass(frozen=True, slots=True)
class Weights:
    """The learned numbers. ``sentence`` weighs ``evidence.FEATURES``; ``calibration`` its best score, margin
    and 1.

    Each is kept twice: for questions in a script that the encoder knows, and for those it does not.
    """

    sentence: Mapping[bool, NDArray[np.float64]]
    calibration: Mapping[bool, NDArray[np.float64]]
    phrase: Mapping[str, float]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read weights as ``training/train_reader.py`` writes them."""
        raw = json.loads(text)
        scripts = {True: "known script", False: "unknown script"}
        return cls(
            {
                known: np.array([raw["sentence"][name][feature] for feature in FEATURES])
                for known, name in scripts.items()
            },
            {known: np.array(raw["calibration"][name]) for known, name in scripts.items()},
            raw["phrase"],
        )

    @staticmethod
    @cache
    def shipped() -> "Weights":
        """Return the weights that come with pincite."""
        return Weights.from_json(files("pincite").joinpath("reader.json").read_text(encoding="utf-8"))


class Reader:
    """Answers from passages alone. An ``Answerer``."""

    def __init__(self, encoder: Encoder, weights: Weights | None = None) -> None:
        self._encoder = encoder
        self._weights = weights or Weights.shipped()

    def answer(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Return the best-supported claim with the probability that its quote holds the answer."""
        asked = Question.of(question)
        evidence = gather(asked, hits, self._encoder)
        if not evidence.sentences or not asked.terms:
            return Draft((), 0.0, READER)
        scores = evidence.features @ self._weights.sentence[evidence.knows_script]
        best = int(np.argmax(scores))
        confidence = self._confidence(scores, evidence)
        sentence = evidence.sentences[best]
        claim = DraftClaim(self._text(asked, sentence), (_support(sentence, confidence),))
        return Draft((claim,), confidence, READER)

    def _confidence(self, scores: NDArray[np.float64], evidence: Evidence) -> float:
        weights = self._weights.calibration[evidence.knows_script]
        return float(1 / (1 + np.exp(-(calibration_features(scores) @ weights))))

    def _text(self, question: Question, sentence: Sentence) -> str:
        """Return the shortest phrase that answers, or the whole sentence where none stands out or more is
        asked for.
        """
        if question.kind not in ("reason", "other") and not question.is_chinese:
            phrase = best_phrase(question, sentence.text, Span(0, len(sentence.text)), self._weights.phrase)
            if phrase is not None and phrase.fits and phrase.probability >= LEAST_PHRASE_PROBABILITY:
                return without_references(sentence.text[phrase.span.start : phrase.span.end])
        return without_references(sentence.text)


def calibration_features(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what confidence is told from: the best score, its lead over the second, and 1."""
    ordered = np.sort(scores)[::-1]
    lead = ordered[0] - ordered[1] if len(ordered) > 1 else 0.0
    return np.array([ordered[0], lead, 1.0])


def _support(sentence: Sentence, score: float) -> Support:
    """Cite the point that the sentence belongs to, or the sentence itself in running text."""
    span = sentence.point or sentence.span
    return Support(sentence.hit.passage, span.start, span.end, score)
