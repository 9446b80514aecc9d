"""What ``where`` asks for, as an expression of Milvus over the rows of passages.

Values are written as literals with everything escaped, so that none is ever read as an expression.
"""

import json
from collections.abc import Sequence

from pincite.index.filters import Clauses, Comparison

_NEVER = 'id == ""'
_OPERATORS = {"=": "==", ">=": ">=", ">": ">", "<=": "<=", "<": "<"}
_AFTER_EVERY_DATE = "~"


def expression_of(clauses: Clauses) -> str:
    """Return the expression that all the clauses are; empty for none."""
    return " and ".join(f"({' or '.join(map(_compared, clause)) or _NEVER})" for clause in clauses)


def one_of(field: str, values: Sequence[str]) -> str:
    """Return the expression for a field that has one of these values."""
    return f"{field} in [{', '.join(map(quoted, values))}]"


def quoted(value: str | float) -> str:
    """Return a value as a literal."""
    return json.dumps(int(value) if isinstance(value, bool) else value, ensure_ascii=False)


def metadata(field: str) -> str:
    """Return the name of a document's metadata field."""
    return f"fields[{quoted(field)}]"


def _compared(one: Comparison) -> str:
    operator = _OPERATORS[one.operator]
    if one.field == "source" and operator == "==":
        return f"array_contains(names, {quoted(one.value)})"
    if one.field in ("source", "document_id"):
        return f"{one.field} {operator} {quoted(one.value)}"
    if one.field == "date":
        return _date(operator, str(one.value))
    return f"{metadata(one.field)} {operator} {quoted(one.value)}"


def _date(operator: str, value: str) -> str:
    """Compare by as much as ``value`` gives: all that begins with it is equal to it."""
    field, first, after = metadata("date"), quoted(value), quoted(value + _AFTER_EVERY_DATE)
    if operator == "==":
        return f"({field} >= {first} and {field} < {after})"
    bound = {">=": (">=", first), ">": (">=", after), "<=": ("<", after), "<": ("<", first)}[operator]
    return f"{field} {' '.join(bound)}"
