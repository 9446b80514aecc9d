"""SQuAD v1.1 as the span reader learns it: paragraphs under their article's title, questions with one answer.

The files at hand give an answer's first occurrence, which is not always the one that was meant ("1973" may
stand in a paragraph five times). Of several, the one is taken whose neighbourhood shares most words with the
question. Articles are in the file's order, by name; the last twentieth of them is held out, for validation
and for calibration, and nothing of it may be trained on.
"""

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAIN_FILE = Path("squad", "train-v1.1.json.gz")
DEV_FILE = Path("squad", "dev-v1.1.json.gz")
ADVERSARIAL_FILE = Path("squad", "dev-v2.0.json.gz")
HELD_OUT_SHARE = 0.05
NEIGHBOURHOOD_CHARACTERS = 100
_WORD = re.compile(r"\w+")
_STOP_WORDS = frozenset(
    "a an the of in on at to for by with from and or is are was were be been did do does has have had it its"
    " this that what which who whom whose when where why how many much as s".split()
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``number`` counts through the whole file, ``article`` counts articles; both from 0."""

    number: int
    article: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about ``paragraph``; ``answers`` are all accepted phrases, none if it has no answer there.

    ``start`` is where the first of them stands in the paragraph's text, or -1.
    """

    id: str
    text: str
    paragraph: Paragraph
    answers: tuple[str, ...]
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.answers[0]) if self.answers else -1


@dataclass(frozen=True, slots=True)
class Squad:
    """A file's paragraphs by number, and its questions in its order."""

    paragraphs: tuple[Paragraph, ...]
    questions: tuple[Question, ...]
    titles: tuple[str, ...]

    @property
    def first_held_out(self) -> int:
        """The number of the first article that is held out."""
        return len(self.titles) - round(len(self.titles) * HELD_OUT_SHARE)

    @property
    def held_out_titles(self) -> tuple[str, ...]:
        """The articles that are never trained on."""
        return self.titles[self.first_held_out :]

    @property
    def training(self) -> list[Question]:
        """Questions to learn from."""
        return [one for one in self.questions if one.paragraph.article < self.first_held_out]

    @property
    def held_out(self) -> list[Question]:
        """Questions about the articles that are held out."""
        return [one for one in self.questions if one.paragraph.article >= self.first_held_out]


def read_squad(file: Path) -> Squad:
    """Read a gzipped file in SQuAD's layout, of version 1.1 or 2.0."""
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    titles: list[str] = []
    for article in json.loads(gzip.decompress(file.read_bytes()))["data"]:
        title = str(article["title"]).replace("_", " ")
        for entry in article["paragraphs"]:
            paragraph = Paragraph(len(paragraphs), len(titles), title, entry["context"])
            paragraphs.append(paragraph)
            questions.extend(_question(row, paragraph) for row in entry["qas"])
        titles.append(title)
    return Squad(tuple(paragraphs), tuple(questions), tuple(titles))


def content_words(text: str) -> set[str]:
    """Return the lower-cased words of ``text`` that carry meaning."""
    return set(_WORD.findall(text.lower())) - _STOP_WORDS


def meant_occurrence(question: str, text: str, answer: str) -> int:
    """Return where ``answer`` stands in ``text``, beside the question's words rather than elsewhere; or -1.

    >>> meant_occurrence("How many left by train?", "30 came." + " And so on." * 20 + " 30 left.", "30")
    229
    """
    starts = [found.start() for found in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text) or ()] or [
        text.find(answer)
    ]
    wanted = content_words(question)
    return max(starts, key=lambda start: (_shared(wanted, text, start, start + len(answer)), -start))


def _shared(wanted: set[str], text: str, start: int, end: int) -> float:
    """Return how many of the wanted words stand near the span, nearer ones counting more."""
    near = text[max(0, start - NEIGHBOURHOOD_CHARACTERS // 2) : end + NEIGHBOURHOOD_CHARACTERS // 2]
    far = text[max(0, start - NEIGHBOURHOOD_CHARACTERS) : end + NEIGHBOURHOOD_CHARACTERS]
    return len(wanted & content_words(near)) + len(wanted & content_words(far))


def _question(row: dict[str, Any], paragraph: Paragraph) -> Question:
    answers: Sequence[dict[str, Any]] = row["answers"]
    texts = tuple(str(answer["text"]) for answer in answers)
    start = -1
    if answers:
        first = answers[0]
        start = int(first["answer_start"])
        if first.get("occurrences", 1) > 1:
            start = meant_occurrence(row["question"], paragraph.text, texts[0])
    return Question(row["id"], row["question"].strip(), paragraph, texts, start)
