"""A real HTTP server on loopback that speaks as much of OpenAI's protocol as a test scripts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends; ``content`` becomes a chat completion, ``body`` is sent as it is."""

    content: str = ""
    status: int = 200
    body: str | None = None

    def encode(self) -> bytes:
        message = {"role": "assistant", "content": self.content}
        completion = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
        return (json.dumps(completion) if self.body is None else self.body).encode()


@dataclass
class Server:
    """A scripted server: gives its replies in order and keeps what it received."""

    replies: list[Reply] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    @property
    def llm(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1#mini"

    def claims(self, *claims: tuple[str, object, str]) -> None:
        entries = [{"text": text, "passage": label, "quote": quote} for text, label, quote in claims]
        self.replies.append(Reply(json.dumps({"claims": entries})))


@contextmanager
def serving() -> Iterator[Server]:
    """Run a scripted server on a free port."""
    script = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.paths.append(self.path)
            script.headers.append(dict(self.headers))
            script.bodies.append(json.loads(body))
            reply = script.replies.pop(0)
            content = reply.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        script.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield script
        listening.shutdown()
        thread.join()
