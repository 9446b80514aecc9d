"""The terms of lexical search: what a passage and a query have in common."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from string import printable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pincite.index.tokens import characters_of, fold, query_terms, terms_of

from .texts import texts


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("OCBC's 30 tools, GPT-oss", "ocbc 30 tool gpt oss gptoss"),
        ("1,234,567 or 10,142.5", "1234567 or 101425"),
        ("1,2,3 and 3.5", "1 2 3 and 3 5 35"),
        ("Café NAÏVE Straße ＡＢＣ ﬁne", "cafe naiv strass abc fine"),
        ("e-mail U.S. O’Brien", "e mail email u s us o brien obrien"),
        ("running runs ran organizations", "run run ran organiz"),
        ("under_score __x__", "under score x"),
        ("bank's banks' bank’s", "bank bank bank"),
        ("qwen3 GPT4 covid-19", "qwen3 gpt4 covid 19 covid19"),
        ("a. -b- ... 'c'", "a b c"),
        ("", ""),
        ("?! — 😀", ""),
    ],
)
def test_latin_words_are_folded_stemmed_and_taken_apart(text: str, terms: str) -> None:
    assert terms_of(text) == terms.split()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("王小茗的茶园", "王小 小茗 茗的 的茶 茶园"),
        ("茶", "茶"),
        ("2024年清明,茶叶", "2024 年清 清明 茶叶"),
        ("用GPT模型", "用 gpt 模型"),
        ("日本のテスト", "日本 本の のテ テス スト"),
        ("ﾃｽﾄ", "テス スト"),
        ("𠀀𠀁茶", "𠀀𠀁 𠀁茶"),
        ("안녕하세요 세계", "안녕하세요 세계"),
    ],
)
def test_chinese_and_japanese_become_bigrams(text: str, terms: str) -> None:
    assert terms_of(text) == terms.split()


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Which bank built the 30 internal tools?", "bank built 30 internal tool"),
        ("tools, tool and TOOLS", "tool"),
        ("to be or what", "to be or what"),
        ("哪家银行开发了30个工具？", "银行 行开 开发 30 个工 工具"),
        ("合作社是什么时候成立的", "合作 作社 成立"),
        ("是什么", "是什 什么"),
        ("目的是什么", "目的"),
        ("茶的味道了解吗", "茶的 味道 了解 解吗"),
        ("茶", "茶"),
        ("", ""),
        ("What's the wifi password, and who’s OCBC's owner?", "wifi password ocbc owner"),
    ],
)
def test_a_query_leaves_out_words_that_only_ask(query: str, terms: str) -> None:
    assert query_terms(query) == terms.split()


def test_single_characters_are_taken_from_chinese_and_japanese_terms_only() -> None:
    assert characters_of(["茶园", "园的", "gpt", "дождь", "テス"]) == ["茶", "园", "的", "テ", "ス"]


@given(texts)
def test_a_text_is_found_by_its_own_words(text: str) -> None:
    assert set(query_terms(text)) <= set(terms_of(text))


@given(texts)
def test_a_term_needs_no_quoting_in_a_search_expression(text: str) -> None:
    for term in terms_of(text):
        assert term
        assert not any(character in '"\x00' or character.isspace() for character in term)


def test_threads_stem_without_disturbing_each_other() -> None:
    words = [f"running{'s' * n} organizations{n} connected" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(terms_of, words)) == [terms_of(word) for word in words]


@example("℠")
@given(st.text() | texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(printable))
@example("1,234 or 1,23 and 1,234.5 x-1,234 a_b o'clock's")
def test_a_text_has_the_same_terms_alone_and_beside_another_script(text: str) -> None:
    assert [*terms_of(text), "茶"] == terms_of(f"{text} 茶")
