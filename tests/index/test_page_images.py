"""The page of a PDF with words marked on it, drawn from the file that was indexed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pincite.index.corpus import Corpus
from pincite.index.errors import DocumentNotFound, UnsupportedDocument
from tests.conftest import SEEDS
from tests.fakes import FakeEncoder


@pytest.fixture
def corpus(tmp_path: Path, location: str) -> Iterator[Corpus]:
    shutil.copy(SEEDS / "observatory-visit.pdf", tmp_path / "visit.pdf")
    shutil.copy(SEEDS / "tidal-mill.md", tmp_path)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        assert [receipt.status for receipt in corpus.add("tidal-mill.md", "visit.pdf")] == ["added"] * 2
        yield corpus


def pixels(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int16)


def marked(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where the image is yellow."""
    red, _, blue = np.moveaxis(pixels(png), 2, 0)
    return np.asarray(red - blue > 80, dtype=np.bool_)


def test_the_words_of_a_span_are_marked_on_their_page(corpus: Corpus) -> None:
    visit = corpus.find("visit.pdf")
    text = corpus.text(visit)
    start = text.index("Edith Varley")
    plain, shown = corpus.page_image(visit, start, start), corpus.page_image(visit, start, start + 12)
    assert not marked(plain).any()
    rows, columns = np.nonzero(marked(shown))
    height, width = marked(shown).shape
    assert rows.max() - rows.min() < height / 30
    assert width / 40 < columns.max() - columns.min() < width / 3
    # Under the mark is ink, and around it everything is as it was.
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert pixels(plain)[box].min() < 100
    outside = np.ones((height, width), dtype=np.bool_)
    outside[box] = False
    assert np.array_equal(pixels(plain)[outside], pixels(shown)[outside])


def test_of_a_span_over_two_pages_each_page_shows_its_own_part(corpus: Corpus) -> None:
    visit = corpus.find("visit.pdf")
    text = corpus.text(visit)
    second = text.index("How the observatory began")
    assert np.array_equal(
        pixels(corpus.page_image(visit, second - 40, second + 20)),
        pixels(corpus.page_image(visit, second - 40, second, page=1)),
    )
    assert marked(corpus.page_image(visit, second - 40, second + 20, page=2)).any()
    assert not marked(corpus.page_image(visit, second - 40, second + 20, page=3)).any()


def test_what_cannot_be_shown_says_why(corpus: Corpus, tmp_path: Path) -> None:
    visit = corpus.find("visit.pdf")
    with pytest.raises(DocumentNotFound):
        corpus.page_image("0" * 32)
    with pytest.raises(UnsupportedDocument, match=r"tidal-mill\.md has no pages to show"):
        corpus.page_image(corpus.find("tidal-mill.md"))
    with pytest.raises(ValueError, match="5-4 is no span"):
        corpus.page_image(visit, 5, 4)
    with pytest.raises(ValueError, match=r"there is no page 4: visit\.pdf has 3"):
        corpus.page_image(visit, page=4)
    file = tmp_path / "visit.pdf"
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(UnsupportedDocument, match="has changed since it was indexed: index it again"):
        corpus.page_image(visit)
    file.unlink()
    with pytest.raises(UnsupportedDocument, match="cannot be shown: No such file or directory"):
        corpus.page_image(visit)
