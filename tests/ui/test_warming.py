"""What the first question needs is loaded before it is asked."""

import gc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.index.corpus import Corpus
from pincite.ui.warming import uncollected, warming
from tests.fakes import CountingEncoder


class Breaking(CountingEncoder):
    """Fails once it is broken."""

    is_broken = False

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.is_broken:
            raise RuntimeError("it is broken")
        return super().encode(texts)


def test_something_was_asked_by_the_end(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    with Corpus.open(tmp_path / "corpus", encoder=encoder) as corpus:
        corpus.add_text("The ferry to Oban leaves at nine.", source="ferry.txt")
        encoder.encoded.clear()
        with warming(corpus):
            pass
    assert any("?" in text for text in encoder.encoded)


def test_a_corpus_without_passages_loads_nothing(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    with Corpus.open(tmp_path / "corpus", encoder=encoder) as corpus, warming(corpus):
        pass
    assert encoder.encoded == []


def test_what_cannot_be_loaded_is_left_to_the_first_question(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    encoder = Breaking()
    with Corpus.open(tmp_path / "corpus", encoder=encoder) as corpus:
        corpus.add_text("The ferry to Oban leaves at nine.", source="ferry.txt")
        encoder.is_broken = True
        with warming(corpus):
            pass
        assert capfd.readouterr().err == ""
        with pytest.raises(RuntimeError, match="broken"):
            corpus.search("where is Oban?")


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_is_looked_for_as_before_once_the_page_has_started(is_enabled: bool) -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise KeyError

    before = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        with pytest.raises(KeyError), uncollected():
            fail()
        assert gc.isenabled() == is_enabled
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
