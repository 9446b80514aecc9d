"""Dates and languages as files state them."""

from __future__ import annotations

import pytest

from pincite.index.formats.dates import iso_date
from pincite.index.formats.language import language_name


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024", "2024"),
        ("2024-11", "2024-11"),
        ("2024-11-05", "2024-11-05"),
        ("20241105", "2024-11-05"),
        ("2024-11-05T10:30:59+08:00", "2024-11-05T10:30"),
        ("2024-11-05T10:30:07.25Z", "2024-11-05T10:30"),
        (" 2024-11-05 10:30+08:00", "2024-11-05T10:30"),
        ("2024-11-05T00:00:00Z", "2024-11-05"),
        ("2024-13-05", ""),
        ("2024-02-30", ""),
        ("2024-11-05 25:00", ""),
        ("2024-1-2", ""),
        ("05/11/2024", ""),
        ("0000-00-00", ""),
        ("٢٠٢٤", "2024"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_iso_dates_are_told_as_written_without_their_zone(text: str, date: str) -> None:
    assert iso_date(text) == date


def test_languages_are_told_apart_as_far_as_metadata_does() -> None:
    tags = ("en-GB", "EN_us", "zh-Hans-CN", "ja", "de-CH", "eng", "und", "zxx", "", "klingon")
    assert [language_name(tag) for tag in tags] == ["en", "en", "zh", "ja", "other", "en", "", "", "", ""]
