"""Asks a file's questions and compares the answers with those that are known.

Exact match and F1 are SQuAD's: case, punctuation and English articles are ignored; F1 counts shared words,
for Chinese shared characters. Unlike SQuAD's scorer, punctuation is that of all scripts. (Rajpurkar et al.,
"SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016.)
"""

import csv
import io
import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints, ValidationError

from pincite.answering import ask
from pincite.answers import Answer
from pincite.index.corpus import Corpus
from pincite.index.language import HAN

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


class LabelledQuestion(BaseModel):
    """A question and what is known of its answer. ``answerable`` False: rightly not answered."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    answer: str = ""
    source: str = ""
    quote: str = ""
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went. The scores are None where nothing is known to compare with."""

    question: str
    answerable: bool
    answered: bool
    text: str
    confidence: float
    exact: float | None
    f1: float | None
    cited: float | None
    source_found: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """The questions' outcomes and their means, 0..1; None where no question had what is needed.

    ``cited``: the first citation's quote holds the known answer. ``source_found``: a passage that was read is
    of the known source. ``answered`` is over answerable questions, ``false_answers`` over the others.
    """

    questions: int
    answered: float | None
    false_answers: float | None
    exact: float | None
    f1: float | None
    cited: float | None
    source_found: float | None
    outcomes: tuple[Outcome, ...]

    def summary(self) -> str:
        """Return the means, a line each."""
        names = ("answered", "false_answers", "exact", "f1", "cited", "source_found")
        values = [(name, getattr(self, name)) for name in names]
        lines = [f"{name:<14}{value:.3f}" for name, value in values if value is not None]
        return "\n".join([f"{'questions':<14}{self.questions}", *lines])


def read_questions(path: Path) -> list[LabelledQuestion]:
    """Return the questions of a JSONL or CSV file. Raises ValueError, naming the line, for one that is not in
    form.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    rows: list[tuple[int, Any]] = []
    if path.suffix.lower() == ".csv":
        table = csv.DictReader(io.StringIO(text, newline=""))
        rows = [(table.line_num, {k: v for k, v in row.items() if v}) for row in table]
    else:
        rows = [
            (number, _json(line, number, path))
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    return [_question(row, number, path) for number, row in rows]


def evaluate(
    questions: Sequence[LabelledQuestion],
    corpus: Corpus,
    *,
    llm: Any = None,
    min_confidence: float | None = None,
) -> Report:
    """Ask each question, through ``ask``, and report how the answers compare."""
    outcomes = tuple(
        _compare(one, ask(one.question, corpus, llm=llm, min_confidence=min_confidence)) for one in questions
    )
    answerable = [one for one in outcomes if one.answerable]
    return Report(
        questions=len(outcomes),
        answered=_mean([float(one.answered) for one in answerable]),
        false_answers=_mean([float(one.answered) for one in outcomes if not one.answerable]),
        exact=_mean([one.exact for one in answerable]),
        f1=_mean([one.f1 for one in answerable]),
        cited=_mean([one.cited for one in answerable]),
        source_found=_mean([one.source_found for one in answerable]),
        outcomes=outcomes,
    )


def normalise(text: str) -> str:
    """Return ``text`` as SQuAD compares answers: lower case, no punctuation, articles or extra spaces."""
    bare = "".join(character for character in text.lower() if not _is_punctuation(character))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def f1_score(predicted: str, gold: str) -> float:
    """Return the harmonic mean of precision and recall over words, or over Chinese characters."""
    ours, theirs = _WORD.findall(normalise(predicted)), _WORD.findall(normalise(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def _compare(known: LabelledQuestion, answer: Answer) -> Outcome:
    has_answer = bool(known.answer) and known.answerable
    quotes = [normalise(citation.quote) for citation in answer.citations[:1]]
    sources = [hit.passage.source for hit in answer.passages]
    wanted = "/" + known.source
    return Outcome(
        question=known.question,
        answerable=known.answerable,
        answered=answer.answered,
        text=answer.text,
        confidence=answer.confidence,
        exact=float(normalise(answer.text) == normalise(known.answer)) if has_answer else None,
        f1=f1_score(answer.text, known.answer) if has_answer else None,
        cited=float(any(normalise(known.answer) in quote for quote in quotes)) if has_answer else None,
        source_found=float(any(("/" + source).endswith(wanted) for source in sources))
        if known.source
        else None,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _json(line: str, number: int, path: Path) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {number} is not JSON: {error.msg}") from None


def _question(row: Any, number: int, path: Path) -> LabelledQuestion:
    try:
        return LabelledQuestion.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise ValueError(f"{path}, line {number}: {field}: {first['msg']}") from None
