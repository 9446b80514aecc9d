"""Kills writers of a corpus, and looks at what they leave behind."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pincite.index import read_ahead
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusNotFound
from tests.fakes import FakeEncoder

from . import stepping
from .crash_scenarios import SCENARIOS, Holdings
from .zygote import Ending, Tell, Zygote

QUERIES = ("common word1", "version2 says", "file a", "雾岭茶叶")
FURTHER = "one further text"
VECTORS = "vectors.faiss"
NEVER_WRITTEN = "the FAISS file is missing"
_TOLERANCE = 1e-5

Row = tuple[str, int, int, str]
Scores = tuple[float, float, float]
Hits = tuple[dict[Row, Scores], ...]
"""For every query, what it finds: source, start, end and text, with the three scores (the dense one is -9
where the encoder had no say)."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a scenario does when nothing stops it: its steps, the numbers of those before which a file had
    changed or a change had been acknowledged, how often the vector file came to be another, and the size of
    the largest file on its way.
    """

    steps: tuple[str, ...]
    distinct: tuple[int, ...]
    rewrites: int
    largest: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the next process finds. ``existed`` is false where there was no corpus, and it made one;
    ``findings`` are of ``verify``, before and after one more text was added, ``files`` those of the folder at
    the end.
    """

    existed: bool
    holdings: Holdings
    had_vectors: bool
    findings: list[str]
    hits: Hits
    findings_after: list[str]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kill:
    """One way to die: before the n-th step, when a file grows past a size, or after so many seconds."""

    step: int | None = None
    size: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Wreck:
    """How a writer that was to be killed ended, and what was wrong afterwards."""

    kill: Kill
    ending: Ending
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """The kill, the last step before it and the problems, in a line."""
        last = [piece for piece in self.ending.told if piece not in ("started", "done")][-1:]
        return f"{self.kill} {last}: {'; '.join(self.problems)}"


