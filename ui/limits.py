"""How often, how much and how many at once: rates per client, sizes of requests, requests that are open.

A client is an IP address, of IPv6 its network of 64 bits. The figures are for twenty people behind one
address who ask a question every few seconds each. Uploads have limits of their own in ``intake``.
"""

import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from pincite.ui.asgi import App, Message, Receive, Send, header, path, read, refuse, replay

REQUESTS_PER_SECOND = 50.0
REQUESTS_AT_ONCE = 500
MOST_BODY_BYTES = 1 << 20
MOST_QUESTION_CHARACTERS = 2000
MOST_OPEN = 512
MOST_OPEN_PER_CLIENT = 256
UPLOAD = "/gradio_api/upload"
_MOST_CLIENTS = 4096
_FREE = ("/assets/", "/static/")
_BUSY = "too many requests: wait a little, then try again"


class Buckets:
    """Token buckets, a key each: ``burst`` tokens at most, refilled at ``per_second``; idle keys are lost."""

    def __init__(
        self, per_second: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        now = self._clock()
        level, since = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._per_second)
        is_enough = level >= 1
        self._levels[key] = (level - 1 if is_enough else level, now)
        if len(self._levels) > _MOST_CLIENTS:
            self._levels.popitem(last=False)
        return 0.0 if is_enough else (1 - level) / self._per_second

    def give_back(self, key: str) -> None:
        """Return a token that was taken for nothing."""
        level, since = self._levels.get(key, (self._burst, self._clock()))
        self._levels[key] = (min(self._burst, level + 1), since)


def client(scope: Message) -> str:
    """Return who sends the request."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return host


class MeasuredRequests:
    """ASGI middleware: refuses a client's requests beyond a rate, and those beyond a number of open ones.

    The page's own files cost nothing: a first visit fetches a hundred.
    """

    def __init__(self, app: App, buckets: Buckets | None = None) -> None:
        self._app = app
        self._buckets = buckets or Buckets(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE)
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        who = client(scope)
        seconds = 0.0 if scope["path"].startswith(_FREE) else self._buckets.take(who)
        if seconds:
            await too_many(send, seconds)
        elif self._open.total() >= MOST_OPEN or self._open[who] >= MOST_OPEN_PER_CLIENT:
            await too_many(send, 1.0)
        else:
            await self._pass(who, scope, receive, send)

    async def _pass(self, who: str, scope: Message, receive: Receive, send: Send) -> None:
        self._open[who] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]


class SmallBodies:
    """ASGI middleware: refuses what is posted, but for uploads, beyond ``MOST_BODY_BYTES``.

    The body is read before anything else happens, and is the request's ``pincite.body``.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" or path(scope) == UPLOAD:
            await self._app(scope, receive, send)
            return
        body = None
        if not declares_more(scope, MOST_BODY_BYTES):
            body = await read(receive, MOST_BODY_BYTES)
        if body is None:
            await refuse(send, 413, f"a request may have {MOST_BODY_BYTES} bytes", connection="close")
        else:
            await self._app({**scope, "pincite.body": body}, replay(body, receive), send)


def declares_more(scope: Message, most_bytes: int) -> bool:
    """Whether the request says of itself that it has more than ``most_bytes``, or says no number."""
    length = header(scope, "content-length")
    return length is not None and not (length.isdecimal() and int(length) <= most_bytes)


async def too_many(send: Send, seconds: float) -> None:
    """Refuse for now, and say when to come again."""
    await refuse(send, 429, _BUSY, retry_after=str(math.ceil(seconds)))
