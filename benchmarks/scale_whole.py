"""Measures a corpus on a whole Milvus, 2.3.5. It has no BM25: searches are by vector.

    make test-full-milvus                                      # fetches that Milvus
    python benchmarks/scale_whole.py --passages 100000

The passages are those of ``scale_wire``: a tenth is added, the rest copied from a folder. Unlike Milvus Lite,
this server has its readers wait for what was just written. Prints Markdown.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path

from corpus import MadeUpEncoder
from scale_passages import FILTERS, add_all, asked, write_files
from scale_wire import CORPUS, FILES, add_tenth, copy_rest, search_all, tell, verify
from speed_figures import late

from pincite.index.corpus import Corpus

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import full_milvus

TEXTS = 100


def measure(folder: Path, passages: int, queries: int) -> list[tuple[str, str]]:
    """Store and search so many passages; return what that took."""
    encoder = MadeUpEncoder(passages)
    server = full_milvus.FullMilvus(folder / "server")
    full_milvus.without_words()
    try:
        with chdir(folder), Corpus.open(CORPUS, encoder=encoder) as original:
            address = server.location()
            write_files(Path(FILES), passages)
            tell(f"adding {passages:,} passages to a folder")
            add_all(original, Path(FILES))
            with Corpus.open(address, encoder=encoder) as corpus:
                tell("adding a tenth to the server")
                added, adding = add_tenth(corpus)
                tell(f"copying the rest: {adding:.0f} s for a tenth")
                copied, copying = copy_rest(original, address)
                assert corpus.stats().passages == passages == added + copied
                tell(f"searching: {copying:.0f} s for copying")
                found = search_all(corpus, asked(passages, queries)).milliseconds
                texts = _texts(corpus)
                tell("verifying")
                findings, verifying = verify(corpus)
                assert findings == []
            started = time.perf_counter()
            Corpus.open(address, encoder=encoder).close()
            opening = time.perf_counter() - started
    finally:
        server.stop()
    return [
        (f"{passages:,} passages, 10 a file", "Milvus 2.3.5"),
        ("---", "---:"),
        ("added, passages a second", f"{added / adding:,.0f}"),
        ("copied, passages a second", f"{copied / copying:,.0f}"),
        *(
            (
                f"search by vector, ms, filter {name}, p50 / p95",
                f"{statistics.median(one):.0f} / {late(one):.0f}",
            )
            for name, one in ((name, found[name]) for name in FILTERS)
        ),
        ("a document's text, ms, p50 / p95", f"{statistics.median(texts):.0f} / {late(texts):.0f}"),
        ("`verify`, seconds", f"{verifying:.0f}"),
        ("opening, seconds", f"{opening:.2f}"),
    ]


def _texts(corpus: Corpus) -> list[float]:
    times = []
    for document in corpus.documents()[:TEXTS]:
        started = time.perf_counter()
        corpus.text(document.document_id)
        times.append((time.perf_counter() - started) * 1e3)
    return times


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure a corpus on a whole Milvus.")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=100, help="with each filter")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), options.passages, options.searches)
    print("\n".join(f"| {name} | {figure} |" for name, figure in rows))


if __name__ == "__main__":
    main()
