"""What people write in options."""

import pytest

from pincite.ui.options import parse_metadata, parse_span, parse_where


def test_conditions_become_what_search_takes() -> None:
    assert parse_where([]) is None
    assert parse_where(["language=en", "date>=2025-01-01", "date<2026"]) == {
        "language": "en",
        "date": {"gte": "2025-01-01", "lt": "2026"},
    }
    assert parse_where(["source=a.txt", "source=b = c.txt"]) == {"source": ["a.txt", "b = c.txt"]}


def test_numbers_are_numbers_except_in_pincites_own_fields() -> None:
    assert parse_where(["year>2000", "title=1984"]) == {"year": {"gt": 2000}, "title": "1984"}
    assert parse_metadata(["year=1984", "weight=-2.5", "name=x=y"]) == {
        "year": 1984,
        "weight": -2.5,
        "name": "x=y",
    }


@pytest.mark.parametrize("conditions", [["language"], ["=en"], ["year=1", "year>2"], ["year>2", "year=1"]])
def test_a_condition_out_of_form_is_refused(conditions: list[str]) -> None:
    with pytest.raises(ValueError, match="--where"):
        parse_where(conditions)


def test_metadata_takes_values_only() -> None:
    with pytest.raises(ValueError, match="FIELD=VALUE"):
        parse_metadata(["year>1984"])


def test_a_span_may_follow_a_source_that_itself_has_colons() -> None:
    assert parse_span("notes.txt") == ("notes.txt", 0, None)
    assert parse_span("C:/a:b.txt:10-25") == ("C:/a:b.txt", 10, 25)
