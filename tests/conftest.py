"""Fixtures that every room's tests may ask for."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder, load_encoder
from tests.fakes import FakeEncoder
from tests.llm_server import Server, serving

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
NO_NETWORK = Path(__file__).parent / "no_network"

_OF_MILVUS = ("PINCITE_MILVUS_TOKEN", "PINCITE_MILVUS_TLS")

Run = Callable[..., subprocess.CompletedProcess[str]]

# The ordinary run tries the same texts each time, so that it fails on a change and not by chance; `make fuzz`
# explores.
_SHARED_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
settings.register_profile("tests", derandomize=True, deadline=None, suppress_health_check=_SHARED_FIXTURES)
settings.register_profile("fuzz", max_examples=5000, deadline=None, suppress_health_check=_SHARED_FIXTURES)
settings.load_profile("tests")

runpy.run_path(str(NO_NETWORK / "sitecustomize.py"))

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as pincite has it, before whatever imports gRPC first

# A shell's background job ignores interrupts, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def user_cache(pytestconfig: pytest.Config) -> Iterator[None]:
    """A cache folder that is not the user's, also for subprocesses; it lasts from one run to the next."""
    assert pytestconfig.cache is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(pytestconfig.cache.mkdir("pincite-user-cache")))
        patch.setenv("PYTHONPATH", str(NO_NETWORK), prepend=os.pathsep)
        for name in ("PINCITE_CORPUS", "PINCITE_LLM", "PINCITE_AUTH", "OPENAI_API_KEY", *_OF_MILVUS):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def encoder(user_cache: None) -> Encoder:
    """The default encoder itself, in integers whatever is quicker here; converted on the first run, then
    opened in 0.1 seconds.
    """
    return load_encoder(precision="int8")


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    """An encoder that costs nothing."""
    return FakeEncoder()


@pytest.fixture(scope="session")
def seeds_folder(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of seeds/ and, beside it, a corpus of it. Read only."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(SEEDS, folder / "seeds")
    with Corpus.open(folder / ".pincite", encoder=encoder) as corpus:
        receipts = corpus.add(folder / "seeds")
    assert {receipt.status for receipt in receipts} == {"added"}
    return folder


@pytest.fixture
def seeds_corpus(seeds_folder: Path, encoder: Encoder) -> Iterator[Corpus]:
    """The corpus of seeds/. Read only."""
    with Corpus.open(seeds_folder / ".pincite", create=False, encoder=encoder) as corpus:
        yield corpus


@pytest.fixture
def pincite(tmp_path: Path) -> Run:
    """Runs the real command line in an empty folder, its output captured."""

    def run(*arguments: str, cwd: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pincite", *arguments],
            cwd=cwd or tmp_path,
            input=stdin,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def server() -> Iterator[Server]:
    """An LLM server on loopback that says what the test scripts."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def milvus(user_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """A Milvus server for all tests, each of which asks it for a location of its own."""
    for module in ("pymilvus", "milvus_lite"):
        pytest.importorskip(module, reason="the extra `scale` is not installed", exc_type=ModuleNotFoundError)
    from tests.milvus_server import milvus_server

    with milvus_server(tmp_path_factory.mktemp("milvus")) as running:
        yield running
