"""What literals a Milvus server is sent."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pincite.index.milvus.filtering import in_figures, quoted

odd = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\uffff\ufffe\U00020000\U0010ffff01f\\"')
)


@given(odd, odd)
def test_in_figures_texts_stay_different_and_in_their_order(first: str, second: str) -> None:
    assert (in_figures(first) < in_figures(second)) == (first < second)
    assert (in_figures(first) == in_figures(second)) == (first == second)


@given(odd)
def test_a_literal_ends_where_its_value_does_and_has_no_character_that_a_server_cuts(value: str) -> None:
    literal = quoted(value)
    assert max(literal) <= "\uffff"
    assert re.fullmatch(r'"([^"\\\n\r]|\\["\\nrt])*"', literal)
