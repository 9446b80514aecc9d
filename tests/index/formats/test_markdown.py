"""Markdown: names without marks, front matter that is metadata, and YAML that would rather be more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.index.formats import text_document
from pincite.index.formats.front_matter import read_front_matter

from .spans import addresses_of, check_spans, read


def paths(text: str) -> list[tuple[str, ...]]:
    document = text_document(text, is_markdown=True)
    check_spans(document)
    return [section.path for section in document.sections]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("# **Bold** and `code`", "Bold and code"),
        ("# See [the *docs*](http://x.y 'z')", "See the docs"),
        ("# ![A river](r.png) rises", "A river rises"),
        ("# Q&amp;A &lt;x&gt; &eacute;", "Q&A <x> é"),
        ("# Line <br> break <b>x</b>", "Line break x"),
        ("# \\*literal\\* #", "*literal*"),
        ("Two\nlines\n===", "Two lines"),
        ("# 雾岭 ~~茶~~", "雾岭 ~~茶~~"),
    ],
)
def test_a_section_is_named_as_its_heading_reads(heading: str, name: str) -> None:
    assert paths(f"{heading}\n\nwords") == [(name,)]


def test_the_text_stays_as_it_stands() -> None:
    text = "# **A**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    document = read("a.md", text.encode())
    assert document.text == text
    assert addresses_of(document) == ["A"]


def test_a_paragraph_over_a_ruled_line_is_no_heading_if_it_is_long() -> None:
    assert paths(f"{'words ' * 50}\n---\n\nmore") == []


def test_front_matter_is_metadata_and_in_no_section() -> None:
    text = (
        "---\ntitle: 'Rain: a study'\nauthors:\n  - Ann Lee\n  - name: Bo Yi\n"
        "date: 2024-11-05 10:30:00 +0100\nlang: zh-CN\npublisher: The Press\n"
        "tags: [a, b]\n---\n# Heading\n\nwords\n"
    )
    document = read("a.md", text.encode())
    assert document.metadata == {
        "title": "Rain: a study",
        "author": "Ann Lee, Bo Yi",
        "publisher": "The Press",
        "date": "2024-11-05T10:30",
        "language": "zh",
    }
    assert document.text == text
    assert [(s.path, text[s.start : s.end]) for s in document.sections] == [
        (("Heading",), "# Heading\n\nwords\n")
    ]


@pytest.mark.parametrize(
    ("text", "metadata", "body"),
    [
        ("---\ntitle: A\n---\nwords", {"title": "A"}, "words"),
        ("+++\ntitle = 'A'\n+++\nwords", {}, "words"),
        ("---\nauthor: no\nyear: 1\n---\nwords", {"author": "no"}, "words"),
        ("---\ndate: soon\nlang: fr\n---\nwords", {"language": "other"}, "words"),
    ],
)
def test_what_follows_front_matter_is_the_text(text: str, metadata: dict[str, str], body: str) -> None:
    document = text_document(text, is_markdown=True)
    assert document.metadata == metadata
    assert [text[s.start : s.end] for s in document.sections] == [body]


BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        "title: !!python/object/apply:os.system ['true']",
        "title: !x y",
        "- a list",
        "just words",
        "a: [",
        "[" * 5_000,
        "a: &a {x: 1}\nb:\n  <<: *a",
        "",
    ],
)
def test_hostile_or_other_yaml_is_text(body: str) -> None:
    assert read_front_matter(f"---\n{body}\n---\nwords") == ({}, 0)


def test_a_line_that_is_not_the_first_begins_no_front_matter() -> None:
    assert read_front_matter("\n---\ntitle: A\n---\nwords") == ({}, 0)
    assert read_front_matter("---\ntitle: A\n") == ({}, 0)
    assert read_front_matter("---\n---\nwords") == ({}, 0)


@given(st.text(st.sampled_from("-+#=\n :aA[]&*'\"|`!茶"), max_size=80))
def test_sections_hold_in_any_markdown(text: str) -> None:
    check_spans(text_document(text, is_markdown=True))
    check_spans(text_document(f"---\n{text}\n---\nwords\n# A\n{text}", is_markdown=True))
