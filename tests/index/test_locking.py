"""One writer at a time, across processes and threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusLocked
from pincite.index.locking import writing
from tests.fakes import FakeEncoder

HOLD = """
import sys
from pathlib import Path
from pincite.index.locking import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder_of(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until it is told a line, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_writes_and_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("alpha", source="a.txt")
        with holder_of(folder) as process:
            message = f"process {process.pid} is writing to {folder}: wait until it is done, then try again"
            for act in (
                lambda: corpus.add("x"),
                lambda: corpus.add_text("beta", source="a.txt"),
                lambda: corpus.remove("a.txt"),
                lambda: corpus.reencode(FakeEncoder("other")),
            ):
                with pytest.raises(CorpusLocked) as error:
                    act()
                assert str(error.value) == message
            assert [hit.passage.text for hit in corpus.search("alpha")] == ["alpha"]
            process.communicate("done\n")
        assert corpus.add_text("beta", source="a.txt").status == "replaced"


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    process = holder_of(tmp_path)
    process.kill()
    process.communicate()
    assert (tmp_path / "writer.pid").read_text() == str(process.pid)
    with writing(tmp_path):
        assert (tmp_path / "writer.pid").read_text() == str(os.getpid())
    assert not (tmp_path / "writer.pid").exists()


def test_the_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), writing(tmp_path):
        raise KeyError
    with writing(tmp_path):
        pass


def test_a_second_writer_in_the_same_process_is_locked_out_too(tmp_path: Path) -> None:
    with writing(tmp_path):
        with pytest.raises(CorpusLocked, match=f"process {os.getpid()} is writing"), writing(tmp_path):
            pass
        with pytest.raises(CorpusLocked), writing(tmp_path):
            pass


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_lock_without_a_readable_pid_still_locks(tmp_path: Path, content: bytes | None) -> None:
    with writing(tmp_path):
        pid = tmp_path / "writer.pid"
        pid.unlink() if content is None else pid.write_bytes(content)
        with pytest.raises(CorpusLocked, match=r"process \? is writing"), writing(tmp_path):
            pass
