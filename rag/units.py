"""What a figure is counted in, told from the word or sign beside it: hours, km/h, dollars, per cent.

Units of one kind can be told apart: a claim of 28 hours is not borne out by 28 days. Nothing is converted.
"""

import re

_UNITS = (
    (
        "second seconds sec",
        "minute minutes min mins",
        "hour hours hr hrs h",
        "day days",
        "week weeks",
        "month months",
        "year years",
        "decade decades",
        "century centuries",
    ),
    (
        "mm millimetre millimetres millimeter millimeters",
        "cm centimetre centimetres centimeter centimeters",
        "m metre metres meter meters",
        "km kilometre kilometres kilometer kilometers",
        "inch inches",
        "foot feet ft",
        "yard yards",
        "mile miles mi",
    ),
    ("km/h kph", "mph", "knots knot kn"),
    (
        "mg",
        "g gram grams gramme grammes",
        "kg kilo kilos kilogram kilograms",
        "tonne tonnes ton tons",
        "lb lbs pounds",
    ),
    ("ml millilitre millilitres", "litre litres liter liters l", "gallon gallons"),
    ("%", "‰", "basis", "percentage"),
    ("$ dollar dollars usd us$", "€ euro euros eur", "£ gbp sterling", "¥ yen yuan rmb cny"),
    ("秒", "分钟", "小时 个小时 钟头", "天 日", "周 星期 个星期", "个月", "年"),
    ("毫米", "厘米", "米", "公里 千米", "英里", "英尺"),
    ("克", "公斤 千克", "吨"),
    ("元 人民币 元人民币", "美元", "欧元", "日元", "港元", "英镑"),
    ("平方米", "平方公里 平方千米", "公顷 亩"),
)
_KNOWN = {
    word: (kind, number)
    for kind, units in enumerate(_UNITS)
    for number, unit in enumerate(units)
    for word in unit.split()
}
_HAN_UNIT = re.compile(
    "|".join(sorted((word for word in _KNOWN if not word.isascii()), key=len, reverse=True))
)
_AFTER = re.compile(r"\s?-?(per mille|per ?cent(?!age)|km/h|[a-z%‰$€£]+)", re.IGNORECASE)
_POINTS = re.compile(r"\s?-?(?:age )?points?\b")
_BEFORE = re.compile(r"(us\$|[$€£¥])\s?$", re.IGNORECASE)
_NEAR = 5
_ALIKE = {"per mille": "‰", "per cent": "%", "percent": "%"}

Unit = tuple[int, int]


def unit_of(text: str, start: int, end: int) -> Unit | None:
    """Return what the figure in ``text[start:end]`` is counted in: a kind and a unit of that kind."""
    if before := _BEFORE.search(text[max(0, start - _NEAR) : start]):
        return _KNOWN[before[1].lower()]
    if inside := re.search(r"%|per ?cent$", text[start:end], re.IGNORECASE):
        is_points = _POINTS.match(text, end)
        return _KNOWN["percentage" if is_points else _ALIKE.get(inside[0].lower(), "%")]
    if han := _HAN_UNIT.match(text, end):
        return _KNOWN[han[0]]
    if after := _AFTER.match(text, end):
        word = after[1].lower()
        return _KNOWN.get(_ALIKE.get(word, word))
    return None


def differ(one: Unit | None, other: Unit | None) -> bool:
    """Whether two units are of one kind and not the same."""
    return one is not None and other is not None and one[0] == other[0] and one[1] != other[1]
