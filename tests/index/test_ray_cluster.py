"""A real Ray cluster on this machine: two cores, and workers in processes of their own that are killed."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pincite.index import ray_connection
from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.index.encoder_files import DEFAULT_ENCODER
from pincite.index.errors import EncoderMismatch, PinciteError
from pincite.index.ingestion import Progress
from pincite.index.ray_actor import installed_version
from pincite.index.ray_cluster import RayWorker, RayWorkers
from pincite.index.ray_connection import CONNECTION
from pincite.index.records import Receipt
from tests.fakes import FakeEncoder
from tests.index.contents import contents

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")

SEEDS = Path(__file__).parents[2] / "seeds"
FILES = 40


@pytest.fixture(scope="module")
def ray(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Ray, connected to a cluster of this process's own, which leaves nothing behind."""
    home = tmp_path_factory.mktemp("home")
    folders = set(Path("/tmp").glob("ray*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setattr(ray_connection, "usable_cores", lambda: 2)
        yield CONNECTION.open("local")
        CONNECTION.close()
        os.environ.pop("RAY_AUTH_MODE", None)  # which Ray sets
    assert list(home.iterdir()) == []
    assert set(Path("/tmp").glob("ray*")) <= folders


@pytest.fixture
def pids(ray: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process ids of the workers that are started, in order."""
    started: list[int] = []

    def noted(self: RayWorkers) -> RayWorker:
        worker = start(self)
        started.append(ray.get(worker.actor.__ray_call__.remote(lambda _: os.getpid())))
        return worker

    start = RayWorkers.start
    monkeypatch.setattr(RayWorkers, "start", noted)
    return started


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Files of two sentences each."""
    (tmp_path / "docs").mkdir()
    for number in range(FILES):
        (tmp_path / "docs" / f"{number:02d}.txt").write_text(
            f"The mill of number {number} grinds wheat. In the year {1800 + number} it burned down."
        )
    return tmp_path / "docs"


@pytest.fixture
def corpus(tmp_path: Path, encoder: Encoder) -> Iterator[Corpus]:
    """An empty corpus, which is sound in the end."""
    with Corpus.open(tmp_path / "c", encoder=encoder) as corpus:
        yield corpus
        assert corpus.verify() == []


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends within a minute."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 60)[0])
    finally:
        os.close(process)


def timeless(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Receipts without what differs from run to run."""
    return [replace(one, seconds=0) for one in receipts]


def test_the_corpus_is_bit_for_bit_the_one_that_is_made_here(
    ray: Any, corpus: Corpus, docs: Path, encoder: Encoder, pids: list[int]
) -> None:
    (docs / "05.txt").write_bytes(b"\x00\x01\x02" * 100)
    (docs / "06.pdf").write_bytes(b"%PDF-1.4\nnothing")
    (docs / "07.csv").write_text("mill,year\nold,1850\nnew,1950\n")
    (docs / "08.md").write_text("# 小麦\n\n这座磨坊磨小麦。\n\n" + "The miller grinds rye. " * 900)
    there = corpus.add(docs, SEEDS, docs / "none.txt", metadata={"kind": "mill"}, ray="auto")
    with Corpus.open(docs.parent / "local", encoder=encoder) as local:
        here = local.add(docs, SEEDS, docs / "none.txt", metadata={"kind": "mill"})
        assert timeless(there) == timeless(here)
        assert [one.source for one in there if one.status == "failed"] == [
            "docs/05.txt",
            "docs/06.pdf",
            "docs/none.txt",
        ]
        assert contents(corpus.location) == contents(local.location)
        for query in ("Which bank built tools?", "the year 1812", "小麦"):
            assert corpus.search(query) == local.search(query)
    assert 1 <= len(pids) <= 2
    assert all(map(is_gone, pids))


def test_workers_that_are_killed_cost_nothing_but_time_and_nothing_is_said_of_it(
    ray: Any, corpus: Corpus, docs: Path, pids: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    large = "\n\n".join(f"In the year {year} the mill " + "ground wheat and rye " * 40 for year in range(120))
    (docs / "large.txt").write_text(large)
    killed: list[int] = []

    def kill(at: Progress) -> None:
        is_time = at.files_done == 5 or (at.source == "docs/large.txt" and at.passages_done)
        if is_time and len(killed) < 2 and pids[-1] not in killed:
            killed.append(pids[-1])
            os.kill(pids[-1], signal.SIGKILL)

    receipts = corpus.add(docs, progress=kill, ray="auto")
    assert [(one.source, one.status, one.passages) for one in receipts] == [
        *((f"docs/{number:02d}.txt", "added", 1) for number in range(FILES)),
        ("docs/large.txt", "added", 120),
    ]
    assert corpus.stats().passages == FILES + 120
    assert len(killed) == 2
    assert len(set(pids)) >= 3
    assert all(map(is_gone, pids))
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_leaves_no_worker_and_a_corpus_that_can_be_gone_on_with(
    ray: Any, corpus: Corpus, docs: Path, pids: list[int]
) -> None:
    def interrupt(at: Progress) -> None:
        if at.files_done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corpus.add(docs, progress=interrupt, ray="auto")
    assert all(map(is_gone, pids))
    assert ray.is_initialized(), "the cluster is not what was asked to end"
    statuses = [one.status for one in corpus.add(docs, ray="auto")]
    assert statuses == ["unchanged"] * 10 + ["added"] * (FILES - 10)


@contextmanager
def held(ray: Any, cores: int) -> Iterator[None]:
    """Somebody else has some of the cluster's cores."""

    class Other:
        def is_there(self) -> bool:
            return True

    other = ray.remote(num_cpus=cores)(Other).remote()
    assert ray.get(other.is_there.remote())
    try:
        yield
    finally:
        ray.kill(other)


def test_a_cluster_that_has_one_core_to_give_is_used_with_one_worker(
    ray: Any, corpus: Corpus, docs: Path, pids: list[int]
) -> None:
    with held(ray, 1):
        assert {one.status for one in corpus.add(docs, ray="auto")} == {"added"}
    assert len(pids) == 1


def test_a_cluster_that_has_no_core_to_give_is_given_up(
    ray: Any, corpus: Corpus, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pincite.index.ray_cluster._PATIENCE", 0.1)
    with held(ray, 2), pytest.raises(PinciteError, match=r"has given no core to a worker for .*`ray status`"):
        corpus.add(docs, ray="auto")


def test_a_worker_with_another_pincite_is_refused(
    ray: Any, corpus: Corpus, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = installed_version()
    monkeypatch.setattr("pincite.index.ray_cluster.installed_version", lambda: "99.1")
    with pytest.raises(PinciteError, match=rf"has pincite {there}, and this one has 99\.1: install the same"):
        corpus.add(docs, ray="auto")
    assert corpus.stats().files == 0


def test_a_worker_with_other_weights_is_refused(ray: Any, tmp_path: Path, docs: Path) -> None:
    with (
        Corpus.open(tmp_path / "c", encoder=FakeEncoder(DEFAULT_ENCODER)) as corpus,
        pytest.raises(
            EncoderMismatch, match=rf"on {socket.gethostname()}, .*53aa5117.*{DEFAULT_ENCODER} \(64-d"
        ),
    ):
        corpus.add(docs, ray="auto")


def test_a_cluster_of_our_own_listens_on_this_machine_only(ray: Any) -> None:
    host, port = ray.get_runtime_context().gcs_address.split(":")
    assert host == "127.0.0.1"
    with closing(socket.create_connection((host, int(port)), 10)):
        pass
    with pytest.raises(OSError, match=r"refused|timed out|assign"):
        socket.create_connection(("127.0.0.2", int(port)), 10)


def test_nobody_else_can_look_into_the_files_of_a_cluster_of_our_own(ray: Any) -> None:
    folder = Path(ray._private.worker._global_node.get_session_dir_path()).parents[1]
    assert folder.name.startswith("ray-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_one_process_is_in_one_cluster(ray: Any, corpus: Corpus, docs: Path) -> None:
    with pytest.raises(
        PinciteError, match=r"the Ray cluster at 127\.0\.0\.1:\d+ already, not to 127\.0\.0\.2:6379"
    ):
        corpus.add(docs, ray="127.0.0.2:6379")
