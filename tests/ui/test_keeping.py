"""What is kept of a corpus: evidence, which `ask --bundle` writes and `verify-bundle` checks; precision."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pincite.bundle_format import Bundle
from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.ui.cli import main
from tests.conftest import SEEDS
from tests.samples import BANK, UNANSWERABLE

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in ``tmp_path``: its exit code, what it prints, and what it says besides."""

    def run(*arguments: str | Path, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["pincite", *map(str, arguments)])
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def asked(seeds_folder: Path) -> tuple[str, str]:
    """The options that name the corpus of seeds/."""
    return ("--corpus", str(seeds_folder / ".pincite"))


def test_the_evidence_of_a_question_is_written_and_found_sound(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    code, out, err = command("ask", BANK, "--bundle", "bank.json", *asked)
    assert (code, out.splitlines()[0]) == (0, "Singapore's OCBC Bank [1]")
    assert err.endswith("wrote the evidence to bank.json\n")
    (answer,) = Bundle.read(tmp_path / "bank.json").answers
    assert (answer.question, answer.text) == (BANK, "Singapore's OCBC Bank")
    assert command("verify-bundle", "bank.json", *asked) == (0, "", "sound: 1 citation of 1 document\n")


def test_the_answers_to_piped_questions_go_into_one_bundle(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    code, *_ = command("ask", "--bundle", "all.json", "--json", *asked, stdin=f"{BANK}\n{UNANSWERABLE}\n")
    assert code == 0
    answers = Bundle.read(tmp_path / "all.json").answers
    assert [(answer.question, answer.answered) for answer in answers] == [(BANK, True), (UNANSWERABLE, False)]
    assert command("verify-bundle", "all.json", *asked)[0] == 0


def test_findings_are_printed_a_line_each_and_end_with_code_1(
    command: Command, encoder: Encoder, tmp_path: Path
) -> None:
    for name in ("open-source-ai-race.txt", "tidal-mill.md"):
        (tmp_path / name).write_bytes((SEEDS / name).read_bytes())
    with Corpus.open(tmp_path / ".pincite", encoder=encoder) as corpus:
        corpus.add(tmp_path / "open-source-ai-race.txt", tmp_path / "tidal-mill.md")
        assert command("ask", BANK, "--bundle", "bank.json")[0] == 0
        corpus.add(tmp_path / "open-source-ai-race.txt", metadata={"publisher": "x"})
        noted = "note: metadata of open-source-ai-race.txt have changed: publisher\n"
        assert command("verify-bundle", "bank.json") == (0, "", f"{noted}sound: 1 citation of 1 document\n")
        corpus.remove("open-source-ai-race.txt")
        file = tmp_path / "bank.json"
        file.write_text(file.read_text("utf-8").replace("OCBC Bank has", "OCBC Bank had"), encoding="utf-8")
    code, out, err = command("verify-bundle", "bank.json")
    findings = [
        "the bundle is not as it was made: its content does not have the digest that it names",
        "open-source-ai-race.txt is gone from the corpus",
    ]
    assert (code, out.splitlines(), err) == (1, findings, "2 findings\n")
    code, out, err = command("verify-bundle", "bank.json", "--json")
    told = {"findings": findings, "notes": [], "answers": 1, "citations": 1, "documents": 1}
    assert (code, json.loads(out), err) == (1, told, "")


def test_a_hostile_bundle_cannot_steer_the_terminal_or_forge_a_line(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    command("ask", BANK, "--bundle", "bank.json", *asked)
    text = (
        (tmp_path / "bank.json").read_text("utf-8").replace('"source": "', '"source": "a\\nsound\\u001b[31m')
    )
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    code, out, _ = command("verify-bundle", "bad.json", *asked)
    assert code == 1
    assert "\x1b" not in out
    assert "a sound\\x1b[31mseeds/" in out
    assert "\nsound" not in out


def test_a_file_that_exists_is_refused_before_anything_is_asked(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mine.json").write_text("mine")
    code, out, err = command("ask", BANK, "--bundle", "mine.json", *asked)
    assert (code, out) == (1, "")
    assert err == "pincite: mine.json exists: name another file, or give --overwrite (overwrite=True)\n"
    assert (tmp_path / "mine.json").read_text() == "mine"
    assert command("ask", BANK, "--bundle", "mine.json", "--overwrite", *asked)[0] == 0
    assert Bundle.read(tmp_path / "mine.json").answers[0].question == BANK


def test_what_is_no_bundle_or_no_corpus_is_told_in_a_line(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("The mill was built in 1742.")
    for arguments, problem in (
        (("none.json", *asked), "cannot read none.json: No such file or directory: name an evidence bundle"),
        (
            ("notes.txt", *asked),
            "notes.txt is no sound evidence bundle: it is not JSON: Expecting value in line 1",
        ),
    ):
        assert command("verify-bundle", *arguments) == (1, "", f"pincite: {problem}\n")
    assert command("ask", BANK, "--bundle", "bank.json", *asked)[0] == 0
    code, out, err = command("verify-bundle", "bank.json")
    assert (code, out) == (1, "")
    assert "no corpus at" in err
    assert command("verify-bundle")[0] == 2


def test_without_an_answer_no_bundle_is_written(
    command: Command, asked: tuple[str, str], tmp_path: Path
) -> None:
    assert command("ask", "--bundle", "none.json", *asked, stdin="\n") == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_the_evidence_of_what_was_answered(
    command: Command, asked: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Iterator[str]:
        yield BANK
        raise KeyboardInterrupt

    monkeypatch.setattr("pincite.ui.cli.asked_questions", interrupted)
    code, _, err = command("ask", "--bundle", "bank.json", *asked)
    assert code == 130
    assert "wrote the evidence to bank.json" in err
    assert len(Bundle.read(tmp_path / "bank.json").answers) == 1


def test_a_corpus_changes_its_precision_and_answers_as_before(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text("The mill was bought by Ada Pellow in 1921.")
    assert command("index", "mill.txt", "--precision", "int8")[0] == 0
    before = command("ask", "Who bought the mill?")
    assert "all-MiniLM-L6-v2 (384-d, int8)" in command("stats")[1]
    code, _, said = command("index", "mill.txt", "--precision", "float32")
    assert (code, "was built in int8, not float32: run `pincite reencode --precision float32`" in said) == (
        1,
        True,
    )
    code, _, said = command("reencode", "--precision", "float32")
    assert (code, "encoded with all-MiniLM-L6-v2 in float32" in said) == (0, True)
    assert "all-MiniLM-L6-v2 (384-d, float32)" in command("stats")[1]
    assert command("ask", "Who bought the mill?")[1].splitlines()[:3] == before[1].splitlines()[:3]
    assert command("verify")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reencode",), "give another --encoder or --precision"),
        (("reencode", "--precision", "int4"), "--precision is float32 or int8, not int4"),
        (("index", "mill.txt", "--precision", "int4"), "--precision is float32 or int8, not int4"),
    ],
)
def test_a_precision_that_there_is_not_is_wrong_usage(
    command: Command, arguments: tuple[str, ...], said: str
) -> None:
    code, _, errors = command(*arguments)
    assert code == 2
    assert said in " ".join(errors.split())
