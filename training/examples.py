"""What is learned from, in which order: every real question once a pass, negatives in between, and the same
order whenever it is asked for.

A pass shuffles the real questions by its number and deals them out in chunks of ``BATCHES_A_CHUNK`` batches,
for which negatives are made of them. To lose little to padding, a chunk's batches are made of neighbours in
length, and come in random order. What does not fill a chunk is left out of the pass. Where a GPU would have
to wait for them, processes of their own make the chunks.
"""

import random
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import get_context

from negatives import NEGATIVES_SHARE, Negatives
from span_features import Batch, Featurizer, new_tokenizer, untitled_by
from squad import Question, Squad

from pincite.index.sentences import sentence_spans

BATCHES_A_CHUNK = 64
UNMARKED_SHARE = 0.15
"""Questions learned from without their question mark, as many people type them."""
SHORTENED_SHARE = 0.1
"""Questions learned from on a part of their paragraph, as passages of a corpus may be."""
_CHUNKS_AHEAD = 2
_VALIDATION_POSITIVES = 300
_VALIDATION_NEGATIVES = 300


@dataclass(frozen=True, slots=True)
class Schooling:
    """Training questions, the passages found for them, and how batches are drawn."""

    squad: Squad
    retrieved: Mapping[str, Sequence[int]]
    batch_size: int
    seed: int

    @property
    def real_a_chunk(self) -> int:
        """How many of a chunk's questions have an answer."""
        return round(self.batch_size * BATCHES_A_CHUNK / (1 + NEGATIVES_SHARE))

    @property
    def chunks_a_pass(self) -> int:
        """How many chunks each pass has, at least one."""
        return max(1, len(self.squad.training) // self.real_a_chunk)

    @property
    def batches_a_pass(self) -> int:
        """How many batches each pass has."""
        return self.chunks_a_pass * BATCHES_A_CHUNK

    def batches(self, first: int, workers: int = 0) -> Iterator[Batch]:
        """Yield batches without end, beginning with the one of that number; so many processes make them, or
        this one.
        """
        begun, skipped = divmod(first, BATCHES_A_CHUNK)
        for chunk in self._chunks(begun, workers):
            yield from chunk[skipped:]
            skipped = 0

    def _chunks(self, first: int, workers: int) -> Iterator[list[Batch]]:
        if not workers:
            yield from map(_Maker(self).chunk, count(first))
            return
        context = get_context("spawn")  # a fork would take the GPU's state along
        with ProcessPoolExecutor(workers, context, _become_maker, (self,)) as pool:
            ahead: deque[Future[list[Batch]]] = deque()
            try:
                for number in count(first):
                    ahead.append(pool.submit(_make_chunk, number))
                    if len(ahead) > _CHUNKS_AHEAD * workers:
                        yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()


class _Maker:
    """Makes the chunks of a schooling, counted through all passes."""

    def __init__(self, schooling: Schooling) -> None:
        self._schooling = schooling
        self._featurizer = Featurizer(new_tokenizer())
        self._real = schooling.squad.training
        self._negatives = Negatives(schooling.squad, self._real, schooling.retrieved)

    def chunk(self, number: int) -> list[Batch]:
        schooling = self._schooling
        size = schooling.batch_size * BATCHES_A_CHUNK
        place, part = divmod(number, schooling.chunks_a_pass)
        order = random.Random(f"{schooling.seed} {place}").sample(range(len(self._real)), len(self._real))
        real = [self._real[one] for one in order[part * schooling.real_a_chunk :][: schooling.real_a_chunk]]
        rng = random.Random(f"{schooling.seed} {place} {part}")
        questions = real + self._negatives.of(real, size - len(real), rng)
        questions += rng.choices(real, k=size - len(questions))  # where negatives were too few
        asked = [as_met(one, rng) for one in questions]
        features = self._featurizer.features(asked, untitled_by(rng, len(asked)))
        features.sort(key=lambda feature: len(feature.window.ids))
        starts = list(range(0, size, schooling.batch_size))
        rng.shuffle(starts)
        self._featurizer.forget_most()
        return [Batch.of(features[start : start + schooling.batch_size]) for start in starts]


_maker: list[_Maker] = []


def _become_maker(schooling: Schooling) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which still has to save
    _maker.append(_Maker(schooling))


def _make_chunk(number: int) -> list[Batch]:
    return _maker[0].chunk(number)


def as_met(question: Question, rng: random.Random) -> Question:
    """Return the question as users' may be: some without a question mark, some on a part of a paragraph."""
    if rng.random() < UNMARKED_SHARE:
        question = replace(question, text=question.text.rstrip("? "))
    return shortened(question, rng) if question.answers and rng.random() < SHORTENED_SHARE else question


def shortened(question: Question, rng: random.Random) -> Question:
    """Return the question on some of its paragraph's sentences, those of its answer among them."""
    text = question.paragraph.text
    sentences = sentence_spans(text)
    start = rng.choice([one.start for one in sentences if one.start <= question.start] or [0])
    end = rng.choice([one.end for one in sentences if one.end >= question.end] or [len(text)])
    paragraph = replace(question.paragraph, text=text[start:end])
    return replace(question, paragraph=paragraph, start=question.start - start)


def validation_sample(squad: Squad, retrieved: Mapping[str, Sequence[int]], seed: int) -> list[Question]:
    """Return the same held-out questions each time, half of them negatives of all kinds."""
    rng = random.Random(seed)
    held_out = squad.held_out
    searched = [one for one in held_out if one.id in retrieved]
    return [
        *rng.sample(held_out, _VALIDATION_POSITIVES),
        *Negatives(squad, held_out, retrieved).of(searched, _VALIDATION_NEGATIVES, rng),
    ]
