"""Numbers written in words: English ("two and a half million") and Chinese (三百二十, 二〇二四, 两百万)."""

import re
from decimal import Decimal
from functools import lru_cache

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SMALL = {word: number for number, word in enumerate(_UNITS)} | {
    word: 10 * ten for ten, word in enumerate(_TENS, start=2)
}
LARGE = {
    "hundred": 100,
    "dozen": 12,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
NUMBER_WORD = rf"(?:{'|'.join(sorted([*SMALL, *LARGE], key=len, reverse=True))})"
_MULTIPLIERS = ("hundred", "dozen")

HAN_NUMERALS = "〇零一二两三四五六七八九十百千万亿"
_HAN_DIGITS = dict(zip("〇零一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN_LARGE = {"万": 10**4, "亿": 10**8}


def of_words(words: str) -> Decimal:
    """Return the number that English words write, parted by spaces or hyphens; "and" says nothing.

    >>> of_words("two hundred and five thousand")
    Decimal('205000')
    """
    total = current = 0
    for word in re.split(r"[ -]", words.lower()):
        if word in SMALL:
            current += SMALL[word]
        elif word in _MULTIPLIERS:
            current = max(current, 1) * LARGE[word]
        elif word in LARGE:
            total, current = total + max(current, 1) * LARGE[word], 0
    return Decimal(total + current)


@lru_cache(maxsize=4096)
def of_han(characters: str) -> Decimal:
    """Return the number that Chinese characters write.

    >>> of_han("三百二十"), of_han("二〇二四"), of_han("两百万")
    (Decimal('320'), Decimal('2024'), Decimal('2000000'))
    """
    if not set(characters) & (_HAN_UNITS.keys() | _HAN_LARGE.keys()):
        return Decimal("".join(str(_HAN_DIGITS[one]) for one in characters))
    total = section = digit = 0
    for one in characters:
        if one in _HAN_DIGITS:
            digit = _HAN_DIGITS[one]
        elif one in _HAN_UNITS:
            section, digit = section + max(digit, 1) * _HAN_UNITS[one], 0
        else:
            total, section, digit = (total + max(section + digit, 1)) * _HAN_LARGE[one], 0, 0
    return Decimal(total + section + digit)
