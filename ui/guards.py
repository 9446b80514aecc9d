"""Who may ask the page for what: hosts, origins and routes.

``KnownHostsOnly`` refuses names that are not the page's own, as a name that somebody points at this machine
(DNS rebinding). ``SameOriginOnly`` refuses what another site has a browser send. ``NeededRoutesOnly`` leaves
of gradio's routes those that the page and its programs use; everything else is not found, the ones that read
files or fetch addresses first of all. Logins are ``access``'s, sessions ``sessions``', sizes and rates
``limits``'.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from pincite.ui.asgi import App, Message, Receive, Send, header, headers, path, refuse

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::(\d{1,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(\S+)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"127.0.0.1", "::1"})

_NAME = r"[A-Za-z0-9_-]{1,64}"
_FILE = r"(?:[A-Za-z0-9_@-][A-Za-z0-9_.@-]*/)*[A-Za-z0-9_@-][A-Za-z0-9_.@-]*"
_API = "/gradio_api"
_READ = (
    r"/|/config|/theme\.css|/favicon\.ico|/logout",
    rf"/(?:assets|static)/{_FILE}",
    rf"{_API}/(?:info|openapi\.json|app_id|theme\.css|upload_progress|queue/data|startup-events)",
    rf"{_API}/heartbeat/{_NAME}",
    rf"{_API}/call/(?:v2/)?{_NAME}/{_NAME}",
    rf"{_API}/mcp(?:/(?:http|sse|schema))?",
)
_WRITE = (
    r"/login",
    rf"{_API}/(?:upload|queue/join|cancel|reset)",
    rf"{_API}/(?:run|call|call/v2)/{_NAME}",
    rf"{_API}/mcp(?:/(?:http|messages))?",
)
_GRADIOS_OWN = {"deep_link", "page"}
_CLOSE = (rf"{_API}/mcp(?:/http)?",)
_ROUTES = {
    method: re.compile("|".join(patterns))
    for method, patterns in {"GET": _READ, "HEAD": _READ, "POST": _WRITE, "DELETE": _CLOSE}.items()
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the page goes by.

    ``known`` are its own, in small letters, ``trusted`` those that a person named for a reverse proxy. Where
    ``takes_addresses``, any IP address is a name too: rebinding takes a name that somebody else owns.
    """

    known: frozenset[str]
    trusted: frozenset[str]
    takes_addresses: bool

    @classmethod
    def of(cls, host: str, trusted: Iterable[str] = ()) -> "Names":
        """Return the names for a page that listens on ``host``. Raises ``ValueError`` for what is no name."""
        named = frozenset(map(_checked_name, trusted))
        own = frozenset({"localhost", split(host if ":" not in host else f"[{host.strip('[]')}]")[0]})
        if is_loopback(host):
            return cls(own | _LOOPBACK, named, takes_addresses=False)
        machine = socket.gethostname().lower()
        return cls(own | {machine, f"{machine}.local"}, named, takes_addresses=True)

    def has(self, authority: str) -> bool:
        """Whether ``authority``, a host with or without a port, is one of the names."""
        name, _ = split(authority)
        is_named = name in self.known or name in self.trusted
        return bool(name) and (is_named or (self.takes_addresses and _is_address(name)))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``. A name other than localhost may be anything."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def split(authority: str) -> tuple[str, int | None]:
    """Return the host in small letters, an IPv6 address in its short form, and the port; "" for what is none.

    >>> split("[0:0::1]:7860"), split("Localhost.")
    (('::1', 7860), ('localhost', None))
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return "", None
    name, port = found[1].lower(), int(found[2]) if found[2] else None
    if name.startswith("["):
        try:
            name = ipaddress.IPv6Address(name.strip("[]")).compressed
        except ValueError:
            return "", None
    return name, port


class KnownHostsOnly:
    """ASGI middleware: refuses requests to other names, and connections that are not HTTP."""

    def __init__(self, app: App, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["type"] == "http" and not self._are_known(scope):
            await refuse(send, 400, "this page does not go by that name: see --allow-host")
        else:
            await self._app(_without(scope, b"x-gradio-server"), receive, send)

    def _are_known(self, scope: Message) -> bool:
        hosts = headers(scope, "host")
        return len(hosts) == 1 and all(map(self._names.has, (*hosts, *_forwarded(scope))))


class SameOriginOnly:
    """ASGI middleware: refuses what a page of another origin has a browser send.

    A link to the page is followed from anywhere; nothing else is. Programs that are not browsers state no
    origin, and pass.
    """

    def __init__(self, app: App, names: Names) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._is_foreign(scope):
            await refuse(send, 403, "a page of another origin may not ask this one")
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, scope: Message) -> bool:
        origins = headers(scope, "origin")
        if origins:
            return not all(self._is_own(origin, scope) for origin in origins)
        if header(scope, "sec-fetch-site") in (None, "same-origin", "none"):
            return False
        is_link = (
            header(scope, "sec-fetch-mode") == "navigate" and header(scope, "sec-fetch-dest") == "document"
        )
        return not (is_link and scope["method"] in ("GET", "HEAD") and path(scope) == "/")

    def _is_own(self, origin: str, scope: Message) -> bool:
        found = _ORIGIN.fullmatch(origin)
        if found is None:
            return False
        default = _PORTS[found[1].lower()]
        name, port = split(found[2])
        if not name or name in self._names.trusted:
            return bool(name)
        own = (split(host) for host in (*headers(scope, "host"), *_forwarded(scope)))
        return (name, port or default) in {(host, own_port or default) for host, own_port in own}


class NeededRoutesOnly:
    """ASGI middleware: what is not on the list of routes is not found.

    Nor are gradio's deep links, which name files, and its further pages, whose absence is an error to it.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        if is_needed(scope["method"], scope["path"]) and not _GRADIOS_OWN & parse_qs(query).keys():
            await self._app(scope, receive, send)
        else:
            await refuse(send, 404, "there is nothing here")


def is_needed(method: str, asked: str) -> bool:
    """Whether the page or a program of its has use for the route. ``asked`` is the decoded path."""
    routes = _ROUTES.get(method)
    plain = asked if asked in ("/", "//") else asked.removesuffix("/")
    return routes is not None and routes.fullmatch(plain) is not None


def _forwarded(scope: Message) -> list[str]:
    """Return the hosts that a proxy says it was asked for; gradio makes addresses of them."""
    values = headers(scope, "x-forwarded-host")
    return [host.strip() for value in values for host in value.split(",")]


def _without(scope: Message, name: bytes) -> Message:
    if scope["type"] != "http":
        return scope
    kept = [(key, value) for key, value in scope["headers"] if key.lower() != name]
    return {**scope, "headers": kept}


def _checked_name(text: str) -> str:
    name, port = split(text)
    if not name or port is not None:
        raise ValueError(f"--allow-host takes a host name without a port, as docs.example.org, not {text!r}")
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
