"""The extractive reader: answers from passages alone, with a calibrated confidence. It needs no LLM.

The trained reader (``span_reader``) points at a phrase in each sentence of the passages; ``candidates``
measures them; this module ranks them and says how sure it is, and ``composing`` makes claims of the best.
Confidence is the probability that the answer is right, calibrated on questions with and without the paragraph
that answers them, those without weighing a third. All weights are in ``reader.json``, learned by
``training/fit_answers.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pincite.answers import READER, Draft
from pincite.candidates import FEATURES, Candidates, find_candidates, sigmoid
from pincite.composing import CONFLICT, Selection, compose, select
from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.span_reader import SpanReader

DEFAULT_MIN_CONFIDENCE = 0.5
_TOLD_FROM = (
    "asked for but nowhere",
    "coverage of passage",
    "names in passage",
    "passage score",
    "margin",
    "agreement",
)
CONFIDENCE = {
    has_phrases: ("bias", "score", "lead", *(name for name in _TOLD_FROM if name in names))
    for has_phrases, names in FEATURES.items()
}
"""What confidence is told from: 1, the best candidate's score, its lead, and some of its features."""
KINDS = {True: "phrases", False: "sentences"}
"""The names in ``reader.json`` of weights for candidates with phrases and without."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The learned numbers, for candidates with phrases (True) and for mere sentences: ``score`` ranks
    candidates by ``FEATURES``, ``confidence`` weighs ``CONFIDENCE``.
    """

    score: Mapping[bool, NDArray[np.float64]]
    confidence: Mapping[bool, NDArray[np.float64]]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read weights as ``training/fit_answers.py`` writes them."""
        raw = json.loads(text)
        return cls(
            *(
                {
                    kind: np.array([raw[name][part][one] for one in names[kind]])
                    for kind, name in KINDS.items()
                }
                for part, names in (("score", FEATURES), ("confidence", CONFIDENCE))
            )
        )

    @staticmethod
    @cache
    def shipped() -> "Weights":
        """Return the weights that come with pincite."""
        return Weights.from_json(files("pincite").joinpath("reader.json").read_text(encoding="utf-8"))


class Reader:
    """Answers from passages alone. An ``Answerer``."""

    def __init__(self, reader: SpanReader | None = None, weights: Weights | None = None) -> None:
        """``reader`` and ``weights`` are those that come with pincite; the reader is loaded when it first
        reads.
        """
        self._reader = reader
        self._weights = weights or Weights.shipped()

    def answer(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Return what the passages say to the question, with the probability that it is right.

        Raises ``AnswererUnavailable`` where a part of the reader is not installed.
        """
        asked = Question.of(question)
        if not hits or not asked.terms:
            return Draft((), 0.0, READER)
        candidates = find_candidates(asked, hits, None if asked.is_chinese else self._opened())
        if not candidates.all:
            return Draft((), 0.0, READER)
        scores = candidates.features @ self._weights.score[candidates.has_phrases]
        selection = select(asked, candidates, scores)
        measured = confidence_features(candidates, scores, selection)
        confidence = sigmoid(float(measured @ self._weights.confidence[candidates.has_phrases]))
        claims = compose(asked, candidates, scores, selection, confidence)
        return Draft(claims, confidence, READER, caveats=(CONFLICT,) if selection.is_conflict else ())

    def _opened(self) -> SpanReader:
        return self._reader or SpanReader.shipped()


def confidence_features(
    candidates: Candidates, scores: NDArray[np.float64], selection: Selection
) -> NDArray[np.float64]:
    """Return what confidence is told from, float64, in the order of ``CONFIDENCE``."""
    best = selection.shown[0]
    named = {"bias": 1.0, "score": scores[best], "lead": selection.lead}
    names = CONFIDENCE[candidates.has_phrases]
    return np.array([named[one] if one in named else candidates.column(one)[best] for one in names])
