"""Reads the figures in a text, so that two texts that write them differently can be compared.

"31.5m", "31.5 million" and "31,500,000" are one number, as are "3½", "three and a half" and "3.5", or "880万"
and "8800000". Numbers are read in digits, in English words and in Chinese characters, with scales, per cent
and common fractions; dates and times by ``dates``. "One" and 一 are no numbers here: they mostly count
nothing.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from pincite.dates import DATES, Reader, Values
from pincite.numerals import HAN_NUMERALS, LARGE, NUMBER_WORD, SMALL, of_han, of_words

_SCALES = {
    **LARGE,
    "k": 10**3,
    "mn": 10**6,
    "bn": 10**9,
    "tn": 10**12,
    "百": 100,
    "千": 10**3,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
}
_ENGLISH_SCALE = "|".join(word for word in _SCALES if word.isascii())
_FRACTION_SIGNS = {"½": "0.5", "¼": "0.25", "¾": "0.75"}
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_GROUPED_BY_COMMAS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NEAR = 8
_LARGE_NUMBER = Decimal(10**15)
_STARTS = re.compile(r"(?:^|[.!?:;])[\s\"“‘(]*$")
_HAN_COUNTED = re.compile(r"[个名人家年月日天岁倍次台艘座所位项点小分元块公里米吨户份件本张只间层条种]")
_SMALL = "|".join(SMALL)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or date in a text: all that it may mean, and where it stands."""

    values: frozenset[str]
    start: int
    end: int


def figures_in(text: str) -> set[str]:
    """Return the numbers in ``text`` in one notation, and its months and days of the week by short names.

    A number with several readings, as "5m", yields all of them.

    >>> sorted(figures_in("Up 2.50 % to 1.2 billion since 3 March"))
    ['0.025', '1200000000', '2.5', '3', 'mar']
    """
    return {value for figure in read_figures(text) for value in figure.values}


def read_figures(text: str) -> list[Figure]:
    """Return the figures in ``text``, in no particular order."""
    rest = text
    found: list[Figure] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(rest):
            found += [Figure(frozenset(one), match.start(), match.end()) for one in read(match) if one]
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    return found


def _digits(match: re.Match[str]) -> list[Values]:
    number = match["number"]
    number = number.replace(",", "") if _GROUPED_BY_COMMAS.fullmatch(number) else number.replace(",", ".")
    if number.count(".") > 1:  # a version, as 2.0.1
        return [_all(Decimal(part)) for part in number.split(".")]
    value = Decimal(number) + Decimal(_FRACTION_SIGNS.get(match["sign"] or "", "0"))
    if match["percent"]:
        return [_all(value, value / 100)]
    if match["million"]:
        return [_all(value, value * 10**6)]
    return [_all(value * _SCALES.get((match["scale"] or "").lower(), 1))]


def _words(match: re.Match[str]) -> list[Values]:
    if match["words"][0].isupper() and not _STARTS.search(
        match.string[max(0, match.start() - _NEAR) : match.start()]
    ):
        return []  # a name, as the Magnificent Seven
    value = of_words(match["words"]) + (Decimal("0.5") if match["half"] else 0)
    if value == 1:
        return []
    return [_all(value, value / 100) if match["percent"] else _all(value)]


def _share(match: re.Match[str]) -> list[Values]:
    part, whole = (
        Decimal(one) if one.isdigit() else of_words(one.lower().replace("a", "one", one == "a"))
        for one in (match["part"], match["whole"])
    )
    return [_all(part / whole)] if whole else []


def _fraction(match: re.Match[str]) -> list[Values]:
    part = of_words(match["part"]) if match["part"] and match["part"].lower() in SMALL else Decimal(1)
    return [_all(part / _PARTS[match["name"].lower()])]


def _han_share(match: re.Match[str]) -> list[Values]:
    whole, part = of_han(match[1]), of_han(match[2])
    if not whole:
        return []
    return [_all(part / whole, part) if whole == 100 else _all(part / whole)]


def _han(match: re.Match[str]) -> list[Values]:
    characters = match[0].removesuffix("个半")
    is_counted = _HAN_COUNTED.match(match.string, match.start() + len(characters))
    value = of_han(characters) + (Decimal("0.5") if match["half"] else 0)
    return [_all(value)] if len(characters) > 1 or (is_counted and value != 1) else []


def _all(*numbers: Decimal) -> Values:
    return {_written(number) for number in numbers}


def _written(number: Decimal) -> str:
    """Return a number without zeros that say nothing, to ten digits where it is not too long for that."""
    text = f"{round(number, 10) if number < _LARGE_NUMBER else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_READERS: tuple[Reader, ...] = (
    *DATES,
    (re.compile(rf"([{HAN_NUMERALS}]{{1,20}})分之([{HAN_NUMERALS}]{{1,20}})"), _han_share),
    (re.compile(r"([一二三四五六七八九])成(?![立为员功本])"), lambda match: [_all(of_han(match[1]) / 10)]),
    (re.compile(r"一半|(?<![个上下前后])半(?=[个天年小数])"), lambda _: [{"0.5"}]),
    (
        re.compile(
            rf"\b(?P<part>{_SMALL}|a|\d{{1,2}}) (?:in|out of) (?:every )?"
            rf"(?P<whole>{_SMALL}|\d{{1,3}})\b(?! \w+ \d)",
            re.IGNORECASE,
        ),
        _share,
    ),
    (
        re.compile(
            r"(?<![A-Za-z\d])(?P<number>\d{1,30}(?:[.,]\d{1,30}){0,9})(?P<sign>[½¼¾])?"
            rf"(?:[ -]?(?P<scale>(?:{_ENGLISH_SCALE})(?![A-Za-z])|百万|千万|亿|万|千|百)|(?P<million>m)\b)?"
            r"s?\s?(?P<percent>%|per ?cent\b)?",
            re.IGNORECASE,
        ),
        _digits,
    ),
    (re.compile(r"(?<!\d)[½¼¾]"), lambda match: [{_FRACTION_SIGNS[match[0]]}]),
    (re.compile(r"\b(?:the|its|their|his|her) third\b(?! of\b)", re.IGNORECASE), lambda _: []),
    (
        re.compile(
            r"(?<!first )(?<!second )(?<!fourth )(?<!third )(?<!and )(?<!and a )"
            rf"\b(?:(?P<part>{_SMALL}|a)[ -])?"
            rf"(?P<name>{'|'.join(_PARTS)})s?\b(?! (?:place|time|day|year|round|edition|floor|century))",
            re.IGNORECASE,
        ),
        _fraction,
    ),
    (
        re.compile(
            rf"\b(?:a )?(?P<words>{NUMBER_WORD}(?:(?:[ -]| and ){NUMBER_WORD}){{0,12}})s?\b"
            r"(?P<half> and a half)?(?P<percent> per ?cent\b)?",
            re.IGNORECASE,
        ),
        _words,
    ),
    (re.compile(rf"(?<!第)(?<![周期拜])[{HAN_NUMERALS}]{{1,20}}(?!分之)(?P<half>个半)?"), _han),
)
