"""Reads the numbers and dates in a text, so that two texts that write them differently can be compared.

"31.5m", "31.5 million" and "31,500,000" are one number, as are "3½", "three and a half" and "3.5", or "880万"
and "8800000". Numbers are read in digits, in English words and in Chinese characters, with scales, per cent
and common fractions; months and days of the week by name in both languages. "One" and 一 are no numbers here:
they mostly count nothing. What a number is counted in is not read.
"""

import re
from decimal import Decimal
from functools import cache

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen".split()
)
_TENS = {
    word: 10 * ten
    for ten, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_SMALL = {word: number for number, word in enumerate(_UNITS)} | _TENS
_SCALES = {
    "hundred": 100,
    "dozen": 12,
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
    "百": 100,
    "千": 10**3,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
}
_FRACTION_WORDS = {"half": "0.5", "halves": "0.5", "quarter": "0.25"}
_FRACTION_SIGNS = {"½": "0.5", "¼": "0.25", "¾": "0.75"}
_ENGLISH_SCALE = "|".join(word for word in _SCALES if word.isascii())
_CHINESE_SCALE = "百万|千万|亿|万|千|百"
_DIGITS = re.compile(
    r"(?<![A-Za-z\d])(?P<number>\d+(?:[.,]\d+)*)(?P<sign>[½¼¾])?"
    rf"(?:[ -]?(?P<scale>(?:{_ENGLISH_SCALE})(?![A-Za-z])|{_CHINESE_SCALE})|(?P<million>m)\b)?"
    r"(?P<decade>s\b)?\s?(?P<percent>%|per ?cent\b)?",
    re.IGNORECASE,
)
_GROUPED_BY_COMMAS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SIGN_ALONE = re.compile(r"(?<!\d)[½¼¾]")
_LARGE = ("hundred", "dozen", "thousand", "million", "billion", "trillion")
_NUMBER_WORD = rf"(?:{'|'.join(sorted([*_SMALL, *_LARGE], key=len, reverse=True))})"
_WORDS = re.compile(
    rf"\b(?:a )?(?P<words>{_NUMBER_WORD}(?:(?:[ -]| and ){_NUMBER_WORD})*)s?\b(?P<half> and a half)?"
    r"(?P<percent> per ?cent\b)?",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"(?<!first )(?<!second )(?<!fourth )(?<!third )\b(half|halves|third|quarter)\b", re.IGNORECASE
)
_ORDINAL_THIRD = re.compile(r"\b(?:the|a|its|their|his|her) third\b(?! of\b)", re.IGNORECASE)
_STARTS = re.compile(r"(?:^|[.!?:;])[\s\"“‘(]*$")
_HAN_DIGITS = dict(zip("〇零一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN_NUMBER = re.compile(r"(?<!第)(?<![周期拜])[〇零一二两三四五六七八九十百千万亿]+(?!分之)(?P<half>个半)?")
_HAN_COUNTED = re.compile(r"[个名人家年月日天岁倍次台艘座所位项点小分元块公里米吨户份件本张只间层条种]")
_HAN_SHARE = re.compile(r"([一二两三四五六七八九十百]+)分之([一二两三四五六七八九十]+)")
_HAN_HALF = re.compile(r"一半|(?<![个上下前后])半(?=[个天年小数])")

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = re.compile(
    r"\b(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|May)\b"
)
_MAY = re.compile(
    r"\d(?:st|nd|rd|th)?(?: of)? May\b|\bMay \d"
    r"|\b(?:in|of|since|until|till|by|and|to|from|last|next|early|mid|late) May\b"
)
_NUMERIC_DATE = re.compile(r"\b(?:\d{4}[-/.](\d{1,2})[-/.]\d{1,2}|(\d{1,2})[./](\d{1,2})[./]\d{4})\b")
_HAN_MONTH = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})月")
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_WEEKDAY = re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b")
_HAN_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")


def figures_in(text: str) -> set[str]:
    """Return the numbers in ``text`` in one notation, and its months and days of the week by short names.

    A number with several readings, as "5m", yields all of them.

    >>> sorted(figures_in("Up 2.50 % to 1.2 billion since 3 March"))
    ['0.025', '1200000000', '2.5', '3', 'mar']
    """
    return set().union(*readings(text))


def readings(text: str) -> list[set[str]]:
    """Return the figures in ``text``, each as all that it may mean."""
    rest = text
    found: list[set[str]] = []
    for pattern, read in (
        (_NUMERIC_DATE, _date),
        (_HAN_MONTH, _han_month),
        (_MONTH, _month),
        (_WEEKDAY, lambda match: [{match[1][:3].lower()}]),
        (_HAN_WEEKDAY, lambda match: [{_WEEKDAYS[min("一二三四五六日天".index(match[1]), 6)]}]),
        (_HAN_SHARE, _share),
        (_HAN_HALF, lambda _: [{"0.5"}]),
        (_DIGITS, _digits),
        (_SIGN_ALONE, lambda match: [{_FRACTION_SIGNS[match[0]]}]),
        (_WORDS, _words),
        (_ORDINAL_THIRD, lambda _: []),
        (_FRACTION, _fraction),
        (_HAN_NUMBER, _han),
    ):
        found += [figure for match in pattern.finditer(rest) for figure in read(match) if figure]
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    return found


def _date(match: re.Match[str]) -> list[set[str]]:
    """Read 2024-05-31 and 3.4.2024, of which nobody knows which is the month."""
    numbers = [int(number) for number in re.findall(r"\d+", match[0])]
    years = [number for number in numbers if number > 31]
    days = [number for number in numbers if number <= 31]
    if numbers[0] > 31:
        days, months = days[1:], days[:1]
    else:
        months = days
    names = {_MONTHS[number - 1] for number in months if 1 <= number <= 12}
    return [{str(day) for day in days}, names, *({str(year)} for year in years)]


def _month(match: re.Match[str]) -> list[set[str]]:
    if match[1] == "May" and not _MAY.search(match.string, max(match.start() - 9, 0), match.end() + 2):
        return []
    return [{match[1][:3].lower()}]


def _han_month(match: re.Match[str]) -> list[set[str]]:
    number = int(match[1]) if match[1].isdigit() else int(_of_han(match[1]))
    return [{_MONTHS[number - 1]}] if 1 <= number <= 12 else []


def _digits(match: re.Match[str]) -> list[set[str]]:
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


def _words(match: re.Match[str]) -> list[set[str]]:
    if match["words"][0].isupper() and not _STARTS.search(match.string[: match.start()]):
        return []  # a name, as the Magnificent Seven
    total = current = 0
    for word in re.split(r"[ -]", match["words"].lower()):
        if word in _SMALL:
            current += _SMALL[word]
        elif word in ("hundred", "dozen"):
            current = max(current, 1) * _SCALES[word]
        elif word in _SCALES:
            total, current = total + max(current, 1) * _SCALES[word], 0
    value = Decimal(total + current) + (Decimal("0.5") if match["half"] else 0)
    if value == 1:
        return []
    return [_all(value, value / 100) if match["percent"] else _all(value)]


def _fraction(match: re.Match[str]) -> list[set[str]]:
    name = match[1].lower()
    return [_all(Decimal(1) / 3 if name == "third" else Decimal(_FRACTION_WORDS[name]))]


def _share(match: re.Match[str]) -> list[set[str]]:
    whole, part = _of_han(match[1]), _of_han(match[2])
    if not whole:
        return []
    return [_all(part / whole, part) if whole == 100 else _all(part / whole)]


def _han(match: re.Match[str]) -> list[set[str]]:
    characters = match[0].removesuffix("个半")
    is_counted = _HAN_COUNTED.match(match.string, match.start() + len(characters))
    value = _of_han(characters) + (Decimal("0.5") if match["half"] else 0)
    return [_all(value)] if len(characters) > 1 or (is_counted and value != 1) else []


def _all(*numbers: Decimal) -> set[str]:
    return {_written(number) for number in numbers}


@cache
def _of_han(characters: str) -> Decimal:
    """Return the number that Chinese characters write: 三百二十, 二〇二四, 两百万."""
    if not any(unit in characters for unit in "十百千万亿"):
        return Decimal("".join(str(_HAN_DIGITS[one]) for one in characters))
    total = section = digit = 0
    for one in characters:
        if one in _HAN_DIGITS:
            digit = _HAN_DIGITS[one]
        elif one in _HAN_UNITS:
            section, digit = section + max(digit, 1) * _HAN_UNITS[one], 0
        else:
            total, section, digit = (total + max(section + digit, 1)) * _SCALES[one], 0, 0
    return Decimal(total + section + digit)


def _written(number: Decimal) -> str:
    """Return a number without zeros that say nothing, to ten digits."""
    rounded = round(number, 10).normalize()
    return f"{rounded:f}"
