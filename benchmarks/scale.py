"""Measures a corpus on a Milvus server beside the same corpus in a folder, through the public interface.

    python benchmarks/scale.py DATA                      # DATA holds beir/ and squad/; takes hours
    python benchmarks/scale.py DATA --corpora CACHE      # keeps the folders, and finds them again
    python benchmarks/scale.py DATA --parts wire crash --passages 10000
    python benchmarks/scale.py DATA --parts quality agreement --queries 100 --questions 100

Four parts. ``quality`` ranks test collections in both stores, and ``agreement`` says how often questions have
the same first hit and citation in both (``scale_quality``); ``wire`` stores and searches many made-up
passages (``scale_wire``); ``crash`` kills the server while they are stored (``scale_crash``). ``rows`` tells
what a passage takes on the server, from which the sizes in docs/scale-out.md are worked out (``scale_rows``).

The server is Milvus Lite (``scale_server``): a real one, whose seconds bound nothing of a full Milvus. Prints
Markdown, and writes all figures as JSON with versions, machine and commit.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path

import scale_crash
import scale_quality
import scale_rows
import scale_wire
from machine import commit, machine
from retrieval import SEED, read_set
from scale_server import LiteServer

SETS = ("scifact", "nfcorpus")
QUESTIONS_OF = "squad-dev"
QUESTIONS, ASKED = 500, 500
QUERIES = 3_000
PASSAGES, CRASH_PASSAGES = 100_000, 10_000
SEARCHES = 20
PACKAGES = ("pincite", "pymilvus", "milvus-lite", "faiss-cpu", "numpy")


def quality(options: argparse.Namespace, folder: Path) -> object:
    """Rank the collections in both stores."""
    found = []
    with LiteServer(folder, sealed_at=None) as server:
        for name in options.sets:
            collection = read_set(name, options.data).sampled(options.queries, SEED)
            found.append(scale_quality.compare(collection, options.corpora, server))
    print(scale_quality.table(found))
    return found


def agreement(options: argparse.Namespace, folder: Path) -> object:
    """Put questions to both stores."""
    collection = read_set(QUESTIONS_OF, options.data)
    with LiteServer(folder, sealed_at=None) as server:
        found = scale_quality.agree(collection, options.corpora, server, options.questions, options.asked)
    print(scale_quality.sentence(found, QUESTIONS_OF))
    return found


def rows(options: argparse.Namespace, folder: Path) -> object:
    """Weigh the rows of the first collection."""
    collection = read_set(options.sets[0], options.data)
    with LiteServer(folder) as server:
        found = scale_rows.measure(collection, options.corpora, server)
    print(scale_rows.table(found))
    return found


def wire(options: argparse.Namespace, folder: Path) -> object:
    """Store and search made-up passages in both stores."""
    found = scale_wire.measure(folder, options.passages, options.searches)
    print(scale_wire.table(found))
    return found


def crash(options: argparse.Namespace, folder: Path) -> object:
    """Kill the server while passages are stored."""
    found = scale_crash.measure(folder, options.crash_passages)
    print(scale_crash.table(found))
    return found


PARTS: Mapping[str, Callable[[argparse.Namespace, Path], object]] = {
    part.__name__: part for part in (quality, agreement, rows, wire, crash)
}


def plain(found: object) -> object:
    """Return what a part found as JSON has it."""
    if isinstance(found, Sequence):
        return [plain(one) for one in found]
    return asdict(found) if is_dataclass(found) and not isinstance(found, type) else found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=tuple(PARTS))
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="SET", help="of retrieval.py's")
    parser.add_argument("--corpora", type=Path, help="where to keep the folders' corpora, or find them")
    parser.add_argument("--queries", type=int, default=QUERIES, help="at most so many of a set")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="whose first hits are compared")
    parser.add_argument("--asked", type=int, default=ASKED, help="of them, whose first citations are")
    parser.add_argument("--passages", type=int, default=PASSAGES, help="through the wire")
    parser.add_argument("--searches", type=int, default=SEARCHES, help="with each filter")
    parser.add_argument("--crash-passages", type=int, default=CRASH_PASSAGES, help="stored between kills")
    parser.add_argument("--out", type=Path, default=Path("build/scale.json"), help="where to write")
    options = parser.parse_args()
    results: dict[str, object] = {
        "machine": asdict(machine()),
        "load_average_before": os.getloadavg(),
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "configuration": vars(options).copy(),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pincite-bench-") as temporary:
        options.corpora = options.corpora or Path(temporary) / "corpora"
        for part in options.parts:
            print(f"\n### {part}\n", flush=True)
            results[part] = plain(PARTS[part](options, Path(temporary) / part))
            options.out.write_text(json.dumps(results, indent=2, default=str), encoding="utf-8")
    print(f"all figures are in {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
