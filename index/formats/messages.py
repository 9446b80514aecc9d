"""Turns a mail, of whatever format, into documents: its own text, and one for each attachment with text.

The mail's text stands in sections "message" and "quoted": what it quotes of earlier mails is told by its
marks.
An attachment is read as a file of its own name would be; one that cannot be read is noted on the mail.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import has_text, read_documents
from pincite.index.formats.builder import Builder
from pincite.index.formats.file import File
from pincite.index.formats.hypertext import UNSEEN, Writer, text_of
from pincite.index.formats.markup import parse_html
from pincite.index.formats.text import plain_text

_MOST_ATTACHMENTS = 1_000
_MOST_ATTACHED = 200 * 1024**2
_DEEPEST = 5
_MOST_NOTES = 20
_LONGEST_NAME = 150
_STUB_WORDS = 40
_STUB_RATIO = 4

_ORIGINAL = re.compile(
    r"\s*(?:-{2,}\s*(?:Original Message|Forwarded message|原始邮件|原始郵件|转发邮件)\s*-{2,}|_{20,}\s*$"
    r"|(?:发件人|寄件者)\s*[:：])",
    re.IGNORECASE,
)
_INTRODUCTION = re.compile(
    r"\s*(?:On\s.{6,200}\swrote:|.{2,200}(?:写道|寫道)\s*[:：]"
    r"|Am\s.{6,200}\sschrieb.{0,80}:|Le\s.{6,200}\sa écrit\s?:)\s*"
)
_QUOTED = re.compile(r"\s?(?:>\s?)+")
_QUOTE_CLASS = re.compile(r"gmail_quote|yahoo_quoted|protonmail_quote|moz-forward-container")
_QUOTE_BEGINNINGS = frozenset({"divRplyFwdMsg", "appendonsend"})


@dataclass(frozen=True, slots=True)
class Body:
    """A part of a mail's text, which may be given in two ways."""

    text: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; ``read`` is for one that is no file of its own outside the mail."""

    name: str
    content: bytes = b""
    read: Callable[[File], Sequence[Document]] = read_documents


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as its format holds it. ``sender`` and ``to`` are as written; ``date`` is ISO 8601."""

    subject: str = ""
    sender: str = ""
    author: str = ""
    to: str = ""
    date: str = ""
    bodies: Sequence[Body] = ()
    attachments: Sequence[Attachment] = ()
    notes: Sequence[str] = ()


def message_documents(message: Message, file: File) -> list[Document]:
    """Return the mail's document and its attachments', each with text in it."""
    documents, notes = _attached(message, file)
    notes = [*message.notes, *notes]
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"and {len(notes) - _MOST_NOTES} more like these"]
    own = _own_document(message, notes)
    if has_text(own):
        return [own, *documents]
    if documents:
        first, *others = documents
        return [replace(first, notes=(*first.notes, *notes)), *others]
    raise UnsupportedDocument("; ".join(notes) or "there is no text in it")


def _own_document(message: Message, notes: Sequence[str]) -> Document:
    builder = Builder()
    for body in message.bodies:
        builder.part("message")
        if body.html and _is_stub(body):
            root = parse_html(plain_text(body.html))
            if root is not None:
                _MailWriter(builder, UNSEEN).write(root)
        else:
            _write_text(builder, body.text)
    metadata = {
        "title": message.subject,
        "author": message.author,
        "date": message.date,
        "subject": message.subject,
        "sender": message.sender,
        "to": message.to,
    }
    document = builder.document(metadata, notes=notes)
    if has_text(document):
        return document
    builder.part("message")
    builder.paragraph(message.subject)
    return builder.document(metadata, notes=notes)


def _is_stub(body: Body) -> bool:
    """Whether the plain text is missing or only says that there is more."""
    words = len(body.text.split())
    if not words:
        return True
    if words >= _STUB_WORDS:
        return False
    root = parse_html(plain_text(body.html))
    return root is not None and len(text_of(root).split()) > words * _STUB_RATIO


