"""Numbers and dates, however they are written."""

import pytest

from pincite.figures import figures_in, read_figures


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("31,500,000", "31.5 million"),
        ("1.2 billion", "1,200 million"),
        ("3.5", "three and a half"),
        ("3.5", "3½"),
        ("205", "two hundred and five"),
        ("24", "two dozen"),
        ("21", "twenty-one"),
        ("0.2", "one in five"),
        ("0.2", "a fifth"),
        ("0.5", "half"),
        ("8800000", "880万"),
        ("115000", "11.5万"),
        ("2000000", "两百万"),
        ("30", "三十天"),
        ("1.5", "一个半小时"),
        ("0.25", "四分之一"),
        ("0.3", "三成"),
        ("14:30", "2.30 pm"),
        ("21:52", "9.52 p.m."),
        ("15:00", "下午三点"),
        ("31 May 2024", "2024-05-31"),
        ("3 March 1742", "03.03.1742"),
        ("March 2021", "03/2021"),
        ("March", "3月"),
        ("Monday", "星期一"),
        ("Monday", "每周一"),
        ("16th century", "sixteenth century"),
        ("16th century", "16世纪"),
        ("2024", "二〇二四年"),
        ("2.50", "2.5"),
    ],
)
def test_what_is_written_otherwise_is_the_same_figure(one: str, other: str) -> None:
    assert figures_in(one)
    assert figures_in(one) == figures_in(other)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5m", [{"5", "5000000"}]),
        ("40 %", [{"40", "0.4"}]),
        ("at 9:30", [{"9:30", "21:30"}]),
        ("3/4/2024", [{"3", "4"}, {"mar", "apr"}, {"2024"}]),
        ("versions 2.0.1", [{"2"}, {"0"}, {"1"}]),
    ],
)
def test_what_may_mean_several_things_means_each(text: str, values: list[set[str]]) -> None:
    assert [set(figure.values) for figure in read_figures(text)] == values


@pytest.mark.parametrize(
    "text",
    [
        "May I?",
        "no one",
        "一座桥",
        "form B12",
        "the Magnificent Seven",
        "the third man",
        "in third place",
        "第一",
    ],
)
def test_what_counts_nothing_is_no_figure(text: str) -> None:
    assert figures_in(text) == set()


def test_a_figure_knows_where_it_stands() -> None:
    text = "It has two wheels and 36 members since 3 March."
    found = sorted((figure.start, text[figure.start : figure.end].strip()) for figure in read_figures(text))
    assert [words for _, words in found] == ["two", "36", "3", "March"]
