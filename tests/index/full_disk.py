"""Fills a disk under a corpus, and looks at how it takes it."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from tests.fakes import FakeEncoder

from .crash_site import NEVER_WRITTEN, VECTORS
from .zygote import Tell

_MOST = 400
_PASSAGES = 600

Change = Callable[[], object]


def text_of(number: int) -> str:
    """A text of one kilobyte, in several passages."""
    return "\n\n".join(f"# Part {part}\n\nnote{number} common " + f"word{part} " * 30 for part in range(4))


def limit_files(tell: Tell, folder: Path, size: int, is_new: bool) -> None:
    """Let no file grow beyond ``size`` bytes; such a write fails, as on a disk that is full."""

    def limit(most: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    folder.mkdir()
    fill = fill_new if is_new else fill_existing
    fill(tell, folder / "c", lambda: limit(size), lambda: limit(resource.RLIM_INFINITY))


def limit_disk(tell: Tell, folder: Path, free: int, is_new: bool) -> None:
    """Mount a disk of few megabytes and leave ``free`` bytes of it."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], check=True)
    ballast = folder / "ballast"

    def take_room() -> None:
        disk = os.statvfs(folder)
        with ballast.open("wb") as file:
            file.write(bytes(disk.f_bavail * disk.f_bsize - free))

    fill = fill_new if is_new else fill_existing
    fill(tell, folder / "c", take_room, ballast.unlink)


def fill_new(tell: Tell, folder: Path, take_room: Change, make_room: Change) -> None:
    """Make a corpus where there is hardly room for one; then there is. Tells the error's message."""
    take_room()
    with suppress(NoRoomNeeded), told(tell), Corpus.open(folder, encoder=FakeEncoder()):
        raise NoRoomNeeded
    make_room()
    _check_afresh(folder, {})


def fill_existing(tell: Tell, folder: Path, take_room: Change, make_room: Change) -> None:
    """Add texts until no more will go in, then make room and go on. Tells the errors' messages.

    The vector file is lost at first and has to be written on top of the first text.
    """
    big = "\n\n".join(f"# Part {part}\n\ncommon word{part}" for part in range(_PASSAGES))
    held = {"big.md": big}
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text(big, source="big.md")
    (folder / VECTORS).unlink()
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.search("common")
        take_room()
        for _ in range(2):
            with told(tell):
                for _ in range(_MOST):
                    _add(corpus, held)
            _check(corpus, held)
        make_room()
        _add(corpus, held)
        _check(corpus, held)
        assert corpus.verify() == []
    _check_afresh(folder, held)


class NoRoomNeeded(Exception):
    """There was room after all."""


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """Expect an error of ours and tell its message."""
    with pytest.raises(PinciteError) as error:
        yield
    tell(str(error.value))


def _check_afresh(folder: Path, held: dict[str, str]) -> None:
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        _check(corpus, held)
        _add(corpus, held)
        _check(corpus, held)
        assert corpus.verify() == []


def _add(corpus: Corpus, held: dict[str, str]) -> None:
    number = len(held)  # what failed before is tried again
    receipt = corpus.add_text(text_of(number), source=f"{number}.md")
    if receipt.status == "failed":
        raise PinciteError(receipt.reason)
    held[receipt.source] = text_of(number)


def _check(corpus: Corpus, held: dict[str, str]) -> None:
    """See that the corpus holds what it acknowledged and, at most, the text after that."""
    found = {one.source: corpus.text(one.document_id) for one in corpus.documents()}
    assert found in (held, held | {f"{len(held)}.md": text_of(len(held))})
    assert not [finding for finding in corpus.verify() if not finding.startswith(NEVER_WRITTEN)]
    if found:
        hits = corpus.search("common", top_k=_PASSAGES + 4 * _MOST)
        assert {hit.passage.source for hit in hits} == set(found)
        assert all(found[hit.passage.source].startswith(hit.passage.text, hit.passage.start) for hit in hits)
