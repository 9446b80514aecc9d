"""Serves gradio's own scripts and styles to a browser on this machine, past everything that would be slow.

A first visit fetches seventy of them, and gradio reads, measures and compresses each anew. Their names change
with their content, so a browser may keep them.
"""

import re
from importlib import resources
from pathlib import Path

from pincite.ui.asgi import App, Message, Receive, Send
from pincite.ui.guards import is_loopback

_ASSET = re.compile(r"/assets/([A-Za-z0-9_-][A-Za-z0-9_.-]*\.(js|css|woff2))")
_TYPES = {"js": b"text/javascript; charset=utf-8", "css": b"text/css; charset=utf-8", "woff2": b"font/woff2"}
_KEPT = b"public, max-age=31536000, immutable"


class QuickAssets:
    """ASGI middleware: answers requests from loopback for an asset that is there; passes on all others, to
    which compression is worth its time.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._folder = Path(str(resources.files("gradio"))) / "templates" / "frontend" / "assets"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        asked = _ASSET.fullmatch(scope["path"]) if scope["method"] == "GET" else None
        content = (
            self._content(asked[1]) if asked and is_loopback((scope.get("client") or ("",))[0]) else None
        )
        if asked is None or content is None:
            await self._app(scope, receive, send)
            return
        headers = [
            (b"content-type", _TYPES[asked[2]]),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", _KEPT),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _content(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None
