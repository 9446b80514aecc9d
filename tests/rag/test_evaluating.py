"""Comparing answers with those that are known."""

from pathlib import Path

import pytest

from pincite.evaluating import evaluate, f1_score, normalise, read_questions
from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder


def test_answers_are_compared_without_case_articles_and_punctuation() -> None:
    assert normalise("The  OCBC Bank's, an A!") == "ocbc banks"
    assert normalise("2009年。") == "2009年"


def test_f1_counts_shared_words_or_chinese_characters() -> None:
    assert f1_score("OCBC Bank", "Singapore's OCBC Bank") == pytest.approx(0.8)
    assert f1_score("2009年4月", "2009年") == pytest.approx(2 * 2 / (4 + 2))
    assert f1_score("", "x") == 0.0
    assert f1_score("", "") == 1.0


def test_questions_come_from_jsonl_and_csv_alike(tmp_path: Path) -> None:
    lines, table = tmp_path / "q.jsonl", tmp_path / "q.csv"
    lines.write_text('{"question": "Who?", "answer": "Ada"}\n\n{"question": "Why?", "answerable": false}\n')
    table.write_text("question,answer,answerable\nWho?,Ada,\nWhy?,,false\n")
    assert read_questions(lines) == read_questions(table)
    assert [one.answerable for one in read_questions(lines)] == [True, False]


def test_a_line_separator_inside_an_answer_ends_no_question(tmp_path: Path) -> None:
    lines, table = tmp_path / "q.jsonl", tmp_path / "q.csv"
    lines.write_text('{"question": "Who?", "answer": "Ada\u2028Pellow"}\r\n', encoding="utf-8")
    table.write_text('question,answer\nWho?,"Ada\nPellow"\n', encoding="utf-8")
    assert [one.answer for one in read_questions(lines)] == ["Ada\u2028Pellow"]
    assert [one.answer for one in read_questions(table)] == ["Ada\nPellow"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": " "}', "line 1: question: String should have at least 1 character"),
        ("{", "line 1 is not JSON"),
        ('{"answer": "x"}', "line 1: question: Field required"),
        ('"x"', "line 1: the line"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_questions(path)


def test_a_report_averages_over_the_questions_that_can_tell(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"question": "Who bought the mill in 1921?", "answer": "Ada Pellow", "source": "mill.txt"}\n'
        '{"question": "Who conducts the Berlin Philharmonic?", "answerable": false}\n'
    )
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as corpus:
        corpus.add_text("The mill was bought by Ada Pellow in March 1921.", source="notes/mill.txt")
        report = evaluate(read_questions(path), corpus)
    assert (report.questions, report.answered, report.false_answers) == (2, 1.0, 0.0)
    assert (report.exact, report.f1, report.cited, report.source_found) == (1.0, 1.0, 1.0, 1.0)
    assert "exact         1.000" in report.summary()
