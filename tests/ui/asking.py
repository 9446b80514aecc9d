"""An ASGI app is asked without a server: what the tests of the page's guards share."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pincite.ui.asgi import App, Message, Receive, Send

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """What an app answered: None where it was a websocket that it closed."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def reason(self) -> str:
        """The line that a refusal gives."""
        is_json = self.header("content-type") == "application/json"
        return str(json.loads(self.body)["detail"]) if is_json else self.body.decode()


@dataclass
class Inner:
    """An app behind guards: it reads the body, keeps the requests, and says where it was asked."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    scopes: list[Message] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.scopes.append(scope)
        self.bodies.append(body)
        pairs = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": pairs})
        await send({"type": "http.response.body", "body": b"inside"})


def ask(
    app: App,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | Sequence[bytes] = b"",
    **scope: Any,
) -> Reply:
    """Ask ``app``; ``path`` may have a query, ``body`` may come in pieces."""
    plain, _, query = path.partition("?")
    given = {"host": "127.0.0.1:7860", **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in given.items()]
    asked = {
        "type": "http",
        "method": method,
        "path": plain,
        "query_string": query.encode(),
        "headers": pairs,
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        **scope,
    }
    return finished(_ask(app, asked, [body] if isinstance(body, bytes) else list(body)))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Return what comes of ``work``, in a thread of its own: in the browser tests' a loop runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def event(**data: Any) -> bytes:
    """Return the body of an event."""
    return json.dumps(data).encode()


async def _ask(app: App, scope: Message, pieces: list[bytes]) -> Reply:
    waiting: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting[-1]["more_body"] = False
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert len(starts) <= 1
    pairs = starts[0]["headers"] if starts else []
    return Reply(
        starts[0]["status"] if starts else None,
        tuple((name.decode(), value.decode()) for name, value in pairs),
        b"".join(message.get("body", b"") for message in sent),
    )
