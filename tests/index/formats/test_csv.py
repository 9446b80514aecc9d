"""Delimited text: which character parts the fields, and rows that are never lost or glued together."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents
from pincite.index.formats.csv import delimiter_of
from pincite.index.passages import draft_passages
from pincite.index.splitter import split
from tests.fakes import FakeEncoder

from .spans import read, rows_of


def rows(text: str, name: str = "a.csv") -> dict[int, str]:
    """The rows of a file by their numbers."""
    return {number: row for _, number, row in rows_of(read(name, text.encode()))}


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2", ","),
        ("a;b\n1,5;2\n2,5;3", ";"),
        ("1,5;2,5\n3,5;4,5", ";"),
        ("a\tb, c\n1\t2", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"x;y;z",2\n"x;y",3', ","),
        ("Title\n\na;b;c\n1;2;3\n4;5;6", ";"),
        ("a,b,c\n1,2\n3,4,5\n6,7,8,9\n1,2,3", ","),
        ('a,b\n"two\nlines",2\n', ","),
        ("one\ntwo\n", None),
        ("Lorem, ipsum\ndolor sit\namet consectetur\nadipiscing", None),
        ("", None),
    ],
)
def test_the_delimiter_is_the_one_that_cuts_evenly(text: str, delimiter: str | None) -> None:
    assert delimiter_of(list(io.StringIO(text))) == delimiter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bank,Tools\nOCBC,30\n\nDBS,12\n", {2: "Bank: OCBC; Tools: 30", 4: "Bank: DBS; Tools: 12"}),
        ("Bank,Tools\r\nOCBC,30\r\n", {2: "Bank: OCBC; Tools: 30"}),
        ('q,a\n"Why?\n\nHow?","So, ""so""."\nx,y\n',
         {2: 'q: Why?\n\nHow?; a: So, "so".', 3: "q: x; a: y"}),
        ("a,b,c\n1\n1,2,3\n1,2,3,4,5\n", {2: "a: 1", 3: "a: 1; b: 2; c: 3", 4: "a: 1; b: 2; c: 3; 4; 5"}),
        ("Stanley Cups,,\nTeam,Town,Cups\nBlues,STL,1\n", {3: "Team: Blues; Town: STL; Cups: 1"}),
        ("1,2\n3,4\n", {1: "1; 2", 2: "3; 4"}),
        ("one\ntwo, three\n\nfour\n", {1: "one", 2: "two, three", 4: "four"}),
        ("sep=|\na|b\n1,5|2\n", {2: "a: 1,5; b: 2"}),
        ("a,b\n1,x\u2028y\n2,z\x0cw\n", {2: "a: 1; b: x y", 3: "a: 2; b: z\x0cw"}),
        ("姓名,年龄\n李雷,30\n", {2: "姓名: 李雷; 年龄: 30"}),
        ("a,b,\n1,2,\n", {2: "a: 1; b: 2"}),
    ],
)  # fmt: skip
def test_a_row_is_numbered_as_a_spreadsheet_shows_it(text: str, found: dict[int, str]) -> None:
    assert rows(text) == found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_table_is_read_in_any_encoding(encoding: str) -> None:
    content = "Name\tOrt\nJosé\tKöln am Rhein\nAnna\tBonn am Rhein\n".encode(encoding)
    assert rows_of(read("a.tsv", content))[0] == ((), 2, "Name: José; Ort: Köln am Rhein")


def test_a_quote_that_is_never_closed_swallows_no_row() -> None:
    text = 'size,what\n1,pipe\n2,"5 inch pipe\n3,tube\n4,"5 inch tube\n5,hose\n'
    assert rows(text) == {
        2: "size: 1; what: pipe",
        3: 'size: 2; what: "5 inch pipe',
        4: "size: 3; what: tube",
        5: 'size: 4; what: "5 inch tube',
        6: "size: 5; what: hose",
    }
    assert rows('a,b\n1,2\n3,"4\n5,6\n7,8') == {
        2: "a: 1; b: 2",
        3: 'a: 3; b: "4',
        4: "a: 5; b: 6",
        5: "a: 7; b: 8",
    }


def test_words_after_a_closing_quote_are_kept() -> None:
    assert rows('a,b\n1,"two" words\n2,"x, y"\n') == {2: "a: 1; b: two words", 3: "a: 2; b: x, y"}


def test_a_long_cell_in_quotes_may_end_the_file() -> None:
    assert rows('a,b\n1,"two\nlines\n"') == {2: "a: 1; b: two\nlines"}
    assert rows('a,b\n1,"two\nlines"') == {2: "a: 1; b: two\nlines"}


def test_quotes_without_end_are_given_up_in_bounded_time() -> None:
    text = "a,b\n" + '1,""" x\n' * 5_001
    found = rows(text)
    assert max(found) <= 5_002
    assert sum(row.count("x") for row in found.values()) == 5_001


def test_stray_quotes_on_every_line_cost_no_more_than_their_lines() -> None:
    assert len(rows('"a,\n' * 20_000)) == 20_000


def test_a_field_may_be_huge() -> None:
    word = "word " * 100_000
    assert rows(f"a,b,c\n1,{word},x\n")[2] == f"a: 1; b: {word.strip()}; c: x"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnsupportedDocument, match="binary data"):
        read_documents(File("a.csv", b"name,number\n1,\x00\n2,3\n4,5\n"))
    with pytest.raises(UnsupportedDocument, match="no text in it"):
        read_documents(File("a.csv", b",,\n,,\n"))


def test_a_row_stays_whole_in_its_passage_and_is_cited_by_its_number() -> None:
    text = "Name,Note\n" + "".join(f"n{n},{'some words here ' * 3}\n" for n in range(40))
    document, groups = split(read("a.csv", text.encode()))
    drafts = draft_passages(document, groups, FakeEncoder().count_tokens, 60)
    assert len(drafts) > 5
    assert [p.number for draft in drafts for p in draft.points] == list(range(2, 42))


def test_progress_is_told_in_rows() -> None:
    seen: list[int] = []
    content = b"1,2\n" * 10_000
    read_documents(File("a.csv", content, on_page=lambda done, total: seen.append(done * 100 // total)))
    assert seen == [50, 100]


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab1,;"\n é茶'), max_size=6), min_size=2, max_size=4), min_size=1
    ).filter(lambda rows: any(cell.strip(' ,;"\n') for row in rows for cell in row)),
    st.sampled_from(",;\t|"),
)
def test_every_cell_of_a_written_table_is_in_the_text(table: list[list[str]], delimiter: str) -> None:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["first", "second"], *table])
    document = read("a.csv", f"sep={delimiter}\n{target.getvalue()}".encode())
    for row in table:
        for cell in row:
            assert " ".join(cell.split()) in " ".join(document.text.split())
