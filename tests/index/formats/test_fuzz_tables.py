"""Broken spreadsheets and data files: a reason or a document whose spans hold, never anything else."""

from __future__ import annotations

import random

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import File, read_documents

from .mutations import mutated
from .spans import check_spans
from .workbooks import Cell, ods, ods_table, rows_xlsx, xls

ROWS: list[list[Cell]] = [
    ["Bank", "Tools", "Note"],
    ["OCBC", 30, "two\nlines"],
    ["星展", 12.5, None],
    [None, True, "x"],
]
SAMPLES = {
    "a.xlsx": rows_xlsx(*ROWS),
    "a.xls": xls(("Sheet", ROWS), ("二", ROWS)),
    "a.ods": ods(ods_table("Sheet", *ROWS) + ods_table("二", *ROWS)),
    "a.csv": 'Bank,Tools,Note\nOCBC,30,"two\nlines"\n星展,12.5,\n,TRUE,"say ""x"""\n'.encode(),
    "a.json": '{"a": [{"b": 1.5, "c": ["x", null]}, {"b": "星展\\n"}], "d": {"e": true}, "f": "g"}'.encode(),
    "a.jsonl": '{"b": 1.5, "c": ["x", null]}\n{"b": "星展\\n"}\n[1, 2]\n'.encode(),
}


def survive(name: str, cases: range) -> int:
    """Read as many broken versions of a sample; return how many had a document."""
    return sum(_has_document(name, random.Random(f"{name} {seed}")) for seed in cases)


def _has_document(name: str, source: random.Random) -> bool:
    content = mutated(SAMPLES[name], list(SAMPLES.values()), source)
    try:
        documents = read_documents(File(name, content))
    except UnsupportedDocument as error:
        if "its reader failed" in str(error):
            raise
        return False
    for document in documents:
        check_spans(document)
    return True


@pytest.mark.parametrize("name", SAMPLES)
def test_broken_files_are_read_or_refused(name: str) -> None:
    assert 0 < survive(name, range(60)) <= 60


@pytest.mark.fuzz
@pytest.mark.parametrize("name", SAMPLES)
def test_thousands_of_broken_files_are_read_or_refused(name: str) -> None:
    assert 0 < survive(name, range(60, 3_060)) < 3_000
