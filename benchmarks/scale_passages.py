"""The made-up passages of ``corpus.py``, as files: ten passages a file, and a folder for each year.

The year is metadata of its files, so that a filter can leave a part. The encoder is ``corpus.py``'s, which
takes no time to speak of: what is measured is reading, splitting and, above all, the store.
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from corpus import PASSAGES_PER_DOCUMENT, text_of
from zipf import batches, queries

from pincite.index.corpus import Corpus
from pincite.index.ingestion import Progress
from pincite.index.records import Receipt

YEARS = range(2015, 2025)
FILTERS = {"none": None, "30 %": {"year": {"gte": 2022}}}


def write_files(folder: Path, passages: int) -> int:
    """Write the first so many passages into files, if they are not there; return how many files."""
    number = 0
    for year in YEARS:
        (folder / str(year)).mkdir(parents=True, exist_ok=True)
    for batch in batches(passages):
        texts = [text_of(passage.terms) for passage in batch]
        for start in range(0, len(texts), PASSAGES_PER_DOCUMENT):
            part = texts[start : start + PASSAGES_PER_DOCUMENT]
            file = folder / str(YEARS[number % len(YEARS)]) / f"{number:06}.txt"
            if not file.exists():
                content = "\n".join(f"Group {place} - {text}" for place, text in enumerate(part, start=1))
                file.write_text(content, encoding="utf-8")
            number += 1
    return number


def add_all(
    corpus: Corpus, folder: Path, progress: Callable[[Progress], None] | None = None
) -> tuple[list[Receipt], list[float]]:
    """Add the files year by year; return their receipts, and the seconds that each year took."""
    receipts, seconds = [], []
    for year in YEARS:
        started = time.perf_counter()
        receipts.append(corpus.add(folder / str(year), metadata={"year": year}, progress=progress))
        seconds.append(time.perf_counter() - started)
        print(f"{year}: {seconds[-1]:.0f} s", file=sys.stderr, flush=True)
    return list(chain.from_iterable(receipts)), seconds


def asked(passages: int, count: int) -> Sequence[str]:
    """Return queries of eight words of one passage each: found by their words and by their vector."""
    return [" ".join(words) for words in queries(passages, count)["all words"]]