def _write_text(builder: Builder, text: str) -> None:
    """Write plain text, in a section for each change between what is quoted and what is not."""
    run: list[str] = []
    was_quoted = False
    for is_quoted, line in _marked(plain_text(text).split("\n")):
        if is_quoted != was_quoted and line.strip():
            builder.paragraph("\n".join(run))
            run.clear()
            builder.part("quoted" if is_quoted else "message")
            was_quoted = is_quoted
        run.append(line)
    builder.paragraph("\n".join(run))


def _marked(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Yield each line without quotation marks, and whether it is quoted."""
    is_original = False
    for number, line in enumerate(lines):
        mark = _QUOTED.match(line)
        if not is_original and not mark:
            is_original = _begins_original(lines, number)
        if mark:
            yield True, line[mark.end() :]
        else:
            yield is_original or _introduces(lines, number), line


def _begins_original(lines: Sequence[str], number: int) -> bool:
    """Whether the rest of the mail is an earlier one, set apart by a line or by its header."""
    line = lines[number]
    following = lines[number + 1 : number + 5]
    if _ORIGINAL.match(line):
        return True
    if line.startswith(("From:", "*From:*")):
        return sum(bool(re.match(r"\*?(?:Sent|Date|To|Subject|Cc):", other)) for other in following) > 1
    return _introduces(lines, number) and not any(_QUOTED.match(other) for other in following)


def _introduces(lines: Sequence[str], number: int) -> bool:
    """Whether the line, or it and the next, says who wrote what follows."""
    if _INTRODUCTION.fullmatch(lines[number][:500]):
        return True
    is_begun = lines[number].startswith(("On ", "Am ", "Le ")) and number + 1 < len(lines)
    return is_begun and bool(_INTRODUCTION.fullmatch(f"{lines[number][:200]} {lines[number + 1][:200]}"))


class _MailWriter(Writer):
    """Sets apart what mail programs mark as quoted."""

    _depth = 0

    def start(self, element: etree._Element) -> None:
        """Begin an element, which may be a quotation or the beginning of an earlier mail."""
        if _is_quotation(element) or element.get("id") in _QUOTE_BEGINNINGS:
            self.end_paragraph()
            self._depth += 1
            if self._depth == 1:
                self.builder.part("quoted")
        super().start(element)

    def end(self, element: etree._Element) -> None:
        """End an element."""
        super().end(element)
        if _is_quotation(element):
            self.end_paragraph()
            self._depth -= 1
            if self._depth == 0:
                self.builder.part("message")


def _is_quotation(element: etree._Element) -> bool:
    is_cited = element.tag == "blockquote" and element.get("type") == "cite"
    return is_cited or bool(_QUOTE_CLASS.search(element.get("class") or ""))


def _attached(message: Message, file: File) -> tuple[list[Document], list[str]]:
    documents: list[Document] = []
    notes: list[str] = []
    names: set[str] = set()
    size = 0
    for number, attachment in enumerate(message.attachments):
        file.on_page(number, len(message.attachments))
        name = _unique(_safe(attachment.name), names)
        size += len(attachment.content)
        if number >= _MOST_ATTACHMENTS or size > _MOST_ATTACHED:
            notes.append(f"attachment {name} and those after it: there are too many or they are too large")
            break
        if file.depth >= _DEEPEST:
            notes.append(f"attachment {name}: it is nested too deeply")
            continue
        inner = File(name, attachment.content, file.password, file.on_page, file.depth + 1)
        try:
            for document in attachment.read(inner):
                documents.append(replace(document, part="/".join(filter(None, (name, document.part)))))
        except UnsupportedDocument as error:
            notes.append(f"attachment {name}: {str(error).partition('; these can')[0]}")
    return documents, notes


def _safe(name: str) -> str:
    """Return a name without path and control characters, which ends as it did."""
    name = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]+", "_", plain_text(name)
    ).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if dot and len(suffix) < 10:
        return f"{stem[:_LONGEST_NAME]}.{suffix}"
    return name[:_LONGEST_NAME] or "unnamed"


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})"
    taken.add(candidate)
    return candidate
