"""Measures how many pages of PDF a second pincite reads, beside pypdf and pdfminer.six.

    python benchmarks/pdf.py DATA                          # DATA is a folder with PDFs, searched to any depth
    python benchmarks/pdf.py DATA --json pdf.json          # also writes the figures there

Every file that all three read goes in; the others are counted. Each reader extracts each file's text from
bytes in memory, one file after another, in one process, three times round; a round is a reader's seconds for
all files, and its figure the median round. pincite does what it does for a corpus: reading order, headings,
furniture, hyphens and the place of each character. Without its OCR. Prints a Markdown table.
"""

import argparse
import io
import json
import logging
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import pdfminer.high_level
import pypdf
import pypdfium2

from pincite.index.formats import File, pdf

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """One reader's: ``seconds`` for all files is the median of the ``rounds``."""

    reader: str
    seconds: float
    pages_per_second: float
    characters: int
    rounds: list[float]


def by_pincite(content: bytes) -> str:
    (document,) = pdf.read(File("a.pdf", content))
    return document.text


def by_pypdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def by_pdfminer(content: bytes) -> str:
    return str(pdfminer.high_level.extract_text(io.BytesIO(content)))


def by_pdfium(content: bytes) -> str:
    """PDFium's own text, as pypdfium2 gives it: the least that pincite could take."""
    document = pypdfium2.PdfDocument(content)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text


READERS: dict[str, Callable[[bytes], str]] = {
    "pincite": by_pincite,
    "pypdf": by_pypdf,
    "pdfminer.six": by_pdfminer,
    "pypdfium2, text only": by_pdfium,
}


def readable(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the PDFs that every reader reads."""
    for path in sorted(folder.rglob("*.pdf")):
        content = path.read_bytes()
        try:
            for read in READERS.values():
                read(content)
        except Exception as error:  # noqa: BLE001 -- whatever another library raises
            print(f"left out: {path.name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        yield path, content


def measure(files: Sequence[bytes], pages: int) -> list[Figures]:
    """Read all files with each reader in turn, round by round."""
    rounds: dict[str, list[float]] = {name: [] for name in READERS}
    characters = dict.fromkeys(READERS, 0)
    for _ in range(ROUNDS):
        for name, read in READERS.items():
            started = time.perf_counter()
            characters[name] = sum(len(read(content)) for content in files)
            rounds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(seconds) for name, seconds in rounds.items()}
    return [
        Figures(name, medians[name], pages / medians[name], characters[name], rounds[name])
        for name in READERS
    ]


def table(figures: Sequence[Figures]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| | pages a second | seconds for all | characters found |"
    yield "| --- | ---: | ---: | ---: |"
    for one in figures:
        yield (
            f"| {one.reader} | {one.pages_per_second:,.1f} | {one.seconds:.2f} "
            f"({min(one.rounds):.2f}–{max(one.rounds):.2f}) | {one.characters:,} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with patch.object(pdf, "is_installed", lambda: False):
        files = [content for _, content in readable(options.data)]
        pages = sum(len(pypdfium2.PdfDocument(content)) for content in files)
        figures = measure(files, pages)
    versions = {name: version(name) for name in ("pypdf", "pdfminer.six", "pypdfium2")}
    load = f"{os.getloadavg()[0]:.1f}"
    print(f"{len(files)} files, {pages} pages; {versions}; {os.cpu_count()} cores, load {load}\n")
    print("\n".join(table(figures)))
    if options.json:
        found = {"files": len(files), "pages": pages, "versions": versions, "load": load}
        options.json.write_text(json.dumps({**found, "figures": [asdict(one) for one in figures]}, indent=1))


if __name__ == "__main__":
    main()
