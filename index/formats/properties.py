"""Tidies what a file says of itself: its title, author, date and language."""

import re
from datetime import datetime

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d))?)?)?(?![\d-])", re.ASCII)
_OLDEST_YEAR = 1900
_TEMPLATE_DATES = frozenset({"2013-12-23T23:15", "2013-01-27T09:14"})  # python-docx's and python-pptx's own
_NO_TITLE = re.compile(
    r"(?:word document|powerpoint[ -]presentation|powerpoint 演示文稿"
    r"|microsoft (?:office )?(?:word|powerpoint) - .*|untitled"
    r"|(?:document|presentation|slide|文档|演示文稿|幻灯片|無題|无标题) ?\d*(?:\.\w{3,4})?)",
    re.IGNORECASE,
)
_NO_AUTHOR = frozenset(
    {"python-docx", "microsoft office user", "windows user", "user", "admin", "administrator", "unknown"}
    | {"un-named", "apache poi", "openpyxl"}
)


def properties(
    *, title: str = "", author: str = "", created: str = "", modified: str = "", language: str = ""
) -> dict[str, str]:
    """Return metadata from a file's properties, without what a program filled in by itself."""
    title, author = " ".join(title.split()), " ".join(author.split())
    begun, changed = iso_date(created), iso_date(modified)
    if begun in _TEMPLATE_DATES:
        title = author = begun = ""
    found = {
        "title": "" if _NO_TITLE.fullmatch(title) else title,
        "author": "" if author.casefold() in _NO_AUTHOR else author,
        "date": begun if changed in _TEMPLATE_DATES else changed or begun,
        "language": language_of(language),
    }
    return {name: value for name, value in found.items() if value}


def iso_date(text: str) -> str:
    """Return the date that ``text`` begins with, without its seconds and zone; empty if it has none.

    >>> iso_date("2024-11-05T10:30:07Z")
    '2024-11-05T10:30'
    """
    match = _DATE.match(text.strip())
    if not match:
        return ""
    year, month, day, hour, minute = (
        int(part or start) for part, start in zip(match.groups(), "01100", strict=True)
    )
    try:
        datetime(year, month, day, hour, minute)
    except ValueError:
        return ""
    return match.group().replace(" ", "T") if year >= _OLDEST_YEAR else ""


def language_of(tag: str) -> str:
    """Return the language of a tag such as "en-GB" as metadata has it: "en", "zh", "ja" or "other"."""
    primary = re.split("[-_]", tag.strip().lower())[0]
    return "" if primary in ("", "und", "zxx") else primary if primary in ("en", "zh", "ja") else "other"
