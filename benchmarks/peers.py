"""Compares pincite's retrieval with other libraries': the same documents, queries and encoder.

    python benchmarks/peers/environments.py            # once: an environment for each peer
    python benchmarks/retrieval.py DATA                # pincite's own runs
    python benchmarks/peers.py DATA                    # the peers' runs, and the tables

Each peer is a script in ``peers/``, run in its own environment, which indexes and searches as that library's
documentation advises; what that is, its docstring says. Its runs are kept, and made again with ``--again``.
Measures are ir_measures', over all judged queries; a query without results counts as zero. "Ahead" is how
much pincite's mean is above a peer's, with the 95 % interval of a paired bootstrap. Prints a Markdown table
for each set, and writes all figures as JSON.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from bootstrap import Difference, paired_difference
from numpy.typing import NDArray
from retrieval import MEASURES, QUERIES, SEED, SETS, read_set
from testsets import TestSet, write_beir

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "benchmarks" / "peers"
BUILD = ROOT / "build" / "peers"
COMPARED = ("nDCG@10", "P@1")
HAN = ("㐀", "鿿")

Values = dict[str, NDArray[np.float64]]
"""For each measure its value for every judged query, in the collection's order, (n_queries,)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The runs that a script makes, with what arguments, and for which of two languages.

    The first run is always made, the others where they differ from it.
    """

    runs: tuple[str, ...]
    script: str
    arguments: tuple[str, ...] = ()
    is_for_english: bool = True
    is_for_chinese: bool = True


PEERS = (
    Peer(("bm25s",), "bm25s_alone", is_for_chinese=False),
    Peer(("bm25s-bigrams",), "bm25s_alone", ("--terms", "bigrams"), is_for_english=False),
    Peer(("bm25s-jieba",), "bm25s_alone", ("--terms", "jieba"), is_for_english=False),
    Peer(("minilm",), "minilm_alone"),
    Peer(("txtai-hybrid", "txtai-hybrid-exact"), "txtai_hybrid"),
    Peer(("llama-index-reciprocal", "llama-index-relative"), "llama_index_fusion", is_for_chinese=False),
)
RUNS = tuple(run for peer in PEERS for run in peer.runs)


@dataclass(frozen=True, slots=True)
class Row:
    """One engine on one set. ``ahead`` is empty for pincite; times are None where they were not measured."""

    name: str
    measures: dict[str, float]
    index_seconds: float | None
    milliseconds_p50: float | None
    milliseconds_p95: float | None
    versions: dict[str, str]
    ahead: dict[str, Difference]


def peers_for(collection: TestSet, runs: Sequence[str]) -> list[Peer]:
    """Return the peers that make any of the runs, and are for the language of the collection's queries."""
    text = "".join(collection.queries.values())
    is_chinese = sum(HAN[0] <= character <= HAN[1] for character in text) > len(text) / 2
    return [
        peer
        for peer in PEERS
        if (peer.is_for_chinese if is_chinese else peer.is_for_english) and set(peer.runs) & set(runs)
    ]


def make_runs(peer: Peer, collection: TestSet, again: bool) -> None:
    """Make the peer's runs of a collection, unless they are there."""
    folder = BUILD / "runs" / collection.name
    if (folder / f"{peer.runs[0]}.json").exists() and not again:
        return
    python = BUILD / peer.script / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"no environment for {peer.script}: run python benchmarks/peers/environments.py")
    print(f"{' and '.join(peer.runs)} on {collection.name}", file=sys.stderr, flush=True)
    command = [python, SCRIPTS / f"{peer.script}.py", BUILD / "collections" / collection.name, folder]
    subprocess.run([*map(str, command), *peer.arguments], check=True, stdout=sys.stderr)


