"""Reads what a Markdown file says of itself before its text, between lines of --- (YAML) or +++ (TOML).

YAML is read as plain strings: no tags, no references, nothing built. What does not read as a mapping is text.
"""

import re
from collections.abc import Mapping

from pincite.index.formats.dates import iso_date
from pincite.index.formats.language import language_name

_FENCED = re.compile(r"(?P<fence>---|\+\+\+)[ \t]*\n(?P<body>.*?\n)?(?P=fence)[ \t]*(?:\n|\Z)", re.DOTALL)
_LONGEST = 65_536


def read_front_matter(text: str) -> tuple[Mapping[str, str], int]:
    """Return the metadata that stands before a Markdown text, and where the text itself begins."""
    match = _FENCED.match(text, 0, _LONGEST)
    if match is None:
        return {}, 0
    if match["fence"] == "+++":
        return {}, match.end()
    fields = _mapping(match["body"] or "")
    return ({}, 0) if fields is None else (named_metadata(fields), match.end())


def named_metadata(fields: Mapping[str, object]) -> dict[str, str]:
    """Return those of the fields that are metadata everywhere, under the names they have everywhere.

    >>> named_metadata({"Authors": ["Ann Lee", "Bo Yi"], "lang": "en-GB", "date": "2024-11-05", "tags": "x"})
    {'author': 'Ann Lee, Bo Yi', 'date': '2024-11-05', 'language': 'en'}
    """
    known = {name.strip().lower(): value for name, value in fields.items()}
    values = {
        "title": _joined(known.get("title")),
        "author": _joined(known.get("author") or known.get("authors")),
        "publisher": _joined(known.get("publisher") or known.get("organization")),
        "date": iso_date(_joined(known.get("date"))),
        "language": language_name(_joined(known.get("lang") or known.get("language"))),
    }
    return {name: value for name, value in values.items() if value}


def _mapping(body: str) -> dict[str, object] | None:
    """Return a YAML mapping; None for what is none, or could grow when it is read."""
    import yaml

    try:
        events = list(yaml.parse(body, yaml.BaseLoader))
        if any(isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) for event in events):
            return None
        value = yaml.load(body, yaml.BaseLoader)  # noqa: S506 -- it builds nothing but strings
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return {str(name): one for name, one in value.items()} if isinstance(value, dict) else None


def _joined(value: object) -> str:
    if isinstance(value, dict):
        return _joined(value.get("name"))
    if isinstance(value, list):
        return ", ".join(filter(None, map(_joined, value)))
    return " ".join(value.split()) if isinstance(value, str) else ""
