"""Compares engines for lexical search (BM25) on made-up passages: pincite's own and three others.

    pip install tantivy bm25s
    python benchmarks/lexical.py --passages 10000 100000 1000000    # three minutes, and forty for the million

Every step of an engine runs in a process of its own, one at a time, with its files in the cache of the
operating system: build, ask (which opens it, and is what memory is measured of) and update. Added passages
are durable and found, or the script stops. An engine whose package is missing is left out, with a line that
says so. Prints Markdown tables; the load is that of the last minute before an engine's first step.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from lexical_engines import ENGINES, Engine
from zipf import allowed_ids, batches, new_passage, queries, rank_of

TOP_K = 100
COMPARED = 10
SHARES = (1.0, 0.01, 0.3)
REPEATS = 20
_MIB = 2**20
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Built:
    seconds: float
    peak_mib: float
    disk_mib: float


@dataclass(frozen=True, slots=True)
class Asked:
    """The times of one set of queries with one filter, and the best ids of each query."""

    name: str
    share: float
    milliseconds: list[float]
    best: list[list[int]]

    @property
    def cell(self) -> str:
        return " / ".join(figure(np.percentile(self.milliseconds, rank)) for rank in (50, 95))


@dataclass(frozen=True, slots=True)
class Answering:
    """Opening with a first query, all queries, and memory with the modules only and after plain queries."""

    open_milliseconds: float
    idle_mib: float
    peak_mib: float
    asked: list[Asked]


@dataclass(frozen=True, slots=True)
class Updating:
    add_milliseconds: list[float]
    remove_milliseconds: list[float]


@dataclass(frozen=True, slots=True)
class Result:
    engine: str
    passages: int
    load: float
    built: Built
    answering: Answering
    updating: Updating


@contextmanager
def stopwatch(milliseconds: list[float]) -> Iterator[None]:
    """Append the time that the block takes."""
    started = time.perf_counter()
    yield
    milliseconds.append((time.perf_counter() - started) * 1000)


def build(name: str, folder: Path, passages: int) -> Built:
    kind, times = ENGINES[name], list[float]()
    import_module(kind.module)
    with stopwatch(times):
        engine = kind.open(folder)
    for batch in batches(passages):
        with stopwatch(times):
            engine.add(batch)
            if kind.is_incremental:
                engine.commit()
    with stopwatch(times):
        if not kind.is_incremental:
            engine.commit()
        engine.close()
    return Built(sum(times) / 1000, peak_mib(), engine.size_bytes() / _MIB)


def answer(name: str, folder: Path, asked: Path, seconds: float) -> Answering:
    import_module(ENGINES[name].module)
    sets: dict[str, list[list[str]]] = json.loads(asked.read_text())
    idle, times = peak_mib(), list[float]()
    with stopwatch(times):
        engine = ENGINES[name].open(folder)
        engine.search(sets["all words"][-1], TOP_K, None)
    with closing(engine):
        results, peak = [], 0.0
        for share in SHARES:
            allowed = None if share == 1.0 else np.load(asked.with_name(f"{share}.npy"))
            for set_, terms in sets.items():
                results.append(Asked(set_, share, *ask(engine, terms, allowed, seconds)))
                peak = peak or peak_mib()
    return Answering(times[0], idle, peak, results)


def ask(
    engine: Engine, asked: Sequence[list[str]], allowed: Any, seconds: float
) -> tuple[list[float], list[list[int]]]:
    """Return the milliseconds and the best ids of as many queries as fit into ``seconds``."""
    times, best = list[float](), []
    for terms in asked:
        with stopwatch(times):
            found = engine.search(terms, TOP_K, allowed)
        if allowed is not None and not np.isin(found, allowed).all():
            raise RuntimeError("a filtered search returned a passage that the filter leaves out")
        best.append(found[:COMPARED])
        if sum(times) > seconds * 1000:
            break
    return times, best


def update(name: str, folder: Path, passages: int) -> Updating:
    """Add new passages and remove old ones, one at a time, and search to see that they are there or gone."""
    kind, added, removed = ENGINES[name], list[float](), list[float]()
    engine = kind.open(folder)
    engine.search(["w0"], TOP_K, None)
    for old in next(batches(passages))[: REPEATS if kind.is_incremental else 1]:
        new = new_passage(passages + old.id)
        with stopwatch(added):
            engine.add([new])
            engine.commit()
        if engine.search(new.terms[:1], TOP_K, None) != [new.id]:
            raise RuntimeError(f"{name} does not find the passage that was added")
        with stopwatch(removed):
            engine.remove([old.id])
            engine.commit()
        if old.id in engine.search([max(old.terms, key=rank_of)], TOP_K, None):
            raise RuntimeError(f"{name} still finds the passage that was removed")
    engine.close()
    return Updating(added, removed)


def peak_mib() -> float:
    """Return the most memory that this process has held, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT / _MIB