def rows(collection: TestSet, peers: Sequence[Peer], pincite: Path) -> Iterator[Row]:
    """Yield pincite's row and then those of the peers, from the runs that were made."""
    ours = values(collection, pincite / f"{collection.name}.pincite.run")
    figures = json.loads((pincite / "retrieval.json").read_text(encoding="utf-8"))
    own = {one["name"]: one for one in figures["sets"]}.get(collection.name, {})
    speed = own.get("passages_a_second")
    seconds = own["passages"] / speed if speed else None
    yield _row("pincite", ours, {**own, "index_seconds": seconds, "versions": figures["versions"]}, {})
    for name in (name for peer in peers for name in peer.runs):
        run = BUILD / "runs" / collection.name / f"{name}.run"
        if not run.exists():
            continue
        theirs = values(collection, run)
        ahead = {measure: paired_difference(ours[measure], theirs[measure]) for measure in COMPARED}
        yield _row(name, theirs, json.loads(run.with_suffix(".json").read_text(encoding="utf-8")), ahead)


def values(collection: TestSet, run: Path) -> Values:
    """Return a run's measures, query by query."""
    places = {query: place for place, query in enumerate(collection.relevance)}
    found = {str(measure): np.zeros(len(places)) for measure in MEASURES}
    results = ir_measures.read_trec_run(str(run))  # type: ignore[no-untyped-call]
    for metric in ir_measures.iter_calc(MEASURES, collection.relevance, results):
        found[str(metric.measure)][places[metric.query_id]] = metric.value
    return found


def table(rows: Sequence[Row]) -> str:
    """Return one set's rows as a Markdown table; a difference is bold where its interval leaves out zero."""
    names = [str(measure) for measure in MEASURES]
    compared = [f"ahead, {name}" for name in COMPARED]
    lines = [
        f"| | {' | '.join(names)} | index, s | ms p50 | ms p95 | {' | '.join(compared)} |",
        "| --- |" + " ---: |" * (len(names) + 3 + len(compared)),
    ]
    for row in rows:
        cells = [f"{row.measures[name]:.3f}" for name in names]
        cells += [_number(row.index_seconds, 0 if (row.index_seconds or 0) >= 10 else 1)]
        cells += [_number(row.milliseconds_p50, 1), _number(row.milliseconds_p95, 1)]
        cells += [_interval(row.ahead[name]) if row.ahead else "" for name in COMPARED]
        name = f"**{row.name}**" if row.name == "pincite" else row.name
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _row(name: str, values: Values, figures: dict[str, Any], ahead: dict[str, Difference]) -> Row:
    return Row(
        name,
        {measure: float(found.mean()) for measure, found in values.items()},
        figures.get("index_seconds"),
        figures.get("milliseconds_p50"),
        figures.get("milliseconds_p95"),
        figures["versions"],
        ahead,
    )


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _interval(ahead: Difference) -> str:
    mean = f"{ahead.mean:+.3f}"
    return f"{f'**{mean}**' if ahead.is_certain else mean} ({ahead.low:+.3f} … {ahead.high:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="SET", help="as for retrieval.py")
    parser.add_argument("--runs", nargs="+", default=RUNS, metavar="RUN", help=f"of {', '.join(RUNS)}")
    parser.add_argument("--queries", type=int, default=QUERIES, help="as for retrieval.py")
    parser.add_argument("--pincite", type=Path, default=ROOT / "build" / "retrieval", help="its --out")
    parser.add_argument("--out", type=Path, default=BUILD / "peers.json", help="where to write the figures")
    parser.add_argument("--again", action="store_true", help="make runs that are there already once more")
    options = parser.parse_args()
    all_rows = {}
    for name in options.sets:
        collection = read_set(name, options.data).sampled(options.queries, SEED)
        write_beir(collection, BUILD / "collections" / collection.name)
        peers = peers_for(collection, options.runs)
        for peer in peers:
            make_runs(peer, collection, options.again)
        all_rows[collection.name] = list(rows(collection, peers, options.pincite))
        print(f"## {collection.name}\n\n{table(all_rows[collection.name])}\n", flush=True)
    figures = {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "configuration": {
            "queries": options.queries,
            "seed": SEED,
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        },
        "sets": {name: [asdict(row) for row in found] for name, found in all_rows.items()},
    }
    options.out.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
