"""What a writer is doing when it is killed: a table, and what must be there afterwards.

A scenario has a part that prepares a home folder, with the corpus in ``c``, and a part that changes the
corpus and acknowledges each change once it has returned. ``states`` are what the corpus holds at the start
and after each acknowledgement; None is no corpus. A change that was not acknowledged may have happened to
some files and not to others, but to each of them wholly or not at all. To add a scenario, write the two
functions and a row of ``SCENARIOS``; ``also`` may look at what else it leaves in the home folder, and says
what is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from pincite.index.corpus import Corpus
from tests.fakes import FakeEncoder

Done = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a corpus holds: the texts by source, and the name of its encoder, a ``FakeEncoder``."""

    texts: Mapping[str, str] = field(default_factory=dict)
    encoder: str = "fake"

    def but(self, **texts: str | None) -> Holdings:
        """The same with some texts changed, added or, where there is None, removed."""
        changed = {**self.texts, **texts}
        return Holdings({name: text for name, text in changed.items() if text is not None}, self.encoder)


@dataclass(frozen=True, slots=True)
class Scenario:
    """``rewrites``: how often the vector file must be written anew at least, or nothing is proven of it."""

    prepare: Callable[[Path], None]
    play: Callable[[Path, Done], None]
    states: tuple[Holdings | None, ...]
    rewrites: int = 0
    also: Callable[[Path], list[str]] = lambda _: []


def opened(home: Path, encoder: str = "fake") -> Corpus:
    return Corpus.open(home / "c", encoder=FakeEncoder(encoder))


def note(name: str, version: int = 1) -> str:
    """A text of one to three passages, in which every sentence tells its version."""
    parts = [
        f"# Part {n}\n\n{name} says common word{n} in version{version}." for n in range(1 + len(name) % 3)
    ]
    return "\n\n".join(parts) + (" 雾岭茶叶合作社" if len(name) % 4 == 0 else "")


FIRST = Holdings({"note" + "s" * (n % 5) + str(n): note(f"n{'o' * (n % 5)}{n}") for n in range(20)})
NAMES = list(FIRST.texts)
FILES = {f"files/{name}.txt": f"file {name} has common word1 and {name}" for name in "abcde"}


def nothing(home: Path) -> None:
    """Prepare a home without a corpus."""


def empty(home: Path) -> None:
    opened(home).close()


def filled(home: Path) -> None:
    with opened(home) as corpus:
        for source, text in FIRST.texts.items():
            corpus.add_text(text, source=source)
        corpus.reencode(FakeEncoder("other"))
        corpus.reencode(FakeEncoder())  # so that the vector file is up to date
    (home / "files").mkdir()
    for source, text in FILES.items():
        (home / source).write_text(text, encoding="utf-8")


def create(home: Path, done: Done) -> None:
    with opened(home):
        done()


def put(changes: Mapping[str, str | None]) -> Callable[[Path, Done], None]:
    """A play that makes and acknowledges these changes, one by one."""

    def play(home: Path, done: Done) -> None:
        with opened(home) as corpus:
            for source, text in changes.items():
                if text is None:
                    corpus.remove(source)
                else:
                    assert corpus.add_text(text, source=source).status in ("added", "replaced")
                done()

    return play


def after(first: Holdings, changes: Mapping[str, str | None]) -> tuple[Holdings, ...]:
    """The states that ``put(changes)`` goes through."""
    return tuple(accumulate(changes.items(), lambda held, one: held.but(**dict([one])), initial=first))


def index_files(home: Path, done: Done) -> None:
    with opened(home) as corpus:
        assert {one.status for one in corpus.add(home / "files")} == {"added"}
        done()


def change_files_and_prune(home: Path, done: Done) -> None:
    with opened(home) as corpus:
        corpus.add(home / "files")
        done()
        (home / "files" / "a.txt").write_text("file a has changed", encoding="utf-8")
        (home / "files" / "b.txt").unlink()
        corpus.add(home / "files", prune=True)
        done()


def reencode(home: Path, done: Done) -> None:
    with opened(home) as corpus:
        corpus.reencode(FakeEncoder("other"))
        done()
        corpus.add_text(note("afterwards"), source="afterwards")
        done()


_WITH_FILES = FIRST.but(**FILES)
_REENCODED = Holdings(FIRST.texts, "other")
_ADDED = {f"new{n}": note(f"new{n}") for n in range(3)}
_REPLACED = {name: note(name, version=2) for name in NAMES[:4]}
_REMOVED = dict.fromkeys(NAMES[5:9])

SCENARIOS = {
    "create": Scenario(nothing, create, (None, Holdings())),
    "first": Scenario(empty, put(_ADDED), after(Holdings(), _ADDED), rewrites=1),
    "add": Scenario(filled, put(_ADDED), after(FIRST, _ADDED), rewrites=1),
    "add files": Scenario(filled, index_files, (FIRST, _WITH_FILES), rewrites=1),
    "prune": Scenario(
        filled,
        change_files_and_prune,
        (FIRST, _WITH_FILES, _WITH_FILES.but(**{"files/a.txt": "file a has changed", "files/b.txt": None})),
        rewrites=1,
    ),
    "replace": Scenario(filled, put(_REPLACED), after(FIRST, _REPLACED), rewrites=2),
    "remove": Scenario(filled, put(_REMOVED), after(FIRST, _REMOVED), rewrites=1),
    "reencode": Scenario(
        filled, reencode, (FIRST, _REENCODED, _REENCODED.but(afterwards=note("afterwards"))), rewrites=1
    ),
}
