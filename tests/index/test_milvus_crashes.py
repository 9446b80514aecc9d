"""A writer to a Milvus server, and the server itself, may be killed at any instant: no half document is ever
seen, and the next writer clears up.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pincite.index import loaded_encoders
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusLocked, CorpusUnavailable, DocumentNotFound
from pincite.index.milvus import claim as claims
from pincite.index.milvus import server as server_module
from pincite.index.milvus.claim import Claim, claimed
from pincite.index.milvus.collections import Pair, pair_of
from pincite.index.milvus.rows import FileRow, text_row
from pincite.index.milvus.server import Row, Server, address_of
from pincite.index.milvus.snapshot import MilvusSnapshot
from tests.fakes import FakeEncoder

from .milvus_site import MilvusSite, collections_of
from .zygote import Tell, Zygote

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

each_act = pytest.mark.parametrize("act", ["change", "reencode", "create"])


@pytest.fixture
def site(milvus: MilvusServer, forks: Zygote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MilvusSite:
    monkeypatch.chdir(tmp_path)
    return MilvusSite(milvus, forks, tmp_path)


@pytest.fixture
def location(milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The location of a corpus with one text."""
    monkeypatch.chdir(tmp_path)
    location = milvus.location()
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common alpha", source="a.txt")
    return location


@pytest.fixture
def server(location: str) -> Iterator[Server]:
    """A connection to the server of ``location``."""
    server = Server(address_of(location))
    yield server
    server.close()


@pytest.fixture
def pair(server: Server, location: str) -> Pair:
    """The collections of ``location``."""
    name = address_of(location).collection
    pair = pair_of(name, str(server.target(name)))
    assert pair is not None
    return pair


def every(steps: Sequence[str]) -> list[int]:
    return list(range(len(steps)))


def first_of_each_run(steps: Sequence[str]) -> list[int]:
    return [n for n, name in enumerate(steps) if n == 0 or steps[n - 1] != name]


@pytest.mark.parametrize(
    ("act", "chosen"),
    [
        pytest.param("change", every, id="change"),
        pytest.param("create", every, id="create"),
        pytest.param("reencode", first_of_each_run, id="reencode"),
        pytest.param("reencode", every, id="reencode, every step", marks=pytest.mark.crash),
    ],
)
def test_a_writer_that_is_killed_at_any_step_leaves_nothing_half(
    site: MilvusSite, act: str, chosen: Callable[[Sequence[str]], list[int]]
) -> None:
    steps = site.steps(act)
    numbers = chosen(steps)
    wrecks = [site.crash(act, number) for number in numbers]
    assert [problem for _, problems in wrecks for problem in problems] == []
    assert {ending.signal for ending, _ in wrecks} == {signal.SIGKILL}
    assert [ending.told[-1] for ending, _ in wrecks] == [steps[number] for number in numbers]


@pytest.mark.crash
@each_act
def test_a_writer_that_is_killed_at_a_random_instant_leaves_nothing_half(site: MilvusSite, act: str) -> None:
    started = time.perf_counter()
    site.steps(act)
    longest, instants = time.perf_counter() - started, random.Random(act)
    wrecks = [site.crash(act, None, instants.uniform(0, longest)) for _ in range(350)]
    assert [problem for _, problems in wrecks for problem in problems] == []
    assert signal.SIGKILL in {ending.signal for ending, _ in wrecks}


