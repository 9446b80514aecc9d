"""Which words of a query a passage holds."""

import pytest

from pincite.index.explaining import Explanation, explain
from pincite.index.passages import Passage


def passage_of(text: str, title: str = "", group: str = "") -> Passage:
    return Passage("d", "a.txt", title, group, 0, len(text), text, (), None)


@pytest.mark.parametrize(
    ("query", "text", "matched", "missing"),
    [
        ("Which bank built 30 internal tools?", "An internal tool", "internal tools", "bank built 30"),
        ("GPT-oss", "the GPT OSS release", "gpt-oss", ""),
        ("10,142 visitors", "In all 10142 came [30].", "10,142", "visitors"),
        ("30 tools", "Nothing here [30].", "", "30 tools"),
        ("café", "CAFE", "cafe", ""),
        ("what is it about", "about what?", "what about", "is it"),
        ("茶园面积是多少", "茶园很大", "茶园", "面积"),
        ("合作社成立", "新合作社于1990年成立", "合作社成立", ""),
        ("茶", "茶", "茶", ""),
        ("茶", "雾岭茶园", "茶", ""),
        ("成茶吗", "雾岭茶园", "茶", "成"),
        ("茶成", "喝茶", "", "茶成"),
        ("茶园 mill", "茶和园", "茶", "园 mill"),
        ("茶水 mill", "mill 茶园", "mill", "茶水"),
        ("mill, Mill and MILL", "a mill", "mill", ""),
    ],
)
def test_words_are_told_apart(query: str, text: str, matched: str, missing: str) -> None:
    found = explain(query, passage_of(text))
    assert (" ".join(found.matched), " ".join(found.missing)) == (matched, missing)


def test_a_word_in_title_or_heading_is_held() -> None:
    passage = passage_of("It opened in May.", title="The harbour", group="Opening › Ferries")
    assert explain("ferry harbour bridge", passage) == Explanation(("ferry", "harbour"), ("bridge",))
