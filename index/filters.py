"""Turns a ``where`` argument into SQL over documents.

A value is a scalar (equal), a list (any of them) or a mapping of bounds ``{"gte": …, "gt": …, "lte": …, "lt":
…}``. Dates compare by as much of them as is given: "2025-08" is the whole month. Publishers compare with
spaces left out, since sources set them apart ("3 6 Ke"). ``source`` also takes the last parts of a path.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

Scalar = str | int | float | date
Condition = Scalar | Sequence[Scalar] | Mapping[str, Scalar]
Where = Mapping[str, Condition]

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)?")
COMMON_FIELDS = frozenset({"source", "document_id", "title", "publisher", "date", "language"})
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TOO_LARGE = 2**63
_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on ``documents``, ready to stand after WHERE, with its parameters."""

    sql: str
    parameters: tuple[str | int | float, ...]


def compile_filter(where: Where, known_fields: Iterable[str]) -> Filter:
    """Return the filter for ``where``. Raises ValueError for anything but a mapping, a field that no document
    has, or a bad bound or value.
    """
    if not isinstance(where, Mapping):
        raise ValueError(f"where must be a mapping of fields to conditions, got {where!r}")
    known = COMMON_FIELDS | set(known_fields)
    parts = []
    for field, condition in where.items():
        if field not in known:
            raise ValueError(f"unknown field {field!r} in where; known fields: {', '.join(sorted(known))}")
        parts.append(_field(field, condition))
    sql = " AND ".join(part.sql for part in parts)
    return Filter(sql or "1", tuple(value for part in parts for value in part.parameters))


def plain(name: str, value: object) -> str | int | float:
    """Return a scalar as the database can hold it, a date in ISO 8601; ValueError for anything else."""
    if isinstance(value, datetime) and not (value.second or value.microsecond):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name} must be text, a number or a date, got {value!r}")
    is_unicode = not isinstance(value, str) or value.isascii() or not _LONE_SURROGATE.search(value)
    is_small = isinstance(value, str) or (isfinite(value) and abs(value) < _TOO_LARGE)
    if not (is_unicode and is_small):
        raise ValueError(f"{name} cannot be stored: {value!r}")
    return value


def comparable(field: str, value: Scalar) -> str | int | float:
    """Return a metadata value in the form in which it is stored for comparison, and compared."""
    value = plain(field, value)
    return "".join(value.split()) if isinstance(value, str) and field == "publisher" else value


def _field(field: str, condition: Condition) -> Filter:
    if isinstance(condition, Mapping):
        parts = [_bound(field, name, value) for name, value in condition.items()]
        if not parts:
            raise ValueError(f"where[{field!r}] is an empty mapping; give at least one of gte, gt, lte, lt")
        return _join(parts, " AND ")
    if isinstance(condition, str | int | float | date):
        return _equal(field, condition)
    if not isinstance(condition, Sequence) or isinstance(condition, bytes):
        raise ValueError(f"where[{field!r}] must be a scalar, a list of them or a mapping, got {condition!r}")
    return _join([_equal(field, value) for value in condition], " OR ") if condition else Filter("0", ())


def _join(parts: Sequence[Filter], word: str) -> Filter:
    sql = word.join(part.sql for part in parts)
    return Filter(f"({sql})", tuple(value for part in parts for value in part.parameters))


def _equal(field: str, value: Scalar) -> Filter:
    wanted = comparable(field, value)
    if field == "source":
        tail = "/" + str(wanted)
        return Filter(
            "(documents.source = ? OR substr(documents.source, -length(?)) = ?)", (wanted, tail, tail)
        )
    return _compare(field, "=", wanted)


def _bound(field: str, name: str, value: Scalar) -> Filter:
    if name not in _OPERATORS:
        raise ValueError(f"unknown bound {name!r} in where[{field!r}]; known: {', '.join(_OPERATORS)}")
    return _compare(field, _OPERATORS[name], comparable(field, value))


def _checked_date(value: str | int | float) -> str:
    if not _DATE.fullmatch(str(value)):
        raise ValueError(f"{value!r} is no date: write 2025, 2025-08, 2025-08-14 or 2025-08-14T10:10")
    return str(value)


def _compare(field: str, operator: str, value: str | int | float) -> Filter:
    if field in ("source", "document_id"):
        return Filter(f"documents.{field} {operator} ?", (value,))
    if field == "date":
        inner, values = f"substr(value, 1, length(?)) {operator} ?", (_checked_date(value), str(value))
    else:
        inner, values = f"value {operator} ? AND typeof(value) IN {_types(value)}", (value,)  # type: ignore[assignment]
    sql = f"documents.id IN (SELECT document FROM fields WHERE field = ? AND {inner})"
    return Filter(sql, (field, *values))


def _types(value: str | int | float) -> str:
    return "('text')" if isinstance(value, str) else "('integer', 'real')"
