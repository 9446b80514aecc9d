"""Which row names the columns, and what each other row is called by."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import tally
from pincite.index.formats.builder import Builder
from pincite.index.formats.tables import Merged, Tables, filled

from .spans import check_spans, rows_of


def written(rows: Sequence[Sequence[str]], merged: Sequence[Merged] = (), fewest_names: int = 3) -> Document:
    builder = Builder()
    builder.part("S")
    Tables(builder, fewest_names=fewest_names).write(filled(enumerate(rows, start=1)), merged)
    return builder.document({})


def texts(rows: str, merged: Sequence[Merged] = (), fewest_names: int = 3) -> dict[int, str]:
    """The rows of a sheet drawn with ``|`` between cells, by number."""
    cells = [line.strip().split("|") for line in rows.strip("\n").split("\n")]
    document = written([[cell.strip() for cell in row] for row in cells], merged, fewest_names)
    return {number: text for _, number, text in rows_of(document)}


def test_the_first_row_of_words_names_the_columns_and_a_title_above_it_is_prose() -> None:
    rows = [
        ["Cups", "", ""],
        ["Team", "Town", "Cups"],
        ["Blues", "STL", "1"],
        ["", "", ""],
        ["Leafs", "", "13"],
    ]
    document = written(rows)
    assert document.text.startswith("Cups\n\nTeam: Blues")
    assert rows_of(document) == [
        (("S",), 3, "Team: Blues; Town: STL; Cups: 1"),
        (("S",), 5, "Team: Leafs; Cups: 13"),
    ]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("1 | 2\n3 | 4", {1: "1; 2", 2: "3; 4"}),
        ("x | x | x\nx | x | x", {1: "x; x; x", 2: "x; x; x"}),
        ("only | one | row", {1: "only; one; row"}),
        ("Text\nsome words", {1: "Text", 2: "some words"}),
        ("Name | Anna\nAge | old\nTown | Rome", {1: "Name; Anna", 2: "Age; old", 3: "Town; Rome"}),
        ("Name | Age\nAnna | 34", {2: "Name: Anna; Age: 34"}),
        ("col1 | col2\n1 | 2", {2: "col1: 1; col2: 2"}),
        ("Area | 2021 | 2022\nAsia | 5% | 6,1%", {2: "Area: Asia; 2021: 5%; 2022: 6,1%"}),
        ("a | b\nlong answer, quite a lot of it | x\nand one more, no shorter than it | y",
         {2: "a: long answer, quite a lot of it; b: x", 3: "a: and one more, no shorter than it; b: y"}),
        ("a | b | c\na | x | y", {1: "a; b; c", 2: "a; x; y"}),
        ("a | b | c | d\n1 | 2", {1: "a; b; c; d", 2: "a: 1; b: 2"}),
        ("a | b\n1 | 2 | 3", {2: "a: 1; b: 2; 3"}),
        ("名称 | 数量\n茶 | 30", {2: "名称: 茶; 数量: 30"}),
        ("When | How much\n2024-11-05 | €1,200.50", {2: "When: 2024-11-05; How much: €1,200.50"}),
    ],
)  # fmt: skip
def test_a_header_is_told_by_what_stands_below_it(rows: str, found: dict[int, str]) -> None:
    assert texts(rows) == found


def test_a_second_table_has_its_own_header_and_a_gap_keeps_the_one_before() -> None:
    sheet = "Name | Age\nAnna | 34\n\nBob | 35\n\nTown | Rain\nRome | 12"
    assert texts(sheet) == {
        2: "Name: Anna; Age: 34",
        4: "Name: Bob; Age: 35",
        7: "Town: Rome; Rain: 12",
    }


def test_a_note_below_a_table_has_no_header() -> None:
    assert texts("Name | Age\nAnna | 34\n\nSource: the town") == {
        2: "Name: Anna; Age: 34",
        4: "Source: the town",
    }


def test_an_empty_row_may_part_a_header_from_its_rows() -> None:
    assert texts("Zone | Sales\n\nAsia | 30\nEurope | 12") == {
        1: "Zone; Sales",
        3: "Zone: Asia; Sales: 30",
        4: "Zone: Europe; Sales: 12",
    }


def test_a_header_over_merged_columns_is_repeated_and_joined_with_the_names_below() -> None:
    merged = [((0, 1), (0, 2)), ((0, 3), (0, 4))]
    rows = "Area | Sales |  | Costs | \n | 2021 | 2022 | 2021 | 2022\nAsia | 1 | 2 | 3 | 4"
    assert texts(rows, merged)[3] == "Area: Asia; Sales: 1; Sales: 2; Costs: 3; Costs: 4"
    rows = "Area | Sales |  | Costs | \n | min | max | min | max\nAsia | 1 | 2 | 3 | 4"
    assert texts(rows, merged)[3] == "Area: Asia; Sales min: 1; Sales max: 2; Costs min: 3; Costs max: 4"


def test_two_words_name_columns_only_where_a_header_is_expected() -> None:
    assert texts("name | town\nAnna | Rome") == {1: "name; town", 2: "Anna; Rome"}
    assert texts("name | town\nAnna | Rome", fewest_names=2) == {2: "name: Anna; town: Rome"}


def test_too_many_rows_or_characters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_ROWS", 3)
    with pytest.raises(UnsupportedDocument, match="more than 3 rows: split it"):
        written([["1"]] * 4)
    assert written([["1"]] * 3).text == "1\n1\n1\n"
    monkeypatch.setattr(tally, "MOST_CHARACTERS", 10)
    with pytest.raises(UnsupportedDocument, match="its rows make more than 10 characters"):
        written([["x" * 11]])


@given(
    st.lists(st.lists(st.sampled_from(["", "a", "Name", "1", "2024", "two\nlines", "x" * 200]), max_size=5))
)
def test_every_cell_is_in_the_row_of_its_number_or_names_its_column(rows: list[list[str]]) -> None:
    document = written(rows)
    check_spans(document)
    found = {number: text for _, number, text in rows_of(document)}
    assert len(found) == len(rows_of(document))
    for number, row in enumerate(rows, start=1):
        if any(row):
            for cell in row:
                assert cell in found.get(number, document.text)
