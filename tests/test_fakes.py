"""The stand-ins keep the contracts of what they stand for."""

import numpy as np

from tests.fakes import FakeEncoder


def test_the_fake_encoder_ranks_by_shared_words(fake_encoder: FakeEncoder) -> None:
    vectors = fake_encoder.encode(["the river bank", "a bank by the river", "quantum"])
    similarities = vectors @ vectors[0]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors.dtype == np.float32
    assert similarities[0] > similarities[1] > similarities[2]


def test_the_fake_encoder_encodes_nothing_to_no_rows(fake_encoder: FakeEncoder) -> None:
    assert fake_encoder.encode([]).shape == (0, fake_encoder.identity.dimension)
    assert fake_encoder.encode(["", "--"])[:, 0].tolist() == [1, 1]


def test_the_fake_encoder_reads_no_further_than_its_window() -> None:
    short, long = FakeEncoder(max_tokens=2).encode(["one two", "one two three"])
    assert short.tolist() == long.tolist()


def test_the_fake_encoder_counts_words_and_knows_ascii(fake_encoder: FakeEncoder) -> None:
    assert fake_encoder.count_tokens(["", "two words", "新加坡"]) == [0, 2, 1]
    assert fake_encoder.known_share("ab 新加") == 0.5
    assert fake_encoder.known_share(" ") == 1.0
