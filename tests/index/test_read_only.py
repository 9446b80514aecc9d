"""A corpus in a place where nothing can be written is read as any other; writing is one clear error."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import pincite
from pincite import Corpus, PinciteError
from tests.fakes import FakeEncoder

from .zygote import Tell, Zygote

TEXT = "The tidal mill was built in 1742. It has two wheels."
NOBODY = 65534

Forbid = Callable[[Path], None]


def take_permission(folder: Path) -> None:
    """Leave the folder to be read only; for root, who may do everything, go on as nobody."""
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def mount_read_only(folder: Path) -> None:
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)


def make(folder: Path, *, with_log: bool = False) -> None:
    """Make a corpus; ``with_log``: as a writer leaves it that was killed."""
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text(TEXT, source="mill.txt")
        pincite.ask("Who lives there?", corpus)  # imports what nobody may not be allowed to read
        if with_log:
            shutil.copytree(folder, folder.with_name("left"))
    if with_log:
        shutil.rmtree(folder)
        folder.with_name("left").rename(folder)
        assert (folder / "corpus.sqlite3-wal").stat().st_size


def read(tell: Tell, folder: Path, forbid: Forbid, with_log: bool) -> None:
    make(folder, with_log=with_log)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    forbid(folder)
    with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
        for _ in range(2):
            (document,) = corpus.documents()
            assert corpus.text(document.document_id) == TEXT
            assert [hit.passage.source for hit in corpus.search("tidal mill")] == ["mill.txt"]
            assert corpus.stats().documents == 1
            assert corpus.verify() == []
            assert pincite.ask("When was the tidal mill built?", corpus).passages
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    tell("read")


def write(tell: Tell, folder: Path, forbid: Forbid) -> None:
    """Tell the message of every error that trying to write gives."""
    make(folder, with_log=True)
    forbid(folder)
    with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
        for change in (
            lambda: corpus.add_text("more", source="more.txt"),
            lambda: corpus.add(Path(__file__)),
            lambda: corpus.remove("mill.txt"),
            lambda: corpus.reencode(FakeEncoder("other")),
        ):
            with pytest.raises(PinciteError) as error:
                change()
            tell(str(error.value))
        assert [one.source for one in corpus.documents()] == ["mill.txt"]


def read_without_log_index(tell: Tell, folder: Path, forbid: Forbid) -> None:
    """The log of a writer that was killed, without the file that tells what is in it: never passed over."""
    make(folder, with_log=True)
    (folder / "corpus.sqlite3-shm").unlink()
    forbid(folder)
    try:
        with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
            tell([one.source for one in corpus.documents()])
    except PinciteError as error:
        tell(str(error))


def follow(tell: Tell, folder: Path) -> None:
    """Read as nobody what root writes meanwhile, and tell how many documents there are each time."""
    make(folder)
    asks, answers = os.pipe(), os.pipe()
    if not os.fork():
        os.close(asks[1])
        signal.alarm(30)
        take_permission(folder)
        with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
            while os.read(asks[0], 1) == b"?":
                os.write(answers[1], bytes([len(corpus.search("mill")), corpus.stats().documents]))
        os._exit(0)
    os.close(answers[1])

    def reader_finds() -> list[int]:
        os.write(asks[1], b"?")
        return list(os.read(answers[0], 2))

    tell(reader_finds())
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("A wind mill stands there.", source="wind.txt")
        tell(reader_finds())
        corpus.add_text("A paper mill stood there.", source="paper.txt")
    tell(reader_finds())
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.remove("mill.txt")
    tell(reader_finds())
    os.close(asks[1])
    os.wait()


@pytest.fixture(params=[take_permission, mount_read_only])
def forbid(request: pytest.FixtureRequest) -> Forbid:
    chosen: Forbid = request.param
    return chosen


@pytest.fixture
def zygote(forbid: Forbid, request: pytest.FixtureRequest) -> Zygote:
    found = request.getfixturevalue("forks" if forbid is take_permission else "forks_that_mount")
    assert isinstance(found, Zygote)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a corpus may be made, in a folder that anybody can look into."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place) / "c"


@pytest.mark.parametrize("with_log", [False, True])
def test_a_read_only_corpus_answers(zygote: Zygote, folder: Path, forbid: Forbid, with_log: bool) -> None:
    ending = zygote.run(read, folder, forbid, with_log)
    assert (ending.signal, ending.error, ending.told) == (0, "", ("read",))


def test_a_read_only_corpus_says_that_it_cannot_be_written(
    zygote: Zygote, folder: Path, forbid: Forbid
) -> None:
    ending = zygote.run(write, folder, forbid)
    assert (ending.signal, ending.error, len(ending.told)) == (0, "", 4)
    assert all(f"{folder} cannot be written: " in message for message in ending.told)


def test_a_read_only_corpus_never_passes_over_what_is_in_the_log(
    zygote: Zygote, folder: Path, forbid: Forbid
) -> None:
    ending = zygote.run(read_without_log_index, folder, forbid)
    assert (ending.signal, ending.error) == (0, "")
    (told,) = ending.told
    assert told == ["mill.txt"] or "corpus.sqlite3 cannot be" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write where others cannot")
def test_a_reader_that_may_not_write_follows_a_writer_that_may(forks: Zygote, folder: Path) -> None:
    ending = forks.run(follow, folder)
    assert (ending.signal, ending.error) == (0, "")
    assert ending.told == ([1, 1], [2, 2], [3, 3], [2, 2])
