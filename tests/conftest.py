"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pincite.index.encoder import Encoder, load_encoder

from tests.fakes import FakeEncoder


@pytest.fixture(autouse=True, scope="session")
def user_cache(pytestconfig: pytest.Config) -> Iterator[None]:
    """A cache folder that is not the user's, also for subprocesses; it lasts from one run to the next."""
    assert pytestconfig.cache is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(pytestconfig.cache.mkdir("pincite-user-cache")))
        yield


@pytest.fixture(scope="session")
def encoder(user_cache: None) -> Encoder:
    """The default encoder itself; converted on the first run, then opened in 0.2 seconds."""
    return load_encoder()


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    """An encoder that costs nothing."""
    return FakeEncoder()
