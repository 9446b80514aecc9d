"""Writes small PDFs, so that a test knows what stands where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
SEED = ROOT / "seeds" / "observatory-visit.pdf"

_FONTS = {
    "body": "/Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding",
    "bold": "/Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding",
    "han": "/Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<<"
    "/Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
    "/Supplement 2>>/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[0 0 1 1]"
    "/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 80>>>>]",
}
_TURNS = {0: "1 0 0 1", 90: "0 -1 1 0", 180: "-1 0 0 -1", 270: "0 1 -1 0"}


@dataclass(frozen=True)
class Text:
    """Words drawn with their baseline from ``x`` and ``y``, in points from the bottom left."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "body"
    turn: int = 0

    def drawn(self) -> str:
        encoding = "utf-16-be" if self.font == "han" else "cp1252"
        written = self.text.encode(encoding).hex()
        return f"BT/{self.font} {self.size} Tf {_TURNS[self.turn]} {self.x} {self.y} Tm<{written}>Tj ET\n"


@dataclass(frozen=True)
class Mark:
    """An outline's entry: ``page`` counts from 0, ``y`` from the bottom; ``children`` are below it."""

    title: str
    page: int
    y: float | None = None
    children: Sequence[Mark] = field(default=())


Page = Sequence[Text] | bytes


def make_pdf(
    pages: Iterable[Page],
    *,
    outline: Sequence[Mark] = (),
    info: dict[str, str] | None = None,
    boxes: str = "/MediaBox[0 0 595 842]",
) -> bytes:
    """Return a PDF; a page in bytes is drawn as they are. ``boxes`` go into every page."""
    objects = ["", "", f"<<{''.join(f'/{name}<<{font}>>' for name, font in _FONTS.items())}>>"]
    numbers = []
    for page in pages:
        drawn = page if isinstance(page, bytes) else "".join(text.drawn() for text in page).encode("latin-1")
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn.decode('latin-1')}\nendstream")
        contents = f"/Contents {len(objects)} 0 R/Resources<</Font 3 0 R>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{boxes}{contents}>>")
        numbers.append(len(objects))
    objects[1] = f"<</Type/Pages/Count {len(numbers)}/Kids[{' '.join(f'{n} 0 R' for n in numbers)}]>>"
    first, last = _outline(outline, objects, numbers)
    objects.append(f"<</Type/Outlines/First {first} 0 R/Last {last} 0 R>>" if outline else "<<>>")
    objects[0] = f"<</Type/Catalog/Pages 2 0 R{f'/Outlines {len(objects)} 0 R' if outline else ''}>>"
    written = "".join(f"/{name}<{_text(value)}>" for name, value in (info or {}).items())
    objects.append(f"<<{written}>>")
    return _file(objects)


def _outline(marks: Sequence[Mark], objects: list[str], pages: list[int]) -> tuple[int, int]:
    places = []
    for mark in marks:
        first, last = _outline(mark.children, objects, pages)
        below = f"/First {first} 0 R/Last {last} 0 R/Count {len(mark.children)}" if mark.children else ""
        view = "/Fit" if mark.y is None else f"/XYZ 0 {mark.y} 0"
        objects.append(f"/Title<{_text(mark.title)}>/Dest[{pages[mark.page]} 0 R{view}]{below}")
        places.append(len(objects))
    for place, following in zip(places, [*places[1:], 0], strict=False):
        objects[place - 1] = f"<<{objects[place - 1]}{f'/Next {following} 0 R' if following else ''}>>"
    return (places[0], places[-1]) if places else (0, 0)


def _text(value: str) -> str:
    return ("\ufeff" + value).encode("utf-16-be").hex()


def _file(objects: Sequence[str]) -> bytes:
    pieces = [b"%PDF-1.7\n"]
    starts, length = [], len(pieces[0])
    for number, content in enumerate(objects, start=1):
        starts.append(length)
        pieces.append(f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1"))
        length += len(pieces[-1])
    written = b"".join(pieces)
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R>>"
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}\nstartxref\n{len(written)}\n%%EOF"
    )
    return written + end.encode()


def column(
    lines: Sequence[str], x: float, y: float, *, leading: float = 12, size: float = 10, font: str = "body"
) -> list[Text]:
    """Return lines below one another, the first at ``y``; an empty one leaves a space."""
    return [Text(x, y - leading * number, line, size, font) for number, line in enumerate(lines) if line]


def prose(subject: str, count: int) -> list[str]:
    """Return lines as long as a narrow column, all different."""
    return [f"{subject} line {number} is written in a column here" for number in range(1, count + 1)]
