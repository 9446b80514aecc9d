"""Keeps what was encoded last while a corpus is open, so that a question that comes again is not encoded
again, nor the sentences that it is reranked by.

Texts that were encoded in one call are kept as one: in a batch the last bits of a vector depend on what
stands beside it, and a ranking must not depend on what was asked before.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pincite.index.encoder import Encoder, EncoderIdentity
from pincite.index.vectors import Matrix

REMEMBERED = 256
LONGEST = 10_000
"""Characters of the texts of a call; those of longer ones are not kept."""

Encode = Callable[[Sequence[str]], Matrix]


class RememberedEncodings:
    """The vectors of the last ``REMEMBERED`` calls, by encoder and texts: 2 MB at most for questions and 384
    dimensions. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[EncoderIdentity, tuple[str, ...]], Matrix] = OrderedDict()
        self._guard = threading.Lock()

    def encode(self, encoder: Encoder, texts: Sequence[str]) -> Matrix:
        """Return what ``encoder`` makes of ``texts``, which is not to be written to."""
        if sum(map(len, texts)) > LONGEST:
            return encoder.encode(texts)
        key = (encoder.identity, tuple(texts))
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        vectors = encoder.encode(texts).copy()  # an encoder may go on with its own
        vectors.flags.writeable = False
        with self._guard:
            self._kept[key] = vectors
            self._kept.move_to_end(key)
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return vectors
