"""Turns the headings found in a text into its sections. The text stays as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pincite.index.document import Section


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that stands in the text from ``start`` up to ``body_start``; ``level`` 1 is the outermost.

    ``title`` is its name in addresses, without marks; it may be empty.
    """

    level: int
    title: str
    start: int
    body_start: int


def sections_under(text: str, headings: Sequence[Heading], start: int = 0) -> tuple[Section, ...]:
    """Return the sections that begin at the headings of a text, and one for what is before the first.

    What is before ``start`` is in none. Where there is nothing to tell apart, there are no sections.
    """
    if not headings and not start:
        return ()
    first = headings[0].start if headings else len(text)
    sections = [Section(start, first, start, ())] if text[start:first].strip() else []
    if not headings:
        return tuple(sections)
    path: list[Heading] = []
    for heading, following in pairwise([*headings, None]):
        assert heading is not None  # noqa: S101 -- only the last is None
        end = following.start if following else len(text)
        path = [*(one for one in path if one.level < heading.level), heading]
        names = tuple(one.title for one in path if one.title)
        sections.append(Section(heading.start, end, min(heading.body_start, end), names))
    return tuple(sections)
