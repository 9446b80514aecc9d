"""Measures a corpus of 10,000, 100,000 and a million passages through ``Corpus``, encoding left out.

    python benchmarks/corpus.py                      # all three sizes; the largest takes about an hour
    python benchmarks/corpus.py 10000 100000         # some

Text is ``zipf``'s, ten groups of one passage a document, each document added by ``add_text`` as a file would
be. Vectors are made up: 384-d, unit, in clumps of about 250, from the checksum of the text that is "encoded",
so that the encoder takes no time. A query is eight words of one passage. "dense" asks for words that are
nowhere, "lexical" in characters that the encoder does not know, "hybrid" has both. Recall is that of the ten
nearest found by "dense" against an exact search. Each size is searched in a fresh process with nothing else
in it. Prints a table and, with ``--out``, writes it as JSON.
"""

import argparse
import json
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zipf import batches, new_passage, queries

from pincite.index.corpus import Corpus
from pincite.index.encoder import EncoderIdentity

SIZES = (10_000, 100_000, 1_000_000)
DIMENSION = 384
PER_CLUMP = 250
PASSAGES_PER_DOCUMENT = 10
WORDS_PER_SENTENCE = 12
QUERIES = 300
ADDED = 20
YEARS = range(1925, 2025)
FILTERS = {"none": None, "30 %": {"year": {"gte": 1995}}, "1 %": {"year": 2024}}
UNKNOWN_TO_ENCODER = "词"
UNKNOWN_TO_CORPUS = "zzz"
VECTORS, KEYS = "vectors.f2", "keys.u4"


