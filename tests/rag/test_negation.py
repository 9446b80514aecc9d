"""Denials and opposites in a claim and its quote."""

import pytest

from pincite.negation import contradicts, negates_alone
from pincite.opposites import say_opposites


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The first edition had illustrations.", "it had 250 copies and no illustrations"),
        (
            "The tenants were told that the boiler had failed.",
            "The tenants were never told that the boiler had failed",
        ),
        ("They met in Berlin.", "They met in Strasbourg rather than in Berlin"),
        ("The lighthouse is manned.", "the lighthouse has been unmanned"),
        ("Mayor Fonseca did not veto the plan.", "Mayor Fonseca vetoed the plan"),
        ("It can't turn.", "the wheel can turn"),
        ("参观不免费。", "参观免费"),
        ("出卖人无权解除合同", "出卖人可以解除合同"),
        ("会议就关税问题达成了一致", "会议未就关税问题达成一致"),
    ],
)
def test_a_denial_on_one_side_only_contradicts(claim: str, quote: str) -> None:
    assert contradicts(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("250 copies were printed.", "it had 250 copies and no illustrations"),
        ("The edition lacked illustrations.", "it had 250 copies and no illustrations"),
        ("They did not meet in Berlin.", "They met in Strasbourg rather than in Berlin"),
        ("Nobody keeps the lighthouse.", "the lighthouse has been unmanned"),
        ("Without a seal there is no warranty.", "the warranty is void if the seal is broken"),
        ("No other member could read.", "the only member who could read"),
        ("It has no more than 30 pages.", "it has at most 30 pages"),
        ("It is not only old but big.", "it is old and big"),
        ("旧合同不受影响", "此前签订的合同不受影响"),
        ("人口不断增长", "人口持续增长"),
    ],
)
def test_the_same_denied_otherwise_or_something_else_denied_does_not(claim: str, quote: str) -> None:
    assert not contradicts(claim, quote)


def test_one_side_negates_alone() -> None:
    assert negates_alone("It did not open.", "it stayed closed")
    assert not negates_alone("It never opened.", "it did not open")


@pytest.mark.parametrize(
    ("claim", "quote", "are_opposite"),
    [
        ("Profit rose.", "profit fell to £3m", True),
        ("Profit rose, then fell.", "profit fell to £3m", False),
        ("The motion was carried.", "the motion was lost", True),
        ("收入下降12%", "收入增长12%", True),
        ("收入增长了", "收入增长12%", False),
    ],
)
def test_words_that_say_the_opposite(claim: str, quote: str, are_opposite: bool) -> None:
    assert say_opposites(claim, quote) is are_opposite
