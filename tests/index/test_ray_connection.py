"""Addresses at which there is no Ray cluster: found out in seconds, and said in one line."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pincite.index.errors import PinciteError
from pincite.index.ray_connection import Connection, check_address

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
HERE = "127.0.0.2"  # loopback, but for Ray an address as any other


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens, and answers nothing yet."""
    with closing(socket.create_server((HERE, 0))) as listening:
        yield listening


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str, *more: Any) -> Any:
        return None if name == "ray" else found(name, *more)

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(PinciteError, match=r'^Ray is not installed: run `pip install "pincite\[scale\]"`$'):
        check_address("auto")


@needs_ray
def test_an_address_for_rays_client_is_refused() -> None:
    with pytest.raises(PinciteError, match=r"^ray://head:10001 is for Ray's client, which cannot do this"):
        check_address("ray://head:10001")


@needs_ray
def test_where_nothing_listens_there_is_no_cluster(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(PinciteError, match=rf"^no Ray cluster answers at {HERE}:{port}: Connection refused$"):
        Connection().open(f"{HERE}:{port}")


@needs_ray
def test_what_listens_may_be_something_else(listener: socket.socket) -> None:

    def answer() -> None:
        asking, _ = listener.accept()
        with closing(asking):
            asking.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            asking.recv(1000)

    answering = threading.Thread(target=answer)
    answering.start()
    with pytest.raises(PinciteError, match=rf"^no Ray cluster answers at {HERE}:\d+, but something else"):
        Connection().open(f"{HERE}:{listener.getsockname()[1]}")
    answering.join()


@needs_ray
def test_what_is_no_address_is_told() -> None:
    with pytest.raises(PinciteError, match=r"^the Ray cluster at nonsense could not be joined: ValueError"):
        Connection().open("nonsense")


@needs_ray
def test_where_no_cluster_runs_auto_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(PinciteError, match=r"^no Ray cluster runs on this machine: .*`ray start --head`"):
        Connection().open("auto")
