"""Reads Rich Text Format: headings by outline level or style, paragraphs, lists, tables, footnotes.

Left out are hidden and deleted text, comments, pictures, and the headers and footers of pages. A destination
that is not known is passed over whole, as its mark ``\\*`` asks. No group is read by recursion.
"""

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.blocks import Block, block_text, write_blocks
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.properties import properties
from pincite.index.formats.rtf_encodings import WESTERN, encoding_of_charset, encoding_of_code_page
from pincite.index.formats.rtf_flow import Flow
from pincite.index.formats.rtf_tokens import Kind, Token, tokens

_MOST_GROUPS = 1000
_TOKENS_BETWEEN_SIGNS = 20_000
_CHUNK = 65_536

_SKIPPED = frozenset(
    "colortbl filetbl listtable listoverridetable revtbl rsidtbl generator header headerl headerr headerf"
    " footer footerl footerr footerf object fldinst sp shprslt nonshppict xe tc txe rxe atnid atnauthor"
    " template private pn nonesttables ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn themedata datastore"
    " latentstyles pict shppict annotation listtext pntext mmathPr xmlnstbl keywords subject comment doccomm"
    " operator company manager category falt panose".split()
)
_LIST_MARKS = frozenset({"listtext", "pntext"})
_COUNTED = {"pict": "image", "shppict": "image", "annotation": "comment"}
_DESTINATIONS = frozenset({"fonttbl", "stylesheet", "info", "title", "author", "creatim", "revtim"})
_KEPT_THOUGH_STARRED = frozenset({"shpinst", "footnote", "shptxt"})
_PARAGRAPH_ENDS = frozenset({"par", "sect", "page", "column"})
_CHARACTERS = {"tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "bullet": "•"}
_CHARACTERS |= {"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"}
_CHARACTERS |= {"emspace": " ", "enspace": " ", "qmspace": " ", "zwj": "\u200d", "zwnj": "\u200c"}
_SYMBOLS = {"~": "\u00a0", "_": "-", "\t": "\t"}
_CODE_PAGES = {"mac": 10000, "pc": 437, "pca": 850, "ansi": 1252}
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
_ROW_WORDS: dict[str, Callable[[Flow, int], None]] = {
    "trowd": lambda flow, _: flow.begin_row(),
    "trleft": Flow.begin_cells,
    "trhdr": lambda flow, _: flow.mark_header(),
    "clmrg": lambda flow, _: flow.merge_cell(left=True),
    "clvmrg": lambda flow, _: flow.merge_cell(above=True),
    "cellx": Flow.define_cell,
    "cell": lambda flow, _: flow.end_cell(),
    "nestcell": lambda flow, _: flow.end_paragraph(in_table=True),
    "row": lambda flow, _: flow.end_row(),
}
_SYMBOL_FONTS = range(0xF000, 0xF100)


@dataclass(slots=True)
class _State:
    """What a group has from the one around it, and may change for itself. ``flow`` is where its text goes."""

    flow: Flow
    destination: str = "text"
    font: int | None = None
    asian_font: int | None = None
    is_asian: bool = False
    fallback: int = 1
    is_hidden: bool = False
    is_deleted: bool = False
    in_table: bool = False
    level: int | None = None
    style: int = 0
    is_begun: bool = False
    is_starred: bool = False


@dataclass(slots=True)
class _Style:
    """A paragraph style; ``outline`` is its outline level as the file counts, from 0."""

    name: str = ""
    outline: int = -1

    @property
    def level(self) -> int:
        heading = _HEADING.fullmatch(self.name.strip("; "))
        return _level(self.outline) or (int(heading[1]) if heading else 0)

    @property
    def is_title(self) -> bool:
        return self.name.strip("; ").lower() == "title"


def read(file: File) -> list[Document]:
    """Return an RTF document."""
    content = file.content.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if not content.startswith(b"{\\rtf"):
        raise UnsupportedDocument("not a readable RTF file: it does not begin as one")
    reader = _Reader()
    for number, token in enumerate(tokens(content)):
        if number % _TOKENS_BETWEEN_SIGNS == 0:
            file.on_page(token.end // _CHUNK, len(content) // _CHUNK)
        reader.take(token)
        if reader.is_complete:
            break
    builder = Builder()
    write_blocks(builder, reader.end())
    return [builder.document(reader.metadata(), notes=reader.left_out())]


class _Reader:
    """Follows the groups of a file, token by token."""

    def __init__(self) -> None:
        self.is_complete = self._is_cut = False
        self._state = _State(Flow("document"))
        self._document = self._state.flow
        self._stack: list[_State] = []
        self._pending = bytearray()
        self._to_skip = 0
        self._code_page = WESTERN
        self._default_font: int | None = None
        self._fonts: dict[int | None, str] = {}
        self._font = 0
        self._styles: dict[int, _Style] = {}
        self._style = _Style()
        self._properties: dict[str, str] = {}
        self._times: dict[str, dict[str, int]] = {"creatim": {}, "revtim": {}}
        self._counts = {"footnote": 0, "endnote": 0, "image": 0, "comment": 0}

    def take(self, token: Token) -> None:
        """Read one token."""
        if token.kind is Kind.TEXT:
            self._bytes(token)
            return
        self._flush()
        self._to_skip = 0
        if token.kind is Kind.BRACE:
            self._open() if token.name == "{" else self._close()
        elif token.kind is Kind.SYMBOL:
            self._symbol(token.name)
        else:
            is_first, self._state.is_begun = not self._state.is_begun, True
            if is_first:
                self._enter(token.name)
            if self._state.destination != "skip":
                self._word(token.name, token.number)

    def end(self) -> list[Block]:
        """Return the blocks of the document."""
        self._flush()
        self._is_cut = not self.is_complete
        while self._stack:
            self._close()
        return self._document.end()

    def metadata(self) -> dict[str, str]:
        """Return what the file says of itself."""
        return properties(
            title=self._properties.get("title", "").strip() or self._document.title,
            author=self._properties.get("author", ""),
            created=_date(self._times["creatim"]),
            modified=_date(self._times["revtim"]),
        )

    def left_out(self) -> list[str]:
        """Return sentences about what of the document is not in its text."""
        found = [] if self.is_complete else ["the file breaks off before its end"]
        for name, what in (("image", "without text"), ("comment", "left out")):
            if count := self._counts[name]:
                found.append(f"{count} {name}{'s' * (count > 1)} {what}")
        return found

    def _open(self) -> None:
        if len(self._stack) >= _MOST_GROUPS:
            raise UnsupportedDocument(
                f"not a readable RTF file: more than {_MOST_GROUPS:,} groups in each other"
            )
        self._stack.append(self._state)
        self._state = copy(self._state)
        self._state.is_begun = self._state.is_starred = False
        self._style = _Style()

    def _close(self) -> None:
        if not self._stack:
            return
        flow, self._state = self._state.flow, self._stack.pop()
        if flow is not self._state.flow:
            self._hang(flow)
        self.is_complete = not self._stack and not self._is_cut

    def _hang(self, flow: Flow) -> None:
        """Put a footnote or a text box that is complete behind the paragraph it is in."""
        blocks = flow.end()
        if self._state.is_hidden or self._state.is_deleted:
            return
        if flow.kind == "shptxt":
            self._state.flow.box(blocks)
        else:
            self._counts[flow.kind] += 1
            text = block_text(blocks)
            self._state.flow.note(f"{flow.kind.capitalize()} {self._counts[flow.kind]}: {text}")

    def _enter(self, name: str) -> None:
        """Begin the destination that a group's first word names."""
        state = self._state
        if state.destination == "skip":
            return
        if name in _LIST_MARKS:
            state.flow.is_item = True
        if name in _COUNTED:
            self._counts[_COUNTED[name]] += 1
        if name in _SKIPPED or (state.is_starred and name not in _KEPT_THOUGH_STARRED):
            state.destination = "skip"
        elif name in _DESTINATIONS:
            state.destination = name
        elif name in ("footnote", "shptxt"):
            state.flow, state.in_table, state.level, state.style = Flow(name), False, None, 0

    def _bytes(self, token: Token) -> None:
        if self._state.destination == "skip" or not token.data:
            return
        self._state.is_begun = True
        skipped = min(self._to_skip, len(token.data))
        self._to_skip -= skipped
        self._pending += token.data[skipped:]

    def _flush(self) -> None:
        """Turn the bytes that have come together into text."""
        if not self._pending:
            return
        state = self._state
        font = state.asian_font if state.is_asian and state.asian_font is not None else state.font
        encoding = self._fonts.get(self._default_font if font is None else font, self._code_page)
        text = self._pending.decode(encoding, "replace")
        self._pending.clear()
        self._write(text)

    def _write(self, text: str) -> None:
        state = self._state
        if state.destination == "text":
            if not state.is_hidden and not state.is_deleted:
                state.flow.write(text)
        elif state.destination == "stylesheet":
            self._style.name += text
        elif state.destination in ("title", "author"):
            self._properties[state.destination] = self._properties.get(state.destination, "") + text

    def _symbol(self, name: str) -> None:
        if self._state.destination == "skip":
            return
        if name == "*":
            self._state.is_starred = True
            return
        self._state.is_begun = True
        if name in "\r\n":
            self._end_paragraph()
        else:
            self._write(_SYMBOLS.get(name, ""))

    def _word(self, name: str, number: int | None) -> None:
        value = 0 if number is None else number
        if name == "u":
            self._write(_character(value))
            self._to_skip = self._state.fallback
        elif name == "uc":
            self._state.fallback = max(0, value)
        elif name in _CHARACTERS:
            self._write(_CHARACTERS[name])
        elif self._state.destination == "text":
            self._in_text(name, value, is_on=number != 0)
        elif self._state.destination == "fonttbl":
            self._in_fonts(name, value)
        elif self._state.destination == "stylesheet":
            self._in_styles(name, value)
        elif self._state.destination in self._times:
            self._times[self._state.destination][name] = value

    def _in_fonts(self, name: str, value: int) -> None:
        if name == "f":
            self._font = value
        elif name == "fcharset" and (encoding := encoding_of_charset(value)):
            self._fonts[self._font] = encoding
        elif name == "cpg":
            self._fonts[self._font] = encoding_of_code_page(value)

    def _in_styles(self, name: str, value: int) -> None:
        if name == "s":
            self._styles[value] = self._style
        elif name == "outlinelevel":
            self._style.outline = value

    def _in_text(self, name: str, value: int, *, is_on: bool) -> None:
        state = self._state
        if name in _PARAGRAPH_ENDS:
            self._end_paragraph()
        elif name == "pard":
            state.in_table, state.level, state.style = False, None, 0
        elif name == "s":
            state.style = value
        elif name == "outlinelevel":
            state.level = _level(value)
        elif name == "intbl":
            state.in_table = True
        elif name == "v":
            state.is_hidden = is_on
        elif name == "deleted":
            state.is_deleted = is_on
        elif name == "ftnalt" and state.flow is not self._document:
            state.flow.kind = "endnote"
        elif name in _ROW_WORDS:
            _ROW_WORDS[name](state.flow, value)
        else:
            self._choose_font(name, value)

    def _choose_font(self, name: str, value: int) -> None:
        state = self._state
        if name == "f":
            state.font, state.asian_font = value, None
        elif name == "af" and state.is_asian:
            state.asian_font = value
        elif name in ("loch", "hich", "dbch"):
            state.is_asian = name == "dbch"
        elif name == "plain":
            state.font = state.asian_font = None
            state.is_hidden = state.is_deleted = state.is_asian = False
        elif name == "deff":
            self._default_font = value
        elif name == "ansicpg" or name in _CODE_PAGES:
            self._code_page = encoding_of_code_page(_CODE_PAGES.get(name, value))

    def _end_paragraph(self) -> None:
        state = self._state
        if state.destination != "text":
            return
        style = self._styles.get(state.style, _Style())
        level = style.level if state.level is None else state.level
        state.flow.end_paragraph(level=level, is_title=style.is_title, in_table=state.in_table)


def _level(outline: int) -> int:
    return outline + 1 if 0 <= outline < _BODY_LEVEL else 0


def _character(number: int) -> str:
    """Return the character of ``\\u``, which is signed; nothing for a symbol font's own."""
    number += 65536 if number < 0 else 0
    return chr(number) if 0 < number < 0x110000 and number not in _SYMBOL_FONTS else ""


def _date(time: dict[str, int]) -> str:
    year, month, day, hour, minute = (time.get(name, 0) for name in ("yr", "mo", "dy", "hr", "min"))
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"
