"""Reads dates as files state them."""

import re
from datetime import datetime

_ISO = re.compile(
    r"\s*(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)?)?)?)?"
    r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?\s*"
)


def iso_date(text: str) -> str:
    """Return an ISO 8601 date as metadata hold it: as exact as it is stated, without seconds and zone, nor
    a midnight, which says that no time is known; empty if it is none.

    >>> iso_date("2024-11-05T10:30:59+08:00"), iso_date("2024-11"), iso_date("20241105"), iso_date("5 May")
    ('2024-11-05T10:30', '2024-11', '2024-11-05', '')
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return ""
    year, month, day, hour, minute = match.groups()
    try:
        moment = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0))
    except ValueError:
        return ""
    length = 16 if hour else 10 if day else 7 if month else 4
    return moment.isoformat(timespec="minutes")[:length].removesuffix("T00:00")
