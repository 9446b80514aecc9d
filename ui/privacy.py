"""What keeps the chat page on the person's own machine.

Gradio by itself asks for its newest version, sends telemetry, keeps runs in the browser and offers a public
link; none of that happens here. Should a text ever become markup in spite of the escaping, the browser still
loads nothing from elsewhere: the page says so in its Content-Security-Policy.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

LOOPBACK = ("127.0.0.1", "localhost")
POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]


class OwnSourcesOnly:
    """ASGI middleware that sets the policy on every response; gradio needs inline code and eval."""

    def __init__(self, app: _App) -> None:
        self._app = app

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        async def send_with_policy(message: _Message) -> None:
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", POLICY.encode("ascii"))
                message["headers"] = [*message.get("headers", ()), policy]
            await send(message)

        await self._app(scope, receive, send_with_policy)


def set_environment(host: str) -> None:
    """Set what gradio reads when it is imported: no telemetry, and no proxy between it and itself."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    for name in ("NO_PROXY", "no_proxy"):
        known = os.environ.get(name, "")
        if host not in known.split(","):
            os.environ[name] = ",".join(filter(None, [known, host]))


def launch_options(host: str) -> dict[str, Any]:
    """Return the arguments for gradio's ``launch`` that keep the page here.

    On a loopback address the page also answers to that name only, so that no site can reach it through a name
    of its own (DNS rebinding).
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    guards = [Middleware(OwnSourcesOnly)]
    if host in LOOPBACK:
        guards.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)))
    return {
        "server_name": host,
        "share": False,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": True,
        "footer_links": [],
        "app_kwargs": {"middleware": guards},
    }
