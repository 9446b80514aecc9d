"""Kills writers of a corpus on a Milvus server, and looks at what they leave behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pincite.index import read_ahead
from pincite.index.corpus import Corpus
from pincite.index.milvus import server
from pincite.index.milvus.server import Server, address_of
from tests.fakes import FakeEncoder

from .test_store_contract import Wide
from .zygote import Ending, Tell, Zygote

if TYPE_CHECKING:
    from tests.milvus_server import MilvusServer

Texts = dict[str, str]

BEFORE: Texts = {
    "docs/a.md": "# Oak\n\ncommon word1\n\n## Elm\n\ncommon word2\n\n## Ash\n\ncommon word3",
    "docs/b.txt": "common and to be removed",
    "docs/c.txt": "common and never changed",
}
AFTER: Texts = {
    "docs/a.md": "# Oak\n\ncommon changed1\n\n## Elm\n\ncommon changed2",
    "docs/c.txt": "common and never changed",
    "docs/d.md": "# Tea\n\ncommon new1\n\n## Jam\n\ncommon new2\n\n## Pie\n\ncommon new3",
    "docs/e.txt": "common new4",
}
FURTHER = {"further.txt": "common further"}
_CHANGING = ("_upsert", "delete", "create", "load", "drop", "name", "rename")


@dataclass(frozen=True, slots=True)
class Found:
    """What a corpus holds, and what searches find in it: for every source its passages."""

    encoder: str
    texts: Texts
    hits: dict[str, list[str]]


Act = Callable[[Corpus], None]


def change(corpus: Corpus) -> None:
    """Replace a file, add two and remove one."""
    put(AFTER)
    corpus.add("docs", prune=True)


def reencode(corpus: Corpus) -> None:
    """Change over to another encoder, two files at a time."""
    corpus._store.files_at_once = 2
    corpus.reencode(Wide())


def create(corpus: Corpus) -> None:
    """Nothing further: opening has made it."""


ACTS: dict[str, Act] = {"change": change, "reencode": reencode, "create": create}


def put(texts: Texts) -> None:
    """Make these the files of the current folder."""
    shutil.rmtree("docs", ignore_errors=True)
    for name, text in texts.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")


def rehearse(tell: Tell) -> None:
    """Have all imported that a corpus on a server needs; connect to none, or no fork could."""
    import grpc
    import pymilvus

    from pincite.index import adding, refilling
    from pincite.index.milvus import reencoding, verification

    tell([one.__name__ for one in (grpc, pymilvus, adding, refilling, reencoding, verification)])


def play(tell: Tell, home: Path, location: str, act: str, step: int | None) -> None:
    """Do something to a corpus, and die before the ``step``-th call that changes anything on the server; tell
    the name of each.
    """
    os.chdir(home)
    read_ahead.MOST_AHEAD = 0
    server._ROWS_WRITTEN_AT_ONCE = 2
    left = -1 if step is None else step

    def stepping(name: str) -> Callable[..., Any]:
        real = getattr(Server, name)

        def call(self: Server, *arguments: Any, **options: Any) -> Any:
            nonlocal left
            tell(name)
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return real(self, *arguments, **options)

        return call

    for name in _CHANGING:
        setattr(Server, name, stepping(name))
    with Corpus.open(location, encoder=FakeEncoder()) as corpus:
        ACTS[act](corpus)


def look(location: str) -> Found:
    """Return what the next process sees, and check that each hit is a slice of a document's text."""
    with Corpus.open(location, create=False) as corpus:
        name = corpus.stats().encoder.name
    with Corpus.open(location, create=False, encoder=Wide() if name == "wide" else FakeEncoder()) as corpus:
        texts = {one.source: corpus.text(one.document_id) for one in corpus.documents()}
        hits: dict[str, list[str]] = {}
        for hit in corpus.search("common", top_k=100):
            passage = hit.passage
            assert texts[passage.source][passage.start : passage.end] == passage.text
            hits.setdefault(passage.source, []).append(passage.text)
        stats = corpus.stats()
        assert (stats.documents, stats.passages) == (len(texts), sum(map(len, hits.values())))
    return Found(name, texts, {source: sorted(found) for source, found in hits.items()})


