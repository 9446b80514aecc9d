"""The shapes of a slide in the order in which they are read: top to bottom, then left to right.

A placeholder that says no place of its own has the one of its layout, or of the layout's master. The shapes
of a group are read together, where the group stands.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from pincite.index.formats.ooxml import ALTERNATE, A, P, Package, chosen, number_of

_SAME_LINE = 91_440  # a tenth of an inch, in EMU
_BODY = frozenset({"obj", "body", "subTitle"})
TITLES = frozenset({"title", "ctrTitle"})
_GROUP = f"{P}grpSp"
_SHAPES = frozenset({f"{P}sp", f"{P}graphicFrame", f"{P}pic", f"{P}cxnSp", _GROUP})

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a shape stands for in its layout."""

    kind: str
    index: str

    @property
    def is_body(self) -> bool:
        return self.kind in _BODY


def placeholder_of(shape: etree._Element) -> Placeholder | None:
    """Return the placeholder that a shape fills; None for any other shape."""
    found = next(shape.iterfind(f"./*/{P}nvPr/{P}ph"), None)
    return None if found is None else Placeholder(found.get("type", "obj"), found.get("idx", "0"))


class Places:
    """Where the placeholders of a slide stand when they do not say it themselves."""

    def __init__(self, package: Package, slide: str) -> None:
        self._layouts: list[dict[Placeholder, Place]] = []
        part = slide
        for kind in ("slideLayout", "slideMaster"):
            part = next(iter(package.related(part, kind)), "")
            self._layouts.append(_stated_places(package.xml(part)) if part else {})

    def of(self, shape: etree._Element) -> Place:
        """Return a shape's top and left edge; the top left corner where nothing says it."""
        own, placeholder = _stated(shape), placeholder_of(shape)
        if own or not placeholder:
            return own or (0, 0)
        layout, master = self._layouts
        same_index = (place for one, place in layout.items() if one.index == placeholder.index)
        same_kind = (
            place
            for places in (layout, master)
            for one, place in places.items()
            if one.kind == placeholder.kind or (one.is_body and placeholder.is_body)
        )
        return next(same_index, None) or next(same_kind, (0, 0))


def in_reading_order(parent: etree._Element, places: Places) -> Iterator[etree._Element]:
    """Yield the shapes in a tree of shapes, groups opened."""
    shapes = sorted(((places.of(shape), shape) for shape in _children(parent)), key=lambda one: one[0])
    for shape in _by_line(shapes):
        if shape.tag == _GROUP:
            yield from in_reading_order(shape, places)
        else:
            yield shape


def _by_line(shapes: Iterable[tuple[Place, etree._Element]]) -> Iterator[etree._Element]:
    """Yield shapes that are sorted by their top by their left edge where they stand side by side."""
    line: list[tuple[Place, etree._Element]] = []
    for shape in shapes:
        if line and shape[0][0] - line[0][0][0] > _SAME_LINE:
            yield from _left_to_right(line)
            line = []
        line.append(shape)
    yield from _left_to_right(line)


def _left_to_right(line: Iterable[tuple[Place, etree._Element]]) -> Iterator[etree._Element]:
    return (shape for _, shape in sorted(line, key=lambda one: one[0][1]))


def _children(parent: etree._Element) -> Iterator[etree._Element]:
    for child in parent:
        if child.tag in _SHAPES:
            yield child
        elif child.tag == ALTERNATE:
            yield from _children(chosen(child))


def _stated_places(root: etree._Element) -> dict[Placeholder, Place]:
    found = ((placeholder_of(shape), _stated(shape)) for shape in root.iter(f"{P}sp"))
    return {placeholder: place for placeholder, place in found if placeholder and place}


def _stated(shape: etree._Element) -> Place | None:
    for path in (f"{P}spPr/{A}xfrm/{A}off", f"{P}grpSpPr/{A}xfrm/{A}off", f"{P}xfrm/{A}off"):
        offset = shape.find(path)
        if offset is not None:
            return number_of(offset.get("y")), number_of(offset.get("x"))
    return None
