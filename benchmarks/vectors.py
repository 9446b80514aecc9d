"""Measures what the vector index loses to half precision, to 8-bit codes and to looking into some lists only.

    python benchmarks/vectors.py DATA                        # DATA holds squad/ and beir/; about 40 minutes
    python benchmarks/vectors.py DATA --folder CACHE         # keeps the vectors there, for the next run
    python benchmarks/vectors.py DATA --part recall

"precision" is nDCG@10 of dense search alone on SQuAD's dev paragraphs, SciFact and SQuAD's sentences (a
question's only right passage counts 1 / log2(1 + rank)): from exact vectors, from those that the database
stores, and from a base of many lists, which the product has only above ``EXACT_UP_TO``, scored by its codes
and by the stored vectors.

"recall" has the sentences of SQuAD for passages and its questions for queries, since made-up vectors are
easier than real ones. Recall is of the ten nearest stored vectors, found by ``VectorIndex.search`` and put in
order by the stored vectors. Searches are timed one by one, with FAISS's threads as they are, and without the
reading of the stored vectors; of several rounds, each figure is the median. Prints Markdown tables.
"""

import argparse
import gzip
import hashlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import faiss
import numpy as np
from numpy.typing import NDArray

from pincite.index import vectors
from pincite.index.encoder import Encoder, load_encoder
from pincite.index.retrieval import CANDIDATES
from pincite.index.sentences import sentence_spans
from pincite.index.vectors import Base, Ids, Matrix, VectorIndex, read_vectors, stored_vector

SEED = 7
TOP_K = 10
QUESTIONS, QUERIES, ROUNDS = 3_000, 1_000, 3
PROBED_FOR_NDCG = (48, 128, 256)
PROBED = (16, 32, 48, 64, 96, 128, 192, 256, 384)
SIZES = (5_000, 10_000, 20_000, 50_000, 100_000)
ENCODED_AT_ONCE = ADDED_AT_ONCE = 8_192
ALL = sys.maxsize


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Passages, questions, and for each question the places of its relevant passages with their gains."""

    name: str
    passages: list[str]
    questions: list[str]
    relevant: list[dict[int, float]]


class Cache:
    """An encoder that keeps what it has encoded in a folder."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> Matrix:
        """float32, (n, dim)."""
        starts = range(0, len(texts), ENCODED_AT_ONCE)
        return np.concatenate([self._encode(texts[start : start + ENCODED_AT_ONCE]) for start in starts])

    def _encode(self, texts: Sequence[str]) -> Matrix:
        content = json.dumps([self._encoder.identity.weights_sha256, *texts]).encode()
        file = self._folder / f"{hashlib.sha256(content).hexdigest()[:16]}.npy"
        if not file.exists():
            print(f"encoding {len(texts):,} texts", file=sys.stderr, flush=True)
            np.save(file, self._encoder.encode(texts))
        return np.asarray(np.load(file), dtype=np.float32)


def paragraphs_of(file: Path) -> list[dict[str, Any]]:
    """Return SQuAD's paragraphs, each a ``context`` with its ``qas``."""
    articles = json.loads(gzip.decompress(file.read_bytes()))["data"]
    return [paragraph for article in articles for paragraph in article["paragraphs"]]


def squad_paragraphs(data: Path) -> LabelledSet:
    """A question's one relevant passage is the paragraph that it was asked of."""
    paragraphs = paragraphs_of(data / "squad" / "dev-v1.1.json.gz")
    asked = [(qa["question"], place) for place, one in enumerate(paragraphs) for qa in one["qas"]]
    return _sampled("SQuAD dev, paragraphs", [one["context"] for one in paragraphs], asked)


def squad_sentences(data: Path, most: int) -> LabelledSet:
    """A question's one relevant passage is the sentence with the answer, of those that occur only once."""
    places: dict[str, int] = {}
    asked = []
    for paragraph in (
        one for part in ("train", "dev") for one in paragraphs_of(data / f"squad/{part}-v1.1.json.gz")
    ):
        if len(places) >= most:
            break
        text = paragraph["context"]
        held = {
            span: places.setdefault(text[span.start : span.end], len(places)) for span in sentence_spans(text)
        }
        for qa in paragraph["qas"]:
            (answer, *_) = qa["answers"]
            start = answer["answer_start"]
            holding = [place for span, place in held.items() if span.start <= start < span.end]
            if holding and answer.get("occurrences", 1) == 1:
                asked.append((qa["question"], holding[0]))
    return _sampled("SQuAD, sentences", list(places), asked)


