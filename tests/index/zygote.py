"""Runs a function in a process of its own, within milliseconds, however that process may end.

One process imports everything once and starts no thread; each call is a fork of it. So a test can have a
process killed, or crash it, a thousand times a minute. The function is any that can be imported; what it
tells, piece by piece, outlives it. One that runs for a minute is ended by SIGALRM.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

_START = "import sys; sys.path.insert(0, sys.argv[1]); from tests.index.zygote import serve; serve()"
_ROOT = Path(__file__).parents[2]
_LIMIT_SECONDS = 60
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Tell = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: ``signal`` is 0 where nothing killed it, ``error`` empty where nothing was raised."""

    signal: int
    told: tuple[Any, ...]
    error: str


class Zygote:
    """The process that forks. For one thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(
        self, function: Callable[..., None], *arguments: object, kill_after: float | None = None
    ) -> Ending:
        """Call ``function(tell, *arguments)`` in a fork; with ``kill_after``, SIGKILL it so many seconds
        after it first told something.
        """
        return self._call(partial(_fork, function, arguments, kill_after))

    def ask(self, function: Callable[..., None], *arguments: object) -> Any:
        """Call a function that is to end well, in the zygote itself, which is quicker; return the last thing
        that it told.
        """
        ending = self._call(partial(_call, function, arguments))
        assert not ending.error, ending.error
        return ending.told[-1]

    def _call(self, function: Callable[[], Ending]) -> Ending:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(function, self._process.stdin)
        self._process.stdin.flush()
        ending = pickle.load(self._process.stdout)
        assert isinstance(ending, Ending)
        return ending


@contextmanager
def zygote(*prefix: str) -> Iterator[Zygote]:
    """A zygote for as long as the block lasts; ``prefix`` is a command that runs another."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", _START, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | _ONE_THREAD,
    )
    with process:
        yield Zygote(process)
        assert process.stdin is not None
        process.stdin.close()


def serve() -> None:
    """Answer the calls that come in; what the zygote itself runs."""
    _rehearse()
    gc.freeze()  # so that a fork's collections leave the pages that it shares alone
    calls, endings = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            call = pickle.load(calls)
        except EOFError:
            return
        pickle.dump(call(), endings)
        endings.flush()


def _rehearse() -> None:
    """Have all imported, and compiled, that a corpus needs: once, here, and not in every fork.

    A few changes are enough to have both indexes put in order.
    """
    from pincite.index import lexical_writer, projection
    from pincite.index.corpus import Corpus
    from tests.fakes import FakeEncoder

    projection._LEAST_PENDING = 1
    lexical_writer.RECENT_IDS, lexical_writer.SEGMENT_IDS = 3, 32
    with TemporaryDirectory() as folder, Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        corpus.add_text("# Part\n\none common word", source="a.md")
        corpus.add_text("第一组", source="b.txt")
        corpus.search("common word 组", where={"source": "a.md"})
        corpus.remove("a.md")
        corpus.verify()
    assert threading.active_count() == 1


def _call(function: Callable[..., None], arguments: tuple[object, ...]) -> Ending:
    told: list[object] = []
    try:
        function(told.append, *arguments)
    except Exception:  # noqa: BLE001 -- the caller is told of it
        return Ending(0, tuple(told), traceback.format_exc())
    return Ending(0, tuple(told), "")


def _fork(function: Callable[..., None], arguments: tuple[object, ...], kill_after: float | None) -> Ending:
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        _play(function, arguments, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told = list(_pieces(pipe, 1 if kill_after is not None else None))
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
            told += _pieces(pipe, None)
    _, status = os.waitpid(child, 0)
    errors = [str(content) for kind, content in told if kind == "error"]
    died_of = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ending(died_of, tuple(content for kind, content in told if kind == "told"), "".join(errors))


def _pieces(pipe: IO[bytes], most: int | None) -> Iterator[tuple[str, object]]:
    """Yield what comes through the pipe until it ends; a piece that was cut off counts as not told."""
    with suppress(EOFError, pickle.UnpicklingError):
        while most is None or most > 0:
            yield pickle.load(pipe)
            most = None if most is None else most - 1


def _play(function: Callable[..., None], arguments: tuple[object, ...], pipe: int) -> None:
    write = os.write  # the function may put another in its place

    def send(kind: str, content: object) -> None:
        left = memoryview(pickle.dumps((kind, content)))
        while left:
            left = left[write(pipe, left) :]

    try:
        signal.alarm(_LIMIT_SECONDS)
        function(lambda content: send("told", content), *arguments)
    except BaseException:  # noqa: BLE001 -- the caller is told of it
        send("error", traceback.format_exc())
    finally:
        os._exit(0)
