"""What the styles of an OpenDocument text mean: which are headings, the title, or hidden."""

from lxml import etree

_NAMESPACE = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
OFFICE, TEXT, TABLE = (_NAMESPACE.format(name) for name in ("office", "text", "table"))
DRAW, _STYLE = (_NAMESPACE.format(name) for name in ("drawing", "style"))
_LONGEST_CHAIN = 20
_MOST_LEVELS = 10


class Styles:
    """The styles of a document, by name. A style has from its parent what it does not say itself."""

    def __init__(self, roots: list[etree._Element]) -> None:
        self._styles = {
            style.get(f"{_STYLE}name", ""): style
            for root in reversed(roots)  # those in the content come first
            for style in root.iter(f"{_STYLE}style")
        }

    def level(self, name: str) -> int:
        """Return the level of the headings that a style makes of plain paragraphs; 0 for none."""
        for style in self._chain(name):
            level = style.get(f"{_STYLE}default-outline-level")
            if level is not None:
                return min(int(level), _MOST_LEVELS) if level.isdecimal() and len(level) < 4 else 0
        return 0

    def is_title(self, name: str) -> bool:
        """Whether a style is that of the document's title."""
        return name == "Title" or any(
            style.get(f"{_STYLE}name") == "Title" or style.get(f"{_STYLE}parent-style-name") == "Title"
            for style in self._chain(name)
        )

    def is_hidden(self, name: str) -> bool:
        """Whether text of a style is not shown."""
        for style in self._chain(name):
            shown = style.find(f"{_STYLE}text-properties[@{TEXT}display]")
            if shown is not None:
                return bool(shown.get(f"{TEXT}display") == "none")
        return False

    def _chain(self, name: str) -> list[etree._Element]:
        found: list[etree._Element] = []
        while len(found) < _LONGEST_CHAIN and (style := self._styles.get(name)) is not None:
            found.append(style)
            name = style.get(f"{_STYLE}parent-style-name", "")
        return found
