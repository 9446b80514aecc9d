"""What ``where`` means, seen through searches: every text here holds the word that is searched for."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pincite.index.corpus import Corpus
from pincite.index.filters import Condition, Scalar, comparable, compile_filter
from tests.fakes import FakeEncoder

from .conftest import STORES, location_in

DOCUMENTS: dict[str, dict[str, Scalar]] = {
    "news/a.txt": {"date": "2025-08-14T10:10", "publisher": "3 6 Ke", "year": 2025, "title": "Tea"},
    "news/b.txt": {"date": "2025-08-02", "publisher": "36Ke", "year": 2024, "title": "tea"},
    "old/a.txt": {"date": date(2024, 12, 31), "publisher": "新华社", "year": "2025", "score": 0.5},
    "c.txt": {"date": datetime(2025, 9, 1, 8, 30), "publisher": "It's \"O'Neil\"; --", "checked": True},
}
OPERATORS = {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt}


@pytest.fixture(scope="module", params=STORES)
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    location = location_in(request, tmp_path_factory.mktemp("filters"))
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for source, metadata in DOCUMENTS.items():
            corpus.add_text(f"common words of {source}", source=source, metadata=metadata)
        yield corpus


def found(corpus: Corpus, **where: Condition) -> list[str]:
    return sorted({hit.passage.source for hit in corpus.search("common", where=where)})


@pytest.mark.parametrize(
    ("where", "sources"),
    [
        ({"date": "2025-08-14T10:10"}, ["news/a.txt"]),
        ({"date": datetime(2025, 8, 14, 10, 10)}, ["news/a.txt"]),
        ({"date": "2025-08-14"}, ["news/a.txt"]),
        ({"date": date(2025, 8, 14)}, ["news/a.txt"]),
        ({"date": "2025-08"}, ["news/a.txt", "news/b.txt"]),
        ({"date": "2025"}, ["c.txt", "news/a.txt", "news/b.txt"]),
        ({"date": ["2024", "2025-09"]}, ["c.txt", "old/a.txt"]),
        ({"date": {"gte": "2025-08-14"}}, ["c.txt", "news/a.txt"]),
        ({"date": {"gt": "2025-08"}}, ["c.txt"]),
        ({"date": {"lte": "2025-08"}}, ["news/a.txt", "news/b.txt", "old/a.txt"]),
        ({"date": {"gte": "2025", "lt": "2025-09"}}, ["news/a.txt", "news/b.txt"]),
        ({"date": {"gt": date(2025, 8, 2), "lte": date(2025, 8, 31)}}, ["news/a.txt"]),
        ({"publisher": "36Ke"}, ["news/a.txt", "news/b.txt"]),
        ({"publisher": " 3 6\tKe "}, ["news/a.txt", "news/b.txt"]),
        ({"publisher": ["新华社", "It's \"O'Neil\"; --"]}, ["c.txt", "old/a.txt"]),
        ({"publisher": "36ke"}, []),
        ({"title": "Tea"}, ["news/a.txt"]),
        ({"year": 2025}, ["news/a.txt"]),
        ({"year": "2025"}, ["old/a.txt"]),
        ({"year": {"gte": 2024}}, ["news/a.txt", "news/b.txt"]),
        ({"year": {"gt": 2024.5}}, ["news/a.txt"]),
        ({"year": {"lt": "3"}}, ["old/a.txt"]),
        ({"score": {"gt": 0, "lt": 1}}, ["old/a.txt"]),
        ({"checked": True}, ["c.txt"]),
        ({"checked": 0}, []),
        ({"source": "news/a.txt"}, ["news/a.txt"]),
        ({"source": "a.txt"}, ["news/a.txt", "old/a.txt"]),
        ({"source": "s/a.txt"}, []),
        ({"source": ["b.txt", "c.txt"]}, ["c.txt", "news/b.txt"]),
        ({"source": {"gte": "news/", "lt": "news0"}}, ["news/a.txt", "news/b.txt"]),
        ({"title": []}, []),
        ({}, sorted(DOCUMENTS)),
        ({"source": ["a.txt", "c.txt"], "date": {"gte": "2025"}}, ["c.txt", "news/a.txt"]),
        ({"language": ["en", "other"]}, sorted(DOCUMENTS)),
    ],
)
def test_a_condition_keeps_the_documents_that_meet_it(
    corpus: Corpus, where: Mapping[str, Condition], sources: list[str]
) -> None:
    assert found(corpus, **where) == sources


def test_a_document_id_can_be_asked_for(corpus: Corpus) -> None:
    assert found(corpus, document_id=corpus.find("c.txt")) == ["c.txt"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"author": "x"}, "unknown field 'author' in where; known fields: checked, date, document_id, "),
        ({"date' OR 1=1 --": "x"}, "unknown field"),
        ({"date": {"after": "2025"}}, "unknown bound 'after' in where"),
        ({"date": {}}, "empty mapping"),
        ({"date": None}, "must be a scalar, a list of them or a mapping"),
        ({"date": {"2025", "2024"}}, "must be a scalar"),
        ({"date": b"2025"}, "must be a scalar"),
        ({"date": {"gte": None}}, "must be text, a number or a date"),
        ({"date": {"gte": ["2025"]}}, "must be text, a number or a date"),
        ({"title": ["x", None]}, "must be text, a number or a date"),
        ({"year": 2**63}, "cannot be stored"),
        ({"score": float("nan")}, "cannot be stored"),
        ({"title": "\ud800"}, "cannot be stored"),
    ],
)
def test_a_condition_that_means_nothing_is_a_value_error(
    corpus: Corpus, where: Mapping[str, Condition], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        corpus.search("common", where=where)


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", "x'; DROP TABLE documents; --", "?", "%", "_", "*", '"', "\x00"]
)
@pytest.mark.parametrize("field", ["title", "publisher", "source", "document_id"])
def test_a_value_is_never_read_as_code(corpus: Corpus, field: str, value: str) -> None:
    assert found(corpus, **{field: value}) == []
    assert found(corpus, **{field: [value, value]}) == []
    corpus.search("common", where={field: {"gte": value}})
    assert len(corpus.documents()) == len(DOCUMENTS)


@pytest.mark.parametrize("value", ["yesterday", "' OR 1=1 --", "14/08/2025", "2025-8", ""])
def test_what_is_no_date_is_refused_rather_than_never_met(corpus: Corpus, value: str) -> None:
    for condition in (value, [value], {"gte": value}):
        with pytest.raises(ValueError, match="is no date: write 2025"):
            corpus.search("common", where={"date": condition})


ODD = [
    "x') OR 1=1; --",
    'x"] == "" or fields["language"] != "',
    "back\\slash",
    "two\nlines\tand a tab",
    "100% of_it*?",
    "hex_61",
    "a" * 3000,
    "\u2028 雾 \U0001f375",
    "{braces} and [brackets] $.x",
]


@pytest.mark.parametrize("name", ODD)
def test_a_field_name_given_as_metadata_is_never_read_as_code(location: str, name: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common", source="a", metadata={name: "1"})
        corpus.add_text("common", source="b", metadata={"a": "1"})
        assert found(corpus, **{name: "1"}) == ["a"]
        assert found(corpus, **{name: "2"}) == []


@pytest.mark.parametrize("value", ODD)
def test_a_value_of_any_kind_is_kept_and_found_by_itself_alone(location: str, value: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common", source=f"{value}/a", metadata={"title": value, "kind": value})
        corpus.add_text("common", source="b", metadata={"title": value + " ", "kind": f" {value}"})
        (one,) = (one for one in corpus.documents() if one.source != "b")
        assert (one.source, one.title, one.metadata["kind"]) == (f"{value}/a", value, value)
        for field in ("title", "kind"):
            assert found(corpus, **{field: value}) == [f"{value}/a"]
            assert found(corpus, **{field: ["x", value]}) == [f"{value}/a"]
        assert found(corpus, source=f"{value}/a") == [f"{value}/a"]


def test_the_compiled_filter_keeps_values_out_of_the_sql() -> None:
    compiled = compile_filter({"title": "Tea", "x": [1, "two"]}, {"x"})
    assert compiled.parameters == ("title", "Tea", "x", 1, "x", "two")
    assert not any(word in compiled.sql for word in ("Tea", "two", "title"))
    assert compile_filter({}, ()).sql == "1"


def test_values_compare_in_one_form() -> None:
    assert comparable("publisher", " 3 6\u3000Ke\n") == "36Ke"
    assert comparable("title", " 3 6 ") == " 3 6 "
    assert comparable("date", datetime(2025, 8, 14, 10, 10, 5)) == "2025-08-14T10:10:05"
    assert comparable("year", 2025) == 2025


def test_a_date_in_words_compares_by_what_it_begins_with(location: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        days: list[str | int] = ["2025年8月", "2025-08-14", "2026", 2024]
        for number, day in enumerate(days):
            corpus.add_text("common", source=str(number), metadata={"date": day})
        assert found(corpus, date="2025") == ["0", "1"]
        assert found(corpus, date={"gt": "2025"}) == ["2"]
        assert found(corpus, date={"lte": "2025"}) == ["0", "1", "3"]
        assert found(corpus, date={"lt": "2025"}) == ["3"]


NUMBERS: tuple[float, ...] = (-3, -2, -1.5, -1, 0, 0.5, 1, 2, 3)


@pytest.fixture(scope="module", params=STORES)
def numbered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """A corpus of texts that have numbers."""
    location = location_in(request, tmp_path_factory.mktemp("numbered"))
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        for number in NUMBERS:
            corpus.add_text("common", source=str(number), metadata={"n": number})
        yield corpus


@settings(max_examples=settings().max_examples // 3)
@given(st.dictionaries(st.sampled_from(sorted(OPERATORS)), st.sampled_from(NUMBERS), min_size=1))
def test_bounds_mean_what_python_means_by_them(numbered: Corpus, bounds: dict[str, float]) -> None:
    expected = [
        str(number)
        for number in NUMBERS
        if all(OPERATORS[name](number, bound) for name, bound in bounds.items())
    ]
    assert found(numbered, n=bounds) == sorted(expected)


def test_anything_but_a_mapping_is_refused(corpus: Corpus) -> None:
    with pytest.raises(
        ValueError, match="where must be a mapping of fields to conditions, got 'language=en'"
    ):
        corpus.search("common", where="language=en")  # type: ignore[arg-type]
