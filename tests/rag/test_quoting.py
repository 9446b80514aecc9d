"""Where a quote stands, compared with Unicode's own folding as a second way of finding it."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.passages import without_references
from pincite.index.tokens import STOP_WORDS, terms_of
from pincite.quoting import fold, locate


def found(text: str, quote: str) -> str | None:
    span = locate(text, quote)
    return None if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        pytest.param("The mill has two wheels.", "two wheels", "two wheels", id="exact"),
        pytest.param("two\n  wheels,\u00a0one stone", "two wheels, one stone", None, id="white space"),
        pytest.param("He said “it’s late”.", 'said "it\'s late"', "said “it’s late”", id="quotation marks"),
        pytest.param("from 10–20 wheels", "10-20 wheels", "10–20 wheels", id="dashes"),
        pytest.param("共有３０台，ＡＢＣ制造", "共有30台,ABC制造", "共有３０台，ＡＢＣ制造", id="width"),
        pytest.param("ｶﾞﾗｽ窓", "ガラス窓", "ｶﾞﾗｽ窓", id="half-width kana"),
        pytest.param("a cafe\u0301 by the mill", "a café", "a cafe\u0301", id="composition"),
        pytest.param("the mill was re\u00adbuilt", "was rebuilt", "was re\u00adbuilt", id="soft hyphen"),
        pytest.param("潮汐\n磨坊", "潮汐磨坊", "潮汐\n磨坊", id="a line that ends inside Chinese"),
        pytest.param("It grew [3] by half [2][4].", "grew by half", "grew [3] by half", id="a reference"),
        pytest.param("It grew [3] by half.", "grew [1] by half", "grew [3] by half", id="another reference"),
        pytest.param("It grew by half", "“It grew by half.”", "It grew by half", id="marks around it"),
        pytest.param("seven and … eight", "… eight", "… eight", id="an ellipsis of the text's own"),
        pytest.param("if x < passage y", "x ‹ passage", "x < passage", id="a defused angle"),
        pytest.param("the party of the art", "art", "art", id="a word, not a part of one"),
        pytest.param("in 1302 and 130 days", "130", "130", id="a number, not a part of one"),
    ],
)
def test_a_quote_is_found_as_the_text_has_it(text: str, quote: str, expected: str | None) -> None:
    assert found(text, quote) == (expected or text)


def test_a_word_is_not_found_inside_another_one_but_after_it() -> None:
    span = locate("the party of the art", "art")
    assert span is not None
    assert span.start == 17


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        pytest.param("The mill has two wheels.", "The mill has three wheels.", id="another word"),
        pytest.param("The mill has two wheels.", "the mill", id="another case"),
        pytest.param("The mill has two wheels.", "The mill … wheels", id="something left out"),
        pytest.param("a rise of 2.5 %", "5 %", id="the end of a number"),
        pytest.param("a rise of 2.5 %", "a rise of 2", id="the beginning of a number"),
        pytest.param("1,300 wheels", "300 wheels", id="the end of a grouped number"),
        pytest.param("it was -5 degrees", "5 degrees", id="a sign left out"),
        pytest.param("about 10² wheels", "about 102 wheels", id="a superscript"),
        pytest.param("about 10₂ wheels", "about 102 wheels", id="a subscript"),
        pytest.param("at −5 °C", "5 °C", id="a minus left out"),
        pytest.param("1’300 francs", "300 francs", id="the end of a number grouped otherwise"),
        pytest.param("3 600 people", "600 people", id="the end of a number grouped by a space"),
        pytest.param("10–15 people died", "15 people died", id="the end of a range"),
        pytest.param("at 10:30 pm", "30 pm", id="the end of a time"),
        pytest.param("on 2024-08-14", "14", id="the end of a date"),
        pytest.param("weighs .5 kg", "5 kg", id="the end of a fraction"),
        pytest.param("２．５ percent", "５ percent", id="the end of a wide number"),
        pytest.param("You say you can’t", "You say you can", id="a negation left out"),
        pytest.param("a non‑profit club", "profit club", id="a prefix left out"),
        pytest.param("an un\u00adlawful act", "lawful act", id="a word, behind a soft hyphen"),
        pytest.param("in\u200bvalid", "valid", id="a word, behind a space of no width"),
        pytest.param("三百万元", "百万元", id="the end of a Chinese number"),
        pytest.param("anything", "[P1]", id="a label alone"),
        pytest.param("anything", "&nbsp;", id="an entity alone"),
        pytest.param("anything of the kind", "of the", id="words that say nothing"),
        pytest.param("nowhere", "now here", id="a space more"),
        pytest.param("now here", "nowhere", id="a space less"),
        pytest.param("a cafe\u0301", "a cafe", id="an accent left out"),
        pytest.param("of ﬁnance", "of f", id="half a ligature"),
        pytest.param("㍿大川", "会社大川", id="half a squared word"),
        pytest.param("It grew [3] by half.", "[3]", id="only a reference"),
        pytest.param("It grew by half.", "", id="nothing"),
        pytest.param("It grew by half.", " “.” ", id="only marks"),
    ],
)
def test_what_is_merely_similar_is_not_found(text: str, quote: str) -> None:
    assert locate(text, quote) is None


def test_the_exact_words_win_over_earlier_ones_that_only_fold_to_them() -> None:
    assert found('a “mill” or a "mill"', '"mill"') == '"mill"'


ALPHABET = "ab é1.2，。，潮磨\u3000 \n\u00a0\u00ad\u200b“”'«»–-[3]()ＡｶﾞﬁⅣ…e\u0301²½<‹"
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet=ALPHABET, max_size=60),
    st.lists(st.sampled_from(["mill ", "two", " [3]", "[2, 4]", "“", "é", "潮汐", "\n", "1,300 ", "."])).map(
        "".join
    ),
)


def trimmed(quote: str) -> str:
    return quote.strip(" \t\n'\"“”‘’«»「」….")


@given(TEXTS, TEXTS)
def test_a_located_span_folds_to_the_folded_quote(text: str, quote: str) -> None:
    span = locate(text, quote)
    if span is not None:
        assert 0 <= span.start < span.end <= len(text)
        assert fold(text[span.start : span.end]) in {fold(quote), fold(trimmed(quote))}


@given(TEXTS, st.data())
def test_every_slice_that_is_located_folds_to_itself(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span = locate(text, text[start:end])
    if span is not None:
        assert fold(text[span.start : span.end]) in {fold(text[start:end]), fold(trimmed(text[start:end]))}


WORDS = st.lists(st.sampled_from(["mill", "“wheel”", "it's", "ｃａｆé", "30", "–", "ﬁne"]), min_size=1)
GAPS = st.sampled_from([" ", "\n", " \u00a0 ", " [3] ", " [2, 4]\n"])


@given(WORDS, st.data())
def test_whole_words_are_found_however_they_are_set(words: list[str], data: st.DataObject) -> None:
    text = "".join(word + data.draw(GAPS) for word in words)
    start = data.draw(st.integers(0, len(words) - 1))
    wanted = words[start : data.draw(st.integers(start + 1, len(words)))]
    quote = unicodedata.normalize("NFKC", " ".join(wanted)).replace("“", '"').replace("–", "-")
    if any(term not in STOP_WORDS for term in terms_of(quote)):
        located = found(text, quote)
        assert located is not None
        assert fold(located) in {fold(quote), fold(trimmed(quote))}


@given(st.text(alphabet="abé ＡＢ１２ｅ\u0301\n\t[3]ﬁ“”’–,", max_size=40))
def test_folding_agrees_with_unicode(text: str) -> None:
    """The second way: NFKC over the whole text at once, without a map."""
    expected = unicodedata.normalize("NFKC", without_references(text))
    for pattern, plain in ((r"[“”’]", "'"), (r"–", "-")):
        expected = re.sub(pattern, plain, expected)
    assert unicodedata.normalize("NFKC", fold(text)) == unicodedata.normalize("NFKC", expected)
