"""Reads files in a process of its own, so that one that hangs, grows or crashes fails alone.

Text and Markdown of common size are read in place. Anything else goes to a process that may take a gigabyte
of memory and be silent for a minute, and may not write, connect or start anything: see ``child``. It is
started for the first such file, and serves until it fails or is closed.

It is sent a line of JSON and the file's bytes, and answers in lines of JSON: the pages read so far, at last
the documents or the reason why there are none.
"""

import base64
import json
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, Any

from pincite.index.document import Document
from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import read_documents
from pincite.index.formats.file import File
from pincite.index.formats.kinds import format_of
from pincite.index.serialisation import document_from, unpacked_places

LARGEST_FILE = 512 * 10**6
_SILENT_SECONDS = 60.0
_SECONDS = 1800.0
_LAST_SECONDS = 5.0
_IN_PLACE = frozenset({"text", "markdown"})
_LARGEST_IN_PLACE = 10**6
_COMMAND = (sys.executable, "-P", "-m", "pincite.index.formats.child")


def check_size(size: int) -> None:
    """Raise ``UnsupportedDocument`` if a file of ``size`` bytes is too large to be read."""
    if size > LARGEST_FILE:
        most = f"more than {LARGEST_FILE / 1e6:,.0f} MB are not read"
        raise UnsupportedDocument(f"it has {size / 1e6:,.0f} MB, and {most}: split it")


class ReadingProcess:
    """Reads files, one at a time. Safe to share between threads.

    ``silent_seconds`` is how long a reader may tell of no page, ``seconds`` how long it may take in all.
    """

    def __init__(self, *, silent_seconds: float = _SILENT_SECONDS, seconds: float = _SECONDS) -> None:
        self._silent_seconds = silent_seconds
        self._seconds = seconds
        self._child: _Child | None = None
        self._guard = threading.Lock()

    def read(self, file: File) -> tuple[Document, ...]:
        """Return the documents in a file; raise ``UnsupportedDocument`` where there are none to be had."""
        check_size(len(file.content))
        if len(file.content) <= _LARGEST_IN_PLACE and format_of(file) in _IN_PLACE:
            return read_documents(file)
        with self._guard:
            if self._child is None or not self._child.is_running():
                self._stop()
                self._child = _Child()
            try:
                return self._ask(self._child, file)
            except UnsupportedDocument:
                raise
            except BaseException:
                self._stop()
                raise

    def interrupt(self) -> None:
        """Break off what is being read, from another thread: its reading fails."""
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the process, if there is one."""
        with self._guard:
            self._stop()

    def _ask(self, child: "_Child", file: File) -> tuple[Document, ...]:
        deadline = time.monotonic() + self._seconds
        child.send(file)
        while True:
            patience = min(self._silent_seconds, deadline - time.monotonic())
            try:
                answer = child.answer(patience)
            except queue.Empty:
                self._stop()
                raise UnsupportedDocument(
                    f"reading it was given up after {patience:.0f} s without a sign of progress"
                ) from None
            if answer is None:
                raise UnsupportedDocument(
                    f"its reader crashed ({self._stop()}): the file may be damaged, or take more memory than"
                    " a reader may use"
                )
            if "reason" in answer:
                if answer["is_spent"]:
                    self._stop()
                raise UnsupportedDocument(answer["reason"])
            if "documents" in answer:
                return tuple(
                    document_from(one, unpacked_places(base64.b64decode(one["places"])))
                    for one in answer["documents"]
                )
            file.on_page(*answer["page"])

    def _stop(self) -> str:
        """End the process; say how it ended."""
        child, self._child = self._child, None
        return child.end() if child else ""


class _Child:
    """The process, and the thread that listens to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 -- a command of ours
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 -- it was started with pipes
        assert stdout is not None  # noqa: S101
        self._stdin = stdin
        self._listener = threading.Thread(target=self._listen, args=(stdout,), daemon=True)
        self._listener.start()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, file: File) -> None:
        question = {"name": file.name, "size": len(file.content), "password": file.password}
        with suppress(OSError):  # it died, and will not answer, which tells the caller
            self._stdin.write(json.dumps(question).encode() + b"\n")
            self._stdin.write(file.content)
            self._stdin.flush()

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """Return the next answer; None when there will be no more. Raises ``queue.Empty`` after a while."""
        line = self._lines.get(timeout=max(seconds, 0))
        return json.loads(line) if line else None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()  # one that is still dying would seem to be running, and be given the next file

    def end(self) -> str:
        """End the process, unless it has ended; say how."""
        with suppress(subprocess.TimeoutExpired):  # it may be about to end by itself
            self._process.wait(0 if self._listener.is_alive() else _LAST_SECONDS)
        self._process.kill()
        code = self._process.wait()
        with suppress(OSError):
            self._stdin.close()
        self._listener.join()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _listen(self, stdout: IO[bytes]) -> None:
        with stdout:
            for line in stdout:
                self._lines.put(line)
        self._lines.put(b"")
