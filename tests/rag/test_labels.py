"""Reading files of labelled questions."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.labels import LabelledQuestion, Labels
from tests.conftest import ROOT


def read(folder: Path, content: str, name: str = "q.jsonl") -> Labels:
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return Labels.read(path)


def only(labels: Labels) -> LabelledQuestion:
    (question,) = labels.questions
    return question


def test_questions_come_from_jsonl_and_csv_alike(tmp_path: Path) -> None:
    lines = '{"question": "Who?", "answer": ["Ada", "A. P."]}\n{"question": "为什么?", "answerable": false}\n'
    table = "question,answer,answerable\nWho?,Ada | A. P.,\n为什么?,,no\n"
    assert read(tmp_path, lines).questions == (
        LabelledQuestion("Who?", ("Ada", "A. P."), line=1),
        LabelledQuestion("为什么?", answerable=False, line=2),
    )
    from_table = read(tmp_path, table, "q.csv").questions
    assert [(one.question, one.answers, one.answerable) for one in from_table] == [
        ("Who?", ("Ada", "A. P."), True),
        ("为什么?", (), False),
    ]
    assert [one.line for one in from_table] == [2, 3]


def test_every_column_is_read(tmp_path: Path) -> None:
    row = {"question": " Who? ", "answer": 7, "source": "a.txt", "quote": "seven mills", "answerable": 1}
    expected = LabelledQuestion("Who?", ("7",), "a.txt", "seven mills", answerable=True, line=1)
    assert only(read(tmp_path, json.dumps(row))) == expected


@pytest.mark.parametrize("unknown", ['""', "null", "[]", '[""]'])
def test_what_is_empty_is_not_known(tmp_path: Path, unknown: str) -> None:
    labels = read(
        tmp_path, f'{{"question": "Who?", "answer": {unknown}, "source": null, "answerable": null}}'
    )
    assert only(labels) == LabelledQuestion("Who?", line=1)


@pytest.mark.parametrize("mark", ["no", "FALSE", "0", "n"])
def test_a_question_without_an_answer_can_be_marked_in_several_ways(tmp_path: Path, mark: str) -> None:
    assert not only(read(tmp_path, f"question,answerable\nWho?,{mark}\n", "q.csv")).answerable
    assert not only(read(tmp_path, json.dumps({"question": "Who?", "answerable": mark}))).answerable


def test_a_line_separator_inside_an_answer_ends_no_question(tmp_path: Path) -> None:
    lines = read(tmp_path, '{"question": "Who?", "answer": "Ada\u2028Pellow"}\r\n')
    table = read(tmp_path, 'question,answer\r\n"Who,\r\nthen?","Ada\nPellow"\r\nWhy?,So\r\n', "q.csv")
    assert only(lines).answers == ("Ada\u2028Pellow",)
    assert [(one.question, one.answers, one.line) for one in table.questions] == [
        ("Who,\nthen?", ("Ada\nPellow",), 4),
        ("Why?", ("So",), 5),
    ]


@pytest.mark.parametrize(("separator", "name"), [(";", "q.csv"), ("\t", "q.tsv"), (",", "Q.CSV")])
def test_a_spreadsheets_csv_is_read_with_its_mark_and_its_separator(
    tmp_path: Path, separator: str, name: str
) -> None:
    rows = ["\ufeffQuestion ", "Answer"], ["Who, then?", "Ada; Pellow"]
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    question = only(Labels.read(tmp_path / name))
    assert (question.question, question.answers) == ("Who, then?", ("Ada; Pellow",))


def test_empty_lines_and_rows_are_no_questions(tmp_path: Path) -> None:
    assert [one.line for one in read(tmp_path, '\n{"question": "Who?"}\n \n').questions] == [2]
    assert [one.line for one in read(tmp_path, "\nquestion,answer\n\n,\nWho?\n", "q.csv").questions] == [5]


def test_json_lines_are_known_by_their_content_under_any_name(tmp_path: Path) -> None:
    assert only(read(tmp_path, '\n{"question": "Who?"}', "questions")).question == "Who?"


def test_columns_of_others_are_passed_over_and_named(tmp_path: Path) -> None:
    lines = '{"id": 1, "question": "Who?"}\n{"question": "Why?", "answer_id": 3, "id": 2, "comment": ""}'
    assert read(tmp_path, lines).ignored == ("id", "answer_id", "comment")
    assert read(tmp_path, "question,id,\nWho?,1,\n", "q.csv").ignored == ("id",)


def test_the_sample_questions_are_in_form() -> None:
    labels = Labels.read(ROOT / "tests" / "data" / "seed_questions.jsonl")
    assert len(labels.questions) == 38
    assert labels.ignored == ("address_contains",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "Who?"}\n{"question": " "}', "q.jsonl, line 2 has no question"),
        ('{"answer": "x"}', "q.jsonl, line 1 has no question"),
        ("{", "q.jsonl, line 1 is not JSON: Expecting property name"),
        ('"x"', 'q.jsonl, line 1 is no JSON object but "x"'),
        ("[" * 100_000, "q.jsonl, line 1 is nested too deeply"),
        ('{"question": "Who?", "anwser": "Ada"}', "line 1: there is no column anwser: is answer meant?"),
        ('{"question": "Who?", "unanswerable": 1}', "no column unanswerable: is answerable meant?"),
        ('{"question": "Who?", "answer": {"text": "Ada"}}', "line 1: answer: Input should be a valid list"),
        (
            '{"question": "Who?", "answerable": "perhaps"}',
            "line 1: answerable must be yes or no, got 'perhaps'",
        ),
        ('{"question": "Who?", "Question": "Why?"}', "line 1 has two columns called question"),
        ("", "q.jsonl holds no question"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_one(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"q\.jsonl") as raised:
        read(tmp_path, content)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,answer\n", "q.csv holds no question"),
        ("", "q.csv has no column called question: its header names nothing"),
        ("frage,antwort\nWer?,Ada\n", "q.csv has no column called question: its header names frage, antwort"),
        ("question,sorce\nWho?,\n", "q.csv, line 1: there is no column sorce: is source meant?"),
        ("questions\nWho?\n", "q.csv, line 1: there is no column questions: is question meant?"),
        ("question,answer\nWho?,Ada,Pellow\n", "q.csv, line 2 has 3 cells under 2 columns: quote what"),
        ("question,answer\n,Ada\n", "q.csv, line 2 has no question"),
        ("question,answer,answer\nWho?,a,b\n", "q.csv, line 1 has two columns called answer"),
        ('question,answer\nWho?,"Ada\nWhy?,So\n', "q.csv, line 3 is not CSV: unexpected end of data"),
        ('question,answer\nWho?,"Ada" P.\n', "q.csv, line 2 is not CSV: ',' expected after '\"'"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"q\.csv") as raised:
        read(tmp_path, content, "q.csv")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_neither_absent_or_in_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"q\.txt is neither JSONL .* nor CSV"):
        read(tmp_path, "Who bought the mill?\n", "q.txt")
    with pytest.raises(ValueError, match=r"gone\.csv cannot be read: No such file"):
        Labels.read(tmp_path / "gone.csv")
    (tmp_path / "gbk.csv").write_bytes("question\n磨坊是谁买的?\n".encode("gbk"))
    with pytest.raises(ValueError, match=r"gbk\.csv is not in UTF-8"):
        Labels.read(tmp_path / "gbk.csv")


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["q.jsonl", "q.csv", "q"]))
def test_any_text_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: str, name: str
) -> None:
    try:
        labels = read(tmp_path_factory.getbasetemp(), content, name)
        message = name
        assert labels.questions
    except ValueError as error:
        message = str(error)
    assert name in message


def test_a_cell_beyond_the_limit_of_csv_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text(f"question\n{'x' * 200_000}\n", encoding="utf-8")
    before = csv.field_size_limit(131_072)  # Python's own, which a reader of documents lifts in its process
    try:
        with pytest.raises(ValueError, match=r"q\.csv, line 2 is not CSV: field larger than field limit"):
            Labels.read(file)
    finally:
        csv.field_size_limit(before)
