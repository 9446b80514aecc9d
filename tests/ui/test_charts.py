"""The charts: their numbers, what has none, both languages, and names that would be markup."""

from dataclasses import replace

import pytest

from pincite.index.corpus import Stats
from pincite.index.encoder import EncoderIdentity
from pincite.ui import charts
from pincite.ui.markup import plain_name
from pincite.ui.words import CHINESE, ENGLISH, Words
from tests.ui.looking import HOSTILE, LANGUAGES, answer, document, hit, read, tags_and_attributes, texts

STATS = Stats(
    "/corpus", 3, 4, 12, 1234, 56789, 6_992_776, 32, EncoderIdentity("all-MiniLM", "0" * 64, 384, "float32")
)
TAGS = {
    *("bdi", "button", "caption", "dd", "div", "dl", "dt", "h3", "section", "small", "span"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
ATTRIBUTES = {"aria-hidden", "aria-label", "class", "data-open", "dir", "scope", "style", "title", "type"}


def widths(chart: str) -> list[str]:
    return [bar.get("style", "") for bar in read(chart).xpath("//*[contains(@class, 'pc-track')]/span")]


def test_each_passage_has_its_three_scores_as_numbers_and_as_bars() -> None:
    found = answer(hit(1, dense=0.514, lexical=12.0), hit(2, dense=0.25, lexical=3.0))
    chart = charts.score_chart(4, found, [0.876, 0.031], ENGLISH)
    tree = read(chart)
    assert [cell.text_content() for cell in tree.xpath("//tbody//td")] == [
        *("Meaning0.51", "Words12.0", "Reader0.88"),
        *("Meaning0.25", "Words3.0", "Reader0.03"),
    ]
    assert widths(chart) == [f"width: {width}%" for width in ("51.4", "100.0", "87.6", "25.0", "25.0", "3.1")]
    assert [button.get("data-open") for button in tree.xpath("//button")] == ["4-passage-0", "4-passage-1"]
    assert texts(tree, "pc-rank") == ["1", "2"]
    assert texts(tree, "pc-address") == ["tea.txt › Group 2"] * 2


def test_the_table_has_a_caption_and_heads_for_its_columns_and_rows() -> None:
    tree = read(charts.score_chart(0, answer(hit(1)), [0.5], ENGLISH))
    assert tree.xpath("//caption")[0].text_content().startswith("Scores of the passages")
    heads = [head.text_content() for head in tree.xpath("//thead//th[@scope='col']")]
    assert heads == [
        *("Passage", "Meaning cosine, at most 1", "Words BM25, beside the highest"),
        "Reader read alone, at most 1",
    ]
    assert len(tree.xpath("//tbody//th[@scope='row']")) == 1


def test_a_passage_that_is_cited_says_so() -> None:
    chart = read(charts.score_chart(0, answer(hit(1), hit(2), cited=(1, 1)), [0.5, 0.5], ENGLISH))
    assert texts(chart, "pc-cited") == ["cited [1] [2]"]
    assert [row.get("class") for row in chart.xpath("//tbody/tr")] == [None, "pc-is-cited"]


def test_another_passage_of_a_cited_document_is_not_cited() -> None:
    found = answer(hit(1), hit(1, start=400), cited=(0,))
    chart = read(charts.score_chart(0, found, [0.5, 0.5], ENGLISH))
    assert [row.get("class") for row in chart.xpath("//tbody/tr")] == ["pc-is-cited", None]


@pytest.mark.parametrize("words", LANGUAGES)
def test_what_has_no_score_has_a_dash_and_no_bar(words: Words) -> None:
    chart = charts.score_chart(0, answer(hit(1, dense=None, lexical=0.0)), [None], words)
    assert texts(read(chart), "pc-none") == ["–"] * 3
    assert {cell.get("title") for cell in read(chart).find_class("pc-none")} == {words.no_score}
    assert widths(chart) == []


def test_a_negative_cosine_has_a_number_and_an_empty_bar() -> None:
    chart = charts.score_chart(0, answer(hit(1, dense=-0.12)), [0.5], ENGLISH)
    assert texts(read(chart), "pc-value")[0] == "-0.12"
    assert widths(chart)[0] == "width: 0.0%"


@pytest.mark.parametrize("words", LANGUAGES)
def test_an_answer_from_no_passages_has_no_chart(words: Words) -> None:
    assert read(charts.score_chart(0, answer(), [], words)).text_content() == words.no_scores


def test_scores_for_other_passages_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        charts.score_chart(0, answer(hit(1), hit(2)), [0.5], ENGLISH)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("words", LANGUAGES)
def test_no_name_or_text_becomes_markup(hostile: str, words: Words) -> None:
    found = answer(hit(1, hostile, f"{hostile.replace('/', '')}.txt"))
    documents = [
        document(1, f"{hostile.replace('/', '')}.pdf", language=hostile, date=hostile),
        document(2, f"plain.{hostile}"),
    ]
    stats = replace(STATS, encoder=replace(STATS.encoder, name=hostile))
    for markup in (
        charts.score_chart(0, found, [0.5], words),
        charts.statistics(stats, documents, words),
    ):
        tags, attributes = tags_and_attributes(read(markup))
        assert tags <= TAGS
        assert attributes <= ATTRIBUTES
    figures = charts.statistics(stats, documents, words)
    assert plain_name(hostile) in read(figures).text_content()
    assert "\u202e" not in figures


def test_the_statistics_give_all_figures() -> None:
    documents = [
        document(1, "a/one.pdf", 10, language="en", date="2024-05-01T10:00"),
        document(2, "two.PDF", 5, language="zh", date="2021-11-03"),
        document(3, "mail.eml/three", 1),
        document(4, "four.tar.gz2024", 1, language="fr"),
    ]
    tree = read(charts.statistics(STATS, documents, ENGLISH))
    figures = dict(zip(texts_of(tree, "//dt"), texts_of(tree, "//dd"), strict=True))
    assert figures == {
        "Files": "3",
        "Documents": "4",
        "Groups": "12",
        "Passages": "1,234",
        "Characters": "56,789",
        "On disk": "7.0 MB",
        "Dates": "2021-11-03 – 2024-05-01 2 of 4 documents are dated",
        "Encoder": "all-MiniLM 384 dimensions",
        "Generation": "32",
    }
    assert rows(tree) == {
        "Passages per document": [
            ("one.pdf", "10"),
            ("two.PDF", "5"),
            ("four.tar.gz2024", "1"),
            ("three", "1"),
        ],
        "Languages": [("Chinese", "1"), ("English", "1"), ("fr", "1"), ("other or mixed", "1")],
        "Formats": [(".pdf", "2"), (".gz2024", "1"), ("no suffix", "1")],
    }


def test_beyond_the_ten_largest_documents_are_counted_together_without_a_bar() -> None:
    documents = [document(number, f"{number:02}.txt", number) for number in range(1, 15)]
    tree = read(charts.statistics(STATS, documents, CHINESE))
    bars = rows(tree)["各文档的段落数"]
    assert bars[0] == ("14.txt", "14")
    assert bars[9:] == [("05.txt", "5"), ("其他（4）", "10")]
    assert not tree.xpath("//tr[@class='pc-rest']//*[contains(@class, 'pc-track')]")


def test_an_empty_corpus_has_figures_and_no_charts() -> None:
    empty = replace(STATS, files=0, documents=0, groups=0, passages=0, characters=0, bytes=512)
    tree = read(charts.statistics(empty, [], ENGLISH))
    assert texts_of(tree, "//dd")[:6] == ["0", "0", "0", "0", "0", "512 B"]
    assert rows(tree) == {}
    assert "Dates" not in texts_of(tree, "//dt")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (3e15, "3000.0 TB"),
    ],
)
def test_a_size_has_the_unit_that_suits_it(size: int, shown: str) -> None:
    assert charts._size(int(size)) == shown


def texts_of(tree: object, path: str) -> list[str]:
    return [one.text_content() for one in tree.xpath(path)]  # type: ignore[attr-defined]


def rows(tree: object) -> dict[str, list[tuple[str, str]]]:
    """Return each table's rows, by its caption: what is counted, and the count."""
    return {
        texts_of(table, "caption")[0]: list(
            zip(texts_of(table, ".//th"), texts_of(table, ".//td[@class='pc-value']"), strict=True)
        )
        for table in tree.xpath("//table")  # type: ignore[attr-defined]
    }
