"""The page on measuring: its example questions are in form, and its command prints what it shows.

Figures move with every change to ranking or reading, so they are not compared; all words around them are.
"""

import re
import shlex
from pathlib import Path

from pincite.labels import LabelledQuestion, Labels
from tests.conftest import ROOT, Run

PAGE = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^    \$ pincite (eval .*)\n((?:    .*\n|\n(?=    ))*)", re.MULTILINE)


def test_the_example_questions_are_in_form(tmp_path: Path) -> None:
    table = re.search(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert table is not None
    (tmp_path / "questions.csv").write_text(table[1], encoding="utf-8")
    labels = Labels.read(tmp_path / "questions.csv")
    assert labels.ignored == ()
    assert labels.questions[1] == LabelledQuestion(
        "How big is the mill pond?", ("2.4 hectares", "24 000 square metres"), "tidal-mill.md", line=3
    )
    assert [one.answerable for one in labels.questions] == [True, True, True, False]


def test_the_columns_are_those_that_are_read() -> None:
    columns = PAGE.split("| column | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", columns, re.MULTILINE) == [
        "question",
        "answer",
        "source",
        "quote",
        "answerable",
    ]


def test_the_example_prints_the_table_that_is_shown(pincite: Run, seeds_folder: Path, tmp_path: Path) -> None:
    example = EXAMPLE.search(PAGE)
    assert example is not None
    command, shown = example[1], re.sub(r"^    ", "", example[2], flags=re.MULTILINE)
    (tmp_path / "docs" / "images").mkdir(parents=True)
    data = tmp_path / "tests" / "data"
    data.mkdir(parents=True)
    (data / "seed_questions.jsonl").write_bytes((ROOT / "tests/data/seed_questions.jsonl").read_bytes())
    done = pincite(*shlex.split(command), "--corpus", str(seeds_folder / ".pincite"))
    assert done.returncode == 0
    assert without_figures(table_of(done.stdout)) == without_figures(table_of(shown))
    (picture,) = re.findall(r"\]\((images/.*?)\)", PAGE)
    assert (tmp_path / "docs" / picture).is_file()
    assert (ROOT / "docs" / picture).is_file()


def table_of(output: str) -> list[str]:
    """The measures and what is said of them, without the questions that went wrong."""
    return output.split("\nWrong answers")[0].splitlines()


def without_figures(lines: list[str]) -> list[str]:
    """Each line with its measured value left out; numbers of questions and of passages stay."""
    return [re.sub(r" *\d+\.\d+( %)?(?=  )|[\d.]+,| [\d.]+ %\.$", "", line) for line in lines]
