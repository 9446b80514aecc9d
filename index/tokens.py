"""The terms of lexical search: stems of Latin words, bigrams of Chinese and Japanese characters, numbers.

The same function makes the terms of a passage and of a query, so that they meet. Text is folded first
(Unicode NFKC, case, accents). A hyphenated or dotted word yields its parts and, run together, the whole:
"GPT-oss" is found as ``gpt``, ``oss`` and ``gptoss``. Thousands separators are left out: "10,142" and "10142"
are one term.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import filterfalse, pairwise

import Stemmer

from pincite.index.language import HAN, KANA

_WORD = re.compile(
    rf"[{HAN}{KANA}]+|\d+(?:,\d{{3}})+(?:\.\d+)?|[^\W_{HAN}{KANA}]+(?:[-.'’&+#][^\W_{HAN}{KANA}]+)*"
)
_ASCII_WORD = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|[a-z0-9]+(?:[-.'&+#][a-z0-9]+)*")  # the same, sooner
_PART = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s?$|['’]s(?=-)")
_CJK = re.compile(f"[{HAN}{KANA}]")
_STEMMER = threading.local()

STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being but by can could did"
    " do does doing for from had has have having he her here hers him his how i if in into is it its"
    " itself me my of on or our out over she should since so some such than that the their them then"
    " there these they this those through to too under until up was we were what when where which while"
    " who whom whose why will with would you your".split()
)
_HAN_FILLERS = re.compile(
    "请问|什么时候|什么|哪一年|哪一|哪些|哪个|哪家|哪里|哪儿|哪位|多少|几个|怎么样|怎么|怎样|如何|为什么|为何|是谁|谁|吗|呢|的|了|是"
)


def fold(text: str) -> str:
    """Return ``text`` in one form of width, case and accents; its length may change."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(filterfalse(unicodedata.combining, decomposed))
    return unicodedata.normalize("NFC", bare)


def terms_of(text: str) -> list[str]:
    """Return the terms of a passage in reading order, repeated as they repeat.

    >>> terms_of("OCBC's 30 tools, GPT-oss")
    ['ocbc', '30', 'tool', 'gpt', 'oss', 'gptoss']
    >>> terms_of("王小茗的茶园")
    ['王小', '小茗', '茗的', '的茶', '茶园']
    """
    folded = fold(text)
    if folded.isascii():
        return [term for word in _ASCII_WORD.findall(folded) for term in _latin_terms(word)]
    return [term for word in _WORD.findall(folded) for term in _terms(word)]


def query_terms(query: str) -> list[str]:
    """Return the terms of a query, each once, without words that only ask.

    A query of nothing but such words keeps them all: somebody may look for "to be or not to be".
    """
    return list(dict.fromkeys(term for terms in query_words(query).values() for term in terms))


def query_words(query: str) -> dict[str, Sequence[str]]:
    """Return the words of a query, folded, each with its terms; of Chinese, the runs between words that only
    ask.

    >>> query_words("Who runs the GPT-oss tools?")
    {'runs': ('run',), 'gpt-oss': ('gpt', 'oss', 'gptoss'), 'tools': ('tool',)}
    """
    words = _WORD.findall(fold(query))
    telling = [word for word in words if _POSSESSIVE.sub("", word) not in STOP_WORDS]
    pieces = [piece for word in telling for piece in (_asked(word) if is_cjk(word) else [word])]
    return {piece: _terms(piece) for piece in pieces or words}


def is_cjk(word: str) -> bool:
    """Whether a word is a run of Chinese or Japanese characters, whose terms are pairs of them."""
    return _CJK.match(word) is not None


def characters_of(terms: Iterable[str]) -> list[str]:
    """Return the Chinese and Japanese characters in ``terms``, each once, in order."""
    return list(dict.fromkeys(_CJK.findall(" ".join(terms))))


def _asked(run: str) -> list[str]:
    """Return the parts of a run of Chinese characters that do more than ask.

    A character that is left alone keeps its neighbours: the 的 of "目的" is part of the word.
    """
    kept = _HAN_FILLERS.sub(lambda filler: " " * len(filler.group()), run)
    spans = [match.span() for match in re.finditer(r"\S+", kept)]
    return [run[max(0, a - 1) : b + 1] if b - a == 1 else run[a:b] for a, b in spans]


def _terms(word: str) -> Sequence[str]:
    if not word.isascii() and is_cjk(word):
        return [a + b for a, b in pairwise(word)] if len(word) > 1 else [word]
    return _latin_terms(word)


@lru_cache(maxsize=65_536)
def _latin_terms(word: str) -> tuple[str, ...]:
    if word[0].isdigit() and "," in word:
        return (word.replace(",", "").replace(".", ""),)
    word = _POSSESSIVE.sub("", word)
    parts = _PART.findall(word)
    stems = tuple(_stem(part) for part in parts)
    return (*stems, _stem("".join(parts))) if len(parts) > 1 else stems


def _stem(word: str) -> str:
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return word
    if not hasattr(_STEMMER, "english"):
        _STEMMER.english = Stemmer.Stemmer("english", 0)  # without a cache: words come here once
    return str(_STEMMER.english.stemWord(word))
