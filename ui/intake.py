"""What may be uploaded to the page, and what an event may call an upload.

Gradio takes files of any kind and number, keeps them in a folder that all its apps on a machine share, leaves
the rest of an upload that is broken off, and fetches a "file" whose path is a web address. Here the folder is
this page's alone, and what goes into it is limited in type, number and size.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from pincite.ui import uploads
from pincite.ui.asgi import App, Message, Receive, Send, answer, header, path, refuse, refuse_in_words
from pincite.ui.limits import UPLOAD, declares_more, too_many
from pincite.ui.sessions import parsed

MOST_UPLOAD_BYTES = 500 << 20
MOST_WAITING_BYTES = 2 << 30
MOST_AT_ONCE = 8
TOO_MUCH = f"drop {MOST_UPLOAD_BYTES >> 20} MB at most at once"
NOT_UPLOADED = "file must be one that was uploaded to this server before: no address, and no other path"
FOLDER_VARIABLE = "GRADIO_TEMP_DIR"
_FIELD = b"files"
_MCP = "/gradio_api/mcp"
_INVALID_PARAMS = -32602  # of JSON-RPC, which MCP speaks


@contextmanager
def own_folder() -> Iterator[Path]:
    """Have gradio keep uploads in a new folder that only this user may enter, and delete it at the end."""
    before = os.environ.get(FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="pincite-", dir=before, ignore_cleanup_errors=True) as folder:
        resolved = Path(folder).resolve()
        os.environ[FOLDER_VARIABLE] = str(resolved)
        try:
            yield resolved
        finally:
            if before is None:
                del os.environ[FOLDER_VARIABLE]
            else:
                os.environ[FOLDER_VARIABLE] = before


class ModestUploads:
    """ASGI middleware: refuses uploads that break a limit, as soon as they do, and leaves nothing of them."""

    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._running = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" or path(scope) != UPLOAD:
            await self._app(scope, receive, send)
        elif declares_more(scope, MOST_UPLOAD_BYTES):
            await refuse_in_words(send, 413, TOO_MUCH, connection="close")
        elif self._running >= MOST_AT_ONCE or held_bytes(self._folder) >= MOST_WAITING_BYTES:
            await too_many(send, 5.0)
        else:
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        from starlette.requests import ClientDisconnect

        parts = _Parts(header(scope, "content-type") or "")

        async def receive_checked() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not parts.are_fine(message.get("body", b"")):
                return {"type": "http.disconnect"}
            return message

        async def send_if_fine(message: Message) -> None:
            if not parts.refusal:
                await send(message)

        self._running += 1
        try:
            await self._app(scope, receive_checked, send_if_fine)
        except ClientDisconnect:
            pass  # it went away, or was sent away
        finally:
            self._running -= 1
            if not self._running:
                _delete_loose_files(self._folder)
        if parts.refusal:
            await refuse_in_words(send, parts.status, parts.refusal, connection="close")


class UploadsOnly:
    """ASGI middleware: refuses events whose data name a file that was not uploaded here.

    To gradio, an object with a "path" is a file; an address there, it would load.
    """

    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        data = parsed(scope.get("pincite.body", b""))
        if all(is_upload(name, self._folder) for name in _paths(data)):
            await self._app(scope, receive, send)
        elif path(scope).startswith(_MCP) and isinstance(data, dict) and "id" in data:
            fault = {"code": _INVALID_PARAMS, "message": NOT_UPLOADED}
            await answer(send, 200, {"jsonrpc": "2.0", "id": data["id"], "error": fault})
        else:
            await refuse(send, 403, NOT_UPLOADED)


def is_upload(name: object, folder: Path) -> bool:
    """Whether ``name`` is the path of a file inside ``folder``."""
    if not isinstance(name, str):
        return False
    try:
        place = Path(name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return False
    return Path(name).is_absolute() and place.is_file() and place.is_relative_to(folder)


def held_bytes(folder: Path) -> int:
    """Return how much lies in ``folder``, while others may be deleting it."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


class _Parts:
    """Reads the parts of an upload as they come, by the parser that gradio will use, and judges them."""

    def __init__(self, content_type: str) -> None:
        from python_multipart.multipart import parse_options_header

        self.refusal = ""
        self.status = 400
        self._files = self._bytes = self._file_bytes = 0
        self._name = self._value = self._disposition = b""
        kind, options = parse_options_header(content_type)
        self._parser: Any = None
        if kind == b"multipart/form-data" and options.get(b"boundary"):
            self._parser = self._parser_for(options[b"boundary"])

    def are_fine(self, data: bytes) -> bool:
        from python_multipart.exceptions import MultipartParseError

        self._bytes += len(data)
        if self._bytes > MOST_UPLOAD_BYTES:
            self._refuse(413, TOO_MUCH)
        elif self._parser is None:
            self._refuse(400, "an upload is multipart/form-data")
        else:
            try:
                self._parser.write(data)
            except MultipartParseError:
                self._refuse(400, "that upload is damaged")
        return not self.refusal

    def _parser_for(self, boundary: bytes) -> Any:
        from python_multipart.multipart import MultipartParser

        callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add("_name", data[start:end]),
            "on_header_value": lambda data, start, end: self._add("_value", data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._judge_file,
            "on_part_data": lambda _, start, end: self._judge_size(end - start),
        }
        return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]

    def _begin(self) -> None:
        self._name = self._value = self._disposition = b""
        self._file_bytes = 0

    def _add(self, what: str, data: bytes) -> None:
        setattr(self, what, getattr(self, what) + data)

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _judge_file(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._files += 1
        if options.get(b"name") != _FIELD or not name:
            self._refuse(400, 'an upload is of files, in fields called "files"')
        elif self._files > uploads.MOST_FILES:
            self._refuse(413, uploads.TOO_MANY)
        elif not uploads.is_accepted(name):
            self._refuse(415, uploads.not_accepted(PurePath(name).name))

    def _judge_size(self, size: int) -> None:
        self._file_bytes += size
        if self._file_bytes > uploads.MOST_FILE_BYTES:
            self._refuse(413, uploads.TOO_LARGE)

    def _refuse(self, status: int, reason: str) -> None:
        if not self.refusal:
            self.status, self.refusal = status, reason


def _paths(data: Any) -> Iterator[object]:
    """Yield what gradio would take for the paths of files in an event's data."""
    waiting = [data]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "path" in part:
                yield part["path"]
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _delete_loose_files(folder: Path) -> None:
    """Delete the rests of uploads: what is whole has a folder of its own."""
    for file in folder.iterdir():
        if file.is_file():
            file.unlink(missing_ok=True)
