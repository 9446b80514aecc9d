"""Reads a file of questions with what is known of their answers: JSONL, an object a line, or CSV.

The columns are those of ``_Row``; upper and lower case are the same in their names. One that looks like a
mistyped name is refused, so that no measure is silently over fewer questions; others are left to their owner,
and named. What the corpus makes of the labels is left to ``evaluating``.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

ANSWER_SEPARATOR = " | "

_JSON_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
_DELIMITERS = (",", ";", "\t")
_LIKENESS_OF_A_TYPO = 0.8
_MOST_COLUMNS_SHOWN = 5
_MOST_CHARACTERS_SHOWN = 40

_Text = Annotated[str, StringConstraints(strip_whitespace=True)]
_Rows = Iterator[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question and what is known of its answer; what is empty is not known.

    ``answers`` are equally good; ``source`` is the document's, or the last parts of it; ``quote`` are words
    that the cited passage should hold. ``answerable`` False: the corpus does not say, so "not answered" is
    right. ``line`` is the place in the file it came from, from 1, or 0.
    """

    question: str
    answers: tuple[str, ...] = ()
    source: str = ""
    quote: str = ""
    answerable: bool = True
    line: int = 0


@dataclass(frozen=True, slots=True)
class Labels:
    """A file's questions, and the names of the columns that were passed over."""

    questions: tuple[LabelledQuestion, ...]
    ignored: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSONL or CSV file. Raises ValueError, naming the line, for what is not in form."""
        text = _text(path)
        suffix = path.suffix.lower()
        if suffix in _TABLES:
            rows = _table_rows(text, path)
        elif suffix in _JSON_LINES or text.lstrip().startswith("{"):
            rows = _json_rows(text, path)
        else:
            raise ValueError(
                f"{path} is neither JSONL (an object a line) nor CSV (its name ends in .csv, its header names"
                " question)"
            )
        questions: list[LabelledQuestion] = []
        ignored: dict[str, None] = {}
        for line, row in rows:
            known = _known_columns(row, _place(path, line))
            ignored |= dict.fromkeys(name for name in row if name and name not in known)
            questions.append(_question(known, line, path))
        if not questions:
            raise ValueError(f"{path} holds no question")
        return cls(tuple(questions), tuple(ignored))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


class _Row(BaseModel):
    """A line of the file, as it must be."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    question: Annotated[_Text, Field(min_length=1)]
    answer: Annotated[list[_Text], BeforeValidator(_as_list)] = []
    source: _Text = ""
    quote: _Text = ""
    answerable: bool = True


def _question(row: Mapping[str, Any], line: int, path: Path) -> LabelledQuestion:
    given = {name: value for name, value in row.items() if value is not None and value != ""}
    try:
        valid = _Row.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("question",) and first["type"] in ("missing", "string_too_short"):
            raise ValueError(f"{_place(path, line)} has no question") from None
        if first["loc"] == ("answerable",):
            met = repr(first["input"])[:_MOST_CHARACTERS_SHOWN]
            raise ValueError(f"{_place(path, line)}: answerable must be yes or no, got {met}") from None
        raise ValueError(f"{_place(path, line)}: {first['loc'][0]}: {first['msg']}") from None
    answers = tuple(dict.fromkeys(answer for answer in valid.answer if answer))
    return LabelledQuestion(valid.question, answers, valid.source, valid.quote, valid.answerable, line)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8: save it as UTF-8, or as “CSV UTF-8”") from None


def _json_rows(text: str, path: Path) -> _Rows:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{_place(path, number)} is not JSON: {error.msg}") from None
        except RecursionError:
            raise ValueError(f"{_place(path, number)} is nested too deeply") from None
        if not isinstance(row, dict):
            raise ValueError(
                f"{_place(path, number)} is no JSON object but {line.strip()[:_MOST_CHARACTERS_SHOWN]}"
            )
        names = _names(list(row), _place(path, number))
        yield number, dict(zip(names, row.values(), strict=True))


def _table_rows(text: str, path: Path) -> _Rows:
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = next((row for row in table if any(row)), [])
        columns = _names(header, _place(path, table.line_num))
        if "question" not in _known_columns(dict.fromkeys(columns), _place(path, table.line_num)):
            named = ", ".join(columns[:_MOST_COLUMNS_SHOWN]) or "nothing"
            raise ValueError(f"{path} has no column called question: its header names {named}")
        for cells in table:
            if len(cells) > len(columns):
                raise ValueError(
                    f"{_place(path, table.line_num)} has {len(cells)} cells under {len(columns)} columns:"
                    " quote what holds a separator"
                )
            if any(cell.strip() for cell in cells):
                row: dict[str, Any] = dict(zip_longest(columns, map(str.strip, cells), fillvalue=""))
                if "answer" in row:
                    row["answer"] = row["answer"].split(ANSWER_SEPARATOR)
                yield table.line_num, row
    except csv.Error as error:
        raise ValueError(f"{_place(path, table.line_num)} is not CSV: {error}") from None


def _delimiter(text: str) -> str:
    """Return what parts the header's names: spreadsheets of some countries write a semicolon."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=header.count)


def _names(given: list[str], place: str) -> list[str]:
    """Return column names as they are compared. Raises ValueError where two are the same."""
    names = [name.strip().lower() for name in given]
    if twice := next((name for name in names if name and names.count(name) > 1), ""):
        raise ValueError(f"{place} has two columns called {twice}")
    return names


def _known_columns(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the columns that mean something here. Raises ValueError for what looks like a typo of one.

    A name of several words, as in ``answer_id``, is taken for a column of the owner's.
    """
    known = {}
    for name, value in row.items():
        if name in _Row.model_fields:
            known[name] = value
        elif name.isalpha() and (meant := get_close_matches(name, _Row.model_fields, 1, _LIKENESS_OF_A_TYPO)):
            raise ValueError(f"{place}: there is no column {name}: is {meant[0]} meant?")
    return known


def _place(path: Path, line: int) -> str:
    return f"{path}, line {line}"
