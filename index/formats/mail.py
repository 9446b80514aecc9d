"""Reads mails as they are sent (EML): headers in any encoding, the text, the attachments.

Plain text is preferred to HTML where both say the same. Headers and parts that break the rules are read as
far as they go. Of an mbox file the first mail is read. Encrypted parts are noted, not read.
"""

from __future__ import annotations

import email
import email.errors
import email.policy
import email.utils
import mimetypes
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message as AnyMessage
from typing import Any

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.dates import iso_date
from pincite.index.formats.file import File
from pincite.index.formats.markup import decode_as
from pincite.index.formats.messages import Attachment, Body, Message, message_documents
from pincite.index.formats.text import decode, plain_text

# Not the default policy: its parser of headers raises on some, and takes minutes for others.
_POLICY = email.policy.compat32.clone(mangle_from_=False)
_LONGEST_HEADER = 20_000
_ODD = (AttributeError, LookupError, TypeError, ValueError, AssertionError, email.errors.MessageError)
_NEXT_IN_MBOX = re.compile(rb"\n\r?\nFrom \S+ [^\n]*\d{4}\r?\n")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def read(file: File) -> list[Document]:
    """Return the mail's document and its attachments'."""
    content, notes = _first_mail(file.content)
    try:
        message = email.message_from_bytes(content, policy=_POLICY)
        found = list(_parts(message))
    except RecursionError:
        raise UnsupportedDocument("its parts are nested too deeply") from None
    bodies = [part for part in found if isinstance(part, Body)]
    attachments = [part for part in found if isinstance(part, Attachment)]
    notes += [part for part in found if isinstance(part, str)]
    return message_documents(with_headers(message, bodies, attachments, notes), file)


def with_headers(
    message: AnyMessage[Any, Any], bodies: list[Body], attachments: list[Attachment], notes: list[str]
) -> Message:
    """Return a mail with what its headers say."""
    sender = header(message, "From") or header(message, "Sender")
    return Message(
        subject=header(message, "Subject"),
        sender=sender,
        author=name_of(sender),
        to=header(message, "To"),
        date=mail_date(header(message, "Date")),
        bodies=bodies,
        attachments=attachments,
        notes=notes,
    )


def header(message: AnyMessage[Any, Any], name: str) -> str:
    """Return a header's text in one line, decoded as far as it can be; empty where there is none."""
    return " ".join(_decoded(_raw(message, name)).split())


def _raw(message: AnyMessage[Any, Any], name: str) -> str:
    """Return a header as it is written, but for bytes in it that are no ASCII, which are decoded."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    raw = re.sub(r"\r?\n(?=[ \t])", "", raw[:_LONGEST_HEADER])
    if re.search("[\udc80-\udcff]", raw):
        with suppress(UnsupportedDocument, UnicodeError):
            raw = decode(raw.encode("utf-8", "surrogateescape"))
    return plain_text(raw)


def _decoded(raw: str) -> str:
    """Return a header's text with its encoded words decoded, as far as they can be."""
    try:
        return plain_text(str(make_header(decode_header(raw))))
    except _ODD:
        return raw


def name_of(sender: str) -> str:
    """Return the name in "Ada Moss <ada@example.org>"; the whole where there is only an address."""
    try:
        name, address = email.utils.parseaddr(sender)
    except (RecursionError, *_ODD):
        return sender
    return name or address or sender


def mail_date(stated: str) -> str:
    """Return a Date header's local time; empty if it is none.

    >>> mail_date("Tue, 05 Nov 2024 10:30:59 +0800")
    '2024-11-05T10:30'
    """
    try:
        moment = email.utils.parsedate_to_datetime(stated)
    except (ValueError, TypeError, IndexError, OverflowError):
        return iso_date(stated)
    return moment.replace(tzinfo=None).isoformat(timespec="minutes") if moment.year > 1970 else ""


