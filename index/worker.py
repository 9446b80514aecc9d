"""What is done for a corpus on another machine: files are read and split, texts encoded. Nothing is kept.

Whose process this is in, and how it is asked, is left to ``ray_cluster``; who asks, to ``spread``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Metadata
from pincite.index.encoder import Encoder
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File
from pincite.index.formats.process import ReadingProcess
from pincite.index.ingestion import Unencoded, split_and_pack
from pincite.index.offers import reason_for

_TOLD_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Sent:
    """A file, sent to be read and split."""

    source: str
    name: str
    content: bytes = field(repr=False)
    password: str | None = field(repr=False)
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Pages:
    """How many pages of a file have been read, and of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is nothing to be had from a file."""

    reason: str


Outcome = Unencoded | Unreadable


class Worker:
    """Reads and encodes, one thing at a time, on one core."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._reading = ReadingProcess()

    def read(self, files: Sequence[Sent]) -> Iterator[Pages | Outcome]:
        """Yield the outcome of each file, in order, and before it now and then the pages that are read."""
        with ThreadPoolExecutor(1, "pincite-reading") as side:
            for file in files:
                told: SimpleQueue[Pages | None] = SimpleQueue()
                outcome = side.submit(self._outcome, file, told)
                while (pages := told.get()) is not None:
                    yield pages
                yield outcome.result()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``: one by one, since an encoder takes all cores for several."""
        return np.concatenate([self._encoder.encode([text]) for text in texts])

    def _outcome(self, sent: Sent, told: SimpleQueue[Pages | None]) -> Outcome:
        tell = _TellingNowAndThen(told)
        try:
            documents = self._reading.read(File(sent.name, sent.content, sent.password, tell))
            return split_and_pack(documents, sent.source, sent.metadata, self._encoder, lambda _keys: {})
        except (UnsupportedDocument, OSError) as error:
            return Unreadable(reason_for(error))
        finally:
            told.put(None)


class _TellingNowAndThen:
    """Passes pages on, not all of them: a reader may tell of thousands in a second."""

    def __init__(self, told: SimpleQueue[Pages | None]) -> None:
        self._told = told
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._last >= _TOLD_EVERY:
            self._last = now
            self._told.put(Pages(done, total))
