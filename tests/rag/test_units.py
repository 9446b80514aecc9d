"""What figures are counted in."""

import pytest

from pincite.figures import read_figures
from pincite.units import Unit, differ, unit_of


def unit(text: str) -> Unit | None:
    (figure,) = read_figures(text)
    return unit_of(text, figure.start, figure.end)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("28 days", "28 hours"),
        ("118 km/h", "118 mph"),
        ("21 mm", "21 cm"),
        ("142 metres", "142 feet"),
        ("£500", "$500"),
        ("25 basis points", "25%"),
        ("1.2 percent", "1.2 per mille"),
        ("30天", "30个月"),
        ("8公里", "8米"),
    ],
)
def test_units_of_one_kind_differ(one: str, other: str) -> None:
    assert differ(unit(one), unit(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("28 days", "28 day"),
        ("50%", "50 per cent"),
        ("$5", "5 dollars"),
        ("5 days", "5 metres"),
        ("36 members", "36 hours"),
        ("30日", "30天"),
    ],
)
def test_other_units_do_not(one: str, other: str) -> None:
    assert not differ(unit(one), unit(other))
