"""One process indexes, another answers: every answer is of one state that the corpus was in, in their order.

What is done to the corpus follows from the number of the change, so that the reader knows every state it can
meet; every section of a text names its source and the change that put it there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pincite
from pincite.index.corpus import Corpus
from pincite.index.retrieval import Hit
from tests.fakes import FakeEncoder

from .crash_site import VECTORS
from .zygote import Tell, Zygote

SOURCES = tuple(f"source{letter}.md" for letter in "abcdefghijkl")
QUESTIONS = 1000
CHANGES = 200
ASK_EVERY = 100

State = dict[str, int]
"""Source to the number of the change that put its text there."""


@dataclass(frozen=True, slots=True)
class Written:
    changes: int
    rewrites: int


def text_of(source: str, change: int) -> str:
    name = source.removesuffix(".md")
    return "\n\n".join(
        f"# Part {part}\n\nThe common {name} tells change{change} of part{part}."
        for part in range(1 + change % 4)
    )


def states() -> Iterator[State]:
    """What the corpus holds after each change: a text is put in or replaced, or a file removed."""
    held: State = {}
    change = 0
    while True:
        yield dict(held)
        change += 1
        chance = random.Random(change)
        source = chance.choice(SOURCES)
        if source in held and chance.random() < 0.3:
            del held[source]
        else:
            held[source] = change


def write(tell: Tell, folder: Path, stop: Path) -> None:
    """Make one change after the other until there is a file ``stop``; encode all anew now and then."""
    before: State = {}
    versions = set()
    with Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        for change, held in enumerate(states()):
            for source in before.keys() - held.keys():
                corpus.remove(source)
            for source, at in held.items() - before.items():
                corpus.add_text(text_of(source, at), source=source)
            if change % 50 == 49:
                corpus.reencode(FakeEncoder())
            if change:
                versions.add((folder / VECTORS).stat().st_mtime_ns)
            before = held
            if stop.exists():
                break
    tell(Written(change, len(versions)))


def seen(hits: Sequence[Hit]) -> State:
    """Return which text of each source the hits are of; all of one text, and as that has them."""
    found: State = {}
    for hit in hits:
        passage = hit.passage
        change = int(passage.text.split("change")[1].split()[0])
        assert found.setdefault(passage.source, change) == change
        assert text_of(passage.source, change)[passage.start : passage.end] == passage.text
    return found


def test_a_thousand_searches_while_another_process_indexes_are_each_of_one_state(
    forks: Zygote, tmp_path: Path
) -> None:
    folder, stop = tmp_path / "c", tmp_path / "stop"
    past = states()
    state, passed = next(past), 0
    with ThreadPoolExecutor(1) as pool, Corpus.open(folder, encoder=FakeEncoder()) as corpus:
        writer = pool.submit(forks.run, write, folder, stop)
        try:
            question = 0
            while (question < QUESTIONS or passed < CHANGES) and not writer.done():
                question += 1
                hits = corpus.search("common", top_k=1000)
                found = seen(hits)
                assert len(hits) == sum(1 + change % 4 for change in found.values())
                while state != found:
                    state, passed = next(past), passed + 1
                    assert passed < 50 * QUESTIONS, f"no such state: {found}"
                if question % ASK_EVERY == 0:
                    answer = pincite.ask("What does the common sourcea tell of part0?", corpus)
                    seen(answer.passages)
        finally:
            stop.touch()
        ending = writer.result()
        assert (ending.signal, ending.error) == (0, "")
        (written,) = ending.told
        assert corpus.verify() == []
    assert question >= QUESTIONS
    assert CHANGES <= passed <= written.changes
    assert written.rewrites > CHANGES // 10
