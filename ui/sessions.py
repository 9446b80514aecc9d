"""Keeps one visitor's session from another's.

To gradio a session is whoever sends its hash, which the browser makes of ``Math.random``, and the hash
stands in addresses. So each visitor gets a cookie that no script can read, and a hash belongs to the cookie
that used it first. Programs that send no cookie are one visitor, told apart by their hashes alone: gradio's
client keeps the cookie, and a program that names no session gets event ids of 122 random bits.
"""

import json
import re
import secrets
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs

from pincite.ui.asgi import App, Message, Receive, Send, cookies, path, refuse

COOKIE = "pincite-visitor"
MOST_SESSIONS = 10_000
_WHO = re.compile(r"[A-Za-z0-9_-]{32}")
_HASH = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IN_PATH = re.compile(r"/gradio_api/(?:heartbeat|call/(?:v2/)?[^/]+)/([^/]+)")
_GIVES_COOKIE = ("/", "/config")
_MONTH_SECONDS = 2_592_000


class Owners:
    """Which visitor each session belongs to; beyond ``most`` sessions, the longest idle is forgotten."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._owners: OrderedDict[str, str] = OrderedDict()

    def claim(self, session: str, visitor: str) -> bool:
        """Whether ``session`` is the visitor's, or nobody's, and so now the visitor's."""
        owner = self._owners.setdefault(session, visitor)
        self._owners.move_to_end(session)
        if len(self._owners) > self._most:
            self._owners.popitem(last=False)
        return owner == visitor


class OwnSessionsOnly:
    """ASGI middleware: gives the cookie, and refuses hashes that belong to another."""

    def __init__(self, app: App, owners: Owners | None = None) -> None:
        self._app = app
        self._owners = owners or Owners()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        visitor = cookies(scope).get(COOKIE, "")
        if not _WHO.fullmatch(visitor):
            visitor = ""
        for session in named_sessions(scope):
            if not (isinstance(session, str) and _HASH.fullmatch(session)):
                await refuse(send, 400, "that is no session")
                return
            if not self._owners.claim(session, visitor):
                await refuse(send, 403, "that session is somebody else's: load the page again")
                return
        gives = not visitor and path(scope) in _GIVES_COOKIE
        await self._app(scope, receive, _with_cookie(send, scope) if gives else send)


def named_sessions(scope: Message) -> list[Any]:
    """Return what the request names a session by: in its path, its query, its body; also ids of uploads."""
    named: list[Any] = []
    found = _IN_PATH.fullmatch(path(scope))
    if found is not None:
        named.append(found[1])
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    named += query.get("session_hash", []) + query.get("upload_id", [])
    body = parsed(scope.get("pincite.body", b""))
    if isinstance(body, dict) and body.get("session_hash") is not None:
        named.append(body["session_hash"])
    return named


def parsed(body: bytes) -> Any:
    """Return a body as the server behind us will read it, by the same function; None where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _with_cookie(send: Send, scope: Message) -> Send:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    value = f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; Max-Age={_MONTH_SECONDS}; HttpOnly; SameSite=Lax"

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = (b"set-cookie", f"{value}{secure}".encode())
            message["headers"] = [*message.get("headers", ()), cookie]
        await send(message)

    return send_with_cookie
