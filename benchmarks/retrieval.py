"""Measures retrieval on test collections, through ``Corpus.add`` and ``Corpus.search``, as a user runs them.

    python benchmarks/retrieval.py DATA                      # DATA holds beir/, squad/ and cmrc2018/
    python benchmarks/retrieval.py DATA --sets scifact cmrc-dev --corpora CACHE
    python benchmarks/retrieval.py DATA --sets path/to/a/folder/in/BEIR/layout
    python benchmarks/retrieval.py DATA --export FOLDER      # only writes the sets there, in BEIR's layout
    python benchmarks/retrieval.py DATA --precision float32   # with vectors of that precision
    python benchmarks/retrieval.py DATA --with ENCODED=10     # with another constant of the ranking

Every document is a file: Markdown with its title as the heading where it has one, else text. A document ranks
where its best passage does. Metrics are ir_measures', over the documents of the first 100 passages; hit@1 is
P@1 for collections with one relevant document. Queries are timed one by one, after a warming-up;
so is the encoder, over 128 of the texts. Prints a
table and writes it as JSON with versions, machine and configuration, and each set's run in TREC's format, so
that ``peers.py`` can compare. With ``--corpora`` the corpora are kept there and found again by the next run.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import ir_measures
from ir_measures import RR, P, R, nDCG
from testsets import TestSet, read_beir, read_squad, write_beir

import pincite
from pincite.index import reranking, retrieval
from pincite.index.encoder import Encoder, load_encoder

SEED = 7
TOP_K = 100
QUERIES = 3_000
ENCODED_TEXTS = 128
MEASURES = (nDCG @ 10, R @ 10, R @ 100, RR @ 10, P @ 1)
SETS = ("scifact", "nfcorpus", "squad-dev", "cmrc-dev")
TRAINING_SETS = ("scifact-train", "nfcorpus-train", "squad-train", "cmrc-train")

Run = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one set gave: ``run`` has for each query its documents, best first."""

    name: str
    documents: int
    passages: int
    queries: int
    measures: dict[str, float]
    milliseconds_p50: float
    milliseconds_p95: float
    queries_a_second: float
    texts_encoded_a_second: float
    passages_a_second: float | None
    run: Run


def read_set(name: str, data: Path) -> TestSet:
    """Return a collection by its name, or by the path of a folder in BEIR's layout."""
    corpus, _, split = name.partition("-")
    if name in ("squad-dev", "squad-train"):
        return read_squad(data / "squad" / f"{split}-v1.1.json.gz", name)
    if name in ("cmrc-dev", "cmrc-train"):
        return read_squad(data / "cmrc2018" / f"{split}.json.gz", name)
    if corpus in ("scifact", "nfcorpus"):
        return read_beir(data / "beir" / corpus, split or "test")
    return read_beir(Path(name))


@contextmanager
def corpus_of(
    collection: TestSet, corpora: Path, encoder: Encoder | None = None
) -> Iterator[tuple[pincite.Corpus, dict[str, str], float | None]]:
    """Yield a corpus of the collection's documents, the document's id for each source, and the passages that
    were indexed a second; None where the corpus was there already.
    """
    folder = corpora / collection.name
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    names = {}
    for number, (document, text) in enumerate(collection.documents.items()):
        name = f"{number:06d}.{'md' if text.title else 'txt'}"
        names[f"files/{name}"] = document
        content = f"# {' '.join(text.title.split())}\n\n{text.text}\n" if text.title else text.text
        (files / name).write_text(content, encoding="utf-8")
    with pincite.Corpus.open(folder / "corpus", encoder=encoder) as corpus:
        started = time.perf_counter()
        receipts = corpus.add(files)
        seconds = time.perf_counter() - started
        added = sum(receipt.passages for receipt in receipts if receipt.status != "unchanged")
        yield corpus, names, added / seconds if added else None


def measured(collection: TestSet, corpora: Path, encoder: Encoder | None = None) -> Outcome:
    """Return what searching a collection's queries gives."""
    with corpus_of(collection, corpora, encoder) as (corpus, names, speed):
        run: Run = {}
        milliseconds = []
        corpus.search(next(iter(collection.queries.values())), top_k=TOP_K)
        for query, text in collection.queries.items():
            started = time.perf_counter()
            hits = corpus.search(text, top_k=TOP_K)
            milliseconds.append((time.perf_counter() - started) * 1e3)
            run[query] = list(dict.fromkeys(names[hit.passage.source] for hit in hits))
        passages = corpus.stats().passages
        encoded = texts_encoded_a_second(corpus, collection)
    return Outcome(
        collection.name,
        len(collection.documents),
        passages,
        len(run),
        evaluated(collection, run),
        statistics.median(milliseconds),
        statistics.quantiles(milliseconds, n=20)[-1],
        1e3 / statistics.fmean(milliseconds),
        encoded,
        speed,
        run,
    )