def _first_mail(content: bytes) -> tuple[bytes, list[str]]:
    is_wide = content.startswith(_WIDE_MARKS) or content[:4096].count(0) * 4 > len(content[:4096])
    content = (decode(content).encode() if is_wide else content).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not content.startswith(b"From "):
        return content, []
    others = _NEXT_IN_MBOX.findall(content)
    following = _NEXT_IN_MBOX.search(content)
    notes = [f"{len(others)} more mails in the file: only the first is read"] if others else []
    return content[: following.start() + 1] if following else content, notes


def _parts(part: AnyMessage[Any, Any]) -> Iterator[Body | Attachment | str]:
    """Yield what a part holds: text, attachments, and notes on what cannot be read."""
    kind = part.get_content_type()
    name = _filename(part)
    if kind == "multipart/encrypted" or kind in _SEALED:
        is_signed = "signed" in str(_attempt(lambda: part.get_param("smime-type")) or "")
        yield f"the message is {'sealed in a signature' if is_signed else 'encrypted'} and was not read"
    elif kind == "multipart/alternative" and part.is_multipart():
        yield from _alternatives(list(_of_children(part)))
    elif kind.startswith("message/"):
        yield _enclosed(part, name)
    elif part.is_multipart():
        yield from _of_children(part)
    elif kind in ("text/plain", "text/html") and not name and _disposition(part) != "attachment":
        yield from _body(part, kind)
    elif kind not in _SIGNATURES:
        content = _content(part)
        suffix = mimetypes.guess_extension(kind) or ".txt"
        if name or not kind.startswith("image/"):
            yield Attachment(name or f"unnamed{suffix}", content)


def _of_children(part: AnyMessage[Any, Any]) -> Iterator[Body | Attachment | str]:
    for child in part.get_payload():
        yield from _parts(child)  # type: ignore[arg-type]


def _alternatives(parts: list[Body | Attachment | str]) -> Iterator[Body | Attachment | str]:
    """Yield the alternatives of one text as one body."""
    bodies = [part for part in parts if isinstance(part, Body)]
    text = next((body.text for body in bodies if body.text), "")
    yield Body(text, "\n".join(body.html for body in bodies if body.html))
    yield from (part for part in parts if not isinstance(part, Body))


def _body(part: AnyMessage[Any, Any], kind: str) -> Iterator[Body | str]:
    charset = str(_attempt(part.get_content_charset) or "")
    try:
        content = _content(part)
        text = decode(content) if charset in ("", "us-ascii", "ascii") else decode_as(content, charset)
    except UnsupportedDocument as error:
        yield f"a part of its text: {error}"
        return
    yield Body(html=text) if kind == "text/html" else Body(text)


def _enclosed(part: AnyMessage[Any, Any], name: str) -> Attachment:
    """Return an enclosed mail, or a report on one, as a file."""
    inner = part.get_payload()
    enclosed = inner[0] if isinstance(inner, list) and inner else None
    kind = part.get_content_type()
    if kind != "message/rfc822" or enclosed is None:
        text = "\n".join(map(str, inner)) if isinstance(inner, list) else str(inner)
        return Attachment(name or f"{kind.partition('/')[2]}.txt", text.encode("utf-8", "replace"))
    content = _attempt(lambda: enclosed.as_bytes(policy=_POLICY))  # type: ignore[union-attr]
    subject = header(enclosed, "Subject")  # type: ignore[arg-type]
    name = name or (f"{subject[:80]}.eml" if subject else "mail.eml")
    return Attachment(name if name.lower().endswith(".eml") else f"{name}.eml", content or b"")


def _content(part: AnyMessage[Any, Any]) -> bytes:
    content = _attempt(lambda: part.get_payload(decode=True))
    return content if isinstance(content, bytes) else b""


def _filename(part: AnyMessage[Any, Any]) -> str:
    for name in ("Content-Disposition", "Content-Type"):
        plain: AnyMessage[Any, Any] = AnyMessage()
        plain[name] = _raw(part, name)
        stated = str(_attempt(plain.get_filename) or "")
        if stated:
            return _decoded(stated)
    return ""


def _disposition(part: AnyMessage[Any, Any]) -> str:
    return str(_attempt(part.get_content_disposition) or "")


def _attempt(read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns, None where the email package stumbles over what it is to read."""
    try:
        return read()
    except _ODD:
        return None
