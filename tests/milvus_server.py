"""A real Milvus Lite server on loopback, in a process of its own, which a test may kill and start again."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

_START = "from milvus_lite.cmdline import main; raise SystemExit(main())"
_READY_SECONDS = 60
_SOON_AGAIN = [(f"grpc.{which}_reconnect_backoff_ms", 100) for which in ("initial", "min", "max")]


class MilvusServer:
    """What it says is kept in ``log``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.log = folder / "log"
        self._data = folder / "data"
        self._numbers = itertools.count(1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The server's address, without a collection."""
        return f"milvus://127.0.0.1:{self._port}"

    def location(self) -> str:
        """The address of a corpus that there has not been before."""
        return f"{self.address}/corpus{next(self._numbers)}"

    def begin(self) -> None:
        """Start the process, and do not wait for it."""
        arguments = [
            "server",
            "--data-dir",
            str(self._data),
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *arguments],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # an interrupt of the tests is not one of the server
            )

    def start(self) -> None:
        """Start the process, and return once it answers."""
        self.begin()
        with grpc.insecure_channel(f"127.0.0.1:{self._port}", _SOON_AGAIN) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=_READY_SECONDS)
            except grpc.FutureTimeoutError:
                raise AssertionError(f"Milvus Lite does not start:\n{self.log.read_text()}") from None

    def kill(self) -> None:
        """End the process as a power cut would, but for what the system has yet to write."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process, if there is one."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None


@contextmanager
def milvus_server(folder: Path) -> Iterator[MilvusServer]:
    """A server that keeps its data in ``folder``, for as long as the block lasts."""
    server = MilvusServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
