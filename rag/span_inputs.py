"""Questions and passages as the span reader takes them: token ids, in windows that fit the model.

An input is ``[CLS] question [SEP] context passage [SEP]``. The context (a title, headings) is read, but no
answer is taken from it. A passage too long for one input is read in several that overlap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from pincite.index.document import Span
from pincite.index.text_tokenizer import TextTokenizer, encodable

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MOST_QUESTION_TOKENS = 48
MOST_CONTEXT_TOKENS = 64
MOST_TOKENS = 384
OVERLAP_TOKENS = 128
MOST_ANSWER_TOKENS = 30


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text's tokens: ``ids`` are int32 ``(n,)``, ``spans`` the characters of each, int32 ``(n, 2)``;
    ``begins`` and ``ends`` say which begin and end a word.
    """

    ids: NDArray[np.int32]
    spans: NDArray[np.int32]
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]

    @classmethod
    def of(cls, encodings: Sequence["Encoding"], starts: Sequence[int]) -> Self:
        """Join the tokens of a text's parts; ``starts`` says where in it each part begins."""
        ids = [id_ for one in encodings for id_ in one.ids]
        spans = [
            (start + left, start + right)
            for one, start in zip(encodings, starts, strict=True)
            for left, right in one.offsets
        ]
        words = [(part, word) for part, one in enumerate(encodings) for word in one.word_ids]
        changes = [one != other for one, other in pairwise(words)]
        edge = [True] if words else []
        return cls(
            np.array(ids, np.int32),
            np.array(spans, np.int32).reshape(-1, 2),
            np.array(edge + changes, bool),
            np.array(changes + edge, bool),
        )

    def inside(self, span: Span) -> range:
        """Return the tokens that a span of characters touches, as a range of their places."""
        touched = np.flatnonzero((self.spans[:, 0] < span.end) & (self.spans[:, 1] > span.start))
        return range(int(touched[0]), int(touched[-1]) + 1) if touched.size else range(0)


@dataclass(frozen=True, slots=True)
class Window:
    """One input. ``passage`` is where the question ends and the context begins; ``body`` is the place of the
    passage's first token, which is the ``first`` of its tokens, and ``[SEP]`` comes after its last.
    """

    ids: NDArray[np.int32]
    passage: int
    body: int
    first: int

    @property
    def tokens(self) -> range:
        """Which of the passage's tokens are in here."""
        return range(self.first, self.first + len(self.ids) - self.body - 1)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Windows padded to one length: int64 arrays of shape ``(n_windows, n_tokens)``."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64]

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Self:
        """Pad windows to the length of the longest."""
        shape = (len(windows), max(len(window.ids) for window in windows))
        ids, mask, types = (np.zeros(shape, np.int64) for _ in range(3))
        for row, window in enumerate(windows):
            length = len(window.ids)
            ids[row, :length] = window.ids
            mask[row, :length] = 1
            types[row, window.passage : length] = 1
        return cls(ids, mask, types)

    def by_name(self) -> Mapping[str, NDArray[np.int64]]:
        """Return what the exported model takes, by name. It attends to all tokens: nothing may be padded."""
        return {"input_ids": self.ids, "token_type_ids": self.types}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a passage: its ids, and where among them the question is over."""

    ids: tuple[int, ...]
    passage: int

    @property
    def room(self) -> int:
        """How many of a passage's tokens fit behind it."""
        return MOST_TOKENS - len(self.ids) - 1


class SpanTokenizer:
    """Makes windows with a BERT tokenizer; safe to share between threads."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        """Takes over ``tokenizer``. Raises ValueError for one without BERT's special tokens."""
        self._first, self._separator, unknown = (_id(tokenizer, one) for one in ("[CLS]", "[SEP]", "[UNK]"))
        self._text = TextTokenizer.of(tokenizer, window=MOST_TOKENS, prefix="", unknown_id=unknown)

    def encode(self, texts: Sequence[str]) -> list["Encoding"]:
        """Return the tokens of each whole text, without special ones."""
        whole = [encodable(text) for text in texts]
        return list(self._text.tokenizer.encode_batch(whole, add_special_tokens=False))

    def known_share(self, text: str) -> float:
        """Return the share of the text's characters that the vocabulary knows, 0..1."""
        return self._text.known_share(text)

    def head(self, question: Sequence[int], context: Sequence[int]) -> Head:
        """Return a question's and a context's ids as they stand before a passage: the first
        ``MOST_QUESTION_TOKENS`` and the last ``MOST_CONTEXT_TOKENS``, a heading being nearer than a title.
        """
        asked = (self._first, *question[:MOST_QUESTION_TOKENS], self._separator)
        return Head((*asked, *context[-MOST_CONTEXT_TOKENS:]), len(asked))

    def window(self, head: Head, tokens: Tokens, first: int) -> Window:
        """Return the input that begins with one of the passage's tokens and holds as many as there is room
        for.
        """
        body = tokens.ids[first : first + head.room]
        ids = np.concatenate([head.ids, body, [self._separator]]).astype(np.int32)
        return Window(ids, head.passage, len(head.ids), first)

    def windows(self, head: Head, tokens: Tokens) -> Iterator[Window]:
        """Yield as many inputs as it takes to read all of a passage's tokens."""
        last = max(len(tokens.ids) - head.room, 0)
        for first in sorted({*range(0, last, max(head.room - OVERLAP_TOKENS, 1)), last}):
            yield self.window(head, tokens, first)


def _id(tokenizer: "Tokenizer", token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token}: the reader needs that of a BERT model")
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """The first and the last of a run of tokens, and the sum of its start's and its end's score."""

    first: int
    last: int
    score: float


def best_run(
    starts: NDArray[np.float32], ends: NDArray[np.float32], tokens: Tokens, within: range
) -> Run | None:
    """Return the best run of whole words among the tokens ``within``, whose scores ``starts`` and ``ends``
    are.

    A run is at most ``MOST_ANSWER_TOKENS`` long. None where no word begins and ends.
    """
    size, place = len(within), slice(within.start, within.stop)
    length = np.arange(size)[None, :] - np.arange(size)[:, None]
    allowed = (length >= 0) & (length < MOST_ANSWER_TOKENS)
    allowed &= tokens.begins[place, None] & tokens.ends[None, place]
    if not allowed.any():
        return None
    scores = np.where(allowed, starts[:, None] + ends[None, :], -np.inf)
    first, last = divmod(int(scores.argmax()), size)
    return Run(within.start + first, within.start + last, float(scores[first, last]))
