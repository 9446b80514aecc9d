"""Made-up passages through the wire: how fast they are stored on a server, and how soon they are found there.

All are added to a folder first. The first tenth is added to the server too, from its files; the rest is
copied there from the folder, which encodes nothing. Then both are asked the same queries.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from corpus import MadeUpEncoder
from scale_passages import FILTERS, YEARS, add_all, asked, write_files
from scale_server import LiteServer
from speed_figures import late

from pincite.index.corpus import Corpus

WARMING_UP = 2
TOP_K = 10
NAME = "wire"
FILES, CORPUS = "files", "corpus"


@dataclass(frozen=True, slots=True)
class Searched:
    """What searching one store took, in milliseconds, by filter. ``first`` are the places of the first hits,
    by which stores are compared.
    """

    milliseconds: dict[str, list[float]]
    first: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Wire:
    """What storing and searching took. ``added_a_second`` passages were added to the folder and to the
    server, ``copied_a_second`` copied there.
    """

    passages: int
    added_a_second: tuple[float, float]
    copied_a_second: float
    folder: Searched
    server: Searched
    findings: list[str]
    verifying_seconds: float
    disk_bytes: tuple[int, int]
    server_rss_mb: float


def measure(folder: Path, passages: int, queries: int) -> Wire:
    """Store and search so many passages, in a folder and on a server."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = MadeUpEncoder(passages)
    with chdir(folder), LiteServer(folder / "server") as server:  # both name sources from here
        address = server.corpus(NAME)
        write_files(Path(FILES), passages)
        with Corpus.open(CORPUS, encoder=encoder) as corpus, Corpus.open(address, encoder=encoder) as copy:
            tell(f"adding {passages:,} passages to a folder")
            _, seconds = add_all(corpus, Path(FILES))
            tell("adding a tenth to the server")
            added, adding = add_tenth(copy)
            tell(f"copying the rest: {adding:.0f} s for a tenth")
            copied, copying = copy_rest(corpus, address)
            tell(f"sealing and searching: {copying:.0f} s for copying")
            server.seal()
            found = [search_all(one, asked(passages, queries)) for one in (corpus, copy)]
            stored = copy.stats().passages
            assert stored == passages == added + copied, f"{stored} passages, not {passages}"
            tell("verifying")
            findings, verifying = verify(copy)
            return Wire(
                passages,
                (passages / sum(seconds), added / adding),
                copied / copying,
                found[0],
                found[1],
                findings,
                verifying,
                (sum(file.stat().st_size for file in Path(CORPUS).iterdir()), server.disk_bytes()),
                server.rss_mb(),
            )


def add_tenth(corpus: Corpus) -> tuple[int, float]:
    """Add the first tenth; return how many passages, and the seconds it took."""
    started = time.perf_counter()
    receipts = corpus.add(f"{FILES}/{YEARS[0]}", metadata={"year": YEARS[0]})
    return sum(receipt.passages for receipt in receipts), time.perf_counter() - started


def copy_rest(corpus: Corpus, address: str) -> tuple[int, float]:
    """Copy what is not there yet; return how many passages, and the seconds it took."""
    started = time.perf_counter()
    receipts = corpus.copy(address)
    seconds = time.perf_counter() - started
    return sum(receipt.passages for receipt in receipts if receipt.status == "added"), seconds


def verify(corpus: Corpus) -> tuple[list[str], float]:
    """Verify it; return what was found wrong, and the seconds it took."""
    started = time.perf_counter()
    return corpus.verify(), time.perf_counter() - started


def search_all(corpus: Corpus, queries: Sequence[str]) -> Searched:
    """Search for each query with each filter; return what that took."""
    milliseconds: dict[str, list[float]] = {}
    first = []
    for name, where in FILTERS.items():
        for query in queries[:WARMING_UP]:
            corpus.search(query, top_k=TOP_K, where=where)
        times = []
        for query in queries:
            started = time.perf_counter()
            hits = corpus.search(query, top_k=TOP_K, where=where)
            times.append((time.perf_counter() - started) * 1e3)
            first += [(hit.passage.source, hit.passage.start) for hit in hits[:1]]
        milliseconds[name] = times
    return Searched(milliseconds, first)


def tell(what: str) -> None:
    """Say on standard error what is being done."""
    print(what, file=sys.stderr, flush=True)


def table(found: Wire) -> str:
    """Return the figures as a Markdown table, a column for each store."""
    stores = (found.folder, found.server)
    rows = [
        [f"{found.passages:,} passages", "a folder", "Milvus Lite"],
        ["---", "---:", "---:"],
        ["added a second", *(f"{one:,.0f}" for one in found.added_a_second)],
        ["copied a second", "", f"{found.copied_a_second:,.0f}"],
    ]
    for name in FILTERS:
        times = [store.milliseconds[name] for store in stores]
        shown = [f"{statistics.median(one):,.1f} / {late(one):,.1f}" for one in times]
        rows.append([f"ms a hybrid search, filter {name}, p50 / p95", *shown])
    same = [mine == theirs for mine, theirs in zip(found.folder.first, found.server.first, strict=True)]
    rows += [
        ["the same first hit", "", f"{statistics.mean(same):.1%}"],
        ["bytes on disk a passage", *(f"{size / found.passages:,.0f}" for size in found.disk_bytes)],
        [
            "findings of `verify`, and its seconds",
            "",
            f"{len(found.findings)}, {found.verifying_seconds:,.0f}",
        ],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
