"""The colours of charts and map: far enough from what they stand on, in both themes."""

import re
from importlib import resources

import pytest

FILLS = ("dense", "lexical", "reader", "accent")
DOCUMENTS = [f"map-{number}" for number in range(9)]


def colours(theme: str) -> dict[str, str]:
    """Return the variables that the style sheets set for ":root" or ".dark", as hexadecimal colours."""
    files = [resources.files("pincite.ui").joinpath(name) for name in ("chat.css", "look.css")]
    sheet = "".join(file.read_text(encoding="utf-8") for file in files)
    blocks = re.findall(rf"^{re.escape(theme)} \{{(.*?)^\}}", sheet, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"--pc-([\w-]+): (#[0-9a-f]{6});", "".join(blocks)))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [":root", ".dark"])
def test_points_and_bars_stand_out_and_text_can_be_read(theme: str) -> None:
    of = colours(theme)
    assert len({of[name] for name in DOCUMENTS}) == len(DOCUMENTS)
    for name in (*DOCUMENTS, *FILLS):
        assert contrast(of[name], of["card"]) >= 3, name
    for name in FILLS:
        assert contrast(of[name], of["track"]) >= 3, name
    for name in ("text", "soft", "accent"):
        assert contrast(of[name], of["card"]) >= 4.5, name
    for name in ("text", "soft"):
        assert contrast(of[name], of["page"]) >= 4.5, name
    assert contrast(of["mark-text"], of["mark"]) >= 4.5
