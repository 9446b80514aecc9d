"""What a file says of itself, and what its program said."""

from __future__ import annotations

import pytest

from pincite.index.formats.properties import properties


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


def test_years_before_anybody_had_a_computer_are_none() -> None:
    assert properties(created="1601-01-01T00:00:00Z", modified="0000-00-00") == {}
