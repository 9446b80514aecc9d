"""What ranks where: test collections searched in a folder and in its copy on a server.

The folder is ``retrieval.py``'s, made once or found; ``Corpus.copy`` makes the other, without encoding.
Measured is what ``retrieval.py`` measures, and for questions how often both stores have the same first hit,
and ``pincite.ask`` the same first citation.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retrieval import SEED, TOP_K, Run, corpus_of, evaluated
from scale_server import LiteServer
from testsets import TestSet

import pincite

SHOWN = ("nDCG@10", "R@100", "P@1")
PASSAGES_READ = 8

Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """A collection's measures in the folder and on the server, and how the copy came about."""

    name: str
    queries: int
    passages: int
    copy_seconds: float
    folder: dict[str, float]
    server: dict[str, float]
    same_first: float

    @property
    def points_apart(self) -> float:
        """The points of nDCG@10 by which the server is ahead."""
        return 100 * (self.server["nDCG@10"] - self.folder["nDCG@10"])


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of so many questions the share for which both stores have the same first hit, and of so many the share
    for which an answer has the same first citation, or in neither store one.
    """

    questions: int
    same_first_hit: float
    asked: int
    same_first_citation: float


@contextmanager
def both(
    collection: TestSet, corpora: Path, server: LiteServer
) -> Iterator[tuple[pincite.Corpus, pincite.Corpus, dict[str, str], float]]:
    """Yield the collection's corpus in a folder, its copy on the server, the document's id for each source,
    and the seconds that copying took.
    """
    with corpus_of(collection, corpora) as (folder, names, _):
        address = server.corpus(collection.name.replace("-", "_"))
        print(f"copying {collection.name}", file=sys.stderr, flush=True)
        started = time.perf_counter()
        folder.copy(address)
        seconds = time.perf_counter() - started
        server.seal()
        with pincite.Corpus.open(address, create=False) as copy:
            yield folder, copy, names, seconds


def compare(collection: TestSet, corpora: Path, server: LiteServer) -> Compared:
    """Search all of a collection's queries in both stores."""
    with both(collection, corpora, server) as (folder, copy, names, seconds):
        runs: list[Run] = [{}, {}]
        same = []
        for query, text in collection.queries.items():
            found = [corpus.search(text, top_k=TOP_K) for corpus in (folder, copy)]
            same.append(_first(found[0]) == _first(found[1]))
            for run, hits in zip(runs, found, strict=True):
                run[query] = list(dict.fromkeys(names[hit.passage.source] for hit in hits))
        measures = [evaluated(collection, run) for run in runs]
        return Compared(
            collection.name,
            len(collection.queries),
            copy.stats().passages,
            seconds,
            measures[0],
            measures[1],
            statistics.mean(same),
        )


def agree(collection: TestSet, corpora: Path, server: LiteServer, questions: int, asked: int) -> Agreement:
    """Put some of the collection's queries to both stores."""
    texts = list(collection.sampled(questions, SEED).queries.values())
    with both(collection, corpora, server) as (folder, copy, _, _):
        hits = [_first(folder.search(text, top_k=1)) == _first(copy.search(text, top_k=1)) for text in texts]
        citations = [_cited(text, folder) == _cited(text, copy) for text in texts[:asked]]
    return Agreement(len(hits), statistics.mean(hits), len(citations), statistics.mean(citations))


def _first(hits: Sequence[pincite.Hit]) -> list[Place]:
    return [(hit.passage.document_id, hit.passage.start, hit.passage.end) for hit in hits[:1]]


def _cited(question: str, corpus: pincite.Corpus) -> list[Place]:
    citations = pincite.ask(question, corpus, top_k=PASSAGES_READ).citations
    return [(one.document_id, one.start, one.end) for one in citations[:1]]


def table(found: Sequence[Compared]) -> str:
    """Return the collections as a Markdown table."""
    lines = [
        f"| | queries | passages | {' | '.join(f'{name}, folder / server' for name in SHOWN)} | points of"
        " nDCG@10 apart | same first hit | copied, passages/s |",
        "| --- |" + " ---: |" * (len(SHOWN) + 5),
    ]
    for one in found:
        pairs = " | ".join(f"{one.folder[name]:.4f} / {one.server[name]:.4f}" for name in SHOWN)
        lines.append(
            f"| {one.name} | {one.queries:,} | {one.passages:,} | {pairs} | {one.points_apart:+.2f} |"
            f" {one.same_first:.1%} | {one.passages / one.copy_seconds:,.0f} |"
        )
    return "\n".join(lines)


def sentence(one: Agreement, name: str) -> str:
    """Return the agreement as a line."""
    return (
        f"{name}: the same first hit for {one.same_first_hit:.1%} of {one.questions} questions, the same"
        f" first citation for {one.same_first_citation:.1%} of {one.asked}"
    )
