"""Passages as their sentences and terms, which reranking and answering measure.

Splitting and stemming cost more than measuring, and the same passages come back: an answer is read from the
best that were reranked, and the next question of a conversation finds some of them again. So the last
``REMEMBERED`` passages are kept as they were read, at 14 bytes a character: 5 MB in all for passages of 700
characters. A passage stands for itself, text and all; one that was replaced is another.
"""

from dataclasses import dataclass
from functools import lru_cache

from pincite.index.document import Point, Span
from pincite.index.passages import Passage, quotable_spans, without_references
from pincite.index.tokens import terms_of

REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """A quotable span of a passage, which counts in the document, and the point that it belongs to.

    ``text`` leaves references out and has white space folded; ``terms`` are its own, in reading order.
    """

    span: Span
    point: Point | None
    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage's sentences, rows and records in order, and the terms of what stands over it: its title and
    its group's name. ``terms`` are all of these.
    """

    sentences: tuple[ReadSentence, ...]
    heading: frozenset[str]
    terms: frozenset[str]


@lru_cache(maxsize=REMEMBERED)
def read_passage(passage: Passage) -> ReadPassage:
    """Return the passage as its sentences and terms. Safe to call from several threads."""
    start = passage.start
    sentences = tuple(
        _sentence(passage.text[span.start - start : span.end - start], span, point)
        for span, point in quotable_spans(passage)
    )
    heading = frozenset(terms_of(f"{passage.title} {passage.group}"))
    return ReadPassage(sentences, heading, heading.union(*(one.terms for one in sentences)))


def _sentence(text: str, span: Span, point: Point | None) -> ReadSentence:
    bare = without_references(text)
    return ReadSentence(span, point, bare, tuple(terms_of(bare)))
