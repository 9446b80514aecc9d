"""Risk and coverage, AUROC and calibration, against hand-counted cases and brute force."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.risk import (
    RiskPoint,
    area_under,
    auroc,
    calibration_error,
    point_at,
    recommended,
    reliability,
    risk_coverage,
    share_interval,
)

Answers = list[tuple[float, bool]]
ANSWERS = st.lists(
    st.tuples(st.one_of(st.sampled_from([0.0, 0.25, 0.4, 0.5, 1.0]), st.floats(0, 1)), st.booleans()),
    max_size=40,
)
CONFIDENCES, RIGHT = [0.9, 0.8, 0.8, 0.3], [True, False, True, False]


def curve_of(answers: Answers, unanswered: int = 0) -> tuple[RiskPoint, ...]:
    return risk_coverage([c for c, _ in answers], [r for _, r in answers], len(answers) + unanswered)


def test_a_curve_counted_by_hand() -> None:
    curve = risk_coverage(CONFIDENCES, RIGHT, 5)
    assert [point.threshold for point in curve] == [0.9, 0.8, 0.3]
    assert [point.coverage for point in curve] == [0.2, 0.6, 0.8]  # equal confidences come together
    assert [point.risk for point in curve] == pytest.approx([0.0, 1 / 3, 0.5])
    assert area_under(curve) == pytest.approx((0 * 1 + 1 / 3 * 2 + 0.5 * 1) / 4)


def test_the_order_of_the_answers_does_not_matter() -> None:
    shuffled = risk_coverage([CONFIDENCES[at] for at in (2, 0, 3, 1)], [RIGHT[at] for at in (2, 0, 3, 1)], 5)
    assert shuffled == risk_coverage(CONFIDENCES, RIGHT, 5)


@given(ANSWERS, st.integers(0, 5))
def test_each_point_is_what_answering_from_its_threshold_up_comes_to(answers: Answers, more: int) -> None:
    curve = curve_of(answers, more)
    assert [point.threshold for point in curve] == sorted({c for c, _ in answers}, reverse=True)
    assert all(one.coverage < other.coverage for one, other in pairwise(curve))
    for point in curve:
        given_ones = [is_right for confidence, is_right in answers if confidence >= point.threshold]
        assert point.coverage == pytest.approx(len(given_ones) / (len(answers) + more))
        assert point.risk == pytest.approx(given_ones.count(False) / len(given_ones))


@given(ANSWERS)
def test_the_area_is_the_mean_risk_over_the_answers_as_thresholds(answers: Answers) -> None:
    risks = []
    for threshold, _ in answers:
        given_ones = [is_right for confidence, is_right in answers if confidence >= threshold]
        risks.append(given_ones.count(False) / len(given_ones))
    expected = pytest.approx(np.mean(risks)) if risks else None
    assert area_under(curve_of(answers)) == expected
    assert area_under(curve_of(answers, 3)) == expected


@given(ANSWERS, st.floats(0, 1))
def test_a_threshold_leads_to_what_it_lets_through(answers: Answers, threshold: float) -> None:
    given_ones = [is_right for confidence, is_right in answers if confidence >= threshold]
    point = point_at(curve_of(answers), threshold)
    if not given_ones:
        assert point is None
    else:
        assert point is not None
        assert point.coverage == pytest.approx(len(given_ones) / len(answers))
        assert point.risk == pytest.approx(given_ones.count(False) / len(given_ones))


@given(ANSWERS, st.sampled_from([0.0, 0.1, 0.5]))
def test_the_recommended_threshold_answers_most_within_the_risk(answers: Answers, most: float) -> None:
    curve = curve_of(answers)
    best = recommended(curve, most)
    allowed = [point for point in curve if point.risk <= most]
    if best is None:
        assert not allowed
        return
    assert best.coverage == max(point.coverage for point in allowed)
    kept = [is_right for confidence, is_right in answers if confidence >= best.threshold]
    assert len(kept) / len(answers) == pytest.approx(best.coverage)
    assert kept.count(False) / len(kept) == pytest.approx(best.risk)


@pytest.mark.parametrize(
    ("confidences", "threshold"),
    [([0.91737, 0.42], 0.91), ([0.91737, 0.9161], 0.917), ([0.9, 0.42], 0.9), ([0.004], 0.0), ([1.0], 1.0)],
)
def test_the_recommended_threshold_is_short(confidences: list[float], threshold: float) -> None:
    right = [True] + [False] * (len(confidences) - 1)
    best = recommended(risk_coverage(confidences, right, 2), 0.1)
    assert best is not None
    assert best.threshold == threshold


def test_without_answers_there_is_nothing_to_say() -> None:
    assert risk_coverage([], [], 3) == ()
    assert (area_under(()), point_at((), 0.0), recommended((), 1.0)) == (None, None, None)
    assert (reliability([], []), calibration_error(())) == ((), None)
    assert auroc([], [0.5]) is None
    assert auroc([0.5], []) is None


VALUES = st.lists(st.one_of(st.sampled_from([0.2, 0.5]), st.floats(0, 1)), min_size=1, max_size=30)


@given(VALUES, VALUES)
def test_auroc_counts_the_pairs_in_order_and_ties_half(higher: list[float], lower: list[float]) -> None:
    pairs = [1.0 if one > other else 0.5 if one == other else 0.0 for one, other in product(higher, lower)]
    assert auroc(higher, lower) == pytest.approx(sum(pairs) / len(pairs))


def test_auroc_of_a_case_counted_by_hand() -> None:
    assert auroc([0.9, 0.8], [0.8, 0.3]) == pytest.approx(3.5 / 4)


def test_bins_counted_by_hand() -> None:
    low, high = reliability([0.0, 0.19, 0.8, 0.9, 1.0], [False, True, True, True, False])
    assert (low.low, low.high, low.answers, low.right) == (0.0, 0.2, 2, 0.5)
    assert low.confidence == pytest.approx(0.095)
    assert (high.low, high.high, high.answers) == (0.8, 1.0, 3)
    assert [high.confidence, high.right] == pytest.approx([0.9, 2 / 3])
    error = (2 * (0.5 - 0.095) + 3 * (0.9 - 2 / 3)) / 5
    assert calibration_error((low, high)) == pytest.approx(error)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300))
def test_every_answer_is_in_the_one_bin_that_its_confidence_is_in(answers: Answers) -> None:
    bins = reliability([c for c, _ in answers], [r for _, r in answers])
    assert sum(one.answers for one in bins) == len(answers)
    for one in bins:
        inside = [(c, r) for c, r in answers if one.low <= c < one.high or c == one.high == 1.0]
        assert one.answers == len(inside)
        assert one.right == pytest.approx(sum(r for _, r in inside) / len(inside))
        assert one.confidence == pytest.approx(sum(c for c, _ in inside) / len(inside))
        assert one.right_low <= one.right + 1e-12
        assert one.right - 1e-12 <= one.right_high


def test_bins_are_finer_where_answers_are_many() -> None:
    confidences = np.linspace(0, 1, 200)
    assert len(reliability(confidences, confidences > 0.5)) == 10
    assert len(reliability(confidences[1:], confidences[1:] > 0.5)) == 5


def test_the_interval_of_a_share_solves_wilsons_equation() -> None:
    for hits, trials in ((0, 7), (3, 10), (10, 10), (17, 100)):
        share = hits / trials
        for bound in share_interval(hits, trials):
            # The bounds are where the share lies 1.96 standard errors, as they are there, away.
            error = (bound * (1 - bound) / trials) ** 0.5
            assert abs(share - bound) == pytest.approx(1.959964 * error, abs=1e-6)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(2,\), \(1,\)"):
        risk_coverage([0.1, 0.2], [True], 2)
    with pytest.raises(ValueError, match="2 answers to 1 questions"):
        risk_coverage([0.1, 0.2], [True, False], 1)
