"""What the paragraph styles of a DOCX file mean: which are headings, the title, a list, or hidden.

A built-in style keeps its English name in the file whatever the language of the program; its id does not. A
style has from the one it is based on what it does not say itself.
"""

import re
from dataclasses import dataclass, replace

from lxml import etree

from pincite.index.formats.ooxml import W, number_of

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
_LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says; None where it does not say. ``level`` counts from 1 and is 0 for no heading."""

    level: int | None = None
    is_title: bool = False
    is_item: bool | None = None
    is_hidden: bool | None = None


class Styles:
    """The styles of a document, by id."""

    def __init__(self, roots: list[etree._Element]) -> None:
        self._elements = {
            element.get(f"{W}styleId", ""): element for root in roots for element in root.iter(f"{W}style")
        }
        self._styles: dict[str, Style] = {"": Style()}

    def get(self, identifier: str) -> Style:
        """Return what a style says, with what it has from others."""
        if identifier not in self._styles:
            self._styles[identifier] = self._resolve(identifier)
        return self._styles[identifier]

    def of(self, owner: etree._Element | None, tag: str) -> Style:
        """Return the style that properties name by a ``tag``; the plain one where they name none."""
        named = None if owner is None else owner.find(f"{W}{tag}")
        return self.get("" if named is None else named.get(f"{W}val", ""))

    def _resolve(self, identifier: str) -> Style:
        style = Style()
        for _ in range(_LONGEST_CHAIN):
            element = self._elements.get(identifier)
            if element is None:
                break
            own = _own(element)
            style = Style(
                own.level if style.level is None else style.level,
                style.is_title or own.is_title,
                own.is_item if style.is_item is None else style.is_item,
                own.is_hidden if style.is_hidden is None else style.is_hidden,
            )
            based_on = element.find(f"{W}basedOn")
            identifier = "" if based_on is None else based_on.get(f"{W}val", "")
        return style


def stated(properties: etree._Element | None, style: Style) -> Style:
    """Return ``style`` with what a paragraph's or run's own properties say on top."""
    if properties is None:
        return style
    level, item, hidden = _level(properties), _is_item(properties), is_on(properties, "vanish")
    return replace(
        style,
        level=style.level if level is None else level,
        is_item=style.is_item if item is None else item,
        is_hidden=style.is_hidden if hidden is None else hidden,
    )


def is_on(properties: etree._Element | None, tag: str) -> bool | None:
    """Return whether a switch is on; None where nothing is said."""
    switch = None if properties is None else properties.find(f"{W}{tag}")
    return None if switch is None else switch.get(f"{W}val", "1") not in ("0", "false", "off", "none")


def _own(element: etree._Element) -> Style:
    named = element.find(f"{W}name")
    name = "" if named is None else named.get(f"{W}val", "").strip()
    heading = _HEADING.fullmatch(name)
    style = Style(int(heading[1]) if heading else None, name.lower() == "title")
    for tag in ("pPr", "rPr"):
        style = stated(element.find(f"{W}{tag}"), style)
    return style


def _level(properties: etree._Element) -> int | None:
    outline = properties.find(f"{W}outlineLvl")
    if outline is None:
        return None
    level = number_of(outline.get(f"{W}val"), _BODY_LEVEL)
    return level + 1 if 0 <= level < _BODY_LEVEL else 0


def _is_item(properties: etree._Element) -> bool | None:
    number = properties.find(f"{W}numPr/{W}numId")
    return None if number is None else number.get(f"{W}val") != "0"