def texts_encoded_a_second(corpus: pincite.Corpus, collection: TestSet) -> float:
    """Return how many of the collection's texts, cut at the encoder's window, its encoder takes a second."""
    texts = [document.text for document in islice(collection.documents.values(), ENCODED_TEXTS)]
    started = time.perf_counter()
    corpus.encoder.encode(texts)
    return len(texts) / (time.perf_counter() - started)


def evaluated(collection: TestSet, run: Run) -> dict[str, float]:
    """Return the run's mean measures."""
    return {
        str(measure): value
        for measure, value in ir_measures.calc_aggregate(MEASURES, collection.relevance, scored(run)).items()
    }


def scored(run: Run) -> dict[str, dict[str, float]]:
    """Return a run as ir_measures wants it; the scores are the ranks, so that no tie changes the order."""
    return {
        query: {document: float(-rank) for rank, document in enumerate(documents)}
        for query, documents in run.items()
    }


def set_constant(name: str, value: str) -> None:
    """Give a constant of the ranking another value, to see what it does."""
    homes = [module for module in (retrieval, reranking) if hasattr(module, name)]
    if not homes:
        raise SystemExit(f"the ranking has no constant {name}")
    for module in homes:
        setattr(module, name, type(getattr(module, name))(value))


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a Markdown table."""
    names = [str(measure) for measure in MEASURES]
    lines = [
        f"| set | queries | {' | '.join(names)} | ms p50 | ms p95 | queries/s | encoded/s | passages/s |",
        "| --- | --- |" + " --- |" * (len(names) + 5),
    ]
    for one in outcomes:
        values = " | ".join(f"{one.measures[name]:.3f}" for name in names)
        speed = f"{one.passages_a_second:.0f}" if one.passages_a_second else "–"
        lines.append(
            f"| {one.name} | {one.queries:,} | {values} | {one.milliseconds_p50:.1f} |"
            f" {one.milliseconds_p95:.1f} | {one.queries_a_second:.0f} | {one.texts_encoded_a_second:.0f} |"
            f" {speed} |"
        )
    return "\n".join(lines)


def write(outcomes: Sequence[Outcome], folder: Path, configuration: dict[str, object]) -> None:
    """Write the figures as JSON, and the runs in TREC's format."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = ("pincite", "faiss-cpu", "onnxruntime", "numpy", "ir_measures")
    figures = {
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "configuration": configuration,
        "sets": [{key: getattr(one, key) for key in one.__slots__ if key != "run"} for one in outcomes],
    }
    (folder / "retrieval.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    for one in outcomes:
        lines = [
            f"{query} Q0 {document} {rank} {-rank} pincite\n"
            for query, documents in one.run.items()
            for rank, document in enumerate(documents, start=1)
        ]
        (folder / f"{one.name}.pincite.run").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="SET", help=f"of {', '.join(SETS)}, …")
    parser.add_argument("--corpora", type=Path, help="where to keep the corpora for the next run")
    parser.add_argument("--queries", type=int, default=QUERIES, help="at most so many of a set")
    parser.add_argument("--out", type=Path, default=Path("build/retrieval"), help="where to write")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write the sets there, and do no more")
    parser.add_argument("--precision", choices=("float32", "int8"), help="default: the quicker one here")
    parser.add_argument("--with", nargs="+", default=(), metavar="NAME=VALUE", dest="changed")
    options = parser.parse_args()
    changed = {name: value for name, _, value in (one.partition("=") for one in options.changed)}
    for constant, value in changed.items():
        set_constant(constant, value)
    if options.export:
        for name in options.sets:
            collection = read_set(name, options.data).sampled(options.queries, SEED)
            write_beir(collection, options.export / collection.name)
        return
    encoder = load_encoder(precision=options.precision) if options.precision else None
    outcomes = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.sets:
            collection = read_set(name, options.data).sampled(options.queries, SEED)
            outcomes.append(measured(collection, options.corpora or Path(temporary), encoder))
            print(table(outcomes[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(outcomes)}")
    configuration = {
        "top_k": TOP_K,
        "queries": options.queries,
        "seed": SEED,
        "precision": options.precision,
        "with": changed,
    }
    write(outcomes, options.out, configuration)


if __name__ == "__main__":
    main()
