"""What keeps the chat page on the person's own machine, and others out of it: how gradio is launched.

Gradio by itself asks for its newest version, sends telemetry, keeps runs in the browser and offers a public
link; none of that happens here. Should a text ever become markup in spite of the escaping, the browser still
loads nothing from elsewhere: the page says so in its Content-Security-Policy. The guards that requests pass
are put in order here; each is described where it is.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pincite.ui import access, assets, guards, intake, limits, sessions, uploads
from pincite.ui.asgi import App, Message, Receive, Send

POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
MOST_WAITING_EVENTS = 200
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class OwnSourcesOnly:
    """ASGI middleware that sets the policies on every response; gradio needs inline code and eval."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name not in _ENCODED]
                message["headers"] = [*kept, *_ENCODED.items()]
            await send(message)

        await self._app(scope, receive, send_with_policy)


_ENCODED = {name.encode("ascii"): value.encode("ascii") for name, value in _HEADERS.items()}


def set_environment(host: str) -> None:
    """Set what gradio reads: no telemetry, no proxy between it and itself, no paths that it may serve."""
    os.environ.pop("GRADIO_ALLOWED_PATHS", None)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault(
        "MPLBACKEND", "agg"
    )  # gradio asks for it at each event, and else a display is looked for
    for name in ("NO_PROXY", "no_proxy"):
        known = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join(dict.fromkeys([*known, "localhost", "127.0.0.1", host.strip("[]")]))


def launch_options(host: str, folder: Path, who: access.Access = access.LOCAL) -> dict[str, Any]:
    """Return the arguments for gradio's ``launch`` that keep the page here and guard it.

    ``folder`` is where gradio keeps uploads. Raises ``ValueError`` where others could reach the page without
    an account, and nobody said that they may.
    """
    names = who.names(host)
    return {
        "server_name": f"[{host.strip('[]')}]" if ":" in host else host,
        "auth": list(who.accounts) or None,
        "share": False,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": True,
        "num_workers": 0,  # they would serve uploads at ports of their own, where no guard stands
        "max_file_size": uploads.MOST_FILE_BYTES,
        "footer_links": [],
        "app_kwargs": {"lifespan": guarding(names, folder, who)},
    }


def guarding(
    names: guards.Names, folder: Path, who: access.Access
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return the lifespan that puts the guards before everything in gradio's app, its own middleware too.

    Middleware that gradio is given stands behind its own, which answers preflights of any origin by itself.
    """

    @asynccontextmanager
    async def lifespan(gradio: Any) -> AsyncIterator[None]:
        gradio.middleware_stack = guarded(gradio.middleware_stack, gradio, names, folder, who)
        yield

    return lifespan


def guarded(app: App, gradio: Any, names: guards.Names, folder: Path, who: access.Access) -> App:
    """Return ``app`` behind all guards; the last line is what a request passes first."""
    app = intake.ModestUploads(app, folder)
    app = intake.UploadsOnly(app, folder)
    app = sessions.OwnSessionsOnly(app)
    app = limits.SmallBodies(app)
    if who.accounts:
        app = access.LoginOnly(app, gradio, who.accounts)
    app = limits.MeasuredRequests(app)
    app = guards.NeededRoutesOnly(app)
    app = assets.QuickAssets(app)
    app = guards.SameOriginOnly(app, names)
    app = guards.KnownHostsOnly(app, names)
    return OwnSourcesOnly(app)
