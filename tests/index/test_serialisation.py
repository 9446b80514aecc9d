"""Documents as plain values: what comes back is what went in."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pincite.index.document import Document, Item, Section, Span
from pincite.index.serialisation import document_from, packed_places, plain_document, unpacked_places

numbers = st.integers(0, 2**31 - 1)
items = st.builds(Item, numbers, numbers, numbers, st.text())
sections = st.builds(
    Section, numbers, numbers, numbers, st.lists(st.text()).map(tuple), st.lists(items).map(tuple)
)
documents = st.builds(
    Document,
    st.text(),
    st.dictionaries(st.text(), st.text() | numbers | st.floats(allow_nan=False)),
    st.dictionaries(st.text(), st.builds(Span, numbers, numbers)),
    st.lists(sections, max_size=3).map(tuple),
    st.lists(numbers).map(tuple),
    st.just(b""),
    st.text(),
    st.lists(st.text()).map(tuple),
)


@given(documents)
def test_a_document_comes_back_from_json(document: Document) -> None:
    assert document_from(json.loads(json.dumps(plain_document(document)))) == document


@given(arrays("<i4", st.integers(0, 50), elements=st.integers(-1, 2**31 - 1)))
def test_places_come_back_from_their_packing(places: np.ndarray[tuple[int], np.dtype[np.int32]]) -> None:
    assert unpacked_places(packed_places(places.tobytes())) == places.tobytes()


def test_places_in_reading_order_take_almost_no_room() -> None:
    assert len(packed_places(np.arange(100_000, dtype="<i4").tobytes())) < 1_000
    with pytest.raises(ValueError, match="header check"):
        unpacked_places(b"nothing packed")
