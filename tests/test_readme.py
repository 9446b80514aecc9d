"""The README's commands and code do what the README says they do."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SEEDS, Run

README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSION = re.search(r"## A session\n(.*?)\n## ", README, re.DOTALL)
BLOCK = re.compile(r"^    \$ (pincite .*)\n((?:    (?!\$).*\n|\n(?=    (?!\$)))*)", re.MULTILINE)


def shown_commands() -> list[tuple[str, str]]:
    """Return each ``$ pincite …`` of the session with the output shown under it."""
    assert SESSION is not None
    found = [
        (match[1], re.sub(r"^    ", "", match[2], flags=re.MULTILINE).rstrip())
        for match in BLOCK.finditer(SESSION[1])
    ]
    assert len(found) >= 3
    return found


@pytest.mark.parametrize(("command", "output"), shown_commands())
def test_a_command_prints_what_the_readme_shows(
    pincite: Run, seeds_folder: Path, command: str, output: str
) -> None:
    done = pincite(*shlex.split(command)[1:], cwd=seeds_folder)
    assert done.returncode == 0
    assert done.stdout.rstrip() == output


def test_the_python_example_runs_and_answers(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    (tmp_path / "reports").mkdir()
    shutil.copy(SEEDS / "open-source-ai-race.txt", tmp_path / "reports")
    (tmp_path / "notes.md").write_text("# Notes\n\nNothing of note.\n")
    done = subprocess.run(
        [sys.executable, "-c", code[1]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Singapore's OCBC Bank 0.")


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_no_placeholder_is_left(page: Path) -> None:
    assert "@@" not in page.read_text(encoding="utf-8")


def test_every_file_and_target_that_the_readme_names_is_there() -> None:
    for name in re.findall(
        r"`((?:index|rag|ui|benchmarks|training)/[\w./]+)`|\]\(((?!http|#)[^)]+)\)", README
    ):
        assert (ROOT / (name[0] or name[1])).exists(), name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([\w-]+)", README)) | set(
        re.findall(r"^    make ([\w-]+)", README, re.MULTILINE)
    ):
        assert f"\n{target}:" in makefile
