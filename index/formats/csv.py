"""Reads delimited text: CSV, TSV and what goes by their names.

The delimiter is the one that cuts the first rows into the most even number of fields; a file that none does
has one column. A quote that is not closed before a delimiter stands for itself: it does not swallow the
rows after it.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from pincite.index.document import Document
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.tables import Row, Tables, filled
from pincite.index.formats.text import decode, plain_text

_DELIMITERS = "\t;|,"
_ROWS_LOOKED_AT = 100
_CHARACTERS_LOOKED_AT = 200_000
_EVEN_ENOUGH = 0.5
_MOST_LONG_FAILURES = 20
_LONG_FAILURE = 50
_ROWS_BETWEEN_REPORTS = 5_000
_STATED = re.compile(r"sep=([^\w\s\"]|\t)\n", re.IGNORECASE)

csv.field_size_limit(2**31 - 1)


def read(file: File) -> list[Document]:
    """Return the file as a document whose items are its rows."""
    text = plain_text(re.sub("[\\u2028\\u2029]", " ", decode(file.content)))
    stated = _STATED.match(text)
    lines = list(io.StringIO(text[stated.end() if stated else 0 :]))
    delimiter = stated[1] if stated else delimiter_of(lines)
    builder = Builder()
    builder.part()
    Tables(builder, fewest_names=2).write(_rows(lines, delimiter, file))
    return [builder.document({})]


def delimiter_of(lines: list[str]) -> str | None:
    """Return what parts the fields of the lines; None where each is one field.

    >>> delimiter_of(["a;b\\n", "1,5;2\\n", "2,5;3\\n"])
    ';'
    """
    found = [(_evenness(lines, delimiter), delimiter) for delimiter in _DELIMITERS]
    evenness, delimiter = max(found, key=lambda one: one[0])
    return delimiter if evenness >= _EVEN_ENOUGH else None


def _evenness(lines: list[str], delimiter: str) -> float:
    """Return the share of rows with the commonest number of fields, 0 if that is one."""
    rows = csv.reader(_sample(lines), delimiter=delimiter)
    counts = Counter(len(row) for row in islice(rows, _ROWS_LOOKED_AT) if any(row))
    if not counts:
        return 0.0
    number, times = max(counts.items(), key=lambda one: (one[1], one[0]))
    return times / counts.total() if number > 1 else 0.0


def _sample(lines: list[str]) -> Iterator[str]:
    characters = 0
    for line in lines:
        yield line
        characters += len(line)
        if characters > _CHARACTERS_LOOKED_AT:
            return


def _rows(lines: list[str], delimiter: str | None, file: File) -> Iterator[Row]:
    def numbered() -> Iterator[tuple[int, list[str]]]:
        records = _records(lines, delimiter) if delimiter else ([line] for line in lines)
        for number, record in enumerate(records, start=1):
            if number % _ROWS_BETWEEN_REPORTS == 0:
                file.on_page(number, len(lines))
            yield number, record

    return filled(numbered())


def _records(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the fields of each record; of one that breaks off inside quotes, those of its first line."""
    begun = long_failures = 0
    while begun < len(lines) and long_failures < _MOST_LONG_FAILURES:
        start = begun
        following = map(lines.__getitem__, range(start, len(lines)))
        rows = csv.reader(following, delimiter=delimiter, strict=True)
        try:
            for row in rows:
                yield row
                begun = start + rows.line_num
        except csv.Error:
            length = start + rows.line_num - begun
            long_failures += length > _LONG_FAILURE
            line = [lines[begun]]
            if length == 1:
                yield from csv.reader(line, delimiter=delimiter)
            else:
                yield from csv.reader(line, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            begun += 1
    yield from csv.reader(lines[begun:], delimiter=delimiter, quoting=csv.QUOTE_NONE)
