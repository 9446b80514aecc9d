"""Scripts and languages, told coarsely."""

import tracemalloc

import pytest

from pincite.index.language import language_of, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello world", "latin"),
        ("雾岭茶叶合作社", "han"),
        ("新加坡华侨银行使用GPT-oss模型", "han"),
        ("the word 茶 means tea", "latin"),
        ("ひらがな", "han"),
        ("ｶﾀｶﾅ", "han"),
        ("été à Ångström", "latin"),
        ("123 -- ?", "other"),
        ("Привет", "other"),
        ("안녕하세요", "other"),
        ("𠀀𠀁", "han"),
        ("", "other"),
    ],
)
def test_the_script_is_that_of_most_words_or_characters(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The mill grinds flour with the tide and nothing else.", "en"),
        ("one two three four five six seven eight nine ten eleven the", "en"),
        ("one two three four five six seven eight nine ten eleven twelve the", "other"),
        ("Die Mühle mahlt das Mehl mit der Flut.", "other"),
        ("雾岭村在青溪县西北角", "zh"),
        ("雾岭村的GPT模型", "zh"),
        ("日本語の文章です", "ja"),
        ("カタカナ", "ja"),
        ("漢字漢字漢字の", "zh"),
        ("2024", "other"),
        ("", "other"),
    ],
)
def test_english_is_told_by_its_small_words_and_japanese_by_kana(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_long_text_is_told_by_all_of_it_within_little_memory() -> None:
    text = "雾岭茶叶。" * 200_000 + "The mill grinds the flour of the town. " * 200_000
    tracemalloc.start()
    try:
        assert (language_of(text), language_of(text[:1_500_000])) == ("en", "zh")
        assert tracemalloc.get_traced_memory()[1] < 20 * 10**6
    finally:
        tracemalloc.stop()
