"""Claims against their quotes: figures and negations."""

import pytest

from pincite.checking import Source, says_more


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It has two wheels.", "the mill has two wheels and a stone"),
        ("It cost 1300 marks.", "a price of 1,300 marks"),
        ("A rise of 40% in May 2024.", "rose by 40 % (2024-05-31)"),
        ("Built on 3 March 1742.", "built on 03.03.1742"),
        ("It was not rebuilt.", "the mill wasn’t rebuilt"),
        ("磨坊没有重建。", "the mill was never rebuilt"),
        ("它在3月建成。", "built in March"),
        ("It may rain.", "rain is likely"),
        ("It kept growing.", "产量不断增长"),
        ("It grew.", "it grew [3] steadily"),
    ],
)
def test_a_claim_within_its_quote_says_no_more(claim: str, quote: str) -> None:
    assert not says_more(claim, Source(quote))


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It has three wheels.", "the mill has two wheels"),
        ("It has 30 wheels.", "the mill has many wheels"),
        ("It cost 2.5 marks.", "a price of 25 marks"),
        ("Built in May 1742.", "built in March 1742"),
        ("Built in 174.", "built in [174] or so"),
        ("It was not rebuilt.", "the mill was rebuilt"),
        ("It was rebuilt.", "the mill was not rebuilt"),
        ("It can't turn.", "the wheel can turn"),
        ("磨坊重建了。", "磨坊没有重建"),
    ],
)
def test_a_claim_beyond_its_quote_is_noticed(claim: str, quote: str) -> None:
    assert says_more(claim, Source(quote))
