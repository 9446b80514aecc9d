"""reStructuredText: its titles, its fields, and everything in it that is carried out elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.document import Document
from pincite.index.formats import rst
from pincite.index.formats.file import File

from .spans import check_spans, read


def document_of(text: str) -> Document:
    return read("a.rst", text.encode())


def test_titles_make_sections_by_the_order_of_their_styles() -> None:
    text = (
        "Before.\n\n=====\nA one\n=====\n\none\n\nB\n----\ntwo\n\nC\n~~~~\n\nthree\n\nD\n----\n\nfour\n\n"
        "=====\nA two\n=====\n\nfive\n"
    )
    document = document_of(text)
    assert [(s.path, text[s.body_start : s.end].strip()) for s in document.sections] == [
        ((), "Before."),
        (("A one",), "one"),
        (("A one", "B"), "two"),
        (("A one", "B", "C"), "three"),
        (("A one", "D"), "four"),
        (("A two",), "five"),
    ]
    assert document.text == text
    assert document.metadata == {}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Title\n=====\n\nword", [("Title",)]),
        ("雾岭\n====\n\n字", [("雾岭",)]),
        ("Title\n^^^^^^\nword", [("Title",)]),
        ("A\n=\n\nword", [("A",)]),
        ("Long title\n===\n\nword", []),
        ("word\nTitle\n=====\n\nword", []),
        ("word\n\n-----\n\nword", []),
        ("=====  =====\na      b\n=====  =====\n1      2\n=====  =====\n", []),
        ("+---+---+\n| a | b |\n+---+---+\n", []),
        ("  indented\n  ========\n\nword", []),
        (".. code:: bash\n\n   Title\n   =====\n\nword", []),
        (".. comment\n==========\n\nword", []),
        ("-----\n=====\n", []),
        ("Title\n=====", [("Title",)]),
    ],
)
def test_only_titles_count(text: str, paths: list[tuple[str, ...]]) -> None:
    (document,) = rst.read(File("a.rst", text.encode()))
    assert [section.path for section in document.sections] == paths


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The ``code`` and *rain*", "The code and rain"),
        ("**Bold** :ref:`rivers`", "Bold rivers"),
        ("See `the docs <http://x.y>`_", "See the docs"),
        ("|logo| 2 * 3 * 4", "|logo| 2 * 3 * 4"),
    ],
)
def test_a_section_is_named_without_marks(title: str, name: str) -> None:
    assert [s.path for s in document_of(f"{title}\n{'=' * 40}\n\nword").sections] == [(name,)]


def test_fields_under_the_only_title_are_metadata() -> None:
    text = "Rain\n====\n\n:Author: Ann Lee\n:Date: 2024-11-05\n:Organization: The Press\n\nB\n--\n\nword\n"
    assert document_of(text).metadata == {
        "title": "Rain",
        "author": "Ann Lee",
        "date": "2024-11-05",
        "publisher": "The Press",
    }
    assert document_of(":Authors: Bo Yi\n   and more\n:Language: zh\n\nword").metadata == {
        "author": "Bo Yi",
        "language": "zh",
    }


def test_nothing_is_carried_out() -> None:
    text = ".. include:: /etc/passwd\n.. raw:: html\n   :file: /etc/passwd\n\n.. |x| date::\n\nword |x|\n"
    assert document_of(text).text == text


@given(st.text(st.sampled_from("=-~\n aA:`*|.茶"), max_size=80))
def test_sections_hold_in_any_text(text: str) -> None:
    (document,) = rst.read(File("a.rst", f"{text}\nA\n=\n{text}".encode()))
    check_spans(document)
