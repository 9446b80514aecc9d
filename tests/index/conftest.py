"""A model small enough to convert in seconds, a watch on the network, and processes that may die."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pincite.index.encoder import load_encoder

from .models import build_tiny_model
from .zygote import Zygote, zygote

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

STORES = ("folder", "milvus")
_OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")


@pytest.fixture(scope="session")
def _tiny_original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny model, and a cache in which it has been converted."""
    folder = build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    cache = tmp_path_factory.mktemp("cache")
    load_encoder(str(folder), cache=cache)
    return folder, cache


@pytest.fixture
def tiny_model(_tiny_original: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the tiny model, for a test to do with as it likes."""
    return Path(shutil.copytree(_tiny_original[0], tmp_path / "tiny"))


@pytest.fixture
def tiny_cache(_tiny_original: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of a cache that holds the tiny model, converted."""
    return Path(shutil.copytree(_tiny_original[1], tmp_path / "cache"))


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to resolve a name or to connect; none succeeds."""
    attempts: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        attempts.append(arguments)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.fixture(scope="session")
def forks(user_cache: None) -> Iterator[Zygote]:
    """Runs functions in forked processes that may die."""
    with zygote() as running:
        yield running


@pytest.fixture(scope="session")
def forks_that_mount(user_cache: None) -> Iterator[Zygote]:
    """Forks whose mounts nobody else sees, and which end with them."""
    try:
        subprocess.run(
            [*_OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    with zygote(*_OWN_MOUNTS) as running:
        yield running


@pytest.fixture(params=STORES)
def location(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where a corpus may be made, in each of the stores. Its sources are named from ``tmp_path``, the current
    folder.
    """
    monkeypatch.chdir(tmp_path)
    return location_in(request, tmp_path)


def location_in(request: pytest.FixtureRequest, folder: Path) -> str:
    """Return where a corpus may be made in the store that is the fixture's parameter."""
    if request.param == "folder":
        return str(folder / ".pincite")
    server: MilvusServer = request.getfixturevalue("milvus")
    return server.location()


@pytest.fixture
def other_location(location: str, milvus: MilvusServer, tmp_path: Path) -> str:
    """Where a corpus may be made in the other store."""
    return str(tmp_path / "other") if location.startswith("milvus:") else milvus.location()
