"""Which script a text is written in, and which language that makes it.

This is deliberately coarse: it separates English, Chinese, Japanese and "other", which is what retrieval and
the reader need to choose their means. It does not tell German from French.
"""

import re

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = r"\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"

_HAN = re.compile(f"[{HAN}]")
_KANA = re.compile(f"[{KANA}]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_ENGLISH_MARKS = frozenset(
    "the of and to in is that for it as was with be"
    " by on are this which or from at an have has not they".split()
)
_PIECE = 100_000


def script_of(text: str) -> str:
    """Return "han", "latin" or "other": the script that carries most of the text's meaning.

    One Chinese character weighs as much as one Latin word, so that a product name in Latin letters does not
    make a Chinese sentence Latin.
    """
    return _script(len(_HAN.findall(text)) + len(_KANA.findall(text)), len(_LATIN_WORD.findall(text)))


def language_of(text: str) -> str:
    """Return "en", "zh", "ja" or "other"; "other" also when there is too little to tell.

    English is told by its commonest small words: one in twelve of a running text's words, or more, is one of
    them. A long text is counted piece by piece: all of its words at once would take far more memory than it.
    """
    han = kana = latin = marks = 0
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        words = _LATIN_WORD.findall(piece)
        han += len(_HAN.findall(piece))
        kana += len(_KANA.findall(piece))
        latin += len(words)
        marks += sum(map(_ENGLISH_MARKS.__contains__, map(str.lower, words)))
    script = _script(han + kana, latin)
    if script == "han":
        return "ja" if kana * 5 > han else "zh"
    return "en" if script == "latin" and marks * 12 >= latin else "other"


def _script(cjk: int, latin: int) -> str:
    if not cjk and not latin:
        return "other"
    return "han" if cjk > latin else "latin"