def fresh(step: Callable[..., Any], *arguments: Any) -> Any:
    """Return ``step(*arguments)`` from a new process, which inherits nothing of this one's memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(step, *arguments).result()


def write_questions(folder: Path, passages: int, count: int) -> Path:
    path = folder / "queries.json"
    path.write_text(json.dumps(queries(passages, count)))
    for share in SHARES[1:]:
        np.save(folder / f"{share}.npy", allowed_ids(passages, share))
    return path


def measure(name: str, passages: int, folder: Path, asked: Path, seconds: float) -> Result:
    load = os.getloadavg()[0]
    index = folder / name
    index.mkdir()
    built = fresh(build, name, index, passages)
    report(f"{name}, {passages:,} passages: built in {built.seconds:.0f} s, load before {load:.1f}")
    answering = fresh(answer, name, index, asked, seconds)
    report(f"{name}: " + ", ".join(f"{one.name} {one.share:.0%} {one.cell} ms" for one in answering.asked))
    updating = fresh(update, name, index, passages)
    report(f"{name}: updated")
    return Result(name, passages, load, built, answering, updating)


def agreement(result: Result, reference: Result, share: float) -> float:
    """Return which part of the reference's ten best passages are among the engine's, over both query sets."""
    pairs = [
        (set(ours), set(theirs))
        for a, b in zip(result.answering.asked, reference.answering.asked, strict=True)
        if a.share == share
        for ours, theirs in zip(a.best, b.best, strict=False)
    ]
    return float(np.mean([len(ours & theirs) / len(theirs) for ours, theirs in pairs if theirs]))


def figure(number: float) -> str:
    """Return a number with two figures that count, or as many as it has before the point.

    >>> figure(0.4172), figure(12.43), figure(135_820.0)
    ('0.42', '12', '135,820')
    """
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def keeping_row(result: Result) -> str:
    built, updating, answering = result.built, result.updating, result.answering
    added, removed = (
        f"{figure(np.median(times))} / {figure(max(times))}"
        for times in (updating.add_milliseconds, updating.remove_milliseconds)
    )
    cells = (
        figure(built.seconds),
        figure(built.peak_mib),
        figure(built.disk_mib),
        added,
        removed,
        figure(answering.open_milliseconds),
        f"{figure(answering.peak_mib)} ({figure(answering.peak_mib - answering.idle_mib)})",
        f"{result.load:.1f}",
    )
    return f"| {result.engine} | {' | '.join(cells)} |"


def asking_row(result: Result, reference: Result | None) -> str:
    """Return the row of query times; in italics how many queries fitted into the time, if not all did."""
    most = max(len(one.milliseconds) for one in result.answering.asked)
    cells = [
        f"{one.cell} *({len(one.milliseconds)})*" if len(one.milliseconds) < most else one.cell
        for one in result.answering.asked
    ]
    shares = [f"{agreement(result, reference, share):.0%}" for share in SHARES] if reference else ["–"]
    return f"| {result.engine} | {' | '.join(cells)} | {', '.join(shares)} |"


def tables(results: Sequence[Result]) -> str:
    """Return both tables for one size of corpus."""
    reference = next((one for one in results if one.engine == "fts5"), None)
    keeping = (
        "build, s|peak building, MiB|disk, MiB|add one, ms: median / worst|remove one, ms: median / worst"
        "|open and first query, ms|peak asking, MiB (above idle)|load"
    ).split("|")
    asked = [
        f"{one.name}{'' if one.share == 1 else f', {one.share:.0%} allowed'}"
        for one in results[0].answering.asked
    ]
    lines = [f"### {results[0].passages:,} passages\n", *heading(keeping), *map(keeping_row, results)]
    lines += ["\nQueries, ms: p50 / p95\n", *heading([*asked, "top 10 as FTS5, by filter"])]
    return "\n".join([*lines, *(asking_row(one, reference) for one in results)])


def heading(columns: Sequence[str]) -> list[str]:
    return [f"| engine | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]


def versions() -> dict[str, str]:
    import sqlite3

    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in ("numpy", "tantivy", "bm25s"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=["fts5", "tantivy", "bm25s"])
    parser.add_argument("--queries", type=int, default=300, help="of each of the two sets")
    parser.add_argument("--seconds", type=float, default=120, help="at most, for a set with one filter")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    options = parser.parse_args()
    results: list[Result] = []
    for name in options.engines:
        if not ENGINES[name].is_installed:
            print(f"{name} is left out: {ENGINES[name].module} is not installed.")
    names = [name for name in options.engines if ENGINES[name].is_installed]
    for passages in options.passages:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            asked = fresh(write_questions, Path(folder), passages, options.queries)
            some = [measure(name, passages, Path(folder), asked, options.seconds) for name in names]
        print(tables(some) + "\n", flush=True)
        results += some
    found = versions()
    print(", ".join(f"{name} {number}" for name, number in found.items()))
    if options.out:
        rows = [asdict(result) for result in results]
        options.out.write_text(json.dumps({"results": rows, "versions": found}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
