"""pincite's part in ``speed.py``, in processes of its own: what peers are to encode, and indexing it, timed.

    python speed_pincite.py texts FILES OUT               # the texts that pincite embeds of FILES, as JSON
    python speed_pincite.py parts DATA FOLDER --parts 3   # SciFact's abstracts, dealt out, with their texts
    python speed_pincite.py index FILES FOLDER int8       # adds FILES to a new corpus, timed

What is embedded is taken down by an encoder that encodes nothing, which a corpus is made with. An abstract is
a Markdown file with its title as the heading, as in ``retrieval.py``. ``index`` loads the encoder before the
clock starts, and encodes one other text.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from testsets import Text, read_beir

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder, EncoderIdentity, load_encoder

SEED = 7
FIRST = "Twelve lamps burnt in the harbour that night."


class RecordingEncoder:
    """An ``Encoder`` that is another in all but ``encode``, which takes the texts down and returns zeros."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.texts: list[str] = []

    @property
    def identity(self) -> EncoderIdentity:
        return self._encoder.identity

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return np.zeros((len(texts), self.identity.dimension), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def known_share(self, text: str) -> float:
        return self._encoder.known_share(text)


def embedded(files: Path, encoder: Encoder) -> list[str]:
    """Return the texts that the encoder is given when the files are added to a new corpus."""
    recording = RecordingEncoder(encoder)
    with (
        tempfile.TemporaryDirectory() as folder,
        Corpus.open(Path(folder) / "corpus", encoder=recording) as corpus,
    ):
        corpus.add(files)
    return recording.texts


def deal(ids: Sequence[str], parts: int, most: int | None) -> list[list[str]]:
    """Return the ids dealt into parts at random, the same in every run; at most so many of them."""
    chosen = random.Random(SEED).sample(ids, len(ids))[:most]
    return [chosen[part::parts] for part in range(parts)]


def write_files(documents: Mapping[str, Text], ids: Sequence[str], folder: Path) -> None:
    """Write a file for each of the documents named."""
    folder.mkdir(parents=True)
    for number, id_ in enumerate(ids):
        document = documents[id_]
        content = f"# {' '.join(document.title.split())}\n\n{document.text}\n"
        (folder / f"{number:06d}.md").write_text(content, encoding="utf-8")


def write_texts(options: argparse.Namespace) -> None:
    texts = embedded(options.files, load_encoder())
    options.out.write_text(json.dumps(texts), encoding="utf-8")


def write_parts(options: argparse.Namespace) -> None:
    encoder = load_encoder()
    documents = read_beir(options.data / "beir" / "scifact").documents
    for part, ids in enumerate(deal(sorted(documents), options.parts, options.abstracts)):
        folder = options.folder / f"part-{part}"
        write_files(documents, ids, folder / "files")
        texts = embedded(folder / "files", encoder)
        size = {"passages": len(texts), "tokens": sum(encoder.count_tokens(texts))}
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        (folder / "size.json").write_text(json.dumps(size), encoding="utf-8")


def index(options: argparse.Namespace) -> None:
    with Corpus.open(options.folder, precision=options.precision) as corpus:
        corpus.encoder.encode([FIRST])
        started, cpu_started = time.perf_counter(), time.process_time()
        receipts = corpus.add(options.files)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    passages = sum(receipt.passages for receipt in receipts)
    print(json.dumps({"texts": passages, "seconds": seconds, "cpu_seconds": cpu_seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    texts = steps.add_parser("texts")
    texts.set_defaults(do=write_texts)
    texts.add_argument("files", type=Path)
    texts.add_argument("out", type=Path)
    parts = steps.add_parser("parts")
    parts.set_defaults(do=write_parts)
    parts.add_argument("data", type=Path)
    parts.add_argument("folder", type=Path)
    parts.add_argument("--parts", type=int, required=True)
    parts.add_argument("--abstracts", type=int)
    indexing = steps.add_parser("index")
    indexing.set_defaults(do=index)
    indexing.add_argument("files", type=Path)
    indexing.add_argument("folder", type=Path)
    indexing.add_argument("precision")
    options = parser.parse_args()
    options.do(options)


if __name__ == "__main__":
    main()
