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
_ALWAYS_TEXT = frozenset({"source", "document_id", "date"})
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TOO_LARGE = 2**63
_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field's value held against another: ``operator`` is "=", ">=", ">", "<=" or "<". A ``source`` equals
    the last parts of its path, too; a ``date`` is compared by as much as ``value`` gives of it.
    """

    field: str
    operator: str
    value: str | int | float


Clauses = tuple[tuple[Comparison, ...], ...]
"""Of each clause one comparison has to hold."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on ``documents``, ready to stand after WHERE, with its parameters."""

    sql: str
    parameters: tuple[str | int | float, ...]


def clauses_of(where: Where, known_fields: Iterable[str]) -> Clauses:
    """Return what ``where`` asks for. Raises ValueError for anything but a mapping, a field that no document
    has, or a bad bound or value.
    """
    if not isinstance(where, Mapping):
        raise ValueError(f"where must be a mapping of fields to conditions, got {where!r}")
    known = COMMON_FIELDS | set(known_fields)
    clauses: list[tuple[Comparison, ...]] = []
    for field, condition in where.items():
        if field not in known:
            raise ValueError(f"unknown field {field!r} in where; known fields: {', '.join(sorted(known))}")
        clauses += _clauses(field, condition)
    return tuple(clauses)


def compile_filter(where: Where, known_fields: Iterable[str]) -> Filter:
    """Return the filter for ``where`` in SQL. Raises ValueError as ``clauses_of`` does."""
    clauses = [_either([_in_sql(one) for one in clause]) for clause in clauses_of(where, known_fields)]
    return Filter(
        " AND ".join(f"({clause.sql})" for clause in clauses) or "1",
        tuple(value for clause in clauses for value in clause.parameters),
    )


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


def _clauses(field: str, condition: Condition) -> list[tuple[Comparison, ...]]:
    if isinstance(condition, Mapping):
        if not condition:
            raise ValueError(f"where[{field!r}] is an empty mapping; give at least one of gte, gt, lte, lt")
        return [(_bound(field, name, value),) for name, value in condition.items()]
    if isinstance(condition, str | int | float | date):
        return [(_comparison(field, "=", condition),)]
    if not isinstance(condition, Sequence) or isinstance(condition, bytes):
        raise ValueError(f"where[{field!r}] must be a scalar, a list of them or a mapping, got {condition!r}")
    return [tuple(_comparison(field, "=", value) for value in condition)]


def _bound(field: str, name: str, value: Scalar) -> Comparison:
    if name not in _OPERATORS:
        raise ValueError(f"unknown bound {name!r} in where[{field!r}]; known: {', '.join(_OPERATORS)}")
    return _comparison(field, _OPERATORS[name], value)


def _comparison(field: str, operator: str, value: Scalar) -> Comparison:
    wanted = comparable(field, value)
    if field == "date" and not _DATE.fullmatch(str(wanted)):
        raise ValueError(f"{wanted!r} is no date: write 2025, 2025-08, 2025-08-14 or 2025-08-14T10:10")
    return Comparison(field, operator, str(wanted) if field in _ALWAYS_TEXT else wanted)


def _either(filters: Sequence[Filter]) -> Filter:
    sql = " OR ".join(one.sql for one in filters)
    return Filter(sql or "0", tuple(value for one in filters for value in one.parameters))


def _in_sql(one: Comparison) -> Filter:
    field, operator, value = one.field, one.operator, one.value
    if field == "source" and operator == "=":
        tail = f"/{value}"
        return Filter("documents.source = ? OR substr(documents.source, -length(?)) = ?", (value, tail, tail))
    if field in ("source", "document_id"):
        return Filter(f"documents.{field} {operator} ?", (value,))
    types = "('text')" if isinstance(value, str) else "('integer', 'real')"
    inner = (
        f"substr(value, 1, length(?)) {operator} ?"
        if field == "date"
        else f"value {operator} ? AND typeof(value) IN {types}"
    )
    values = (value, value) if field == "date" else (value,)
    return Filter(
        f"documents.id IN (SELECT document FROM fields WHERE field = ? AND {inner})", (field, *values)
    )
