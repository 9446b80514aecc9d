"""What reaches the terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.answers import Answer
from pincite.index.records import GONE, Receipt
from pincite.ui.printing import print_answer, print_json, print_receipts, visible


@given(st.text())
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    shown = visible(text)
    assert not any(ord(character) < 32 and character not in "\n\t" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)


def test_direction_marks_and_escapes_are_named() -> None:
    assert visible("a\x1b[0m\u202eb\tc\n") == "a\\x1b[0m\\u202eb\tc\n"
    assert visible("\U000e0053ay\u2028") == "\\U000e0053ay\\u2028"


def test_json_escapes_what_steers_a_terminal_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["\x9b2J \u202e\U000e0053", "茶\n\x7f"]
    print_json(texts)
    out = capsys.readouterr().out
    assert out == '[\n  "\\u009b2J \\u202e\\udb40\\udc53",\n  "茶\\n\\u007f"\n]\n'
    assert json.loads(out) == texts


def test_a_table_lines_up_also_under_chinese_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_receipts([Receipt("茶.txt", "added", passages=3), Receipt("b.txt", "failed", "the file is empty")])
    header, first, second, reason = capsys.readouterr().out.splitlines()
    assert header.startswith("status  source  pages")
    assert first.startswith("added   茶.txt  0")
    assert second.startswith("failed  b.txt   0")
    assert reason == "failed: b.txt: the file is empty"


def test_on_a_terminal_long_sources_lose_their_beginning_and_elsewhere_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = "/a/very/long/way/to" * 12 + "/茶/note.txt"
    receipts = [Receipt(deep, "added"), Receipt("b.txt", "failed", "empty")]
    print_receipts(receipts)
    assert deep in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    print_receipts(receipts)
    header, first, second, _ = capsys.readouterr().out.splitlines()
    assert len(header) <= 80
    assert "…y/long/way/to/茶/note.txt  0 " in first
    assert second.startswith("failed  b.txt   ")
    monkeypatch.setenv("COLUMNS", "20")
    print_receipts(receipts)
    assert "  …/way/to/茶/note.txt  0 " in capsys.readouterr().out


def test_a_source_with_line_ends_cannot_look_like_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_receipts([Receipt("a\nfailed: b.txt", "failed", "it\nis empty", notes=("so\nwhat",))])
    assert capsys.readouterr().out.splitlines()[2:] == [
        "failed: a failed: b.txt: it is empty",
        "note: a failed: b.txt: so what",
    ]


def test_vanished_files_are_rows_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    gone = [Receipt(name, "vanished", GONE, passages=3) for name in ("a.txt", "b.txt")]
    print_receipts(gone)
    _, first, second, line = capsys.readouterr().out.splitlines()
    assert first.split() == ["vanished", "a.txt", "0", "0", "0", "3", "0.00"]
    assert second.startswith("vanished  b.txt")
    assert line == "2 vanished files are still in the corpus; --prune removes them"
    print_receipts(gone[:1])
    assert capsys.readouterr().out.endswith("\n1 vanished file is still in the corpus; --prune removes it\n")
    print_receipts([Receipt("a.txt", "vanished", "it is elsewhere"), gone[1]])
    assert capsys.readouterr().out.splitlines()[3:] == [
        "vanished: a.txt: it is elsewhere",
        "1 vanished file is still in the corpus; --prune removes it",
    ]


def test_what_could_not_be_read_of_a_file_is_said_and_several_are_summed_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scanned = Receipt("a.pdf", "added", notes=("p. 3 has no text\x1b layer",))
    print_receipts([scanned])
    captured = capsys.readouterr()
    assert (captured.out.splitlines()[-1], captured.err) == ("note: a.pdf: p. 3 has no text\\x1b layer", "")
    print_receipts([scanned, Receipt("b", "failed", "empty"), Receipt("c", "added")])
    assert capsys.readouterr().err == "3 files: 2 added, 1 failed\n"


def test_what_was_searched_for_is_said_where_it_is_another_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for standalone in ("and when?", "when was the mill built?"):
        answer = Answer("and when?", "", False, 0.0, (), (), (), "reader", standalone, (), 0.1)
        print_answer(answer)
    said = capsys.readouterr().err
    assert said.count("searched for: ") == 1
    assert "searched for: when was the mill built?\n" in said