class MadeUpEncoder:
    """An ``Encoder`` whose vectors come from a checksum: near a clump's centre, at a cosine of 0.7."""

    def __init__(self, passages: int) -> None:
        self.identity = EncoderIdentity("made-up", f"{passages:064d}", DIMENSION, "float32")
        self.max_tokens = 140
        clumps = max(passages // PER_CLUMP, 1)
        self._centres = _unit(np.random.default_rng(1).standard_normal((clumps, DIMENSION), np.float32))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32, (n, 384)."""
        keys = [key_of(text) for text in texts]
        noise = [np.random.default_rng(key).standard_normal(DIMENSION, np.float32) for key in keys]
        centres = self._centres[np.array(keys) % len(self._centres)]
        return _unit(centres + _unit(np.array(noise)))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words."""
        return [len(text.split()) for text in texts]

    def known_share(self, text: str) -> float:
        """0 for a query that begins with the character that says so."""
        return float(not text.startswith(UNKNOWN_TO_ENCODER))


def key_of(text: str) -> int:
    """Return what stands for a text."""
    return zlib.crc32(text.encode())


def build(folder: Path, passages: int) -> dict[str, float]:
    """Make the corpus, and beside it the vectors that an exact search needs."""
    encoder = MadeUpEncoder(passages)
    started = time.perf_counter()
    told = spent = 0.0
    with (
        Corpus.open(folder / "corpus", encoder=encoder) as corpus,
        (folder / VECTORS).open("wb") as vectors,
        (folder / KEYS).open("wb") as keys,
    ):
        number = 0
        for batch in batches(passages):
            texts = [text_of(passage.terms) for passage in batch]
            spent -= time.perf_counter()
            vectors.write(encoder.encode(texts).astype("<f2").tobytes())
            keys.write(np.array([key_of(text) for text in texts], dtype="<u4").tobytes())
            spent += time.perf_counter()
            for start in range(0, len(texts), PASSAGES_PER_DOCUMENT):
                part = texts[start : start + PASSAGES_PER_DOCUMENT]
                text = "\n".join(f"Group {place} - {text}" for place, text in enumerate(part, start=1))
                year = YEARS[number % len(YEARS)]
                receipt = corpus.add_text(text, source=f"{number}.txt", metadata={"year": year})
                assert receipt.passages == len(part), receipt
                number += 1
            if time.perf_counter() > told + 30:
                told = time.perf_counter()
                print(f"{number * PASSAGES_PER_DOCUMENT:,} of {passages:,}", file=sys.stderr, flush=True)
    size = sum(file.stat().st_size for file in (folder / "corpus").iterdir())
    return {"build_s": time.perf_counter() - started - spent, "disk_mb": size / 1e6}


def measure(folder: Path, passages: int) -> dict[str, object]:
    """Open the corpus in this fresh process and search it."""
    encoder = MadeUpEncoder(passages)
    idle_mb = _rss_mb()
    asked = [" ".join(words) for words in queries(passages, QUERIES)["all words"]]
    kinds = {
        "dense": [f"{UNKNOWN_TO_CORPUS}{number}" for number in range(QUERIES)],
        "lexical": [f"{UNKNOWN_TO_ENCODER} {query}" for query in asked],
        "hybrid": asked,
    }
    started = time.perf_counter()
    with Corpus.open(folder / "corpus", create=False, encoder=encoder) as corpus:
        corpus.search(asked[0])
        first_s = time.perf_counter() - started
        found: dict[str, object] = {"open_s": first_s}
        for name, where in FILTERS.items():
            for kind, texts in kinds.items():
                found[f"{kind}, filter {name}"] = _latency(
                    lambda query, where=where: corpus.search(query, where=where), texts
                )
        found["rss_mb"] = _rss_mb()
        found["idle_mb"] = idle_mb
        found["recall"] = _recall(corpus, folder, encoder, kinds["dense"])
    return found


def add(folder: Path, passages: int) -> dict[str, object]:
    """Add documents of one passage to the corpus, one by one, each until it is found."""
    times = []
    with Corpus.open(folder / "corpus", create=False, encoder=MadeUpEncoder(passages)) as corpus:
        corpus.search("w1")
        for number in range(ADDED):
            terms = new_passage(passages + number).terms
            started = time.perf_counter()
            corpus.add_text(text_of(terms), source=f"added {number}.txt")
            (hit, *_) = corpus.search(f"{UNKNOWN_TO_ENCODER} {terms[0]}", top_k=1)
            times.append(time.perf_counter() - started)
            assert hit.passage.source == f"added {number}.txt"
    return {"add_p50_s": statistics.median(times), "add_max_s": max(times)}


def _recall(corpus: Corpus, folder: Path, encoder: MadeUpEncoder, texts: Sequence[str]) -> float:
    vectors = np.memmap(folder / VECTORS, dtype="<f2", mode="r").reshape(-1, DIMENSION)
    keys = np.fromfile(folder / KEYS, dtype="<u4")
    wanted = encoder.encode(texts)
    scores = np.concatenate(
        [
            vectors[start : start + 50_000].astype(np.float32) @ wanted.T
            for start in range(0, len(vectors), 50_000)
        ]
    )
    shares = []
    for number, text in enumerate(texts):
        nearest = {int(keys[row]) for row in np.argsort(-scores[:, number])[:10]}
        found = {key_of(hit.passage.text) for hit in corpus.search(text, top_k=10)}
        shares.append(len(nearest & found) / 10)
    return statistics.mean(shares)


def _latency(search: Callable[[str], object], texts: Sequence[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    times = []
    for text in texts:
        started = time.perf_counter()
        search(text)
        times.append(1000 * (time.perf_counter() - started))
    return tuple(np.percentile(times, [50, 95]).round(2).tolist())


def text_of(words: Sequence[str]) -> str:
    """Return words as sentences."""
    starts = range(0, len(words), WORDS_PER_SENTENCE)
    return " ".join(" ".join(words[start : start + WORDS_PER_SENTENCE]) + "." for start in starts)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


STEPS = {"build": build, "measure": measure, "add": add}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--folder", type=Path, help="where to make the corpora and leave them")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(
            json.dumps(
                STEPS[options.step](options.folder, options.sizes[0]),
            )
        )
        return
    results = {}
    for passages in options.sizes:
        folder = (options.folder or Path(tempfile.mkdtemp(prefix="pincite-bench-"))) / str(passages)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"building {passages:,} passages in {folder}", file=sys.stderr)
        results[passages] = {name: value for step in STEPS for name, value in _run(step, folder, passages)}
        print(json.dumps(results[passages]), file=sys.stderr, flush=True)
        if not options.folder:
            shutil.rmtree(folder.parent)
    print(table(results))
    if options.out:
        options.out.write_text(json.dumps({"machine": platform.processor(), "results": results}, indent=2))


def table(results: dict[int, dict[str, float]]) -> str:
    """Return the results as a Markdown table, a column for each size."""
    rows = list(next(iter(results.values())))
    lines = [["passages", *(f"{passages:,}" for passages in results)], ["---", *("---:" for _ in results)]]
    lines += [[row, *(_shown(result[row]) for result in results.values())] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: float | Sequence[float]) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else " / ".join(f"{one:.3g}" for one in value)


def _run(step: str, folder: Path, passages: int) -> Iterable[tuple[str, float]]:
    """Run one step in a process of its own; a corpus that is there already is not built again."""
    done = folder / f"{step}.json"
    if step != "build" or not done.exists():
        command = [sys.executable, __file__, str(passages), "--folder", str(folder), "--step", step]
        done.write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return json.loads(done.read_text()).items()


if __name__ == "__main__":
    main()
