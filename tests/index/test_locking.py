"""One writer at a time, across processes and threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusLocked, CorpusNotFound
from pincite.index.locking import writing
from tests.fakes import FakeEncoder

HOLD = """
import sys
from contextlib import nullcontext
from pathlib import Path
from pincite.index import locking
if "nameless" in sys.argv:
    locking._named = lambda file: nullcontext()
with locking.writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder_of(folder: Path, *how: str) -> subprocess.Popen[str]:
    """A process that holds the lock until it is told a line, or is killed; "nameless": it has come no further
    than that, and has yet to write its pid.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def told_at(folder: Path) -> str:
    """What a second writer is told."""
    with pytest.raises(CorpusLocked) as error, writing(folder):
        pass
    return str(error.value).split(" is writing to ")[0]


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    process = holder_of(tmp_path)
    killed(process)
    assert (tmp_path / "writer.pid").read_text() == str(process.pid)
    with writing(tmp_path):
        assert (tmp_path / "writer.pid").read_text() == str(os.getpid())
    assert not (tmp_path / "writer.pid").exists()


def test_a_corpus_is_written_on_after_its_writer_was_killed(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        killed(holder_of(corpus.location))
        assert corpus.add_text("alpha", source="a.txt").status == "added"
        assert corpus.verify() == []


def test_what_a_killed_writer_left_never_names_the_next_one(tmp_path: Path) -> None:
    first = holder_of(tmp_path)
    assert told_at(tmp_path) == f"process {first.pid}"
    killed(first)
    second = holder_of(tmp_path, "nameless")
    assert (tmp_path / "writer.pid").read_text() == str(first.pid)
    assert told_at(tmp_path) == "another process"
    killed(second)
    third = holder_of(tmp_path)
    assert [told_at(tmp_path), told_at(tmp_path)] == [f"process {third.pid}"] * 2
    killed(third)
    with writing(tmp_path):
        assert told_at(tmp_path) == f"process {os.getpid()}"


def test_a_pid_that_was_left_by_hand_names_nobody(tmp_path: Path) -> None:
    process = holder_of(tmp_path, "nameless")
    (tmp_path / "writer.pid").write_text(str(os.getppid()))
    assert told_at(tmp_path) == "another process"
    killed(process)


def test_a_folder_that_is_gone_is_not_made_again_for_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with pytest.raises(CorpusNotFound, match=r"no corpus at .*gone: make one with"), writing(folder):
        pass
    assert list(tmp_path.iterdir()) == []


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
        with pytest.raises(CorpusLocked, match="another process is writing"), writing(tmp_path):
            pass
