"""What ``where`` asks for, as an expression of Milvus over the rows of passages.

Values are written as literals with everything escaped, so that none is ever read as an expression. The names
of fields are read by an engine with less care than values are: one that is not plain is written in figures.
So are characters above U+FFFF, in literals and in what they are held against: a full server's parser cuts
Chinese ones after four figures.
"""

import hashlib
import json
import re
from collections.abc import Sequence

from pincite.index.filters import Clauses, Comparison, Scalar, comparable

_NEVER = 'id == ""'
_OPERATORS = {"=": "==", ">=": ">=", ">": ">", "<=": "<=", "<": "<"}
_AFTER_ALL_THAT_BEGINS_SO = "\U0010ffff"
_FIGURES = "\uffff"
_ABOVE = re.compile("[\uffff-\U0010ffff]")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_PLAIN = re.compile(r"(?!hex_)[A-Za-z0-9_]+")
_LONGEST = 1_000


def expression_of(clauses: Clauses) -> str:
    """Return the expression that all the clauses are; empty for none."""
    return " and ".join(f"({' or '.join(map(_compared, clause)) or _NEVER})" for clause in clauses)


def one_of(field: str, values: Sequence[str]) -> str:
    """Return the expression for a field that has one of these values."""
    return f"{field} in [{', '.join(map(quoted, values))}]"


def quoted(value: str | float) -> str:
    """Return a value as a literal, with no more escapes than every Milvus knows."""
    return f'"{in_figures(value).translate(_ESCAPES)}"' if isinstance(value, str) else json.dumps(value)


def in_figures(text: str) -> str:
    """Return text as rows hold it for literals: equal where it was equal, and in the same order."""
    return _ABOVE.sub(lambda one: f"{_FIGURES}{ord(one[0]):06x}", text)


def metadata(field: str) -> str:
    """Return the name of a document's metadata field."""
    return f"fields[{quoted(field_name(field))}]"


def field_name(field: str) -> str:
    """Return the name that a metadata field has among the ``fields`` of a row."""
    return field if _PLAIN.fullmatch(field) else f"hex_{field.encode().hex()}"


def filtered(field: str, value: Scalar) -> str | int | float:
    """Return a value as filters see it: a date as text, true and false as numbers, the rest of a long text,
    for which a row has no room, as its checksum.
    """
    found = comparable(field, value)
    if isinstance(found, bool):
        found = int(found)
    if field == "date":
        found = str(found)
    if isinstance(found, str) and len(found) > _LONGEST:
        found = found[:_LONGEST] + hashlib.sha256(found.encode()).hexdigest()
    return found


def _compared(one: Comparison) -> str:
    operator = _OPERATORS[one.operator]
    if one.field == "source" and operator == "==":
        return f"array_contains(names, {quoted(one.value)})"
    if one.field in ("source", "document_id"):
        return f"{one.field} {operator} {quoted(one.value)}"
    if one.field == "date":
        return _date(operator, str(one.value))
    return f"{metadata(one.field)} {operator} {quoted(filtered(one.field, one.value))}"


def _date(operator: str, value: str) -> str:
    """Compare by as much as ``value`` gives: all that begins with it is equal to it."""
    field, first, after = metadata("date"), quoted(value), quoted(value + _AFTER_ALL_THAT_BEGINS_SO)
    if operator == "==":
        return f"({field} >= {first} and {field} < {after})"
    bound = {">=": (">=", first), ">": (">=", after), "<=": ("<", after), "<": ("<", first)}[operator]
    return f"{field} {' '.join(bound)}"
