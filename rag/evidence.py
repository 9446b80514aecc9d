"""Finds the sentences that a question's answer may stand in, and measures each one.

A sentence is measured by how much of the question it covers (rare terms count for more; what its heading,
title and the sentence before it cover counts separately), by whether the question's names and numbers occur
around it, by its passage's rank and scores, by whether it is a fragment such as a heading, and by whether it
holds the kind of thing that is asked for. ``reading`` weighs these.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Point, Span
from pincite.index.read_passages import read_passage
from pincite.index.reranking import covered, term_weights
from pincite.index.retrieval import Hit
from pincite.index.tokens import terms_of
from pincite.questions import Question

FEATURES = (
    "coverage",
    "coverage around",
    "coverage of passage",
    "names in passage",
    "all names in passage",
    "asked for but nowhere",
    "asked kind",
    "passage score",
    "passage rank",
    "length",
    "fragment",
    "passage similarity",
)
_DATE = re.compile(
    r"\b(?:1\d|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b|\bcentury\b|\d\s*[年月日号点]|[一二三四五六七八九十]月"
)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundred|thousand|million|billion|dozen|half)\b|[一二三四五六七八九十百千万亿两半]",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?。！？…][\"'”’」』)）\]]*$")
_CAPITAL = re.compile(r"(?<!^)\b[A-Z]\w+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit, and its number among the passage's quotable spans. The span counts in the
    document; ``terms`` are its own, ``around`` those it can lean on.
    """

    hit: Hit
    rank: int
    number: int
    span: Span
    text: str
    point: Point | None
    terms: frozenset[str]
    around: frozenset[str]
    in_passage: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measured sentences: ``features`` is float64, ``(n_sentences, len(FEATURES))``."""

    sentences: tuple[Sentence, ...]
    features: NDArray[np.float64]


def gather(question: Question, hits: Sequence[Hit]) -> Evidence:
    """Return the sentences of ``hits`` that say more than the question, measured against it."""
    asked = set(question.terms)
    sentences = tuple(
        sentence
        for rank, hit in enumerate(hits, start=1)
        for sentence in _sentences(hit, rank)
        if not _is_echo(sentence, asked)
    )
    weights = term_weights(question.terms, [one.terms for one in sentences])
    found = frozenset().union(*(one.in_passage for one in sentences))
    rows = [_measure(question, one, weights, found) for one in sentences]
    return Evidence(sentences, np.array(rows).reshape(len(rows), len(FEATURES)))


def _is_echo(sentence: Sentence, asked: set[str]) -> bool:
    """Whether it says no more than the question does, as the heading over an answer may."""
    new, repeated = len(sentence.terms - asked), len(sentence.terms & asked)
    return new == 0 or (_is_fragment(sentence) and new < repeated)


def _is_fragment(sentence: Sentence) -> bool:
    return sentence.point is None and _END.search(sentence.text) is None


def _sentences(hit: Hit, rank: int) -> list[Sentence]:
    passage = hit.passage
    read = read_passage(passage)
    in_passage = read.heading.union(terms_of(passage.text))
    found = []
    before: frozenset[str] = frozenset()
    for number, one in enumerate(read.sentences):
        text = passage.text[one.span.start - passage.start : one.span.end - passage.start]
        terms = frozenset(one.terms)
        around = before | read.heading
        found.append(Sentence(hit, rank, number, one.span, text, one.point, terms, around, in_passage))
        before = terms
    return found


def _measure(
    question: Question,
    sentence: Sentence,
    weights: Mapping[str, float],
    found: frozenset[str],
) -> list[float]:
    names = len(question.names & sentence.in_passage) / len(question.names) if question.names else 1.0
    return [
        covered(sentence.terms, weights),
        covered(sentence.terms | sentence.around, weights),
        covered(sentence.in_passage, weights),
        names,
        float(names == 1.0),
        1.0 - covered(found, weights),
        float(_holds_kind(question, sentence)),
        sentence.hit.score,
        1.0 / sentence.rank,
        math.log1p(len(sentence.terms)),
        float(_is_fragment(sentence)),
        sentence.hit.dense_score or 0.0,
    ]


def _holds_kind(question: Question, sentence: Sentence) -> bool:
    if question.kind == "when":
        return _DATE.search(sentence.text) is not None
    if question.kind == "number":
        return any(
            not set(terms_of(m.group())) & set(question.terms) for m in _NUMBER.finditer(sentence.text)
        )
    if question.kind in ("who", "where", "which") and not question.is_chinese:
        asked = set(question.terms)
        return any(not set(terms_of(match.group())) & asked for match in _CAPITAL.finditer(sentence.text))
    return True
