"""Candidate answers: the sentences of the retrieved passages, each with the best phrase that was read in it.

A candidate is measured by its sentence's evidence (``evidence``) and, where the reader knows the question's
language, by its phrase: how it compares with "not answered here", with the other phrases of its passage, and
with what other passages say. ``reading`` weighs these.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pincite import evidence
from pincite.evidence import Sentence, gather
from pincite.index.document import Span
from pincite.index.language import script_of
from pincite.index.passages import Passage, without_references
from pincite.index.read_passages import read_passage
from pincite.index.retrieval import Hit
from pincite.phrases import completed, is_of_kind, repeated_share, trimmed
from pincite.questions import Question
from pincite.scoring import normalise
from pincite.span_reader import Excerpt, Phrase, SpanReader

PHRASE_FEATURES = (
    "margin",
    "agreement",
    "answer of kind",
    "repeats the question",
    "best of passage",
)


@dataclass(frozen=True)
class Candidate:
    """A sentence and its best phrase; None where the sentence as a whole is all there is to say."""

    sentence: Sentence
    phrase: Phrase | None

    @cached_property
    def text(self) -> str:
        """The phrase, or the sentence, without references and with white space folded."""
        passage = self.sentence.hit.passage
        if self.phrase is None:
            return without_references(self.sentence.text)
        span = completed(passage.text, trimmed(passage.text, self.phrase.span))
        return without_references(passage.text[span.start : span.end])

    @cached_property
    def key(self) -> str:
        """What two candidates that give the same answer have in common."""
        return normalise(self.text)


FEATURES = {False: evidence.FEATURES, True: evidence.FEATURES + PHRASE_FEATURES}
"""The names of what candidates are measured by, without and with phrases."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Measured candidates: ``features`` is float64, ``(n_candidates, len(FEATURES[has_phrases]))``."""

    all: tuple[Candidate, ...]
    features: NDArray[np.float64]
    has_phrases: bool

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one feature of all candidates."""
        return self.features[:, FEATURES[self.has_phrases].index(name)]


def find_candidates(question: Question, hits: Sequence[Hit], reader: SpanReader | None) -> Candidates:
    """Return the sentences of ``hits`` as candidates; with a ``reader`` that knows the question's script,
    each with its best phrase.
    """
    found = gather(question, hits)
    if reader is None or not reader.knows(question.text):
        return Candidates(
            tuple(Candidate(sentence, None) for sentence in found.sentences), found.features, False
        )
    read = reader.read(question.text, [excerpt_of(hit.passage) for hit in hits])
    candidates, rows = [], []
    for sentence, row in zip(found.sentences, found.features, strict=True):
        phrase = read[sentence.rank - 1][sentence.number]
        if phrase is not None:
            candidates.append(Candidate(sentence, phrase))
            rows.append(row)
    measured = _measure(question, candidates)
    features = np.hstack([np.array(rows).reshape(len(rows), len(evidence.FEATURES)), measured])
    return Candidates(tuple(candidates), features, True)


def excerpt_of(passage: Passage) -> Excerpt:
    """Return a passage as the reader is given it: under its title and heading where they are in its script.

    Of a summary's group, "Group 2 › Rivers", only what the group is called says something.
    """
    is_summary = bool(passage.points) and passage.points[0].kind == "point"
    heading = passage.group.partition(" › ")[2] if is_summary else passage.group
    lines = dict.fromkeys((passage.title, heading))
    script = script_of(passage.text)
    context = "\n".join(line for line in lines if line and script_of(line) == script)
    spans, start = [one.span for one in read_passage(passage).sentences], passage.start
    return Excerpt(context, passage.text, tuple(Span(span.start - start, span.end - start) for span in spans))


def _measure(question: Question, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """Return the phrases' features, float64 ``(n_candidates, len(PHRASE_FEATURES))``."""
    votes: dict[str, dict[int, float]] = {}
    highest: dict[int, float] = {}
    for one in candidates:
        rank, margin = one.sentence.rank, _margin(one)
        held = votes.setdefault(one.key, {})
        held[rank] = max(held.get(rank, 0.0), sigmoid(margin))
        highest[rank] = max(highest.get(rank, -math.inf), margin)
    rows = [
        [
            _margin(one),
            sum(share for rank, share in votes[one.key].items() if rank != one.sentence.rank),
            float(is_of_kind(question, one.text)),
            repeated_share(question, one.text),
            float(_margin(one) == highest[one.sentence.rank]),
        ]
        for one in candidates
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(PHRASE_FEATURES))


def _margin(candidate: Candidate) -> float:
    return candidate.phrase.margin if candidate.phrase else 0.0


def sigmoid(value: float) -> float:
    """Return the probability that a logarithm of odds stands for."""
    return 1 / (1 + math.exp(-value))
