"""``pincite eval`` as a person runs it, on a corpus of seeds/."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pincite.evaluating import evaluate
from pincite.index.corpus import Corpus
from pincite.labels import LabelledQuestion
from pincite.risk import RiskPoint
from pincite.ui.evaluation import print_report
from tests.conftest import ROOT, Run
from tests.llm_server import Reply, Server
from tests.samples import BANK, UNANSWERABLE

SEED_QUESTIONS = ROOT / "tests" / "data" / "seed_questions.jsonl"
OCBC = {"question": BANK, "answer": "Singapore's OCBC Bank", "source": "open-source-ai-race.txt"}
TEA = {"question": "合作社是哪一年成立的?", "answer": "2009年", "source": "tea-cooperative.txt"}
NOT_SAID = {"question": UNANSWERABLE, "answerable": False}
MISLABELLED = {"question": "Who put the mill up?", "answerable": False}
"""The mill's page says who did; so here is an answer that counts as wrong, however good the reader."""


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    rows = (OCBC, TEA, NOT_SAID, MISLABELLED)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_measures_are_printed_each_with_its_questions(
    pincite: Run, seeds_folder: Path, questions: Path
) -> None:
    done = pincite("eval", str(questions), cwd=seeds_folder)
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line[:52].strip(): line[52:].split() for line in done.stdout.splitlines()}
    assert rows["measure"] == ["value", "questions"]
    assert rows["right document first"] == ["100.0", "%", "2"]
    assert rows["… 1 / its rank, mean (MRR)"] == ["1.000", "2"]
    assert rows["answerable questions that are answered"] == ["100.0", "%", "2"]
    assert rows["… of those, the cited quote holds the answer"] == ["100.0", "%", "2"]
    assert rows["exact match, not answered counting 0"] == ["50.0", "%", "2"]
    assert rows["unanswerable questions that are answered"] == ["50.0", "%", "2"]
    assert rows["right answers, and rightly none (accuracy)"] == ["75.0", "%", "4"]
    assert "4 questions asked, answered from confidence 0.5 up.\n" in done.stdout
    assert re.search(r"\nTo keep the wrong answers within 10 %: --min-confidence 0\.[89]\d*,", done.stdout)
    _, wrong = done.stdout.split("Wrong answers, the most confident first (all):\n")
    first, answered, known, cited = wrong.strip().splitlines()
    assert first.endswith("  Who put the mill up? (line 4)")
    assert answered == "      answered: Josiah Trewin"
    assert known == "      known:    that the documents do not say"
    assert cited.startswith("      cited:    tidal-mill.md › Handbook of the Pellow Quay Tide Mill")


def test_json_holds_every_outcome(pincite: Run, seeds_folder: Path, questions: Path) -> None:
    done = pincite("eval", str(questions), "--json", "--top-k", "4", cwd=seeds_folder)
    report = json.loads(done.stdout)
    assert (report["questions"], report["top_k"], report["min_confidence"]) == (4, 4, 0.5)
    assert (report["exact"], report["cited"], report["false_answers"]) == (0.5, 1.0, 0.5)
    assert (report["over"]["exact"], report["over"]["false_answers"]) == (2, 2)
    bank, tea, not_said, mislabelled = report["outcomes"]
    assert (bank["text"], bank["expected"], bank["exact"]) == (OCBC["answer"], [OCBC["answer"]], 1.0)
    assert bank["cited_address"] == "open-source-ai-race.txt › Group 2 › point 3"
    assert (tea["right"], tea["source_rank"], tea["method"]) == (True, 1, "reader")
    assert (not_said["answered"], mislabelled["answered"], mislabelled["right"]) == (False, True, False)
    assert 0 < not_said["confidence"] < 0.4
    assert len(report["curve"]) == 4


def test_a_spreadsheet_gives_the_same_report(
    pincite: Run, seeds_folder: Path, questions: Path, tmp_path: Path
) -> None:
    table = tmp_path / "questions.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ("question", "answer", "source", "answerable"))
        writer.writeheader()
        writer.writerows(row | {"answerable": "yes" if "answer" in row else "no"} for row in (OCBC, TEA))
        writer.writerows([{**NOT_SAID, "answerable": "no"}, {**MISLABELLED, "answerable": "0"}])

    def report(path: Path) -> Any:
        result = json.loads(pincite("eval", str(path), "--json", cwd=seeds_folder).stdout)
        return result | {"outcomes": [one | {"line": 0} for one in result["outcomes"]]}

    assert report(table) == report(questions)


def test_failures_and_threshold_are_set_by_options(pincite: Run, seeds_folder: Path, questions: Path) -> None:
    options = ("eval", str(questions), "--min-confidence", "0")
    some = pincite(*options, "--failures", "1", cwd=seeds_folder).stdout
    assert "Wrong answers, the most confident first (1 of 2: --failures sets how many):" in some
    assert some.count("answered: ") == 1
    none = pincite(*options, "--failures", "0", cwd=seeds_folder).stdout
    assert "Wrong answers" not in none
    assert "answered from confidence 0 up" in none