def beir(data: Path, name: str) -> LabelledSet:
    """The test queries of a BEIR set; a passage is a title and an abstract."""
    folder = data / "beir" / name.lower()
    passages = {row["_id"]: f"{row['title']}\n{row['text']}" for row in _rows(folder / "corpus.jsonl.gz")}
    queries = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl.gz")}
    places = {id_: place for place, id_ in enumerate(passages)}
    relevant: dict[str, dict[int, float]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, passage, gain = line.split("\t")
        relevant.setdefault(query, {})[places[passage]] = float(gain)
    asked = [queries[query] for query in relevant]
    return LabelledSet(name, list(passages.values()), asked, list(relevant.values()))


def precision(data: Path, cache: Cache, sentences: LabelledSet) -> Iterator[str]:
    """Yield the lines of the first table."""
    sets = [squad_paragraphs(data), beir(data, "SciFact"), sentences]
    columns = []
    for one in sets:
        found = rankings(cache.encode(one.passages), cache.encode(one.questions))
        columns.append({name: ndcg(ranking, one.relevant) for name, ranking in found.items()})
        exact, half, *_ = found.values()
        changed = [not np.array_equal(*pair) for pair in zip(exact, half, strict=True)]
        columns[-1]["questions whose ten float16 changes"] = f"{statistics.mean(changed):.1%}"
    sizes = [f"{one.name}: {len(one.passages):,} passages, {len(one.questions):,} questions" for one in sets]
    yield from table(["nDCG@10", *sizes], [[name, *(c[name] for c in columns)] for name in columns[0]])


def rankings(passages: Matrix, queries: Matrix) -> dict[str, list[Ids]]:
    """Return for each way to keep vectors the ten nearest passages of each query, best first."""
    stored = as_stored(passages)
    index = index_of(stored, lists_by_formula(len(stored)))
    ways: dict[str, Callable[[NDArray[np.float32]], Ids]] = {
        "float32": lambda query: nearest(passages, query),
        "float16, as stored": lambda query: nearest(stored, query),
        "8-bit codes, all lists, scored by the codes": lambda query: index.search(query, TOP_K).ids,
        "8-bit codes, all lists, scored by float16": lambda query: found_by(index, stored, query),
    }
    with patch.multiple(vectors, probed_of=lambda _: ALL):
        ranked = {name: [rank(query) for query in queries] for name, rank in ways.items()}
    for probed in PROBED_FOR_NDCG:
        with patch.multiple(vectors, probed_of=lambda _, probed=probed: probed):
            ranked[f"8-bit codes, {probed} lists, scored by float16"] = [
                found_by(index, stored, query) for query in queries
            ]
    return ranked


def ndcg(ranked: Sequence[Ids], relevant: Sequence[dict[int, float]]) -> str:
    """Return the mean nDCG@10."""

    def discounted(gains: Sequence[float]) -> float:
        return sum(gain / float(np.log2(rank + 1)) for rank, gain in enumerate(gains[:TOP_K], start=1))

    shares = [
        discounted([gains.get(id_, 0.0) for id_ in ids.tolist()])
        / discounted(sorted(gains.values(), reverse=True))
        for ids, gains in zip(ranked, relevant, strict=True)
    ]
    return f"{statistics.mean(shares):.4f}"


def recall(_: Path, cache: Cache, sentences: LabelledSet) -> Iterator[str]:
    """Yield the lines of the other two tables."""
    stored = as_stored(cache.encode(sentences.passages))
    queries = cache.encode(sentences.questions)[:QUERIES]
    usual = lists_by_formula(len(stored))
    yield f"{len(stored):,} sentences, {len(queries):,} questions; {os.cpu_count()} cores, load {_load()}"
    yield ""
    rows = [row for lists in (usual // 2, usual, usual * 2) for row in by_probed(stored, queries, lists)]
    yield from table(["lists", "probed", "recall@10", "p50 ms", "p95 ms"], rows)
    yield ""
    stored = stored[np.random.default_rng(SEED).permutation(len(stored))]
    header = ["passages", "exact p50 / p95 ms", "lists", *(f"{probed} probed" for probed in PROBED)]
    yield from table(header, [by_size(stored[:size], queries) for size in SIZES if size <= len(stored)])
    yield ""
    yield f"load {_load()}"


def by_probed(stored: Matrix, queries: Matrix, lists: int) -> Iterator[list[str]]:
    """Yield a row for each number of lists that a query looks into."""
    nearest_ten = [nearest(stored, query) for query in queries]
    index = index_of(stored, lists)
    for probed in PROBED:
        with patch.multiple(vectors, probed_of=lambda _, probed=probed: probed):
            share = recall_of(index, stored, queries, nearest_ten)
            p50, p95 = latency(index, queries)
        yield [f"{lists:,}", str(probed), f"{share:.4f}", f"{p50:.2f}", f"{p95:.2f}"]


def by_size(stored: Matrix, queries: Matrix) -> list[str]:
    """Return a row: exact search beside recall and median of the many lists."""
    p50, p95 = latency(index_of(stored, 1), queries)
    lists = lists_by_formula(len(stored))
    rows = by_probed(stored, queries, lists)
    cells = [f"{share} in {milliseconds} ms" for _, _, share, milliseconds, _ in rows]
    return [f"{len(stored):,}", f"{p50:.2f} / {p95:.2f}", f"{lists:,}", *cells]


def recall_of(index: VectorIndex, stored: Matrix, queries: Matrix, wanted: Sequence[Ids]) -> float:
    """Return the share of the ``wanted`` passages that are found."""
    found = [found_by(index, stored, query) for query in queries]
    return statistics.mean(len(np.intersect1d(*pair)) / TOP_K for pair in zip(found, wanted, strict=True))


def latency(index: VectorIndex, queries: Matrix) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    rounds = []
    for _ in range(ROUNDS):
        times = []
        for query in queries:
            started = time.perf_counter()
            index.search(query, CANDIDATES)
            times.append(1000 * (time.perf_counter() - started))
        rounds.append(np.percentile(times, [50, 95]))
    p50, p95 = np.median(rounds, axis=0).tolist()
    return p50, p95


def index_of(stored: Matrix, lists: int) -> VectorIndex:
    """Return an index as ``projection`` makes it, but with so many lists; a passage's id is its place."""
    count, dimension = stored.shape
    with patch.multiple(vectors, lists_for=lambda _: lists):
        wanted = vectors.sample_size(count)
        sample = stored[:: max(count // wanted, 1)] if wanted else stored[:0]
        index = vectors.new_index(sample, dimension, count)
    ids = np.arange(count)
    places = [slice(start, start + ADDED_AT_ONCE) for start in range(0, count, ADDED_AT_ONCE)]
    vectors.add_to(index, ((ids[place], stored[place]) for place in places))
    return VectorIndex(Base(index, 1, count - 1, count), ids[:0], stored[:0], ids[:0], 1)


def lists_by_formula(count: int) -> int:
    """Return how many lists a base has where it has many."""
    with patch.multiple(vectors, EXACT_UP_TO=0):
        return vectors.lists_for(count)


def as_stored(passages: Matrix) -> Matrix:
    """Return vectors as they come out of the database."""
    return read_vectors(b"".join(map(stored_vector, passages)), passages.shape[1])


def found_by(index: VectorIndex, stored: Matrix, query: NDArray[np.float32]) -> Ids:
    """Return the ten best of the index's candidates, as ``retrieval`` scores them."""
    ids = np.sort(index.search(query, CANDIDATES).ids)
    return ids[nearest(stored[ids], query)]


def nearest(passages: Matrix, query: NDArray[np.float32]) -> Ids:
    """Return the places of the ten nearest passages, best first."""
    scores = passages @ query
    best = np.argpartition(scores, -TOP_K)[-TOP_K:]
    return best[np.lexsort((best, -scores[best]))]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    for cells in (header, ["---", *("---:" for _ in header[1:])], *rows):
        yield f"| {' | '.join(cells)} |"


def _sampled(name: str, passages: list[str], asked: list[tuple[str, int]]) -> LabelledSet:
    sample = random.Random(SEED).sample(asked, QUESTIONS)
    return LabelledSet(name, passages, [one for one, _ in sample], [{place: 1.0} for _, place in sample])


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


PARTS = {"precision": precision, "recall": recall}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, help="where to keep the vectors")
    parser.add_argument("--sentences", type=int, default=ALL, help="stop after about so many")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this")
    options = parser.parse_args()
    print(f"faiss {faiss.__version__}, {faiss.omp_get_max_threads()} threads; {' '.join(sys.argv[1:])}\n")
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(options.folder or Path(folder), load_encoder())
        sentences = squad_sentences(options.data, options.sentences)
        for part in options.part or PARTS:
            for line in PARTS[part](options.data, cache, sentences):
                print(line, flush=True)
            print()


if __name__ == "__main__":
    main()
