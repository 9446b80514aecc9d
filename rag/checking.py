"""Whether a claim goes beyond the quote that it rests on: the part of that question that needs no judgement.

Figures and negations are compared, nothing else. A claim that passes may still be a poor paraphrase; one that
does not pass may still be right ("dozens" for 36). So the result is a reason to look, not a verdict. Number
words and months are known in English, negations in English and Chinese.
"""

import re

from pincite.quoting import fold

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED_BY_COMMAS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_MONTH = re.compile(
    r"\b(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b"
)
_MONTH_ORDER = "JanFebMarAprMayJunJulAugSepOctNovDec"
_NEGATION = re.compile(
    r"\b(?:no(?!\. ?\d)|not(?! only\b)|never|none|nor|neither|nobody|nothing|cannot|without)\b|n't\b"
    r"|不(?![断仅但过少久同])|没|未(?!来)|无(?![论线人])|并非|而非",
    re.IGNORECASE,
)


def says_more(claim: str, quote: str) -> bool:
    """Whether ``claim`` has a number or date that ``quote`` lacks, or only one of them negates.

    >>> says_more("It rose by 40 % in May 2024.", "a rise of 40 % (2024-05-31)")
    False
    >>> says_more("The plan was approved.", "the plan was not approved")
    True
    """
    claimed, quoted = fold(claim), fold(quote)
    return not figures_in(claimed) <= figures_in(quoted) or _negates(claimed) != _negates(quoted)


def figures_in(text: str) -> set[str]:
    """Return the numbers in ``text`` in one notation; a month counts as its number."""
    figures = {str(_MONTH_ORDER.index(match[1][:3]) // 3 + 1) for match in _MONTH.finditer(text)}
    figures |= {_WORDS[match[0].lower()] for match in _NUMBER_WORD.finditer(text)}
    for match in _NUMBER.finditer(text):
        number = match[0]
        number = number.replace(",", "") if _GROUPED_BY_COMMAS.fullmatch(number) else number.replace(",", ".")
        parts = [number] if number.count(".") < 2 else number.split(".")  # 1.3.2024 is a date
        figures |= {_without_zeros(part) for part in parts}
    return figures


def _without_zeros(number: str) -> str:
    """Return a number without the zeros that say nothing: 02.50 is 2.5."""
    shorter = number.rstrip("0").rstrip(".") if "." in number else number
    return shorter.lstrip("0") or "0"


def _negates(text: str) -> bool:
    return bool(_NEGATION.search(text))
