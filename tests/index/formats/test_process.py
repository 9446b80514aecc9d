"""Readers in a process of their own: what comes back, and how those end that hang, grow or crash."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import process, read_documents
from pincite.index.formats.file import File
from pincite.index.formats.process import ReadingProcess

SEED = Path(__file__).parents[3] / "seeds" / "observatory-visit.pdf"

# A child like the real one, but for a reader of .md files that does what the file says.
OBEDIENT = """
    import os, signal, socket, subprocess, sys, time
    from pathlib import Path
    from pincite.index.document import Document
    from pincite.index.formats import child, markdown

    def read(file):
        words = file.content.decode().split()
        if words[0] == "sleep":
            for page in range(int(words[2])):
                file.on_page(page, int(words[2]))
                time.sleep(float(words[1]))
        elif words[0] == "eat":
            return [Document("x" * int(words[1]) * 1024**2)]
        elif words[0] == "die":
            os.kill(os.getpid(), int(words[1]))
        elif words[0] == "exit":
            os._exit(3)
        elif words[0] == "print":
            print("not an answer", flush=True)
        elif words[0] == "write":
            Path(words[1]).write_text("x")
        elif words[0] == "connect":
            socket.create_connection(("127.0.0.1", 1))
        elif words[0] == "run":
            subprocess.run(["true"])
        elif words[0] == "nest":
            return read(file)
        return [Document("pid %d" % os.getpid(), places=bytes(4 * 8))]

    markdown.read = read
    child.main()
"""


@pytest.fixture
def reading() -> Iterator[ReadingProcess]:
    running = ReadingProcess()
    yield running
    running.close()


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadingProcess]:
    monkeypatch.setattr(process, "_COMMAND", (sys.executable, "-P", "-c", textwrap.dedent(OBEDIENT)))
    monkeypatch.setattr(process, "_IN_PLACE", frozenset())
    running = ReadingProcess(silent_seconds=5)
    yield running
    running.close()


def tell(running: ReadingProcess, order: str) -> str:
    return running.read(File("a.md", order.encode()))[0].text


def test_what_comes_back_is_what_a_reader_in_place_makes(reading: ReadingProcess) -> None:
    file = File(SEED.name, SEED.read_bytes())
    assert reading.read(file) == read_documents(file)
    text = File("a.md", b"# Head\n\nText " + "雾岭".encode() * 400_000)
    assert reading.read(text) == read_documents(text)
    with pytest.raises(UnsupportedDocument, match="not a readable PDF"):
        reading.read(File("a.pdf", b"%PDF-1.7 nothing"))


def test_text_of_common_size_needs_no_process(reading: ReadingProcess) -> None:
    assert reading.read(File("a.txt", b"text"))[0].text == "text"
    assert reading._child is None


def test_the_same_process_serves_until_it_is_closed(obedient: ReadingProcess) -> None:
    first = tell(obedient, "hello")
    assert tell(obedient, "hello") == first
    assert obedient.read(File("a.md", b"hello"))[0].places == bytes(32)
    obedient.close()
    obedient.close()
    assert tell(obedient, "hello") != first


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("die 9", r"its reader crashed \(signal 9\)"),
        ("die 11", r"its reader crashed \(signal 11\)"),
        ("exit", r"its reader crashed \(exit code 3\)"),
        ("eat 3000", "more memory than a reader may use"),
        ("nest", "nested too deeply"),
        (
            "write /tmp/pincite-must-not-write",
            "a reader may not write /tmp/pincite-must-not-write",
        ),
        ("connect", "PermissionError: a reader may not call socket"),
        ("run", "PermissionError: a reader may not call subprocess.Popen"),
    ],
)
def test_a_reader_that_goes_wrong_fails_its_file_only(
    obedient: ReadingProcess, order: str, reason: str
) -> None:
    with pytest.raises(UnsupportedDocument, match=reason):
        tell(obedient, order)
    assert tell(obedient, "hello").startswith("pid ")
    assert not Path("/tmp/pincite-must-not-write").exists()


def test_a_reader_may_be_slow_as_long_as_it_tells(
    obedient: ReadingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(obedient, "hello")
    monkeypatch.setattr(obedient, "_silent_seconds", 0.5)
    pages: list[tuple[int, int]] = []
    obedient.read(File("a.md", b"sleep 0.1 10", on_page=lambda *page: pages.append(page)))
    assert pages == [(page, 10) for page in range(10)]
    with pytest.raises(UnsupportedDocument, match="given up after 0 s without a sign of progress"):
        tell(obedient, "sleep 60 1")
    monkeypatch.setattr(obedient, "_silent_seconds", 5)
    tell(obedient, "hello")
    monkeypatch.setattr(obedient, "_seconds", 0.5)
    with pytest.raises(UnsupportedDocument, match="given up"):
        tell(obedient, "sleep 0.1 600")


def test_what_a_library_prints_is_no_answer(obedient: ReadingProcess) -> None:
    assert tell(obedient, "print").startswith("pid ")


def test_an_interrupt_ends_the_reading(obedient: ReadingProcess) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obedient.read(File("a.md", b"sleep 60 2", on_page=interrupt))
    assert obedient._child is None


def test_what_is_read_after_an_interrupt_has_a_process_of_its_own(obedient: ReadingProcess) -> None:
    first = tell(obedient, "hello")
    interrupted = obedient._child
    obedient.interrupt()
    assert interrupted is not None
    assert not interrupted.is_running()
    assert tell(obedient, "hello") != first


@pytest.mark.skipif(sys.platform == "win32", reason="has no alarm")
def test_a_reader_that_hangs_ends_when_whoever_asked_is_gone() -> None:
    hanging = """
        import re
        from pincite.index.formats import child
        child._MOST_SILENT_SECONDS = 1
        child.read_documents = lambda file: re.match("(a+)+$", "a" * 50 + "b")
        child.main()
    """
    running = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(hanging)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert running.stdin
    running.stdin.write(b'{"name": "a.md", "size": 0, "password": null}\n')
    running.stdin.flush()
    try:
        assert running.wait(20) == -signal.SIGALRM
    finally:
        running.kill()
        running.communicate()


def test_a_file_that_is_too_large_is_not_read(
    reading: ReadingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LARGEST_FILE", 3_000_000)
    with pytest.raises(UnsupportedDocument, match="it has 4 MB, and more than 3 MB are not read: split it"):
        reading.read(File("a.pdf", bytes(4_000_000)))


def test_a_file_beside_the_reader_cannot_stand_in_for_a_module(
    reading: ReadingProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert reading.read(File(SEED.name, SEED.read_bytes()))[0].pages
    assert json.loads("1") == 1
