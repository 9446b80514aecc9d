"""Who may use the page: everybody on this machine, or those with an account.

Gradio checks logins route by route, and some routes not at all: heartbeats, cancelling, MCP. ``LoginOnly``
stands before them all. It takes gradio's own login, or an account in each request (HTTP Basic), which is
easier for programs, and lets nobody guess passwords quickly.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pincite.ui.asgi import App, Message, Receive, Send, cookies, header, path, refuse
from pincite.ui.guards import Names, is_loopback
from pincite.ui.limits import Buckets, client, too_many

GUESSES_AT_ONCE = 20
GUESSES_PER_SECOND = 0.2
LOGIN_FIRST = "log in first"
_PUBLIC = re.compile(
    r"/|/theme\.css|/favicon\.ico|/(?:assets|static)/.*|/gradio_api/(?:startup-events|theme\.css)"
)
_TOKEN = b"access-token-"


@dataclass(frozen=True, slots=True)
class Access:
    """Accounts, each a user and a password; whether none are wanted on any address; names for a proxy."""

    accounts: tuple[tuple[str, str], ...] = ()
    is_open: bool = False
    host_names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, accounts: Sequence[str], *, is_open: bool = False, host_names: Sequence[str] = ()
    ) -> "Access":
        """Return it for accounts, each written ``USER:PASSWORD``. Raises ``ValueError`` for other texts."""
        pairs = tuple(
            (user.strip(), password) for user, _, password in (text.partition(":") for text in accounts)
        )
        if not all(user and password for user, password in pairs):
            raise ValueError("an account is written USER:PASSWORD, in --auth or PINCITE_AUTH")
        if len(dict(pairs)) < len(pairs):
            raise ValueError("each USER of --auth may have one PASSWORD")
        if pairs and is_open:
            raise ValueError("--auth and --no-auth exclude each other (PINCITE_AUTH counts as --auth)")
        return cls(pairs, is_open, tuple(host_names))

    def names(self, host: str) -> Names:
        """Return what the page may be called on ``host``. Raises ``ValueError`` where anybody could come.

        A page on loopback that has a name of its own stands behind a proxy, which others reach.
        """
        if not (self.accounts or self.is_open or (is_loopback(host) and not self.host_names)):
            where = ", ".join((host, *self.host_names))
            raise ValueError(
                f"others could reach {where}: name who may with --auth USER:PASSWORD (or PINCITE_AUTH), "
                "or let everybody with --no-auth"
            )
        return Names.of(host, self.host_names)


LOCAL = Access()


class LoginOnly:
    """ASGI middleware: refuses everything but the login page and its own files to who has not logged in.

    ``gradio`` is the app that it guards: gradio keeps the logins, by the tokens that are their cookies.
    """

    def __init__(
        self, app: App, gradio: Any, accounts: Sequence[tuple[str, str]], guesses: Buckets | None = None
    ) -> None:
        self._app = app
        self._gradio = gradio
        self._accounts = dict(accounts)
        self._guesses = guesses or Buckets(GUESSES_PER_SECOND, GUESSES_AT_ONCE)
        self._programs = {user: secrets.token_urlsafe(24) for user in self._accounts}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        basic = header(scope, "authorization")
        if scope["method"] == "POST" and path(scope) == "/login":
            await self._log_in(scope, receive, send)
        elif basic is not None and basic.lower().startswith("basic "):
            await self._take_account(basic[6:], scope, receive, send)
        elif _PUBLIC.fullmatch(path(scope)) or self._has_token(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(send, 401, LOGIN_FIRST)

    async def _log_in(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let gradio judge; what succeeds was no guess."""
        who = client(scope)
        seconds = self._guesses.take(who)
        if seconds:
            await too_many(send, seconds)
            return

        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] < 400:
                    self._guesses.give_back(who)
                message["headers"] = [(name, _strict(name, value)) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_strictly)

    async def _take_account(self, basic: str, scope: Message, receive: Receive, send: Send) -> None:
        who = client(scope)
        seconds = self._guesses.take(who)
        user = None if seconds else self._user_of(basic)
        if seconds:
            await too_many(send, seconds)
        elif user is None:
            await refuse(send, 401, LOGIN_FIRST)
        else:
            self._guesses.give_back(who)
            token = self._programs[user]
            self._gradio.tokens[token] = user
            pair = f"access-token-unsecure-{self._gradio.cookie_id}={token}".encode()
            rest = [(name, value) for name, value in scope["headers"] if name.lower() != b"cookie"]
            kept = [value for name, value in scope["headers"] if name.lower() == b"cookie"]
            await self._app(
                {**scope, "headers": [*rest, (b"cookie", b"; ".join([*kept, pair]))]}, receive, send
            )

    def _user_of(self, basic: str) -> str | None:
        try:
            user, _, password = base64.b64decode(basic, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        known = self._accounts.get(user, "")
        is_right = secrets.compare_digest(known.encode(), password.encode())
        return user if known and is_right else None

    def _has_token(self, scope: Message) -> bool:
        sent = cookies(scope)
        names = (f"access-token-{kind}{self._gradio.cookie_id}" for kind in ("", "unsecure-"))
        return any(sent.get(name) in self._gradio.tokens for name in names if name in sent)


def _strict(name: bytes, value: bytes) -> bytes:
    """Return a login cookie that no other site can have sent along; gradio's allows that."""
    if name.lower() != b"set-cookie" or not value.startswith(_TOKEN):
        return value
    parts = [part for part in value.split(b"; ") if not part.lower().startswith(b"samesite")]
    return b"; ".join([*parts, b"SameSite=Lax"])