class CrashSite:
    """A home folder in which one scenario after the other meets its end. For one thread at a time."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self._zygote = zygote
        self._folder = folder
        self._home = folder / "home"
        self._hits: dict[tuple[str, ...], Hits] = {}
        self._files: dict[str, frozenset[str]] = {}

    def trace(self, name: str) -> Trace:
        """Play a scenario to its end and note what it does."""
        self._set_up(name)
        ending = self._zygote.run(trace_play, self._home, name)
        assert not ending.error, ending.error
        (trace,) = ending.told
        assert isinstance(trace, Trace)
        return trace

    def seconds(self, name: str) -> float:
        """How long a scenario takes when nothing stops it."""
        self._set_up(name)
        started = time.perf_counter()
        self._zygote.run(play, self._home, name, Kill())
        return time.perf_counter() - started

    def crash(self, name: str, kill: Kill) -> Wreck:
        """Kill a scenario and look at what is left."""
        self._set_up(name)
        ending = self._zygote.run(play, self._home, name, kill, kill_after=kill.seconds)
        if ending.error:
            return Wreck(kill, ending, (ending.error,))
        found = self._zygote.ask(inspect, self._home)
        problems = self._problems(name, ending.told.count("done"), found)
        return Wreck(kill, ending, (*problems, *SCENARIOS[name].also(self._home)))

    def _set_up(self, name: str) -> None:
        prepared = self._folder / SCENARIOS[name].prepare.__name__
        if not prepared.exists():
            prepared.mkdir()
            self._zygote.ask(prepare, prepared, name)
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(prepared, self._home)

    def _problems(self, name: str, acknowledged: int, found: Found) -> Iterator[str]:
        states = SCENARIOS[name].states
        before, after = states[acknowledged], states[min(acknowledged + 1, len(states) - 1)]
        if before and not found.existed:
            yield "the corpus is gone"
        yield from _differences(found.holdings, before or Holdings(), after or Holdings())
        for finding in found.findings:
            if found.had_vectors or not finding.startswith(NEVER_WRITTEN):
                yield f"verify: {finding}"
        yield from (f"verify after one more text: {finding}" for finding in found.findings_after)
        if not _are_alike(found.hits, self._fresh_hits(found.holdings)):
            yield f"searches find other things than in a fresh corpus: {found.hits}"
        if found.files != self._clean_files(name):
            yield f"files left over or missing: {set(found.files ^ self._clean_files(name))}"

    def _fresh_hits(self, holdings: Holdings) -> Hits:
        """What a corpus that is made of these texts in one go finds."""
        key = (holdings.encoder, *map(repr, sorted(holdings.texts.items())))
        if key not in self._hits:
            fresh = self._folder / "fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            self._hits[key] = self._zygote.ask(search_fresh, fresh, holdings)
        return self._hits[key]

    def _clean_files(self, name: str) -> frozenset[str]:
        """The files that there are when nobody is killed."""
        if name not in self._files:
            self._set_up(name)
            self._zygote.run(play, self._home, name, Kill())
            self._files[name] = self._zygote.ask(inspect, self._home).files
        return self._files[name]


def _differences(found: Holdings, before: Holdings, after: Holdings) -> Iterator[str]:
    if found.encoder not in (before.encoder, after.encoder):
        yield f"the encoder is {found.encoder}"
    for source in {*found.texts, *before.texts, *after.texts}:
        text, texts = found.texts.get(source), (before.texts.get(source), after.texts.get(source))
        if text not in texts:
            yield f"{source} is {text!r}, not one of {texts}"


def _are_alike(found: Hits, fresh: Hits) -> bool:
    return all(
        one.keys() == other.keys()
        and all(abs(a - b) < _TOLERANCE for row in one for a, b in zip(one[row], other[row], strict=True))
        for one, other in zip(found, fresh, strict=True)
    )


def prepare(tell: Tell, home: Path, name: str) -> None:
    """Make the home folder of a scenario."""
    SCENARIOS[name].prepare(home)
    tell("prepared")


def trace_play(tell: Tell, home: Path, name: str) -> None:
    """Play a scenario undisturbed and tell its ``Trace``."""
    steps: list[str] = []
    states: list[tuple[int, Mapping[Path, bytes]]] = []

    def step(step_name: str) -> None:
        files = {file: file.read_bytes() if file.is_file() else b"" for file in home.rglob("*")}
        states.append((steps.count("acknowledge"), files))
        steps.append(step_name)

    _step_in_order(step)
    SCENARIOS[name].play(home, lambda: step("acknowledge"))
    distinct = [0, *(n for n in range(1, len(steps)) if states[n] != states[n - 1])]
    vectors = [files.get(home / "c" / VECTORS) for _, files in states]
    rewrites = sum(before != after for before, after in pairwise(vectors))
    largest = max(len(content) for _, files in states for content in files.values())
    tell(Trace(tuple(steps), tuple(distinct), rewrites, largest))


def play(tell: Tell, home: Path, name: str, kill: Kill) -> None:
    """Play a scenario, tell of every change that is acknowledged, and die as is wished."""
    left = -1 if kill.step is None else kill.step

    def step(step_name: str) -> None:
        nonlocal left
        if not left:
            tell(step_name)
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def done() -> None:
        step("acknowledge")
        tell("done")

    if kill.step is not None:
        _step_in_order(step)
    if kill.size is not None:
        stepping.die_of_growth(kill.size)
    tell("started")
    SCENARIOS[name].play(home, done)


def _step_in_order(step: stepping.Step) -> None:
    """Have ``step`` called at every step, of which the order is always the same: no file is read before the
    one before it is stored.
    """
    read_ahead.MOST_AHEAD = 0
    stepping.install(step)


def inspect(tell: Tell, home: Path) -> None:
    """Tell what is ``Found`` in a home folder, as the process that comes next."""
    folder = home / "c"
    try:
        with Corpus.open(folder, create=False) as corpus:
            encoder, existed = corpus.stats().encoder.name, True
    except CorpusNotFound:
        encoder, existed = "fake", False
    with Corpus.open(folder, encoder=FakeEncoder(encoder)) as corpus:
        texts = {one.source: corpus.text(one.document_id) for one in corpus.documents()}
        assert len(texts) == corpus.stats().documents
        had_vectors = (folder / VECTORS).exists()
        findings, hits = corpus.verify(), search(corpus, texts)
        corpus.add_text(FURTHER, source="further.txt")
        assert [hit.passage.text for hit in corpus.search("further", top_k=1)] == [FURTHER]
        findings_after = corpus.verify()
    files = frozenset(str(file.relative_to(folder)) for file in folder.rglob("*"))
    tell(Found(existed, Holdings(texts, encoder), had_vectors, findings, hits, findings_after, files))


def search_fresh(tell: Tell, folder: Path, holdings: Holdings) -> None:
    """Tell the hits of a new corpus with these texts."""
    with Corpus.open(folder, encoder=FakeEncoder(holdings.encoder)) as corpus:
        for source, text in holdings.texts.items():
            corpus.add_text(text, source=source)
        tell(search(corpus, holdings.texts))


def search(corpus: Corpus, texts: Mapping[str, str]) -> Hits:
    """Ask every query for everything, and check that each hit is a slice of its document's text."""
    found = []
    for query in QUERIES:
        rows: dict[Row, Scores] = {}
        for hit in corpus.search(query, top_k=1000):
            passage, dense = hit.passage, -9.0 if hit.dense_score is None else hit.dense_score
            assert texts[passage.source][passage.start : passage.end] == passage.text
            row = (passage.source, passage.start, passage.end, passage.text)
            assert row not in rows
            rows[row] = (hit.score, dense, hit.lexical_score)
        found.append(rows)
    return tuple(found)
