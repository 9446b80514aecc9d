"""Reads dates and times of day, for ``figures``: months and days of the week by short names, times as 14:30.

A reader takes a match of its pattern and returns its figures, each as all that it may mean: nobody knows
which half of the day "9:30" is in, nor which number of 3.4.2024 is the month.
"""

import re
from collections.abc import Callable

from pincite.numerals import of_han

Values = set[str]
Reader = tuple[re.Pattern[str], Callable[[re.Match[str]], list[Values]]]

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_MAY = re.compile(
    r"\d(?:st|nd|rd|th)?(?: of)? May\b|\bMay \d"
    r"|\b(?:in|of|since|until|till|by|and|to|from|last|next|early|mid|late) May\b"
)
_CENTURIES = {
    "twelfth": 12,
    "thirteenth": 13,
    "fourteenth": 14,
    "fifteenth": 15,
    "sixteenth": 16,
    "seventeenth": 17,
    "eighteenth": 18,
    "nineteenth": 19,
    "twentieth": 20,
    "twenty-first": 21,
}
_HAN_DAYS = "一二三四五六日天"
_AFTERNOON = ("下午", "晚上", "傍晚")
_LAST_DAY = 31


def _date(match: re.Match[str]) -> list[Values]:
    numbers = [int(number) for number in re.findall(r"\d+", match[0])]
    years = [number for number in numbers if number > _LAST_DAY]
    days = months = [number for number in numbers if number <= _LAST_DAY]
    if numbers[0] in years:
        months, days = days[:1], days[1:]
    return [{str(day) for day in days}, _named(months), *({str(year)} for year in years)]


def _named(months: list[int]) -> Values:
    return {_MONTHS[number - 1] for number in months if 1 <= number <= len(_MONTHS)}


def _time(match: re.Match[str]) -> list[Values]:
    hour, minute = int(match["hour"] or match["full"]), int(match["minute"] or match["past"] or 0)
    return _times(hour, minute, (match["half"] or match["of_day"] or "").lower()[:1])


def _han_time(match: re.Match[str]) -> list[Values]:
    written = match["hour"]
    hour = int(written) if written.isdigit() else int(of_han(written))
    minute = 30 if match["half"] else int(match["minute"] or 0)
    return _times(hour, minute, ("p" if match["of_day"] in _AFTERNOON else "a") if match["of_day"] else "")


def _times(hour: int, minute: int, half: str) -> list[Values]:
    if hour > 24 or minute > 59:
        return []
    early, late = f"{hour % 12}:{minute:02}", f"{hour % 12 + 12}:{minute:02}"
    if half:
        return [{late if half == "p" else early}]
    return [{early, late} if hour <= 12 else {late}]


def _month(match: re.Match[str]) -> list[Values]:
    if match[1] == "May" and not _MAY.search(match.string, max(match.start() - 9, 0), match.end() + 2):
        return []
    return [{match[1][:3].lower()}]


def _of_year(match: re.Match[str]) -> list[Values]:
    return [_named([int(match[1])]), {match[2]}]


def _century(match: re.Match[str]) -> list[Values]:
    """Read "16th century", "sixteenth century" and 16世纪 as c16."""
    number = match["digits"] or match["han"] or _CENTURIES[match["word"].lower()]
    return [{f"c{number}"}]


def _han_month(match: re.Match[str]) -> list[Values]:
    return [_named([int(match[1]) if match[1].isdigit() else int(of_han(match[1]))])]


def _weekday(match: re.Match[str]) -> list[Values]:
    return [{match[1][:3].lower()}]


def _han_weekday(match: re.Match[str]) -> list[Values]:
    return [{_WEEKDAYS[min(_HAN_DAYS.index(match[1]), len(_WEEKDAYS) - 1)]}]


DATES: tuple[Reader, ...] = (
    (re.compile(r"\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4})\b"), _date),
    (
        re.compile(
            r"(?<![\d.:,])(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?!\d)(?:\s?(?P<half>[ap]\.?m\b\.?))?"
            r"|(?P<full>\d{1,2})(?:\.(?P<past>\d{2}))?\s?(?P<of_day>[ap]\.?m\b\.?))",
            re.IGNORECASE,
        ),
        _time,
    ),
    (
        re.compile(
            r"(?P<of_day>上午|早上|下午|晚上|傍晚)?(?P<hour>[一二两三四五六七八九十]{1,3}|\d{1,2})点(?!\d)"
            r"(?:(?P<half>半)|(?P<minute>\d{1,2})分)?"
        ),
        _han_time,
    ),
    (re.compile(r"(?<!\d/)\b(0?[1-9]|1[0-2])/((?:19|20)\d\d)\b"), _of_year),
    (
        re.compile(
            rf"\b(?:(?P<digits>\d{{1,2}})(?:st|nd|rd|th)|(?P<word>{'|'.join(_CENTURIES)}))"
            r"[ -]centur(?:y|ies)\b"
            r"|(?P<han>\d{1,2})世纪",
            re.IGNORECASE,
        ),
        _century,
    ),
    (re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})月"), _han_month),
    (
        re.compile(
            r"\b(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
            r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b"
        ),
        _month,
    ),
    (re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b"), _weekday),
    (re.compile(rf"(?:周|星期|礼拜)([{_HAN_DAYS}])"), _han_weekday),
)
"""Patterns with their readers, in the order in which they are tried."""