def test_the_curve_is_drawn_where_asked(pincite: Run, seeds_folder: Path, questions: Path) -> None:
    done = pincite("eval", str(questions), "--plot", "risk.png", "--corpus", str(seeds_folder / ".pincite"))
    assert (done.returncode, done.stderr) == (0, "wrote risk.png\n")
    assert questions.with_name("risk.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("plot", "code", "message"),
    [
        ("risk.gif", 2, "pincite: risk.gif cannot be drawn: its name must end in .png, .svg, .pdf\n"),
        ("none/risk.png", 1, "pincite: none/risk.png: No such file or directory\n"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_asked(
    pincite: Run, questions: Path, plot: str, code: int, message: str
) -> None:
    done = pincite("eval", str(questions), "--plot", plot, "--corpus", "none-either")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "Who?"}\n{', "questions.jsonl, line 2 is not JSON: "),
        ('{"question": "Who?", "anwser": "Ada"}', "there is no column anwser: is answer meant?"),
        ("", "questions.jsonl holds no question"),
    ],
)
def test_a_file_that_is_not_in_form_is_wrong_usage_in_one_line(
    pincite: Run, seeds_folder: Path, questions: Path, content: str, message: str
) -> None:
    questions.write_text(content, encoding="utf-8")
    done = pincite("eval", str(questions), cwd=seeds_folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    gone = pincite("eval", "gone.csv", cwd=seeds_folder)
    assert (gone.returncode, gone.stderr) == (
        2,
        "pincite: gone.csv cannot be read: No such file or directory\n",
    )


def test_what_was_passed_over_or_is_not_there_is_noted_and_measured(
    pincite: Run, seeds_folder: Path, questions: Path
) -> None:
    rows = [OCBC | {"source": f"none-{number}.txt", "id": number} for number in range(7)]
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = pincite("eval", str(questions), "--json", cwd=seeds_folder)
    ignored, *doubts, more = done.stderr.splitlines()
    assert ignored == "note: ignored: id"
    assert doubts[0] == "note: line 1: no document in the corpus is called none-0.txt"
    assert (len(doubts), more) == (5, "note: and 2 more sources like these")
    report = json.loads(done.stdout)
    assert (report["recall_at_k"], report["over"]["recall_at_k"], report["exact"]) == (0.0, 7, 1.0)


def test_text_that_would_steer_the_terminal_is_shown_as_escapes(
    pincite: Run, seeds_folder: Path, questions: Path
) -> None:
    row = {"question": f"{OCBC['question']}\x1b[31m\n", "answer": "\x1b[2Jnobody\nat all", "a\x1b": 1}
    questions.write_text(json.dumps(row), encoding="utf-8")
    done = pincite("eval", str(questions), cwd=seeds_folder)
    assert "\x1b" not in done.stdout + done.stderr
    assert "known:    \\x1b[2Jnobody at all\n" in done.stdout


def test_an_llm_is_measured_alike_and_its_failures_are_counted(
    pincite: Run, seeds_folder: Path, questions: Path, server: Server
) -> None:
    questions.write_text(f"{json.dumps(OCBC)}\n{json.dumps(NOT_SAID)}\n", encoding="utf-8")
    server.claims(("OCBC Bank.", "P1", "OCBC Bank has developed around 30 internal tools"))
    server.replies += [Reply("no JSON")] * 2
    done = pincite("eval", str(questions), "--llm", server.llm, "--json", cwd=seeds_folder)
    assert done.returncode == 0
    assert done.stderr.endswith(f"note: {server.llm} failed on 1 of 2 questions; the reader answered them\n")
    report = json.loads(done.stdout)
    assert [one["method"] for one in report["outcomes"]] == ["llm:mini", "reader"]
    assert report["outcomes"][0]["text"] == "OCBC Bank."


def test_the_hard_questions_on_the_seeds_are_measured_whole(pincite: Run, seeds_folder: Path) -> None:
    done = pincite("eval", str(SEED_QUESTIONS), "--json", cwd=seeds_folder)
    assert done.stderr == "note: ignored: address_contains\n"
    report = json.loads(done.stdout)
    assert report["questions"] == len(report["outcomes"]) == 38
    assert (report["over"]["recall_at_k"], report["over"]["false_answers"]) == (31, 7)
    assert report["recall_at_k"] >= 0.95
    assert report["curve"][-1]["coverage"] == 1.0


def test_a_threshold_is_printed_with_all_its_digits(
    seeds_corpus: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluate([LabelledQuestion(BANK, ("Singapore's OCBC Bank",))], seeds_corpus)
    print_report(replace(report, recommended=RiskPoint(0.9123456, 1.0, 0.0)), 0)
    assert "--min-confidence 0.9123456, which answers 100.0 %" in capsys.readouterr().out
