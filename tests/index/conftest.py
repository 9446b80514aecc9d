"""A model small enough to convert in seconds, and a watch on the network."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from pincite.index.encoder import load_encoder

from .models import build_tiny_model


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
