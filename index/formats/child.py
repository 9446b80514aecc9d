"""The process that reads files for ``process``: within a gigabyte of memory, and keeping its hands to itself.

What a reader's library does in Python to write, connect or start something raises an error, by an audit hook;
native code is not watched. The limit of memory holds where the system has one for a process's data. Whoever
asked gives up on a silent reader sooner than ``_MOST_SILENT_SECONDS``; if it is killed, nobody does, and the
reader ends by itself.
"""

import base64
import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import read_documents
from pincite.index.formats.file import File
from pincite.index.serialisation import packed_places, plain_document

_MOST_BYTES = 1024**3
_MOST_SILENT_SECONDS = 90
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED = frozenset(
    "socket.connect socket.bind socket.sendto socket.getaddrinfo socket.gethostbyname subprocess.Popen"
    " os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.remove os.rename os.rmdir"
    " os.mkdir os.link os.symlink os.truncate os.chmod os.chown".split()
)


def main() -> None:
    """Answer the questions on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    answers = _own_stdout()
    _limit_memory()
    sys.addaudithook(_refuse)
    while line := sys.stdin.buffer.readline():
        question = json.loads(line)
        content = sys.stdin.buffer.read(question["size"])
        _end_after(_MOST_SILENT_SECONDS)
        _answer(question, content, answers)
        _end_after(0)


def _answer(question: dict[str, Any], content: bytes, answers: IO[bytes]) -> None:
    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        _end_after(_MOST_SILENT_SECONDS)

    file = File(
        question["name"], content, question["password"], lambda done, total: say({"page": [done, total]})
    )
    try:
        documents = read_documents(file)
        say(
            {
                "documents": [
                    {**plain_document(one), "places": base64.b64encode(packed_places(one.places)).decode()}
                    for one in documents
                ]
            }
        )
    except UnsupportedDocument as error:
        ran_out = isinstance(error.__cause__, MemoryError)  # then what is left of it may be in pieces
        say({"reason": str(error), "is_spent": ran_out})


def _end_after(seconds: int) -> None:
    """Have the system end this process in so many seconds, even in native code that hangs; 0: not at all."""
    if sys.platform != "win32":
        signal.alarm(seconds)


def _own_stdout() -> IO[bytes]:
    """Return standard output, and leave nowhere to write for a library that prints."""
    own = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return own


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if path != os.devnull and flags & _WRITING:
            raise PermissionError(f"a reader may not write {path}")
    elif event in _REFUSED:
        raise PermissionError(f"a reader may not call {event}")


if __name__ == "__main__":
    main()
