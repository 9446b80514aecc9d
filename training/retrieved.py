"""Passages that lexical retrieval ranks high for a question, for the span reader to learn refusal from.

    python training/retrieved.py DATA OUT.jsonl

Paragraphs are ranked by BM25 over pincite's own terms; a title's count half, as in its lexical index. This
takes seconds, and a corpus of 18,000 files most of an hour. Training and held-out articles are ranked apart,
so that neither is seen from the other. For each sampled question a line is written: its id and the numbers of
the paragraphs found, best first, its own among them.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from squad import TRAIN_FILE, Paragraph, Question, read_squad

from pincite.index.tokens import query_terms, terms_of

SEED = 20261123
TOP_K = 10
TRAINING_QUESTIONS = 85_000
HELD_OUT_QUESTIONS = 2_000
K1, B = 1.2, 0.75
QUESTIONS_AT_ONCE = 500


class Ranking:
    """BM25 over paragraphs, Robertson's with an idf that is never negative."""

    def __init__(self, paragraphs: Sequence[Paragraph]) -> None:
        self._paragraphs = paragraphs
        counts = [Counter(terms_of(one.text)) for one in paragraphs]
        for count, one in zip(counts, paragraphs, strict=True):
            for term in set(terms_of(one.title)):
                count[term] += 0.5  # type: ignore[assignment]
        self._terms = {term: place for place, term in enumerate(sorted(set().union(*counts)))}
        lengths = np.array([sum(count.values()) for count in counts])
        norms = K1 * (1 - B + B * lengths / lengths.mean())
        rows = [row for row, count in enumerate(counts) for _ in count]
        columns = [self._terms[term] for count in counts for term in count]
        weights = np.array([weight for count in counts for weight in count.values()], np.float32)
        weights = weights / (weights + norms[rows])
        held = np.bincount(columns, minlength=len(self._terms))
        idf = np.log1p((len(counts) - held + 0.5) / (held + 0.5))
        shape = (len(counts), len(self._terms))
        self._weights = csr_matrix((weights * idf[columns], (rows, columns)), shape, np.float32).T.tocsr()

    def search(self, questions: Sequence[str], top_k: int) -> list[list[int]]:
        """Return for each question the numbers of the best paragraphs, best first."""
        known = [
            [self._terms[term] for term in query_terms(text) if term in self._terms] for text in questions
        ]
        rows = [row for row, columns in enumerate(known) for _ in columns]
        columns = [column for columns in known for column in columns]
        shape = (len(questions), len(self._terms))
        asked = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
        scores = (asked @ self._weights).toarray()
        best = np.argpartition(-scores, top_k, axis=1)[:, :top_k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        ranked = np.take_along_axis(best, order, axis=1)
        return [[self._paragraphs[place].number for place in row] for row in ranked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    squad = read_squad(options.data / TRAIN_FILE)
    rng = random.Random(SEED)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = options.out.with_name(f"{options.out.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        for questions, most in ((squad.held_out, HELD_OUT_QUESTIONS), (squad.training, TRAINING_QUESTIONS)):
            articles = {question.paragraph.article for question in questions}
            ranking = Ranking([one for one in squad.paragraphs if one.article in articles])
            file.writelines(_found(ranking, rng.sample(questions, min(most, len(questions)))))
    unfinished.replace(options.out)


def _found(ranking: Ranking, questions: Sequence[Question]) -> Iterator[str]:
    for first in range(0, len(questions), QUESTIONS_AT_ONCE):
        some = questions[first : first + QUESTIONS_AT_ONCE]
        for question, numbers in zip(some, ranking.search([one.text for one in some], TOP_K), strict=True):
            yield json.dumps({"id": question.id, "found": numbers}) + "\n"
    print(f"searched for {len(questions)} questions", flush=True)


if __name__ == "__main__":
    main()
