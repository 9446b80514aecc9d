"""Reads charts and diagrams of Office: a chart is its title and a table of its values by category."""

from collections.abc import Iterator

from lxml import etree

from pincite.index.formats.blocks import MOST_COLUMNS, Block, Cell, Paragraph, Table
from pincite.index.formats.ooxml import A, number_of

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
CHART, DIAGRAM = f"{_C}chart", f"{_DGM}relIds"
_ONLY_FOR_LAYOUT = frozenset({"doc", "pres", "parTrans", "sibTrans"})


def chart_blocks(root: etree._Element) -> list[Block]:
    """Return a chart's title and values. The first column holds the categories, each other one a series."""
    title = root.find(f"{_C}chart/{_C}title")
    blocks: list[Block] = [] if title is None else [Paragraph(drawn_text(title))]
    series = list(root.iter(f"{_C}ser"))[: MOST_COLUMNS - 1]
    categories: dict[int, str] = {}
    for one in series:
        for name in ("cat", "xVal"):
            categories = categories or _values(one, name)
    columns = [{**_values(one, "yVal"), **_values(one, "val")} for one in series]
    rows = [["", *(" ".join(_values(one, "tx").values()) for one in series)]]
    for index in sorted({index for column in columns for index in column}):
        rows.append([categories.get(index, ""), *(column.get(index, "") for column in columns)])
    table = Table(tuple(tuple(Cell((Paragraph(text),)) for text in row) for row in rows))
    return [*blocks, table] if series else blocks


def diagram_blocks(root: etree._Element) -> list[Block]:
    """Return the texts of a diagram ("SmartArt") in the file's order."""
    points = (point for point in root.iter(f"{_DGM}pt") if point.get("type") not in _ONLY_FOR_LAYOUT)
    return [Paragraph(drawn_text(point), is_item=True) for point in points]


def drawn_text(element: etree._Element) -> str:
    """Return the text of the paragraphs in a part of a drawing as one line."""
    return " ".join(text for text in map(paragraph_text, element.iter(f"{A}p")) if text)


def paragraph_text(paragraph: etree._Element) -> str:
    """Return the text of a paragraph of a drawing."""
    return "".join(_pieces(paragraph)).strip()


def _pieces(paragraph: etree._Element) -> Iterator[str]:
    for element in paragraph.iter(f"{A}t", f"{A}br"):
        yield "\n" if element.tag == f"{A}br" else element.text or ""


def _values(series: etree._Element, name: str) -> dict[int, str]:
    part = series.find(f"{_C}{name}")
    points = () if part is None else part.iter(f"{_C}pt")
    found = {number_of(point.get("idx")): point.findtext(f"{_C}v") or "" for point in points}
    if part is not None and not found and (literal := part.findtext(f"{_C}v")):
        return {0: literal}
    return found
