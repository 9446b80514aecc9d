"""Questions with their passages as token ids, and from start and end scores back to a phrase of the passage.

The input is ``[CLS] question [SEP] title, passage [SEP]``, as ``PassageDraft.embedded`` gives a passage: a
title is a line of context, and no answer is taken from it. A passage too long for the input is cut, around
the answer where there is one. Torch is not needed here.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from squad import Paragraph, Question
from tokenizers import Encoding, Tokenizer

MOST_QUESTION_TOKENS = 48
MOST_TOKENS = 384
MOST_ANSWER_TOKENS = 30
UNTITLED_SHARE = 0.15
"""Passages learned from without their title: users' documents do not always have one."""
BEST_ENDS = 20


@dataclass(frozen=True, slots=True)
class Feature:
    """One input. ``body`` is the place of the passage's first token after the title; ``offsets`` has, from
    there on, each token's span in the paragraph's text. ``start`` and ``end`` (inclusive) are the answer's
    places in ``ids``; both 0, [CLS], where there is none.
    """

    ids: NDArray[np.int32]
    passage: int
    body: int
    offsets: NDArray[np.int32]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Arrays of shape ``(n_inputs, n_tokens)``; ``is_target`` says where a span may be, [CLS] included."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64]
    is_target: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def parts(self, count: int) -> list["Batch"]:
        """Deal the inputs out to so many batches, alike in length."""
        arrays = (self.ids, self.mask, self.types, self.is_target, self.starts, self.ends)
        return [
            Batch(*(array[place::count] for array in arrays)) for place in range(min(count, len(self.ids)))
        ]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best phrase, with its score, and that of there being none; their difference says how sure it is."""

    text: str
    span_score: float
    null_score: float

    @property
    def margin(self) -> float:
        return self.span_score - self.null_score


class Featurizer:
    """Makes features, and keeps the tokens of paragraphs it has seen."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Takes over ``tokenizer``."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._titles: dict[str, list[int]] = {"": []}
        self._paragraphs: dict[str, _Tokens] = {}

    @cached_property
    def _special(self) -> tuple[int, int]:
        return self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]")

    def features(
        self, questions: Sequence[Question], untitled: Sequence[bool] | None = None
    ) -> list[Feature]:
        """Return a feature for each question; ``untitled`` says which passages go without their title."""
        self._learn([question.paragraph for question in questions])
        encodings = self._encode([question.text for question in questions])
        bare = untitled or [False] * len(questions)
        return [
            self._feature(question, encoding.ids[:MOST_QUESTION_TOKENS], without)
            for question, encoding, without in zip(questions, encodings, bare, strict=True)
        ]

    def _learn(self, paragraphs: Sequence[Paragraph]) -> None:
        new = list({one.text for one in paragraphs} - self._paragraphs.keys())
        for text, encoding in zip(new, self._encode(new), strict=True):
            self._paragraphs[text] = _Tokens.of(encoding)
        titles = list({one.title for one in paragraphs} - self._titles.keys())
        for title, encoding in zip(titles, self._encode(titles), strict=True):
            self._titles[title] = encoding.ids

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return list(self._tokenizer.encode_batch(list(texts), add_special_tokens=False))

    def _feature(self, question: Question, question_ids: Sequence[int], untitled: bool) -> Feature:
        first, separator = self._special
        tokens = self._paragraphs[question.paragraph.text]
        title = [] if untitled else self._titles[question.paragraph.title]
        head = [first, *question_ids, separator, *title]
        body = len(head)
        room = MOST_TOKENS - body - 1
        start, end = tokens.places(question.start, question.end) if question.answers else (-1, -1)
        cut = _window(len(tokens.ids), room, start, end)
        window = slice(cut, cut + room)
        ids = np.concatenate([np.array(head, np.int32), tokens.ids[window], np.array([separator], np.int32)])
        has_answer = start >= 0 and end < cut + room
        places = (start - cut + body, end - cut + body) if has_answer else (0, 0)
        return Feature(ids, len(question_ids) + 2, body, tokens.offsets[window], *places)


@dataclass(frozen=True, slots=True)
class _Tokens:
    ids: NDArray[np.int32]
    offsets: NDArray[np.int32]

    @classmethod
    def of(cls, encoding: Encoding) -> "_Tokens":
        return cls(np.array(encoding.ids, np.int32), np.array(encoding.offsets, np.int32).reshape(-1, 2))

    def places(self, start: int, end: int) -> tuple[int, int]:
        """Return the first and the last token that a span of characters touches."""
        touched = np.flatnonzero((self.offsets[:, 0] < end) & (self.offsets[:, 1] > start))
        return (int(touched[0]), int(touched[-1])) if len(touched) else (-1, -1)


def _window(length: int, room: int, start: int, end: int) -> int:
    """Return where to begin a cut of ``room`` tokens that holds the answer, in its middle if possible."""
    if length <= room or start < 0:
        return 0
    return max(0, min((start + end) // 2 - room // 2, length - room))


def untitled_by(rng: random.Random, count: int) -> list[bool]:
    """Draw which of so many passages are learned from without their title."""
    return [rng.random() < UNTITLED_SHARE for _ in range(count)]


def collate(features: Sequence[Feature]) -> Batch:
    """Pad features to one length."""
    shape = (len(features), max(len(feature.ids) for feature in features))
    ids, mask, types = (np.zeros(shape, np.int64) for _ in range(3))
    is_target = np.zeros(shape, bool)
    is_target[:, 0] = True
    for row, feature in enumerate(features):
        length = len(feature.ids)
        ids[row, :length] = feature.ids
        mask[row, :length] = 1
        types[row, feature.passage : length] = 1
        is_target[row, feature.body : length - 1] = True
    starts = np.array([feature.start for feature in features], np.int64)
    ends = np.array([feature.end for feature in features], np.int64)
    return Batch(ids, mask, types, is_target, starts, ends)


def inputs_of(batch: Batch) -> Mapping[str, NDArray[np.int64]]:
    """Return the model's inputs by the names that the exported model gives them."""
    return {"input_ids": batch.ids, "attention_mask": batch.mask, "token_type_ids": batch.types}


def best_span(
    feature: Feature, text: str, start: NDArray[np.float32], end: NDArray[np.float32]
) -> Prediction:
    """Return the best phrase of the paragraph's text by the model's scores, ``float32, (n_tokens,)``.

    A phrase is at most ``MOST_ANSWER_TOKENS`` long; its score is the sum of its start's and its end's.
    """
    count = len(feature.offsets)
    starts, ends = start[feature.body :][:count], end[feature.body :][:count]
    likely = np.argsort(-ends)[:BEST_ENDS]
    best, place = -np.inf, (0, 0)
    for last in likely:
        low = max(0, last - MOST_ANSWER_TOKENS + 1)
        first = low + int(np.argmax(starts[low : last + 1]))
        score = float(starts[first] + ends[last])
        if score > best:
            best, place = score, (first, int(last))
    begin, finish = int(feature.offsets[place[0], 0]), int(feature.offsets[place[1], 1])
    return Prediction(text[begin:finish], best, float(start[0] + end[0]))
