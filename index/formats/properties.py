"""Tidies what a file says of itself: its title, author, date and language."""

import re

from pincite.index.formats.dates import iso_date
from pincite.index.formats.language import language_name

_OLDEST_YEAR = "1900"
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
    begun, changed = (date if date >= _OLDEST_YEAR else "" for date in map(iso_date, (created, modified)))
    if begun in _TEMPLATE_DATES:
        title = author = begun = ""
    found = {
        "title": "" if _NO_TITLE.fullmatch(title) else title,
        "author": "" if author.casefold() in _NO_AUTHOR else author,
        "date": begun if changed in _TEMPLATE_DATES else changed or begun,
        "language": language_name(language),
    }
    return {name: value for name, value in found.items() if value}