def expected(texts: Texts, encoder: str = "fake") -> Found:
    """Return what there is to be seen where a corpus holds these texts."""
    hits = {
        source: sorted(line for line in text.split("\n\n") if not line.startswith("#"))
        for source, text in texts.items()
    }
    return Found(encoder, dict(texts), hits)


class MilvusSite:
    """A server and a home folder in which one writer after the other meets its end."""

    def __init__(self, server: MilvusServer, zygote: Zygote, home: Path) -> None:
        self._server = server
        self._zygote = zygote
        self._home = home
        zygote.ask(rehearse)

    def steps(self, act: str) -> list[str]:
        """The calls by which an undisturbed writer changes anything."""
        ending = self._zygote.run(play, self._home, self._filled(act), act, None)
        assert not ending.error, ending.error
        return list(ending.told)

    def crash(self, act: str, step: int | None, seconds: float | None = None) -> tuple[Ending, list[str]]:
        """Kill a writer; return how it ended, and what was wrong afterwards."""
        location = self._filled(act)
        ending = self._zygote.run(play, self._home, location, act, step, kill_after=seconds)
        problems = [ending.error] if ending.error else list(self._problems(act, location))
        return ending, problems

    def _filled(self, act: str) -> str:
        location = self._server.location()
        if act != "create":
            os.chdir(self._home)
            put(BEFORE)
            with Corpus.open(location, encoder=FakeEncoder()) as corpus:
                corpus.add("docs")
        return location

    def _problems(self, act: str, location: str) -> Iterator[str]:
        if act == "create":
            yield from self._creation(location)
            return
        found = look(location)
        for source in {*BEFORE, *AFTER}:
            states = [expected(texts) for texts in ((BEFORE, AFTER) if act == "change" else (BEFORE,))]
            if all(_of(found, source) != _of(state, source) for state in states):
                yield f"{source} is {_of(found, source)}"
        yield from self._finished(act, location, found.encoder)

    def _finished(self, act: str, location: str, encoder: str) -> Iterator[str]:
        """Have the next writer do the same once more, and one thing further; compare."""
        with Corpus.open(location, encoder=Wide() if encoder == "wide" else FakeEncoder()) as corpus:
            ACTS[act](corpus)
            for source, text in FURTHER.items():
                corpus.add_text(text, source=source)
            yield from (f"verify: {finding}" for finding in corpus.verify())
        texts = AFTER if act == "change" else BEFORE
        found, due = look(location), expected(texts | FURTHER, "wide" if act == "reencode" else "fake")
        if found != due:
            yield f"at the end there is {found}, not {due}"
        yield from self._left_over(location)

    def _creation(self, location: str) -> Iterator[str]:
        with Corpus.open(location, encoder=FakeEncoder()) as corpus:
            corpus.add_text("common", source="a")
            yield from corpus.verify()
        if look(location) != expected({"a": "common"}):
            yield f"there is {look(location)}"

    def _left_over(self, location: str) -> Iterator[str]:
        collections = collections_of(location)
        if len(collections) != 2:
            yield f"collections left over: {collections}"
        server = Server(address_of(location))
        for collection in collections:
            if collection.endswith("_texts"):
                rows = server.all(collection, 'kind in ["change", "claim"]', ["payload"], newest=True)
                yield from (f"a row left over: {row}" for row in rows)
        server.close()


def collections_of(location: str) -> list[str]:
    """Return the collections of a corpus that are on its server."""
    from pymilvus import MilvusClient

    address = address_of(location)
    client = MilvusClient(f"http://{address.host}:{address.port}")
    found = [one for one in client.list_collections() if one.startswith(f"{address.collection}_")]
    client.close()
    return found


def _of(found: Found, source: str) -> tuple[str | None, list[str]]:
    return found.texts.get(source), found.hits.get(source, [])
