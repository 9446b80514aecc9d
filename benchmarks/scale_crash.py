"""A server that is killed in mid-ingest: what is lost, and how soon it goes on.

Files are added until a share of them has had its turn; then the server is killed with SIGKILL, so that the
call fails. It is started again on its data, and the files are added again, until the next kill. What there is
in the end is held against a folder to which they were added without a disturbance.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from corpus import MadeUpEncoder
from scale_passages import YEARS, add_all, write_files
from scale_server import PATIENCE_SECONDS, LiteServer

from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusUnavailable, PinciteError
from pincite.index.ingestion import Progress

NAME = "crash"
KILLED_AT = (0.2, 0.4, 0.6)
_MOMENT = 0.3
"""Seconds between the turn of the last file and the kill: no step is chosen."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Kill:
    """What a kill did. ``told`` is what the writer was told, so many seconds later. ``listening_seconds`` the
    server took to start, and from then it was ``stored_seconds`` until another file was stored. So many files
    were ``kept``.
    """

    told: str
    told_seconds: float
    listening_seconds: float
    stored_seconds: float
    kept: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is in the end, in ``counts``: files, documents, groups, passages and characters."""

    kills: list[Kill]
    counts: tuple[int, ...]
    counts_undisturbed: tuple[int, ...]
    findings: list[str]


class _Killing:
    """A progress that kills the server soon after so many files have had their turn."""

    def __init__(self, server: LiteServer, files: int) -> None:
        self.when = 0.0
        self._server = server
        self._files = files
        self._seen: set[str] = set()
        self._timer: threading.Timer | None = None

    def __call__(self, progress: Progress) -> None:
        self._seen.add(progress.source)
        if len(self._seen) >= self._files and self._timer is None:
            self._timer = threading.Timer(_MOMENT, self._kill)
            self._timer.start()

    def _kill(self) -> None:
        self.when = time.perf_counter()
        self._server.kill()


def measure(folder: Path, passages: int) -> Outcome:
    """Kill the server again and again while so many passages are added."""
    files = folder / "files"
    count = write_files(files, passages)
    spare = sorted((files / str(YEARS[-1])).iterdir())
    encoder = MadeUpEncoder(passages)
    with Corpus.open(folder / "corpus", encoder=encoder) as corpus:
        add_all(corpus, files)
        undisturbed = counts(corpus)
    with LiteServer(folder / "server") as server:
        kills = [
            _killed(server, encoder, files, round(share * count), file)
            for share, file in zip(KILLED_AT, spare, strict=False)
        ]
        with Corpus.open(server.corpus(NAME), create=False, encoder=encoder) as corpus:
            add_all(corpus, files)
            return Outcome(kills, counts(corpus), undisturbed, corpus.verify())


def _killed(server: LiteServer, encoder: MadeUpEncoder, files: Path, turns: int, another: Path) -> Kill:
    """Add ``files`` to the server until it is killed after so many turns, and ``another`` once it is back."""
    killing = _Killing(server, turns)
    told = ""
    with Corpus.open(server.corpus(NAME), encoder=encoder) as corpus:
        try:
            add_all(corpus, files, killing)
        except PinciteError as error:
            told = f"{type(error).__name__}: {error}"
    assert told, "all was stored before the server was killed: take more passages"
    told_seconds = time.perf_counter() - killing.when
    listening_seconds = server.start()
    started = time.perf_counter()
    with _opened_again(server.corpus(NAME), encoder) as corpus:
        [receipt] = corpus.add(another, metadata={"year": YEARS[-1]})
        assert receipt.status == "added", receipt
        stored_seconds = time.perf_counter() - started
        kept = corpus.stats().files - 1
    return Kill(told, told_seconds, listening_seconds, stored_seconds, kept)


def _opened_again(location: str, encoder: MadeUpEncoder) -> Corpus:
    """Open a corpus whose server has just come back: gRPC lets a process that has met it gone try again only
    now and then.
    """
    started = time.perf_counter()
    while True:
        try:
            return Corpus.open(location, create=False, encoder=encoder)
        except CorpusUnavailable:
            if time.perf_counter() - started > PATIENCE_SECONDS:
                raise
            time.sleep(_PAUSE)


def counts(corpus: Corpus) -> tuple[int, ...]:
    """Return how many files, documents, groups, passages and characters there are."""
    found = corpus.stats()
    return found.files, found.documents, found.groups, found.passages, found.characters


def table(found: Outcome) -> str:
    """Return the kills as a Markdown table, and what there was in the end."""
    files, _, _, passages, _ = found.counts
    lines = [
        "| killed with | the writer was told after | the server listens after | a file is stored after |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {one.kept:,} files stored | {one.told_seconds:.1f} s | {one.listening_seconds:.1f} s |"
        f" {one.stored_seconds:.1f} s |"
        for one in found.kills
    ]
    right = found.counts == found.counts_undisturbed
    lines += [
        "",
        f"In the end: {files:,} files, {passages:,} passages, {'as' if right else 'NOT as'} in a folder that"
        f" nothing disturbed; findings of `verify`: {len(found.findings)}",
    ]
    return "\n".join(lines)
