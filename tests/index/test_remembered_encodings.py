"""What was encoded last is kept, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index.corpus import Corpus
from pincite.index.remembered_encodings import REMEMBERED, RememberedEncodings
from tests.fakes import CountingEncoder, FakeEncoder


def test_what_comes_again_is_not_encoded_again() -> None:
    encodings, encoder = RememberedEncodings(), CountingEncoder()
    first = [encodings.encode(encoder, texts) for texts in (["oak"], ["elm", "oak"], ["oak"], ["elm", "oak"])]
    assert encoder.encoded == ["oak", "elm", "oak"]
    assert [each.tolist() for each in first] == [
        FakeEncoder().encode(texts).tolist() for texts in (["oak"], ["elm", "oak"]) * 2
    ]


def test_two_encoders_are_not_taken_for_one() -> None:
    encodings, one, other = RememberedEncodings(), CountingEncoder("one"), CountingEncoder("other")
    for encoder in (one, other, one):
        encodings.encode(encoder, ["oak"])
    assert one.encoded == other.encoded == ["oak"]


def test_only_the_last_are_kept() -> None:
    encodings, encoder = RememberedEncodings(), CountingEncoder()
    for number in range(REMEMBERED):
        encodings.encode(encoder, [f"w{number}"])
    encodings.encode(encoder, ["w0"])  # now the last that was used
    encodings.encode(encoder, ["another"])
    del encoder.encoded[:]
    encodings.encode(encoder, ["w0"])
    encodings.encode(encoder, ["w1"])
    assert encoder.encoded == ["w1"]


def test_nobody_can_change_what_is_kept() -> None:
    vectors = RememberedEncodings().encode(FakeEncoder(), ["oak"])
    with pytest.raises(ValueError, match="read-only"):
        vectors[0, 0] = 1


class OneRowEncoder(FakeEncoder):
    """Writes every vector into one array, and returns that."""

    def __init__(self) -> None:
        super().__init__()
        self.row = super().encode(["nothing yet"])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As ``FakeEncoder`` does, for one text."""
        self.row[:] = super().encode(texts)
        return self.row


def test_an_encoder_may_go_on_with_the_array_that_it_returned() -> None:
    encodings, encoder = RememberedEncodings(), OneRowEncoder()
    oak = encodings.encode(encoder, ["oak"]).tolist()
    assert encodings.encode(encoder, ["elm"]).tolist() != oak
    assert encodings.encode(encoder, ["oak"]).tolist() == oak


def test_threads_get_the_same_as_one() -> None:
    encodings, encoder = RememberedEncodings(), FakeEncoder()
    texts = [[f"w{number % 300}", "oak"] for number in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: encodings.encode(encoder, each).tolist(), texts))
    assert found == [encoder.encode(each).tolist() for each in texts]


def test_a_question_that_comes_again_finds_what_was_added_since_without_being_encoded(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    with Corpus.open(tmp_path / "c", encoder=encoder) as corpus:
        corpus.add_text("The mill has gates.", source="old")
        corpus.search("What has the mill?")
        corpus.add_text("The mill has gates. It has a wheel.", source="old")
        del encoder.encoded[:]
        (hit,) = corpus.search("What has the mill?")
    assert hit.passage.text == "The mill has gates. It has a wheel."
    assert encoder.encoded == []
