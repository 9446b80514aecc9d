"""A re-encoding that is broken off has only the rest left to do; until it is done the old vectors serve."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index.corpus import Corpus
from pincite.index.schema import FILE_NAME
from tests.fakes import CountingEncoder, FakeEncoder

from .zygote import Tell, Zygote

TEXTS = {f"{number}.txt": f"shared word{number} term{number % 3}" for number in range(8)}
MORE = "shared and new"


class Interrupted(FakeEncoder):
    """Encodes other vectors than ``FakeEncoder``; before each batch but the first ``batches``, something
    happens.
    """

    def __init__(self, name: str, batches: int = 0, happens: Callable[[], None] = lambda: None) -> None:
        super().__init__(name)
        self._left = batches
        self._happens = happens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._left -= 1
        if self._left < 0:
            self._happens()
        return np.roll(super().encode(texts), 1, axis=1)


class Rolled(CountingEncoder):
    """The encoder that ``Interrupted`` is, whole and counting."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.roll(super().encode(texts), 1, axis=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of eight documents, a passage each, and so a batch each."""
    with Corpus.open(tmp_path / "c", encoder=FakeEncoder()) as corpus:
        for source, text in TEXTS.items():
            corpus.add_text(text, source=source)
    return tmp_path / "c"


def fail() -> None:
    raise MemoryError


def break_off(folder: Path, name: str, batches: int) -> None:
    """Begin to change over to an encoder, and fail after some batches."""
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus, pytest.raises(MemoryError):
        corpus.reencode(Interrupted(name, batches, fail))


def reencode_and_die(tell: Tell, folder: str, batches: int) -> None:
    """The same, killed."""
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(Interrupted("other", batches, lambda: os.kill(os.getpid(), signal.SIGKILL)))


def staged(folder: Path) -> dict[str, int]:
    """How many vectors are set aside for which encoder, named as in ``FakeEncoder``."""
    names = {FakeEncoder(name).identity.weights_sha256: name for name in ("fake", "other", "third")}
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        rows = connection.execute("SELECT encoder, count(*) FROM staged GROUP BY encoder").fetchall()
    return {names[key.split()[0]]: count for key, count in rows}


def answers(folder: Path, encoder: FakeEncoder) -> list[tuple[str, float, float | None]]:
    with Corpus.open(folder, create=False, encoder=encoder) as corpus:
        assert corpus.verify() == []
        hits = corpus.search("shared word3 term1 new", top_k=100)
    return [(hit.passage.source, round(hit.score, 5), hit.dense_score) for hit in hits]


def fresh_answers(folder: Path, encoder: FakeEncoder, *further: str) -> list[tuple[str, float, float | None]]:
    """What a corpus finds that was never another encoder's."""
    with Corpus.open(folder, encoder=encoder) as corpus:
        for source, text in [*TEXTS.items(), *(("more.txt", text) for text in further)]:
            corpus.add_text(text, source=source)
    return answers(folder, encoder)


@pytest.mark.parametrize("batches", [0, 1, 5, 7])
@pytest.mark.parametrize("is_killed", [False, True])
def test_what_was_broken_off_goes_on_where_it_stopped(
    folder: Path, tmp_path: Path, forks: Zygote, batches: int, is_killed: bool
) -> None:
    before = answers(folder, FakeEncoder())
    if is_killed:
        assert forks.run(reencode_and_die, str(folder), batches).signal == signal.SIGKILL
    else:
        break_off(folder, "other", batches)
    assert staged(folder) == ({"other": batches} if batches else {})
    assert answers(folder, FakeEncoder()) == before
    rest = Rolled("other")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(rest)
        assert corpus.stats().encoder == rest.identity
    assert rest.encoded == list(TEXTS.values())[batches:]
    assert staged(folder) == {}
    assert answers(folder, rest) == fresh_answers(tmp_path / "fresh", Rolled("other"))


def test_what_has_changed_meanwhile_is_changed_over_too(folder: Path, tmp_path: Path) -> None:
    break_off(folder, "other", 5)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text(MORE, source="more.txt")
        rest = Rolled("other")
        corpus.reencode(rest)
    assert rest.encoded == [*list(TEXTS.values())[5:], MORE]
    assert answers(folder, rest) == fresh_answers(tmp_path / "fresh", Rolled("other"), MORE)


def test_what_was_set_aside_for_one_encoder_is_dropped_for_the_next(folder: Path) -> None:
    break_off(folder, "other", 5)
    break_off(folder, "third", 2)
    assert staged(folder) == {"third": 2}
    whole = Rolled("other")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(whole)
    assert whole.encoded == list(TEXTS.values())
    assert staged(folder) == {}


def test_the_same_weights_go_on_under_another_name(folder: Path) -> None:
    break_off(folder, "other", 5)
    renamed = Rolled("other")
    renamed.identity = replace(renamed.identity, name="elsewhere/other")
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(renamed)
        assert corpus.stats().encoder.name == "elsewhere/other"
    assert renamed.encoded == list(TEXTS.values())[5:]


def test_going_back_to_the_encoder_at_hand_drops_what_was_set_aside(folder: Path) -> None:
    before = answers(folder, FakeEncoder())
    break_off(folder, "other", 5)
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(FakeEncoder())
    assert staged(folder) == {}
    assert answers(folder, FakeEncoder()) == before


def test_the_old_vectors_serve_until_all_change_at_once(folder: Path) -> None:
    before = answers(folder, FakeEncoder())
    seen = []
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.reencode(Interrupted("other", 0, lambda: seen.append(answers(folder, FakeEncoder()))))
        assert corpus.verify() == []
    assert seen == [before] * len(TEXTS)
