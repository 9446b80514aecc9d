"""A real HTTP server on loopback: as much of OpenAI's protocol as a test scripts, faults included."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = 7
_DEADLINE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends; ``content`` becomes a chat completion, streamed in small pieces where that is
    asked for, ``body`` is sent as it is.

    ``finish`` is the finish reason, ``prompt_tokens`` the usage that is reported (None: none). Of a streamed
    reply ``pieces`` are what it is cut into; ``cut``: the connection breaks in the middle of the last;
    ``hangs``: the server goes on, until the client goes away, to say nothing of worth. ``silent``: it closes
    the connection at once.
    """

    content: str = ""
    status: int = 200
    body: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    finish: str = "stop"
    prompt_tokens: int | None = None
    pieces: tuple[str, ...] = ()
    cut: bool = False
    hangs: bool = False
    silent: bool = False

    def completion(self) -> bytes:
        """The reply as one JSON object."""
        if self.body is not None:
            return self.body if isinstance(self.body, bytes) else self.body.encode()
        message = {"role": "assistant", "content": self.content}
        choice = {"index": 0, "finish_reason": self.finish, "message": message}
        return json.dumps(self._envelope("chat.completion", [choice], self._usage)).encode()

    def events(self) -> Iterator[bytes]:
        """The reply as server-sent events."""
        starts = range(0, len(self.content), _PIECE)
        for piece in self.pieces or [self.content[start : start + _PIECE] for start in starts]:
            yield self._event({"content": piece}, None)
        if not (self.cut or self.hangs):
            yield self._event({}, self.finish)
            if self._usage:
                yield _sent(self._envelope("chat.completion.chunk", [], self._usage))
            yield b"data: [DONE]\n\n"

    def _event(self, delta: dict[str, str], finish: str | None) -> bytes:
        choice = {"index": 0, "finish_reason": finish, "delta": delta}
        return _sent(self._envelope("chat.completion.chunk", [choice], None))

    @property
    def _usage(self) -> dict[str, int] | None:
        if self.prompt_tokens is None:
            return None
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": 1,
            "total_tokens": self.prompt_tokens + 1,
        }

    @staticmethod
    def _envelope(kind: str, choices: list[Any], usage: dict[str, int] | None) -> dict[str, Any]:
        return {"id": "1", "object": kind, "created": 1, "model": "m", "choices": choices, "usage": usage}


def _sent(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


Scripted = Reply | Callable[[dict[str, Any]], Reply]


@dataclass
class Server:
    """A scripted server: gives its replies in order and keeps what it received. A reply may be a function of
    the request's body. ``left``: a client has gone away in the middle of a reply.
    """

    replies: list[Scripted] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def llm(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1#mini"

    def claims(self, *claims: tuple[str, object, str], **more: Any) -> None:
        """Have the server reply with claims: each a text, a label and a quote."""
        self.replies.append(Reply(claims_in_json(*claims), **more))


def claims_in_json(*claims: tuple[str, object, str]) -> str:
    """Claims as an LLM writes them that was asked for JSON."""
    entries = [{"text": text, "passage": label, "quote": quote} for text, label, quote in claims]
    return json.dumps({"claims": entries})


@contextmanager
def serving() -> Iterator[Server]:
    """Run a scripted server on a free port."""
    script = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.paths.append(self.path)
            script.headers.append(dict(self.headers))
            script.bodies.append(body)
            scripted = script.replies.pop(0)
            reply = scripted if isinstance(scripted, Reply) else scripted(body)
            if reply.silent:
                self.close_connection = True
                return
            try:
                if body.get("stream") and reply.status == 200 and reply.body is None:
                    self.stream(reply)
                else:
                    self.send(reply)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                script.left.set()

        def send(self, reply: Reply) -> None:
            content = reply.completion()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def stream(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in reply.events():
                self.chunk(event)
            if reply.cut:
                self.wfile.write(b"40\r\ndata: {")
                self.close_connection = True
                return
            deadline = time.monotonic() + _DEADLINE_SECONDS
            while reply.hangs and time.monotonic() < deadline:
                self.chunk(b": waiting\n\n")
                time.sleep(0.01)
            self.wfile.write(b"0\r\n\r\n")

        def chunk(self, content: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
            self.wfile.flush()

        def log_message(self, *arguments: object) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # clients may go away when they like
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    with Listening(("127.0.0.1", 0), Handler) as listening:
        script.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield script
        listening.shutdown()
        thread.join()
