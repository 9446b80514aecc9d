"""Measures how soon pincite starts, searches, answers and indexes, beside other libraries with its encoder.

    python benchmarks/peers/environments.py          # once: an environment for each peer
    python benchmarks/speed.py DATA                  # DATA holds beir/scifact/
    python benchmarks/speed.py DATA --folder FOLDER  # makes the corpus of towns there, once, and keeps it
    python benchmarks/speed.py DATA --parts cold --runs 3
    python benchmarks/speed.py DATA --abstracts 500  # indexes a sample

Three parts, each a module that says what is compared: ``speed_cold`` (a question in a fresh process),
``speed_warm`` (the same in a process that runs) and ``speed_indexing`` (abstracts of SciFact). Peers' own
scripts are ``peers/speed_*.py``. Seconds depend on the machine and on what else it does; times of pincite's,
taken in turns, depend on that much less. Prints one table of Markdown, and writes every single run as JSON,
with versions, machine and commit.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import speed_cold
import speed_indexing
import speed_warm
from machine import commit, machine
from speed_figures import Row, table
from speed_peers import PEERS, ROOT, versions
from speed_processes import own_peak_rss_mb

COLD, WARM, INDEXING = PARTS = ("cold", "warm", "indexing")
RUNS = 9
PASSAGES = 10_000
QUESTIONS = 200
ROUNDS = 3


def measure(options: argparse.Namespace, temporary: Path) -> tuple[list[Row], dict[str, object]]:
    """Run the parts that are wanted; return their rows, and their figures by part."""
    rows: list[Row] = []
    figures: dict[str, object] = {}
    if COLD in options.parts:
        runs = speed_cold.measure(temporary, options.runs)
        rows += speed_cold.rows(runs)
        figures[COLD] = {name: [one.figures for one in found] for name, found in runs.items()}
    if WARM in options.parts:
        corpus = (options.folder or temporary) / f"towns-{options.passages}"
        warm = speed_warm.measure(corpus, options.passages, options.questions)
        rows += speed_warm.rows(warm)
        figures[WARM] = asdict(warm)
    if INDEXING in options.parts:
        indexed = speed_indexing.measure(options.data, temporary, options.abstracts, options.rounds)
        rows += speed_indexing.rows(indexed)
        figures[INDEXING] = speed_indexing.figures(indexed)
    return rows, figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--runs", type=int, default=RUNS, help="cold starts of each")
    parser.add_argument("--passages", type=int, default=PASSAGES, help="of the corpus that is warm")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="asked of it at each stage")
    parser.add_argument("--folder", type=Path, help="where to make that corpus, or find it, and leave it")
    parser.add_argument("--abstracts", type=int, help="how many are indexed; all where it is not said")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in which these are indexed")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "speed.json", help="where to write")
    options = parser.parse_args()
    peers = () if set(options.parts) == {WARM} else PEERS
    ran_on = {
        "machine": asdict(machine()),
        "load_average_before": os.getloadavg(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": versions(peers),
    }
    with tempfile.TemporaryDirectory(prefix="pincite-bench-") as temporary:
        rows, figures = measure(options, Path(temporary))
    print(table(rows))
    results = {
        **ran_on,
        "configuration": vars(options),
        "peak_rss_mb_of_this_process": own_peak_rss_mb(),
        **figures,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2, default=str), encoding="utf-8")
    print(f"all figures are in {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
