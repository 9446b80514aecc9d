"""Reads Outlook's mails (MSG).

Text is taken from the plain body, else from the HTML; a mail that holds only compressed RTF says so. Mails
attached to it are read as it is.
"""

import io
import struct
from collections.abc import Callable
from email.parser import HeaderParser
from functools import partial
from typing import Any

from olefile import OleFileIO
from oxmsg.domain import constants
from oxmsg.properties import Properties
from oxmsg.storage import Storage

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats.file import File
from pincite.index.formats.mail import header, mail_date, name_of
from pincite.index.formats.markup import decode_as
from pincite.index.formats.messages import Attachment, Body, Message, message_documents

_HEADER, _EMBEDDED_HEADER, _ATTACHMENT_HEADER = 32, 24, 8
_EMBEDDED = "__substg1.0_3701000D"
_COMPRESSED_RTF = 0x1009
_CODEPAGE = 0x3FDE
_DELIVERY_TIME = 0x0E06
_ODD = (AttributeError, LookupError, TypeError, ValueError, AssertionError, struct.error, OverflowError)


def read(file: File) -> list[Document]:
    """Return the mail's document and its attachments'."""
    try:
        with OleFileIO(io.BytesIO(file.content)) as ole:
            storage = Storage.from_ole(ole)
    except (OSError, RecursionError, MemoryError, *_ODD) as error:
        raise UnsupportedDocument(f"not a readable MSG file: {error}") from None
    return _documents(storage, _HEADER, file)


def _documents(storage: Storage, header_size: int, file: File) -> list[Document]:
    properties = Properties(storage, header_size)
    if not list(_attempt(lambda: list(properties)) or []):
        raise UnsupportedDocument("not a readable MSG file: it has no properties")
    attachments, notes = [], []
    for number, attached in enumerate(storage.iter_attachment_storages(), start=1):
        one = Properties(attached, _ATTACHMENT_HEADER)
        name = _text(one, constants.PID_ATTACH_LONG_FILENAME) or _text(one, constants.PID_ATTACH_FILENAME)
        content = _bytes(one, constants.PID_ATTACH_DATA_BINARY)
        embedded = next((inner for inner in attached.storages if inner.name == _EMBEDDED), None)
        if embedded is not None:
            inner = partial(_documents, embedded, _EMBEDDED_HEADER)
            subject = _text(Properties(embedded, _EMBEDDED_HEADER), constants.PID_SUBJECT)
            attachments.append(Attachment(f"{subject or name or f'mail {number}'}.msg", read=inner))
        elif content is None:
            notes.append(f"attachment {name or number}: the file is not in the mail")
        else:
            attachments.append(Attachment(name or f"unnamed {number}", content))
    return message_documents(_message(properties, attachments, notes), file)


def _message(properties: Properties, attachments: list[Attachment], notes: list[str]) -> Message:
    headers = HeaderParser().parsestr(_text(properties, constants.PID_TRANSPORT_MESSAGE_HEADERS))
    sender = header(headers, "From") or _sender(properties)
    body = Body(_text(properties, constants.PID_BODY), _html(properties))
    is_sealed = "smime" in _text(properties, constants.PID_MESSAGE_CLASS).lower()
    if is_sealed:
        notes.append("the message is encrypted or sealed in a signature and was not read")
    elif not body.text.strip() and not body.html.strip() and _bytes(properties, _COMPRESSED_RTF):
        notes.append("its text is stored as compressed RTF, which cannot be read: save the mail as EML")
    return Message(
        subject=_text(properties, constants.PID_SUBJECT),
        sender=sender,
        author=name_of(sender),
        to=header(headers, "To") or _text(properties, constants.PID_DISPLAY_TO),
        date=mail_date(header(headers, "Date")) or _sent(properties),
        bodies=[body],
        attachments=attachments,
        notes=notes,
    )


def _sender(properties: Properties) -> str:
    name = _text(properties, constants.PID_SENDER_NAME) or _text(
        properties, constants.PID_SENT_REPRESENTING_NAME
    )
    address = _text(properties, constants.PID_SENDER_SMTP_ADDRESS) or _text(
        properties, constants.PID_SENDER_EMAIL_ADDRESS
    )
    return f"{name} <{address}>" if name and "@" in address else name or address


def _sent(properties: Properties) -> str:
    for pid in (constants.PID_CLIENT_SUBMIT_TIME, _DELIVERY_TIME):
        moment = _attempt(partial(properties.date_prop_value, pid))
        if moment and moment.year > 1970:
            return str(moment.replace(tzinfo=None).isoformat(timespec="minutes"))
    return ""


def _html(properties: Properties) -> str:
    content = _bytes(properties, constants.PID_HTML)
    if content is None:
        return _text(properties, constants.PID_BODY_HTML)
    codepage = _attempt(lambda: properties.int_prop_value(_CODEPAGE))
    encoding = {65001: "utf-8", 20127: "", 28591: "cp1252", None: ""}.get(codepage, f"cp{codepage}")
    try:
        return decode_as(content, encoding)
    except UnsupportedDocument:
        return ""


def _text(properties: Properties, pid: int) -> str:
    return str(_attempt(lambda: properties.str_prop_value(pid)) or "").strip("\x00")


def _bytes(properties: Properties, pid: int) -> bytes | None:
    content = _attempt(lambda: properties.binary_prop_value(pid))
    return content if isinstance(content, bytes) else None


def _attempt(read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns, None where what it reads is damaged."""
    try:
        return read()
    except _ODD:
        return None
