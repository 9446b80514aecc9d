"""Reads JSON and JSON Lines: the members of a list and the lines of a file are records.

A record's text is its ``key: value`` pairs, nested keys joined with dots, values as they are written, numbers
to the last digit. Of an object, each key that holds an object or a list of records makes a section. Keys that
occur twice are kept twice. A value that is empty or null has no text.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Union

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.kinds import suffix_of
from pincite.index.formats.tally import Tally
from pincite.index.formats.text import decode

_LINES = frozenset({".jsonl", ".ndjson"})
_LONG = 120
_DEEPEST_SECTION = 3
_MOST_BROKEN_LINES_NAMED = 3
_RECORDS_BETWEEN_REPORTS = 5_000

Value = Union[str, bool, None, list["Value"], "Members"]
"""A value in JSON, of which numbers are kept as they are written."""


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object, whose keys may occur more than once."""

    pairs: list[tuple[str, Value]]


def read(file: File) -> list[Document]:
    """Return the file as a document."""
    text = decode(file.content).removeprefix("\ufeff")
    try:
        return [_document(text, suffix_of(file.name) in _LINES, file.on_page)]
    except RecursionError:
        raise UnsupportedDocument("its JSON is nested too deeply") from None


def pairs_of(value: Value, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield what a value holds as keys and texts.

    >>> list(pairs_of(Members([("a", Members([("b", "1")])), ("c", ["2", True])])))
    [('a.b', '1'), ('c', '2, true')]
    """
    match value:
        case Members(pairs):
            for name, member in pairs:
                yield from pairs_of(member, f"{key}.{name}" if key else name)
        case list() if all(map(_is_brief, value)):
            yield from pairs_of(", ".join(filter(None, map(_scalar, value))), key)
        case list():
            for member in value:
                yield from pairs_of(member, key)
        case _ if text := _scalar(value):
            yield " ".join(key.split()), text


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip() if isinstance(value, str) else ""


def _is_brief(value: Value) -> bool:
    return not isinstance(value, list | Members) and len(_scalar(value)) <= _LONG


def _document(text: str, is_lines: bool, on_page: Callable[[int, int], None]) -> Document:
    """Return JSON, or JSON Lines, as a document; what its name says of it is tried first."""
    records, broken = _parse_lines(text) if is_lines else ([], [])
    if broken or len(records) < 2:
        try:
            return _Writer(on_page).document(_parse(text))
        except ValueError as error:
            if not is_lines:
                records, broken = _parse_lines(text)
            if len(records) < (1 if is_lines else max(2, len(broken) + 1)):
                raise UnsupportedDocument(f"not readable JSON: {error}") from None
    return _Writer(on_page).records(records, broken)


def _parse(text: str) -> Value:
    value: Value = json.loads(
        text, object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=str, strict=False
    )
    return value


def _parse_lines(text: str) -> tuple[list[tuple[int, Value]], list[int]]:
    """Return the values with the numbers of their lines, and the numbers of the lines that hold none."""
    records: list[tuple[int, Value]] = []
    broken: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                records.append((number, _parse(line)))
            except (ValueError, RecursionError):
                broken.append(number)
    return records, broken


class _Writer:
    """Writes values to a builder, sections and records."""

    def __init__(self, on_page: Callable[[int, int], None]) -> None:
        self._builder = Builder()
        self._tally = Tally("records")
        self._on_page = on_page

    def records(self, records: list[tuple[int, Value]], broken: list[int]) -> Document:
        """Return numbered records as a document, with a note on the lines that are none."""
        self._builder.part()
        self._write_records(records)
        notes = [f"line {number} is no JSON" for number in broken[:_MOST_BROKEN_LINES_NAMED]]
        if more := len(broken) - len(notes):
            notes.append(f"{more:,} more lines are no JSON")
        return self._builder.document({}, notes=notes)

    def document(self, value: Value) -> Document:
        """Return one value as a document."""
        self._write(value, ())
        return self._builder.document({})

    def _write(self, value: Value, path: tuple[str, ...]) -> None:
        self._builder.part(*path)
        if isinstance(value, list):
            self._write_records(list(enumerate(value, start=1)))
        elif isinstance(value, Members) and len(path) < _DEEPEST_SECTION:
            self._write_members(value, path)
        else:
            self._write_pairs(value)

    def _write_members(self, value: Members, path: tuple[str, ...]) -> None:
        is_open = True
        for key, member in value.pairs:
            name = " ".join(key.split())
            if name and (_holds_records(member) or (isinstance(member, Members) and not path)):
                self._write(member, (*path, name))
                is_open = False
                continue
            if not is_open:
                self._builder.part(*path)
                is_open = True
            self._write_pairs(member, name)

    def _write_pairs(self, value: Value, key: str = "") -> None:
        for name, text in pairs_of(value, key):
            self._tally.add(text)
            self._builder.paragraph(f"{name}: {text}" if name else text)

    def _write_records(self, records: list[tuple[int, Value]]) -> None:
        for number, record in records:
            if number % _RECORDS_BETWEEN_REPORTS == 0:
                self._on_page(number, len(records))
            text = _record_text(record)
            self._tally.add(text)
            self._builder.item(text, number, "record")


def _holds_records(value: Value) -> bool:
    return isinstance(value, list) and any(isinstance(member, list | Members) for member in value)


def _record_text(value: Value) -> str:
    pairs = [(f"{key}: {text}" if key else text) for key, text in pairs_of(value)]
    is_long = any(len(pair) > _LONG or "\n" in pair for pair in pairs)
    return ("\n" if is_long else "; ").join(pairs)
