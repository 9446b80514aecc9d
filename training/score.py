"""SQuAD's own scores of predicted phrases, to the letter of its scorer.

``exact`` and ``f1`` of a question are the best over its accepted answers, and 0 where there is no prediction.
Without accepted answers (SQuAD 2.0) only an empty prediction is right; so it is where "." is one of them,
which the published scores of that version count. ``pincite.scoring.normalise`` drops more punctuation than
SQuAD, which knows ASCII's alone; hence another one here. Rajpurkar et al., "SQuAD: 100,000+ Questions for
Machine Comprehension of Text", 2016, section 6.1.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from squad import Question

_ARTICLE = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class Score:
    """Exact matches and F1, 0 to 1; of one question or the mean of several."""

    exact: float
    f1: float

    @classmethod
    def mean(cls, scores: Iterable["Score"]) -> "Score":
        pairs = [(score.exact, score.f1) for score in scores]
        return cls(*(float(value) for value in np.mean(pairs, axis=0))) if pairs else cls(0.0, 0.0)

    def __str__(self) -> str:
        return f"EM {100 * self.exact:.2f} F1 {100 * self.f1:.2f}"


def score_all(questions: Sequence[Question], predictions: Mapping[str, str]) -> Score:
    """Score the predictions, by question id, over all questions."""
    return Score.mean(score_one(predictions.get(one.id), one.answers) for one in questions)


def score_one(predicted: str | None, answers: Sequence[str]) -> Score:
    """Score one phrase against the accepted answers; None is a missing prediction."""
    if predicted is None:
        return Score(0.0, 0.0)
    ours = normalise(predicted)
    accepted = [normalise(answer) for answer in answers] or [""]
    return Score(float(ours in accepted), max(_f1(ours.split(), one.split()) for one in accepted))


def normalise(text: str) -> str:
    """Return ``text`` in lower case, without ASCII punctuation, articles and extra spaces.

    >>> normalise("The Émile-Cohl  prize, of “Paris”")
    'émilecohl prize of “paris”'
    """
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def _f1(ours: Sequence[str], theirs: Sequence[str]) -> float:
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))
