"""This process's connection to a Ray cluster: made for the first who needs it, ended with the last.

Ray connects a process to one cluster at a time. A connection that somebody else made in this process is used
and left as it is. What this module does beside ``ray.init`` is to keep it quiet, short and to itself:

- nothing is reported to Ray's makers, no dashboard is started, and nothing is printed, which on standard
  output would be taken for a result;
- an address where no Ray answers is found out in seconds (``ray.init`` tries for a quarter of an hour);
- a cluster of our own listens on this machine only (Ray would have it on every network), and lets nobody else
  look into its files or have its token;
- workers do not import from the folder that this process happens to be in: it may be full of documents.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from types import ModuleType
from typing import Any, Self

from pincite.index.cores import usable_cores
from pincite.index.encoder_files import first_line
from pincite.index.errors import PinciteError

LOCAL, AUTO = "local", "auto"
_ANSWER_SECONDS = 5.0
_TOKEN = "RAY_AUTH_TOKEN"  # noqa: S105 -- the name of a variable
_WAIT = "RAY_gcs_server_port_wait_time_s"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # and empty settings
_SETTINGS, _TLS_ALERT = 4, 0x15


def check_address(address: str) -> None:
    """Raise ``PinciteError`` where Ray is not installed, or the address is not one that can be joined."""
    if importlib.util.find_spec("ray") is None:
        raise PinciteError('Ray is not installed: run `pip install "pincite[scale]"`')
    if "://" in address:
        raise PinciteError(
            f"{address} is for Ray's client, which cannot do this: run pincite on a machine of the cluster,"
            " with the HOST:PORT of its head"
        )


class Connection:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._users = 0
        self._ours: _Ours | None = None

    def open(self, address: str) -> ModuleType:
        """Return Ray, connected to the cluster at ``address``. Raises ``PinciteError`` where it cannot be."""
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when it is imported
        import ray

        with self._guard:
            if ray.is_initialized():
                _check_same(ray, address)
            else:
                self._ours = _Ours.begun(ray, address)
            self._users += 1
            module: ModuleType = ray
            return module

    def close(self) -> None:
        """Give the connection back; the last one ends it, and a cluster of our own with it."""
        with self._guard:
            self._users -= 1
            if self._users == 0 and self._ours is not None:
                self._ours.end()
                self._ours = None


@dataclass(frozen=True, slots=True)
class _Ours:
    """A connection that we made, and the thread that we made it in: the processes that Ray starts end with
    the thread that started them.
    """

    thread: ThreadPoolExecutor
    at_end: ExitStack

    @classmethod
    def begun(cls, ray: Any, address: str) -> Self:
        ours = cls(ThreadPoolExecutor(1, "pincite-ray"), ExitStack())
        try:
            ours.thread.submit(_join, ray, address, ours.at_end).result()
        except BaseException:
            ours.end()
            raise
        return ours

    def end(self) -> None:
        with self.thread:
            self.thread.submit(self.at_end.close).result()


CONNECTION = Connection()


def _check_same(ray: Any, address: str) -> None:
    here = ray.get_runtime_context().gcs_address
    if address not in {LOCAL, AUTO, here}:
        raise PinciteError(
            f"this process is connected to the Ray cluster at {here} already, not to {address}"
        )


def _join(ray: Any, address: str, at_end: ExitStack) -> None:
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ray._private.worker._worker_logs_enabled = False  # what becomes of workers, which it would print
    settings: dict[str, Any] = {
        "configure_logging": False,
        "log_to_driver": False,
        "job_config": ray.job_config.JobConfig(_client_job=True),  # else workers import from our folder first
    }
    try:
        if address == LOCAL:
            folder = Path(at_end.enter_context(_own_folder()), "r")  # Ray opens to all what it is given
            at_end.enter_context(_own_token(ray))
            at_end.callback(ray.shutdown)
            with _on_this_machine_only(ray):
                ray.init(
                    LOCAL, num_cpus=usable_cores(), include_dashboard=False, _temp_dir=str(folder), **settings
                )
        else:
            _check_answers(ray._private.services.canonicalize_bootstrap_address(address))
            at_end.callback(ray.shutdown)
            with _tried_once():
                ray.init(address, **settings)
    except PinciteError:
        raise
    except Exception as error:
        raise PinciteError(_failure(address, error)) from error


def _failure(address: str, error: Exception) -> str:
    if address == LOCAL:
        return f"no Ray cluster could be started on this machine: {first_line(error)}"
    if address == AUTO and isinstance(error, ConnectionError) and error.__cause__ is None:
        return (
            "no Ray cluster runs on this machine: start one with `ray start --head`, name one by its"
            ' HOST:PORT, or take "local", one that lasts as long as this run'
        )
    if "InvalidAuthToken" in f"{error} {error.__cause__}":
        return (
            f"the Ray cluster at {address} asks for a token: set RAY_AUTH_MODE=token where you have its token"
        )
    return f"the Ray cluster at {address} could not be joined: {first_line(error)}"


def _own_folder() -> TemporaryDirectory[str]:
    """Return a folder that nobody else can look into, for what Ray lets everybody open. Its path is short, as
    a socket's has to be.
    """
    places = [place for place in (gettempdir(), "/tmp") if Path(place).is_dir()]  # noqa: S108
    return TemporaryDirectory(prefix="ray-", dir=min(places, key=len), ignore_cleanup_errors=True)


@contextmanager
def _own_token(ray: Any) -> Iterator[None]:
    """Have Ray ask for a token that only our processes know: it would write one to the user's home, for
    everybody to read who may look there.
    """
    tokens = ray._raylet.AuthenticationTokenLoader.instance()
    before = os.environ.get(_TOKEN)
    os.environ[_TOKEN] = secrets.token_hex(32)
    tokens.reset_cache()
    try:
        yield
    finally:
        del os.environ[_TOKEN]
        if before is not None:
            os.environ[_TOKEN] = before
        tokens.reset_cache()


@contextmanager
def _on_this_machine_only(ray: Any) -> Iterator[None]:
    """Have Ray do as it does on Windows and macOS, where it takes the loopback address for a node's own."""
    constants = ray._private.ray_constants
    before = constants.ENABLE_RAY_CLUSTER
    constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _tried_once() -> Iterator[None]:
    """Have Ray try to reach a cluster once instead of twenty times, unless somebody said how often."""
    is_ours = os.environ.setdefault(_WAIT, "1") == "1"
    try:
        yield
    finally:
        if is_ours:
            del os.environ[_WAIT]


def _check_answers(address: str) -> None:
    """Raise ``PinciteError`` unless what Ray speaks, gRPC over HTTP/2, is spoken at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS) as connection:
            connection.sendall(_GREETING)
            answer = connection.recv(9)
    except OSError as error:
        raise PinciteError(f"no Ray cluster answers at {address}: {error.strerror or error}") from error
    if answer[3:4] != bytes([_SETTINGS]) and answer[:1] != bytes([_TLS_ALERT]):
        raise PinciteError(f"no Ray cluster answers at {address}, but something else: look at the port")
