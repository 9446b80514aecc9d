"""The command line at a terminal: a prompt, a progress bar, a page that is served until Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.samples import BANK

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal, which this system has not")


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command line; what still runs when the test ends is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(arguments: Sequence[str], cwd: Path, **streams: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "pincite", *arguments]
        started.append(subprocess.Popen(command, cwd=cwd, text=True, encoding="utf-8", **streams))  # type: ignore[call-overload]
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_questions_are_asked_for_at_a_prompt_that_stays_out_of_the_results(
    start: Start, seeds_folder: Path
) -> None:
    ours, theirs = pty.openpty()
    asking = start(["ask"], seeds_folder, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    os.write(ours, f"{BANK}\n\n{BANK}\n\x04".encode())
    out, err = asking.communicate(timeout=120)
    os.close(ours)
    assert asking.returncode == 0
    assert out.count("Singapore's OCBC Bank [1]\n") == 2
    assert "?" not in out
    assert err.startswith("? ")


def test_ctrl_c_at_the_prompt_ends_with_130_and_no_traceback(start: Start, seeds_folder: Path) -> None:
    ours, theirs = pty.openpty()
    asking = start(["ask"], seeds_folder, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    assert asking.stderr is not None
    assert asking.stderr.read(2) == "? "
    asking.send_signal(signal.SIGINT)
    _, err = asking.communicate(timeout=60)
    os.close(ours)
    assert asking.returncode == 130
    assert "Traceback" not in err


def test_indexing_draws_a_bar_on_the_terminal_and_keeps_it_out_of_the_results(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "[b]mill.txt").write_text("The mill was bought by Ada Pellow in March 1921.")
    ours, theirs = pty.openpty()
    indexing = start(["index", "[b]mill.txt", "--json"], tmp_path, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = all_of(ours)
    out, _ = indexing.communicate(timeout=120)
    assert '"status": "added"' in out
    assert "━" in drawn


def test_measuring_draws_a_bar_of_the_questions_on_the_terminal(
    start: Start, seeds_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "q.csv").write_text(f"question\n{BANK}\n{BANK}\n")
    ours, theirs = pty.openpty()
    arguments = ["eval", str(tmp_path / "q.csv"), "--json"]
    asking = start(arguments, seeds_folder, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = all_of(ours)
    out, _ = asking.communicate(timeout=120)
    assert out.startswith('{\n  "questions": 2,')
    assert "asking 2/2" in drawn


def all_of(terminal: int) -> str:
    """What is written to a terminal until its other end is closed."""
    written = b""
    while True:
        try:
            written += os.read(terminal, 4096)
        except OSError:
            os.close(terminal)
            return written.decode()


def test_the_page_is_served_on_this_machine_until_interrupted(start: Start, seeds_folder: Path) -> None:
    serving = start(["ui", "--port", "0"], seeds_folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert serving.stderr is not None
    said = serving.stderr.readline()
    url = said.split()[3]
    assert url.startswith("http://127.0.0.1:")
    with urlopen(url, timeout=30) as response:
        assert response.status == 200
        assert "pincite" in response.read().decode()
    serving.send_signal(signal.SIGINT)
    _, err = serving.communicate(timeout=60)
    assert serving.returncode == 130
    assert err.splitlines()[-1] == "pincite: interrupted"
    assert "Traceback" not in err
