"""A small corpus and answers from it, for the tests of evidence bundles."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pincite.answers import Answer, Draft, DraftClaim, Support
from pincite.citing import settle
from pincite.index.corpus import Corpus
from pincite.index.filters import Scalar
from pincite.index.passages import Passage
from tests.fakes import FakeEncoder

MILL = "Group 1 - The mill was built in 1742 [2] - It has two wheels [3]"
FERRY = "---\ntitle: The ferry\ndate: 2021-05-03\n---\n\n# Times\n\nThe ferry leaves every twenty minutes.\n"
TEA = "\U0001f375 合作社成立于2009年4月。The cooperative sells tea."
RATED: dict[str, Scalar] = {"publisher": "Tea House", "pages": 3, "stars": 4.0, "signed": True}

Path_ = tuple[str | int, ...]


def small_corpus(folder: Path) -> Corpus:
    """Open a new corpus of two files and a text in hand."""
    (folder / "mill.txt").write_text(MILL, encoding="utf-8")
    (folder / "ferry.md").write_text(FERRY, encoding="utf-8")
    corpus = Corpus.open(folder / "corpus", encoder=FakeEncoder())
    corpus.add(folder / "mill.txt", folder / "ferry.md")
    corpus.add_text(TEA, source="notes/tea.txt", metadata=RATED)
    return corpus


def passages_of(corpus: Corpus) -> list[Passage]:
    """Return every passage of the corpus, in the order of their places."""
    hits = corpus.search("mill ferry tea", top_k=100)
    return sorted((hit.passage for hit in hits), key=lambda one: (one.source, one.start))


def quoting(corpus: Corpus, quote: str) -> Support:
    """Return the support that these words give, where they stand in the corpus."""
    for passage in passages_of(corpus):
        if (start := passage.text.find(quote)) >= 0:
            place = passage.start + start
            return Support(passage, place, place + len(quote), 0.75)
    raise AssertionError(f"no passage holds {quote}")


def settled(corpus: Corpus, question: str, claims: Sequence[DraftClaim], *notes: str) -> Answer:
    """Return the answer that these claims make, through the gate that every answer passes."""
    draft = Draft(tuple(claims), 0.875, "reader", notes)
    return settle(
        question,
        draft,
        corpus.search("mill"),
        corpus.text,
        min_confidence=0.5,
        seconds=0.1,
        standalone="Mill?",
    )


def conversation(corpus: Corpus) -> list[Answer]:
    """Return three answers: one of two claims, one of another document, and one that is none."""
    built, wheels = quoting(corpus, "The mill was built in 1742"), quoting(corpus, "It has two wheels")
    ferry, tea = quoting(corpus, "every twenty minutes"), quoting(corpus, "sells tea")
    return [
        settled(
            corpus,
            "When?",
            [DraftClaim("1742", (built,)), DraftClaim("Two wheels.", (wheels, built), "check")],
            "n",
        ),
        settled(corpus, "Where?", [DraftClaim("there", (ferry, tea)), DraftClaim("No.", (), "unsupported")]),
        settled(corpus, "Why?", []),
    ]


def leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the place of every value in JSON that holds no other."""
    if isinstance(value, dict | list) and value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, name))
    else:
        yield path


def at(content: Any, path: Path_) -> Any:
    """Return the value at a place."""
    for part in path:
        content = content[part]
    return content


def edited(content: Any, path: Path_, value: Any) -> str:
    """Return JSON text of ``content`` with another value at a place."""
    copy = deepcopy(content)
    at(copy, path[:-1])[path[-1]] = value
    return json.dumps(copy)


def otherwise(value: Any) -> Any:
    """Return another value of the same kind, in form wherever that may be."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value / 2
        case str():
            is_hexadecimal = len(value) == 64
            last = ("0" if value[-1] != "0" else "1") if is_hexadecimal else "x"
            return {"quoted": "check", "check": "quoted"}.get(
                value, (value[:-1] if is_hexadecimal else value) + last
            )
        case []:
            return ["x"]
        case _:
            return {"source": "x", "sha256": "0" * 64}
