"""Stand-ins for slow parts, deterministic and instant."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pincite.index.encoder import EncoderIdentity

WORD = re.compile(r"\w+")
DIMENSION = 64


class FakeEncoder:
    """An ``Encoder`` that counts words: texts with more words in common have the higher similarity.

    A token is a run of letters and digits, in any script; ``known_share`` is that of ASCII characters.
    """

    def __init__(self, name: str = "fake", *, max_tokens: int = 64) -> None:
        weights_sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.identity = EncoderIdentity(name, weights_sha256, DIMENSION, "float32")
        self.max_tokens = max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Each word adds one to the place that its checksum names; no words, the first place."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in WORD.findall(text.lower())[: self.max_tokens]:
                row[zlib.crc32(word.encode()) % DIMENSION] += 1
            if not row.any():
                row[0] = 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words in each text."""
        return [len(WORD.findall(text)) for text in texts]

    def known_share(self, text: str) -> float:
        """The share of the characters, spaces aside, that are ASCII."""
        visible = [character for character in text if not character.isspace()]
        return sum(character.isascii() for character in visible) / len(visible) if visible else 1.0


class CountingEncoder(FakeEncoder):
    """Keeps the texts that it encodes, of passages and of queries."""

    def __init__(self, name: str = "fake", *, max_tokens: int = 64) -> None:
        super().__init__(name, max_tokens=max_tokens)
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As ``FakeEncoder`` does."""
        self.encoded += texts
        return super().encode(texts)
