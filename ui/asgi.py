"""The words of ASGI that the page's guards share: a request's headers and body, and how one is refused."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def headers(scope: Message, name: str) -> list[str]:
    """Return the values of the header ``name``, which is in small letters, in their order."""
    wanted = name.encode("ascii")
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]


def header(scope: Message, name: str) -> str | None:
    """Return the header's first value, or None."""
    return next(iter(headers(scope, name)), None)


def cookies(scope: Message) -> dict[str, str]:
    """Return the request's cookies, read as starlette reads them for gradio."""
    from starlette.requests import Request

    return Request({"type": "http", "headers": scope["headers"]}).cookies


def path(scope: Message) -> str:
    """Return the request's path without a slash at its end; the root is "/"."""
    return str(scope["path"]).rstrip("/") or "/"


async def refuse(send: Send, status: int, reason: str, **more: str) -> None:
    """Answer with ``status`` and a line, as JSON of the form that gradio's clients show."""
    await answer(send, status, {"detail": reason}, **more)


async def refuse_in_words(send: Send, status: int, reason: str, **more: str) -> None:
    """Answer with ``status`` and a line of text, which gradio shows as it comes where it uploads."""
    await _send(send, status, reason.encode(), "text/plain; charset=utf-8", more)


async def answer(send: Send, status: int, content: object, **more: str) -> None:
    """Answer with ``content`` as JSON; ``more`` are header fields, with ``_`` for ``-``."""
    await _send(send, status, json.dumps(content).encode(), "application/json", more)


async def _send(send: Send, status: int, body: bytes, media_type: str, more: Mapping[str, str]) -> None:
    fields = {"content-type": media_type, "content-length": str(len(body)), **more}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def read(receive: Receive, most_bytes: int) -> bytes | None:
    """Return the request's body, or None as soon as it is longer than ``most_bytes``."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``body`` once more, then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
