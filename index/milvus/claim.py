"""One writer at a time, across machines.

Whoever wants to write puts a row with its name into the collection and looks for others: seeing one, it takes
its own back and gives up. Of two at the same instant each sees the other, so that never both go on. A row
counts until a time that its writer keeps moving ahead. A writer that was killed is waited for that long, but
for one on this machine, where it shows that its process is gone, and one of this process that could not take
its row back, because the server was gone.
"""

import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pincite.index.errors import CorpusLocked, CorpusUnavailable
from pincite.index.milvus.collections import Pair
from pincite.index.milvus.filtering import one_of
from pincite.index.milvus.rows import text_row
from pincite.index.milvus.server import CALL_SECONDS, MissingError, Server

LASTS = 120.0
_RENEWED_EVERY = 20.0
_MARGIN = CALL_SECONDS + 10
"""A claim is given up so long before its end: what is being written by then has been, or has failed."""
_HELD: set[str] = set()
"""The claims of this process."""


class Claim:
    """The right to write, for as long as it is renewed."""

    def __init__(self, server: Server, pair: Pair, name: str) -> None:
        self._server = server
        self._texts = pair.texts
        self._name = name
        self._id = f"claim-{uuid.uuid4().hex}"
        self._until = 0.0
        self._is_over = threading.Event()

    def check(self) -> None:
        """Raise ``CorpusLocked`` where the claim could not be renewed and another may have it."""
        if self._is_lost():
            raise CorpusLocked(f"{self._name} did not answer for too long while it was written to: try again")

    def renew(self) -> None:
        """Claim for another while, unless the claim ran out before the server had it, as where this machine
        slept: another may have claimed by then.
        """
        until = time.time() + LASTS
        payload = [socket.gethostname(), os.getpid(), until, _machine()]
        self._server.upsert(self._texts, [text_row(self._id, "claim", payload)])
        if not self._until or time.time() < self._until:
            self._until = until

    def take(self) -> None:
        """Claim. Raises ``CorpusLocked`` where another has claimed."""
        self._refuse_others()
        _HELD.add(self._id)
        try:
            self.renew()
            self._refuse_others()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others write."""
        _HELD.discard(self._id)
        with suppress(CorpusUnavailable, MissingError):  # it ends by itself
            self._server.delete(self._texts, one_of("id", [self._id]))

    def keep(self) -> None:
        """Renew until it is over, or lost: another may have it by then. For a thread of its own."""
        while not (self._is_over.wait(_RENEWED_EVERY) or self._is_lost()):
            with suppress(CorpusUnavailable, MissingError):  # ``check`` tells
                self.renew()

    def end(self) -> None:
        """Have ``keep`` end."""
        self._is_over.set()

    def _is_lost(self) -> bool:
        return time.time() > self._until - _MARGIN

    def _refuse_others(self) -> None:
        dead = []
        for row in self._server.all(self._texts, 'kind == "claim"', ["payload"], newest=True):
            if row["id"] == self._id:
                continue
            host, pid, until, machine = json.loads(row["payload"])
            if until >= time.time() and not (machine == _machine() and _is_over(row["id"], pid)):
                raise CorpusLocked(
                    f"process {pid} on {host} is writing to {self._name}: wait until it is done"
                )
            dead.append(row["id"])
        if dead:
            self._server.delete(self._texts, one_of("id", dead))


@contextmanager
def claimed(server: Server, pair: Pair, name: str) -> Iterator[Claim]:
    """Be the one who writes. Raises ``CorpusLocked`` at once where another is; ``name`` is the corpus's."""
    claim = Claim(server, pair, name)
    claim.take()
    keeping = threading.Thread(target=claim.keep, name="pincite-claim", daemon=True)
    keeping.start()
    try:
        yield claim
    finally:
        claim.end()
        keeping.join()
        claim.release()


def _is_over(id_: str, pid: int) -> bool:
    """Whether a claim of a process of this machine is certainly nobody's any more."""
    if pid == os.getpid():
        return id_ not in _HELD
    if sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _machine() -> str:
    """Tell apart the places whose process ids mean the same: machines of one name, containers of one host."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        place = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux
        place = str(uuid.getnode())
    return f"{socket.gethostname()} {place}"
