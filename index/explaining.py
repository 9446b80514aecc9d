"""Tells which words of a query a passage holds. Its scores and ranks are the ``Hit``'s own."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from pincite.index.passages import Passage, without_references
from pincite.index.tokens import characters_of, is_cjk, query_words, terms_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """The words of a query, folded and without those that only ask, that a passage holds and that it lacks.

    A word is held in any of its forms, in the title and the headings too: "tools" where the passage has
    "tool". Of a run of Chinese characters the parts that are held are told from those that are not; where
    nothing else of the query is held, single characters count, as they do in lexical search.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]


def explain(query: str, passage: Passage) -> Explanation:
    """Return which words of ``query`` count for ``passage`` in lexical search, and which it lacks."""
    held = frozenset(terms_of(f"{passage.title}\n{passage.group}\n{without_references(passage.text)}"))
    matched: list[str] = []
    missing: list[str] = []
    for word, terms in query_words(query).items():
        if is_cjk(word):
            for part, is_held in _parts(word, held):
                (matched if is_held else missing).append(part)
        else:
            (matched if held.intersection(terms) else missing).append(word)
    if not matched:
        first = {term[0] for term in held}  # a single one is looked up as what terms begin with
        single = [character for character in characters_of(missing) if character in first]
        missing = [part for word in missing for part in _without(single, word)]
        matched = single
    return Explanation(tuple(dict.fromkeys(matched)), tuple(dict.fromkeys(missing)))


def _without(characters: Collection[str], word: str) -> list[str]:
    parts = groupby(word, lambda one: one in characters)
    return ["".join(part) for is_left_out, part in parts if not is_left_out]


def _parts(run: str, held: Collection[str]) -> list[tuple[str, bool]]:
    """Return the run in parts, with whether the pairs of characters in each are held."""
    is_held = [run in held] if len(run) == 1 else [False] * len(run)
    for at in range(len(run) - 1):
        if run[at : at + 2] in held:
            is_held[at : at + 2] = [True, True]
    return [
        ("".join(character for character, _ in part), whether)
        for whether, part in groupby(zip(run, is_held, strict=True), lambda one: one[1])
    ]
