"""Damages the files of a corpus in many ways, in a process that may die of it."""

from __future__ import annotations

import math
import random
import shutil
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pincite.index.corpus import Corpus
from pincite.index.errors import PinciteError
from tests.fakes import FakeEncoder

from .crash_site import VECTORS
from .zygote import Tell

DATABASE = "corpus.sqlite3"
QUERY = "newest shared word1"
TEXTS = {f"{number}.md": f"# Part\n\nshared common word{number % 7} note{number}" for number in range(40)}


@dataclass(frozen=True, slots=True)
class Damage:
    """What befalls a file: it is cut off at ``place``, or ``length`` bytes from there turn into noise, or of
    the one there a single ``bit`` flips.
    """

    place: int
    length: int = 0
    bit: int | None = None

    def of(self, content: bytes) -> bytes:
        if self.bit is not None:
            changed = bytes([content[self.place] ^ (1 << self.bit)])
        elif self.length:
            changed = random.Random(self.place).randbytes(self.length)
        else:
            return content[: self.place]
        return (content[: self.place] + changed + content[self.place + len(changed) :])[: len(content)]


def make_sound(tell: Tell, folder: Path) -> None:
    """Make a corpus whose vector file holds a passage that is deleted since, and lacks one that is new."""
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        for source, text in TEXTS.items():
            corpus.add_text(text, source=source)
        corpus.reencode(FakeEncoder("other"))
        corpus.reencode(FakeEncoder())
        before = (folder / VECTORS).read_bytes()
        corpus.remove("7.md")
        corpus.add_text("shared common word1 newest 雾岭", source="new.txt")
        assert (folder / VECTORS).read_bytes() == before
        assert corpus.verify() == []
    tell("made")


def damage_vectors(tell: Tell, sound: Path, damages: list[Damage], mend: bool) -> None:
    """Tell of each damage to the vector file before it is done, and then what is wrong with what follows."""
    folder = _copy(sound)
    content = (folder / VECTORS).read_bytes()
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        texts = {one.source: corpus.text(one.document_id) for one in corpus.documents()}
    for damage in damages:
        tell(damage)
        (folder / VECTORS).write_bytes(damage.of(content))
        with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
            for problem in _search(corpus, texts):
                tell(problem)
            if mend:
                if not corpus.verify():
                    tell("verify finds nothing")
                corpus.add_text(str(damage), source="change.txt")
                texts["change.txt"] = str(damage)
                for finding in corpus.verify():
                    tell(f"not mended: {finding}")


def damage_database(tell: Tell, sound: Path, damages: list[Damage]) -> None:
    """Tell of each damage to the database before it is done; what follows may raise errors of ours only."""
    folder = _copy(sound)
    content = (folder / DATABASE).read_bytes()
    for damage in damages:
        tell(damage)
        for file in folder.glob(f"{DATABASE}*"):
            file.unlink()
        (folder / DATABASE).write_bytes(damage.of(content))
        for act in (_read, _ask, Corpus.verify, _add):
            try:
                with Corpus.open(folder, create=False, encoder=FakeEncoder()) as corpus:
                    act(corpus)
            except PinciteError:
                pass
            except Exception as error:  # noqa: BLE001 -- that there is none is what is tested
                tell(f"{act.__name__}: {error!r} {traceback.format_exc()}")


def _copy(sound: Path) -> Path:
    folder = sound.with_name("damaged")
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(sound, folder))


def _search(corpus: Corpus, texts: Mapping[str, str]) -> Iterator[str]:
    hits = corpus.search(QUERY, top_k=20)
    for hit in hits:
        passage = hit.passage
        if texts.get(passage.source, "")[passage.start : passage.end] != passage.text:
            yield f"no such passage: {passage}"
        if not math.isfinite(hit.score):
            yield f"a score of {hit.score}"
    if len({(hit.passage.source, hit.passage.start) for hit in hits}) < len(hits):
        yield "a passage twice"
    if len(hits) < 20:
        yield f"{len(hits)} hits instead of 20"


def _read(corpus: Corpus) -> None:
    corpus.stats()
    for one in corpus.documents():
        corpus.text(one.document_id)


def _ask(corpus: Corpus) -> None:
    corpus.search(QUERY, top_k=20)


def _add(corpus: Corpus) -> None:
    corpus.add_text("shared one more", source="more.txt")
    corpus.remove("3.md")
