"""A real Milvus Lite server in a process of its own: Milvus's interface on a port of this machine.

Milvus Lite is a pure-Python engine that looks at every row for most of what it is asked, and at what it has
not sealed yet one value at a time. So its seconds tell what pincite sends it, and bound nothing of a full
server. ``SEALED_AT`` makes it seal more often than its default of 128 MB, for the same reason.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

SEALED_AT = 4_000_000
LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 120
_LIMIT = "MILVUS_LITE_MEMTABLE_MEMORY_LIMIT_BYTES"


class LiteServer:
    """A server on the data in ``folder``; a ``with`` block starts it, and ends it. ``sealed_at`` bytes of new
    rows it seals what it has; None is its default.
    """

    def __init__(self, folder: Path, sealed_at: int | None = SEALED_AT) -> None:
        self.folder = folder
        self.port = free_port()
        self._environment = os.environ | ({_LIMIT: str(sealed_at)} if sealed_at else {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> float:
        """Start it; return the seconds until it listens."""
        started = time.perf_counter()
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", LOOPBACK, "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        while not _listens(self.port):
            if self._process.poll() is not None or time.perf_counter() - started > PATIENCE_SECONDS:
                raise SystemExit(f"Milvus Lite does not start: see {self.folder / 'log'}")
            time.sleep(0.02)
        return time.perf_counter() - started

    def kill(self) -> None:
        """Kill it with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def uri(self) -> str:
        """Where a client of Milvus's own finds it."""
        return f"http://{LOOPBACK}:{self.port}"

    def corpus(self, name: str) -> str:
        """Return the address of the corpus of that name on it."""
        return f"milvus://{LOOPBACK}:{self.port}/{name}"

    def seal(self) -> None:
        """Have it seal and index all that it has, which a full server does by itself in the background."""
        from pymilvus import MilvusClient

        client = MilvusClient(self.uri)
        for collection in client.list_collections():
            client.flush(collection)
        client.close()

    def disk_bytes(self) -> int:
        """Return how many bytes its data takes."""
        return sum(file.stat().st_size for file in (self.folder / "data").rglob("*") if file.is_file())

    def rss_mb(self) -> float:
        """Return the memory that it has now; 0 where the system does not tell."""
        status = Path(f"/proc/{self._process.pid}/status") if self._process else None
        if status is None or not status.exists():
            return 0.0
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((LOOPBACK, port)) == 0