def test_a_batch_that_is_sent_twice_is_there_once(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Server._upsert

    def twice(self: Server, collection: str, rows: list[Row]) -> None:
        real(self, collection, rows)
        real(self, collection, rows)

    monkeypatch.setattr(Server, "_upsert", twice)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("# T\n\ncommon beta\n\n## U\n\ncommon gamma", source="b.md")
        corpus.add_text("common delta", source="a.txt")
        assert [hit.passage.source for hit in corpus.search("common")] == ["a.txt", "b.md", "b.md"]
        assert (corpus.stats().passages, corpus.verify()) == (3, [])


def write_and_wait(tell: Tell, location: str) -> None:
    """Claim the corpus and tell so; then stay until killed."""
    with Corpus.open(location, encoder=FakeEncoder()) as corpus, corpus._store.writing():
        tell(os.getpid())
        signal.pause()


def test_of_two_writers_one_is_told_at_once_who_writes(location: str) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as one, Corpus.open(location) as other:
        with one._store.writing():
            message = rf"process {os.getpid()} on .* is writing to {location}: wait until it is done"
            for _ in range(2):
                with pytest.raises(CorpusLocked, match=message):
                    other.remove("a.txt")
            assert len(other.documents()) == 1
        assert other.remove("a.txt").status == "removed"


def test_the_claim_of_a_process_that_is_gone_is_taken_over(location: str, forks: Zygote) -> None:
    ending = forks.run(write_and_wait, location, kill_after=0.01)
    assert ending.signal == signal.SIGKILL
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        assert corpus.add_text("beta", source="b.txt").status == "added"


def test_a_claim_from_elsewhere_holds_until_it_runs_out(location: str, server: Server, pair: Pair) -> None:
    def elsewhere(until: float) -> None:
        server.upsert(pair.texts, [text_row("claim-elsewhere", "claim", ["elsewhere", 1, until, "m"])])

    elsewhere(time.time() + 60)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        with pytest.raises(CorpusLocked, match="process 1 on elsewhere is writing to"):
            corpus.add_text("beta", source="b.txt")
        elsewhere(time.time() - 1)
        assert corpus.add_text("beta", source="b.txt").status == "added"
    assert list(server.all(pair.texts, 'kind == "claim"', ["payload"], newest=True)) == []


def test_a_writer_whose_claim_has_run_out_stops_before_it_changes_anything(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        with monkeypatch.context() as patch:
            patch.setattr(claims, "LASTS", 1.0)  # below the margin
            with pytest.raises(CorpusLocked, match="did not answer for too long"):
                corpus.add_text("common beta", source="a.txt")
        assert corpus.text(corpus.find("a.txt")) == "common alpha"
        assert [hit.passage.text for hit in corpus.search("common")] == ["common alpha"]
        corpus.add_text("gamma", source="c.txt")
        assert corpus.verify() == []


def test_nothing_is_between_the_last_look_at_the_claim_and_the_commit(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def noted(of: type[Server | Claim], name: str) -> None:
        real = getattr(of, name)

        def call(self: object, *arguments: Any, **options: Any) -> Any:
            calls.append(name)
            return real(self, *arguments, **options)

        monkeypatch.setattr(of, name, call)

    for name in ("get", "upsert", "delete"):
        noted(Server, name)
    noted(Claim, "check")
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common beta", source="a.txt")
    assert calls[calls.index("check") :][:2] == ["check", "upsert"]


def test_a_claim_is_renewed_while_it_lasts_and_no_longer(
    server: Server, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_RENEWED_EVERY", 0.0)
    renewed = threading.Event()
    real = Claim.renew

    def renew(self: Claim) -> None:
        real(self)
        renewed.set()

    claim = Claim(server, pair, "corpus")
    claim.take()
    monkeypatch.setattr(Claim, "renew", renew)
    keeping = threading.Thread(target=claim.keep)
    keeping.start()
    assert renewed.wait(10)
    monkeypatch.setattr(claims, "LASTS", 1.0)
    keeping.join(10)
    assert not keeping.is_alive()
    with pytest.raises(CorpusLocked):
        claim.check()
    claim.release()


def test_of_claims_at_the_same_instant_never_two_succeed(location: str, server: Server, pair: Pair) -> None:
    at_once = 4
    start, end = threading.Barrier(at_once), threading.Barrier(at_once)

    def attempt(_: int) -> bool:
        start.wait()
        claim = Claim(server, pair, location)
        try:
            claim.take()
        except CorpusLocked:
            end.wait()
            return False
        end.wait()
        claim.release()
        return True

    with ThreadPoolExecutor(at_once) as pool:
        succeeded = [sum(pool.map(attempt, range(at_once))) for _ in range(25)]
    assert max(succeeded) <= 1
    assert list(server.all(pair.texts, 'kind == "claim"', ["payload"], newest=True)) == []
    with claimed(server, pair, location):
        assert len(server.some(pair.texts, 'kind == "claim"', ["id"], 10, newest=True)) == 1


@pytest.fixture
def own_milvus(milvus: MilvusServer, tmp_path: Path) -> Iterator[MilvusServer]:
    """A server for one test, which may do with it as it likes."""
    from tests.milvus_server import milvus_server

    with milvus_server(tmp_path / "server") as running:
        yield running


@pytest.mark.parametrize(
    "kills", [pytest.param(3, id="brief"), pytest.param(60, id="thorough", marks=pytest.mark.crash)]
)
def test_a_server_that_is_killed_while_files_are_added_loses_nothing(
    own_milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    monkeypatch.chdir(tmp_path)
    location, instants = own_milvus.location(), random.Random(kills)
    held: dict[str, str] = {}
    Path("docs").mkdir()
    for kill in range(kills):
        texts = {f"docs/{number}.txt": f"common kill{kill} word{number}" for number in range(20)}
        for name, text in texts.items():
            Path(name).write_text(text)
        with monkeypatch.context() as patch:
            patch.setattr(Server, "_ask", killing(own_milvus, instants.randint(5, 60)))
            patch.setattr(server_module, "_PATIENCE_SECONDS", 0.0)
            with pytest.raises(CorpusUnavailable), Corpus.open(location, encoder=FakeEncoder()) as corpus:
                corpus.add("docs")
        own_milvus.start()
        with Corpus.open(location, encoder=FakeEncoder()) as corpus:
            found = {one.source: corpus.text(one.document_id) for one in corpus.documents()}
            assert all(text in (texts[source], held.get(source)) for source, text in found.items())
            assert held.keys() <= found.keys()
            corpus.add("docs")
            assert {one.source: corpus.text(one.document_id) for one in corpus.documents()} == texts
            assert sorted(hit.passage.text for hit in corpus.search("common", top_k=100)) == sorted(
                texts.values()
            )
            assert corpus.verify() == []
        held = texts


def killing(milvus: MilvusServer, call: int) -> Callable[..., Any]:
    """Return ``Server._ask``, during whose ``call``-th call, and before the next, the server is killed."""
    real, left = Server._ask, call

    def ask(self: Server, *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left:
            return real(self, *arguments)
        killer = threading.Thread(target=milvus.kill)
        killer.start()
        try:
            return real(self, *arguments)
        finally:
            killer.join()

    return ask


def test_a_server_that_is_started_again_within_seconds_is_waited_for(
    own_milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Corpus.open(own_milvus.location(), encoder=FakeEncoder()) as corpus:
        corpus.add_text("common alpha", source="a.txt")
        monkeypatch.setattr(server_module, "_PATIENCE_SECONDS", 60.0)
        for use in (lambda: corpus.search("common"), lambda: corpus.add_text("common", source="b.txt")):
            own_milvus.kill()
            own_milvus.begin()
            assert use()
        assert corpus.verify() == []


def test_of_processes_that_make_a_corpus_at_once_one_makes_it(milvus: MilvusServer) -> None:
    location, at_once = milvus.location(), 4
    barrier = threading.Barrier(at_once)

    def make(number: int) -> str:
        barrier.wait()
        with Corpus.open(location, encoder=FakeEncoder()) as corpus, corpus.snapshot() as snapshot:
            return snapshot.uid

    with ThreadPoolExecutor(at_once) as pool:
        uids = list(pool.map(make, range(at_once)))
    assert len(set(uids)) == 1
    assert len(collections_of(location)) == 2


def test_a_file_that_is_replaced_while_it_is_copied_is_copied_whole(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MilvusSnapshot._kept_of
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text("common gone", source="b.txt")
        corpus.add_text("common stays", source="c.txt")

        def kept_of(self: MilvusSnapshot, files: Sequence[FileRow]) -> Any:
            monkeypatch.setattr(MilvusSnapshot, "_kept_of", real)
            corpus.add_text("common beta", source="a.txt")
            corpus.remove("b.txt")
            return real(self, files)

        monkeypatch.setattr(MilvusSnapshot, "_kept_of", kept_of)
        receipts = corpus.copy(tmp_path / "copy")
        assert sorted((one.source, one.documents) for one in receipts) == [("a.txt", 1), ("c.txt", 1)]
        with Corpus.open(tmp_path / "copy", encoder=FakeEncoder()) as copy:
            assert copy.documents() == corpus.documents()


def test_a_search_during_which_the_corpus_is_reencoded_searches_the_new_one(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Server.search
    with (
        Corpus.open(location, encoder=FakeEncoder()) as corpus,
        Corpus.open(location, encoder=FakeEncoder()) as other,
    ):

        def search(self: Server, *arguments: Any) -> list[Row]:
            monkeypatch.setattr(Server, "search", real)
            other.reencode(FakeEncoder("other"))
            return real(self, *arguments)

        monkeypatch.setattr(loaded_encoders, "load_encoder", lambda name, **_: FakeEncoder(name))
        monkeypatch.setattr(Server, "search", search)
        assert [hit.passage.source for hit in corpus.search("common")] == ["a.txt"]


@pytest.mark.parametrize("between", ["versions_of", "_joined"])
def test_a_document_that_is_stored_again_while_it_is_looked_for_is_found(
    location: str, between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(MilvusSnapshot, between)
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        (one,) = corpus.documents()

        def replacing(self: MilvusSnapshot, *arguments: object) -> Any:
            monkeypatch.setattr(MilvusSnapshot, between, real)
            corpus.add_text("common alpha", source="a.txt", metadata={"number": next(numbers)})
            return real(self, *arguments)

        numbers = itertools.count()
        uses: list[Callable[[], object]] = [
            lambda: [one.source for one in corpus.documents()] == ["a.txt"],
            lambda: corpus.find("a.txt") == one.document_id,
            lambda: corpus.text(one.document_id) == "common alpha",
        ]
        for use in uses:
            monkeypatch.setattr(MilvusSnapshot, between, replacing)
            assert use()


def test_a_search_never_shows_two_versions_of_a_file_nor_half_of_one(location: str) -> None:
    versions = {f"version{number}": 2 + number % 3 for number in range(15)}
    is_done = threading.Event()

    def text(version: str) -> str:
        return "\n\n".join(f"## Part {part}\n\ncommon {version}" for part in range(versions[version]))

    def search() -> int:
        count = 0
        with Corpus.open(location, encoder=FakeEncoder()) as corpus:
            while not is_done.is_set():
                shown = [one.passage for one in corpus.search("common", top_k=50)]
                found = [one.text.split()[1] for one in shown if one.source == "b.md"]
                assert len(set(found)) == 1
                assert len(found) == versions[found[0]]
                (document_id,) = {one.document_id for one in shown if one.source == "b.md"}
                with suppress(DocumentNotFound):  # it may have been replaced since
                    assert corpus.text(document_id) == text(found[0])
                count += 1
        return count

    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        corpus.add_text(text("version0"), source="b.md")
        with ThreadPoolExecutor(3) as pool:
            searches = [pool.submit(search) for _ in range(3)]
            try:
                for _ in range(2):
                    for version in versions:
                        assert corpus.add_text(text(version), source="b.md").status in (
                            "replaced",
                            "unchanged",
                        )
            finally:
                is_done.set()
            counts = [one.result() for one in searches]
    assert min(counts) > 10
