"""How far confidence can be trusted: risk against coverage, ranking of right over wrong, calibration.

Pure functions of arrays: confidences are float, 0..1, and ``right`` is bool, both (n_answers,), an entry for
each question that some answer was found for. (Risk and coverage, and the area under their curve: Geifman and
El-Yaniv, "Selective Classification for Deep Neural Networks", 2017. The interval of a share: Wilson,
"Probable Inference, the Law of Succession, and Statistical Inference", 1927.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Z = 1.959963984540054  # of a 95 % interval
_FEW = 200


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What it means to answer from the confidence ``threshold`` up: ``coverage`` is the share of all
    questions that are answered, ``risk`` the share of those answers that are wrong.
    """

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers with a confidence from ``low`` to ``high``: how many, their mean confidence, and the share
    of them that is right with its 95 % interval, ``right_low`` to ``right_high``.
    """

    low: float
    high: float
    answers: int
    confidence: float
    right: float
    right_low: float
    right_high: float


def risk_coverage(confidences: ArrayLike, right: ArrayLike, questions: int) -> tuple[RiskPoint, ...]:
    """Return the curve, a point for each different confidence, the highest first; coverage only rises.

    ``questions`` is what coverage is a share of: those that no answer was found for are never covered.
    Raises ValueError where there are more answers than questions.
    """
    values, is_right = _arrays(confidences, right)
    if values.size > questions:
        raise ValueError(f"there are {values.size} answers to {questions} questions")
    order = np.argsort(-values, kind="stable")
    ordered, wrong = values[order], np.cumsum(~is_right[order])
    is_last = np.append(ordered[1:] != ordered[:-1], True)[: values.size]
    return tuple(
        RiskPoint(float(ordered[at]), (at + 1) / questions, float(wrong[at] / (at + 1)))
        for at in np.flatnonzero(is_last).tolist()
    )


def area_under(curve: Sequence[RiskPoint]) -> float | None:
    """Return the mean risk over the coverages that ``curve`` reaches (AURC), each taken to hold from the one
    before it: 0 where all answers are right. None where there is no curve.
    """
    if not curve:
        return None
    widths = np.diff([point.coverage for point in curve], prepend=0.0)
    return float(widths @ [point.risk for point in curve] / curve[-1].coverage)


def point_at(curve: Sequence[RiskPoint], threshold: float) -> RiskPoint | None:
    """Return where ``threshold`` leads on the curve; None where nothing is that confident."""
    return next((point for point in reversed(curve) if point.threshold >= threshold), None)


def recommended(curve: Sequence[RiskPoint], most_risk: float) -> RiskPoint | None:
    """Return the point with the most coverage of those with at most ``most_risk``, or None. Its threshold is
    rounded down, to the fewest digits with which the same questions are answered.
    """
    places = [place for place, point in enumerate(curve) if point.risk <= most_risk]
    if not places:
        return None
    point = curve[places[-1]]
    below = curve[places[-1] + 1].threshold if places[-1] + 1 < len(curve) else -1.0
    return RiskPoint(_between(below, point.threshold), point.coverage, point.risk)


def auroc(higher: ArrayLike, lower: ArrayLike) -> float | None:
    """Return how often a value of ``higher`` is above one of ``lower``, a tie counting half: 0.5 is chance.
    None where either is empty.
    """
    ours, theirs = np.asarray(higher, dtype=float), np.sort(np.asarray(lower, dtype=float))
    if not ours.size or not theirs.size:
        return None
    beaten = np.searchsorted(theirs, ours, "left") + np.searchsorted(theirs, ours, "right")
    return float(beaten.sum() / (2 * ours.size * theirs.size))


def reliability(confidences: ArrayLike, right: ArrayLike) -> tuple[Bin, ...]:
    """Return the answers by confidence in ten equal bins, five where they are few; empty ones are left out.
    What lies between two bins is in the upper one, and 1 in the last.
    """
    values, is_right = _arrays(confidences, right)
    count = 5 if values.size < _FEW else 10
    bounds = np.arange(count) / count
    places = np.searchsorted(bounds, values, "right") - 1
    bins = []
    for place in np.unique(places).tolist():
        inside = places == place
        answers = int(inside.sum())
        interval = share_interval(int(is_right[inside].sum()), answers)
        share, mean = float(is_right[inside].mean()), float(values[inside].mean())
        bins.append(Bin(place / count, (place + 1) / count, answers, mean, share, *interval))
    return tuple(bins)


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Return how far confidence and the share right are apart in a bin, on average over the answers (ECE)."""
    if not bins:
        return None
    answers = sum(one.answers for one in bins)
    return sum(one.answers * abs(one.confidence - one.right) for one in bins) / answers


def share_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share that ``hits`` of ``trials`` are."""
    share = hits / trials
    centre = share + _Z**2 / (2 * trials)
    spread = _Z * (share * (1 - share) / trials + _Z**2 / (4 * trials**2)) ** 0.5
    scale = 1 + _Z**2 / trials
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def _between(low: float, high: float) -> float:
    """Return the number above ``low`` and at most ``high`` with the fewest digits, two or more."""
    for digits in range(2, 15):
        rounded = round(high, digits)
        if rounded > high:
            rounded = round(rounded - 10.0**-digits, digits)
        if low < rounded <= high:
            return max(rounded, 0.0)
    return high


def _arrays(confidences: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, is_right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.bool_)
    if values.shape != is_right.shape or values.ndim != 1:
        raise ValueError(
            f"confidences and right must be 1-D and as many, got {values.shape}, {is_right.shape}"
        )
    return values, is_right
