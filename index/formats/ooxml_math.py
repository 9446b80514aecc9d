"""Writes an equation of Office as one line: a fraction as "a/b", a power as "x^2", a root as "√(x)"."""

from lxml import etree

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MATH = frozenset({f"{_M}oMath", f"{_M}oMathPara"})


def math_text(element: etree._Element) -> str:
    """Return an equation's text."""
    name = element.tag.removeprefix(_M) if isinstance(element.tag, str) else ""
    if name == "t":
        return (element.text or "").replace("\u2061", " ")  # a sign that nobody sees: sin of x
    if name == "f":
        return f"{_part(element, 'num')}/{_part(element, 'den')}"
    if name == "rad":
        return f"{_inside(element, 'deg')}√({_inside(element, 'e')})"
    if name == "d":
        end = _character(element, "dPr", "endChr", ")")
        return _character(element, "dPr", "begChr", "(") + _inside(element, "e", ", ") + end
    before = _character(element, "naryPr", "chr", "∫") if name == "nary" else ""
    lower, upper = _part(element, "sub"), _part(element, "sup")
    script = (f"_{lower}" if lower else "") + (f"^{upper}" if upper else "")
    if name == "nary":
        return f"{before}{script} {_inside(element, 'e')}"
    if name in ("sSub", "sSup", "sSubSup"):
        return _part(element, "e") + script
    if name == "mr":
        return _inside(element, "e", " ") + "; "
    return "".join(map(math_text, element))


def _inside(element: etree._Element, name: str, between: str = "") -> str:
    return between.join("".join(map(math_text, part)) for part in element.iterfind(f"{_M}{name}"))


def _part(element: etree._Element, name: str) -> str:
    """Return a part's text, in brackets unless it is a single name or number."""
    text = _inside(element, name).strip()
    return text if len(text) < 2 or text.isalnum() else f"({text})"


def _character(element: etree._Element, properties: str, name: str, default: str) -> str:
    stated = element.find(f"{_M}{properties}/{_M}{name}")
    return default if stated is None else str(stated.get(f"{_M}val", ""))
