"""Reads what people write in options: ``--where``, ``--metadata`` and spans."""

import re
from collections.abc import Sequence
from typing import Any

from pincite.index.filters import COMMON_FIELDS, Where

_CONDITION = re.compile(r"\s*([\w.-]+)\s*(>=|<=|>|<|=)\s*(.*?)\s*", re.DOTALL)
_BOUNDS = {">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}
_SPAN = re.compile(r"(.+):(\d+)-(\d+)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def parse_where(conditions: Sequence[str]) -> Where | None:
    """Return ``--where`` options as ``search`` takes them. A field given twice with ``=`` means either value.

    >>> parse_where(["language=en", "date>=2025-01-01", "date<2026"])
    {'language': 'en', 'date': {'gte': '2025-01-01', 'lt': '2026'}}
    """
    where: dict[str, Any] = {}
    for condition in conditions:
        field, operator, value = _parse(condition, "--where")
        known = where.get(field)
        if operator == "=":
            if isinstance(known, dict):
                raise ValueError(f"--where has both a bound and a value for {field}")
            where[field] = (
                value if known is None else [*(known if isinstance(known, list) else [known]), value]
            )
        elif known is None or isinstance(known, dict):
            where[field] = {**(known or {}), _BOUNDS[operator]: value}
        else:
            raise ValueError(f"--where has both a bound and a value for {field}")
    return where or None


def parse_metadata(entries: Sequence[str]) -> dict[str, str | int | float]:
    """Return ``--metadata`` options as a mapping; what looks like a number is one."""
    metadata = {}
    for entry in entries:
        field, operator, value = _parse(entry, "--metadata")
        if operator != "=":
            raise ValueError(f"--metadata takes FIELD=VALUE, got {entry!r}")
        metadata[field] = value
    return metadata


def parse_span(argument: str) -> tuple[str, int, int | None]:
    """Return name, start and end of ``SOURCE[:START-END]``; end is None where no span is given."""
    match = _SPAN.fullmatch(argument)
    return (match[1], int(match[2]), int(match[3])) if match else (argument, 0, None)


def _parse(text: str, option: str) -> tuple[str, str, str | int | float]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{option} takes FIELD=VALUE, got {text!r}")
    field, operator, value = match.groups()
    if field in COMMON_FIELDS or not _NUMBER.fullmatch(value):
        return field, operator, value
    return field, operator, float(value) if "." in value else int(value)
