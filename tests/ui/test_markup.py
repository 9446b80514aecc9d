"""Text as HTML that shows it as it stands."""

import pytest

from pincite.ui import markup


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\r\n\tc", "a b c"),
        ("合作社\n位于青溪", "合作社位于青溪"),
        ("到\nOCBC", "到 OCBC"),
        ("你好\uff0c\n世界", "你好\uff0c世界"),
    ],
)
def test_a_folded_quote_stands_on_one_line(text: str, line: str) -> None:
    assert markup.folded(text) == line


@pytest.mark.parametrize(("source", "name"), [("docs/a.txt", "a.txt"), ("a.txt", "a.txt"), ("m.eml/b", "b")])
def test_the_last_part_of_a_source_is_a_name(source: str, name: str) -> None:
    assert markup.last_part(source) == name
