"""What is learned from, in which order: every real question once a pass, negatives in between, and the same
order whenever it is asked for.

A pass is shuffled by its number. To lose little to padding, batches are made of neighbours in length inside
chunks of ``BATCHES_A_CHUNK`` batches, and come in random order. A real question is repeated in the next pass
only; what does not fill a batch is left out of the pass.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from negatives import draw_negatives
from span_features import Batch, Featurizer, untitled_by
from squad import Question, Squad

BATCHES_A_CHUNK = 64
_VALIDATION_POSITIVES = 150
_VALIDATION_NEGATIVES = 150


@dataclass(frozen=True, slots=True)
class Schooling:
    """Training questions, the passages found for them, and how batches are drawn."""

    squad: Squad
    retrieved: Mapping[str, Sequence[int]]
    batch_size: int
    seed: int

    def batches(self, featurizer: Featurizer, first: int) -> Iterator[Batch]:
        """Yield batches without end, beginning with the one of that number."""
        skipped = first
        for number in count():
            questions = self._pass(number)
            size = len(questions) // self.batch_size
            if skipped >= size:
                skipped -= size
                continue
            yield from self._of_pass(questions, featurizer, number, skipped)
            skipped = 0

    def batches_a_pass(self) -> int:
        """How many batches the first pass has; others have about as many."""
        return len(self._pass(0)) // self.batch_size

    def _pass(self, number: int) -> list[Question]:
        return _shuffled_pass(self, number)

    def _of_pass(
        self, questions: Sequence[Question], featurizer: Featurizer, number: int, skipped: int
    ) -> Iterator[Batch]:
        size = self.batch_size * BATCHES_A_CHUNK
        for chunk, begin in enumerate(range(0, len(questions), size)):
            part = questions[begin : begin + size]
            full = len(part) // self.batch_size
            if skipped >= full:
                skipped -= full
                continue
            rng = random.Random(f"{self.seed} {number} {chunk}")
            features = featurizer.features(part, untitled_by(rng, len(part)))[: full * self.batch_size]
            features.sort(key=lambda feature: len(feature.window.ids))
            starts = [place * self.batch_size for place in range(full)]
            rng.shuffle(starts)
            for start in starts[skipped:]:
                yield Batch.of(features[start : start + self.batch_size])
            skipped = 0


def _shuffled_pass(schooling: Schooling, number: int) -> list[Question]:
    rng = random.Random(f"{schooling.seed} {number}")
    questions = schooling.squad.training
    questions += draw_negatives(schooling.squad, questions, schooling.retrieved, rng)
    rng.shuffle(questions)
    return questions


def validation_sample(squad: Squad, retrieved: Mapping[str, Sequence[int]], seed: int) -> list[Question]:
    """Return the same few held-out questions each time, half of them negatives of all kinds."""
    rng = random.Random(seed)
    held_out = squad.held_out
    negatives = draw_negatives(squad, held_out, retrieved, rng)
    return [
        *rng.sample(held_out, _VALIDATION_POSITIVES),
        *rng.sample(negatives, _VALIDATION_NEGATIVES),
    ]
