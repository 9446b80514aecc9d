"""Made-up passages through the wire: how fast they are stored on a server, and how soon they are found there.

The same files are added to a folder too, and the same queries asked of both.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import MadeUpEncoder
from scale_passages import FILTERS, add_all, asked, write_files
from scale_server import LiteServer
from speed_figures import late

from pincite.index.corpus import Corpus

WARMING_UP = 2
TOP_K = 10
NAME = "wire"


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing took, as a whole and for each tenth, and what searching takes then, in milliseconds, by
    filter. ``first`` are the places of the first hits, by which stores are compared.
    """

    store: str
    passages: int
    seconds: list[float]
    milliseconds: dict[str, list[float]]
    first: list[tuple[str, int]]
    findings: list[str]
    disk_bytes: int
    rss_mb: float

    @property
    def passages_a_second(self) -> float:
        return self.passages / sum(self.seconds)


def measure(folder: Path, passages: int, queries: int) -> list[Stored]:
    """Store and search so many passages, in a folder and on a server."""
    files = folder / "files"
    print(f"writing {passages:,} passages into files", file=sys.stderr, flush=True)
    write_files(files, passages)
    found = [_measured("a folder", str(folder / "corpus"), files, passages, queries, None)]
    with LiteServer(folder / "server") as server:
        found.append(_measured("Milvus Lite", server.corpus(NAME), files, passages, queries, server))
    return found


def _measured(
    store: str, location: str, files: Path, passages: int, queries: int, server: LiteServer | None
) -> Stored:
    with Corpus.open(location, encoder=MadeUpEncoder(passages)) as corpus:
        print(f"storing {passages:,} passages in {store}", file=sys.stderr, flush=True)
        receipts, seconds = add_all(corpus, files)
        added = sum(receipt.passages for receipt in receipts if receipt.status == "added")
        assert added == passages, f"{added} passages were added to {store}, not {passages}"
        if server:
            server.seal()
        print(f"searching them: {sum(seconds):.0f} s for storing", file=sys.stderr, flush=True)
        milliseconds, first = _searched(corpus, asked(passages, queries))
        findings = corpus.verify()
    disk = server.disk_bytes() if server else sum(one.stat().st_size for one in Path(location).iterdir())
    return Stored(
        store, passages, seconds, milliseconds, first, findings, disk, server.rss_mb() if server else 0.0
    )


def _searched(corpus: Corpus, queries: Sequence[str]) -> tuple[dict[str, list[float]], list[tuple[str, int]]]:
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
            first += [(Path(hit.passage.source).name, hit.passage.start) for hit in hits[:1]]
        milliseconds[name] = times
    return milliseconds, first


def table(found: Sequence[Stored]) -> str:
    """Return the figures as a Markdown table, a column for each store."""
    names = [f"ms a hybrid search, filter {name}, p50 / p95" for name in FILTERS]
    rows = [
        ["", *(one.store for one in found)],
        ["---", *("---:" for _ in found)],
        ["passages stored a second", *(f"{one.passages_a_second:,.0f}" for one in found)],
        ["… the first tenth, the last", *(_first_and_last(one) for one in found)],
    ]
    for label, name in zip(names, FILTERS, strict=True):
        times = [one.milliseconds[name] for one in found]
        rows.append([label, *(f"{statistics.median(one):,.1f} / {late(one):,.1f}" for one in times)])
    rows += [
        ["findings of `verify`", *(str(len(one.findings)) for one in found)],
        ["bytes on disk a passage", *(f"{one.disk_bytes / one.passages:,.0f}" for one in found)],
        ["same first hit as the first", *(f"{_same(one, found[0]):.1%}" for one in found)],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _first_and_last(one: Stored) -> str:
    tenth = one.passages / len(one.seconds)
    return f"{tenth / one.seconds[0]:,.0f}, {tenth / one.seconds[-1]:,.0f}"


def _same(one: Stored, other: Stored) -> float:
    return statistics.mean(mine == theirs for mine, theirs in zip(one.first, other.first, strict=True))
