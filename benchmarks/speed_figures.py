"""The table of ``speed.py``: what was measured, of whom, and how many times pincite's time it is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

OWN = "pincite"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. ``times_pincite`` is a time by that of pincite for the same: above 1 is slower.
    ``times_pincite_cpu`` is that of the seconds on all processors, which other work disturbs less.
    """

    measured: str
    by: str
    figure: str
    times_pincite: float | None = None
    times_pincite_cpu: float | None = None
    peak_rss_mb: float | None = None


def times(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Return the median, over rounds, of how many times ours theirs is: two that take turns are compared
    within a round, since the machine may be slower in the next.
    """
    return statistics.median(other / own for other, own in zip(theirs, ours, strict=True))


def turns(contenders: Sequence[T], number: int) -> list[T]:
    """Return the contenders in the order of the round of that number: in each, another one is first."""
    first = number % len(contenders)
    return [*contenders[first:], *contenders[:first]]


def spread(values: Sequence[float], digits: int) -> str:
    """Return the median with the least and the most."""
    numbers = (statistics.median(values), min(values), max(values))
    median, least, most = (f"{number:,.{digits}f}" for number in numbers)
    return f"{median} ({least}–{most})"


def late(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table; what is measured is said once."""
    lines = [
        "| | by | | times pincite's | … its CPU time | peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    before = None
    for row in rows:
        cells = [
            row.measured if row.measured != before else "",
            f"**{row.by}**" if row.by.startswith(OWN) else row.by,
            row.figure,
            _number(row.times_pincite, 2),
            _number(row.times_pincite_cpu, 2),
            _number(row.peak_rss_mb, 0),
        ]
        lines.append(f"| {' | '.join(cells)} |")
        before = row.measured
    return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
