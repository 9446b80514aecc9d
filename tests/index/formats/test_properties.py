"""What a file says of itself, and what its program said."""

from __future__ import annotations

import pytest

from pincite.index.formats.properties import iso_date, language_of, properties


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-11-05T10:30:07Z", "2024-11-05T10:30"),
        (" 2024-11-05 10:30+08:00", "2024-11-05T10:30"),
        ("2024-11-05", "2024-11-05"),
        ("2024-11", "2024-11"),
        ("2024", "2024"),
        ("2024-02-30", ""),
        ("2024-1-2", ""),
        ("1601-01-01T00:00:00Z", ""),
        ("0000-00-00", ""),
        ("٢٠٢٤", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates_are_told_as_written_without_their_zone(text: str, date: str) -> None:
    assert iso_date(text) == date


def test_languages_are_told_apart_as_far_as_metadata_does() -> None:
    tags = ("en-GB", "EN_us", "zh-Hans-CN", "ja", "de-CH", "und", "")
    assert [language_of(tag) for tag in tags] == ["en", "en", "zh", "ja", "other", "", ""]


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Word Document",
            "PowerPoint Presentation",
            "PowerPoint 演示文稿",
            "Untitled",
            "Document1",
            "文档 2",
        ),
        *("Microsoft Word - report.doc", "Microsoft PowerPoint - x", "Presentation3.pptx", "slide 1", " "),
    ],
)
def test_titles_that_programs_give_are_none(title: str) -> None:
    assert properties(title=title, author="Microsoft Office User") == {}


def test_what_a_person_wrote_is_kept() -> None:
    assert properties(title=" Document control\n2 ", author="Ana  User", created="2024-01-02") == {
        "title": "Document control 2",
        "author": "Ana User",
        "date": "2024-01-02",
    }


def test_a_template_s_own_properties_are_none_but_the_day_of_the_last_change_is() -> None:
    template = "2013-01-27T09:14:16Z"
    assert properties(title="A", author="Steve Canny", created=template, modified=template) == {}
    changed = properties(author="Steve Canny", created=template, modified="2024-05-06T07:08:09Z")
    assert changed == {"date": "2024-05-06T07:08"}
