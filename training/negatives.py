"""Questions that their passage does not answer, made from those that it does.

SQuAD v1.1 asks nothing unanswerable, so refusal is learned from four kinds of stand-ins, together 0.9 for
each real question, and others in every pass:

    retrieved    0.5    a passage that retrieval ranks high for the question, without the answer's words
    changed      0.2    the question with one name, number, antonym or negation changed, on its own paragraph
    emptied      0.15   its own paragraph without the sentence that answers it
    neighbour    0.05   another paragraph of the same article, drawn at random, without the answer's words

A name or number is only exchanged for another of its article that the paragraph does not mention, so the
changed question has its answer elsewhere, if at all. What the file cannot show stays possible: a passage that
answers the question in words of its own.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from squad import Paragraph, Question, Squad, content_words

from pincite.index.sentences import sentence_spans
from pincite.scoring import normalise

RETRIEVED_SHARE, CHANGED_SHARE, EMPTIED_SHARE, NEIGHBOUR_SHARE = 0.5, 0.2, 0.15, 0.05
NEGATIVES_SHARE = RETRIEVED_SHARE + CHANGED_SHARE + EMPTIED_SHARE + NEIGHBOUR_SHARE
RANKS = 8
"""How deep into the retrieved passages a negative is drawn from."""
MOST_ANSWER_WORDS = 1 / 3
"""The share of a long answer's words that a passage without the answer may hold."""
_SHORT_ANSWER_WORDS = 3
_TRIES = 4

_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w.-]*\w(?: (?:of |the |de )?[A-Z][\w.-]*\w)*")
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-])")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_AUXILIARY = re.compile(r"\b(was|were|is|are|did|does|do|has|have|had|could|would|should)\b")
_NEGATED = re.compile(r"\b(not|never|no|without|cannot)\b|n't")
_WORD = re.compile(r"\w+")
_OPPOSITES = """
first last, largest smallest, highest lowest, oldest youngest, older younger, most least, more fewer,
more less, before after, early late, earlier later, began ended, begin end, started stopped, start stop,
increased decreased, increase decrease, rise fall, rose fell, northern southern, north south, eastern western,
east west, major minor, maximum minimum, majority minority, longest shortest, longer shorter, largest tiniest,
biggest smallest, larger smaller, greater lesser, upper lower, inside outside, above below, male female,
men women, man woman, positive negative, public private, win lose, won lost, winner loser, success failure,
allowed forbidden, accepted rejected, support oppose, supported opposed, supporters opponents, friend enemy,
ally enemy, victory defeat, created destroyed, built demolished, opened closed, open close, founded dissolved,
joined left, added removed, include exclude, included excluded, gained lost, best worst, better worse,
good bad, strong weak, stronger weaker, rich poor, high low, higher lower, hot cold, warm cold, light dark,
old new,
modern ancient, common rare, popular unpopular, successful unsuccessful, important unimportant, legal illegal,
same different, similar different, similarity difference, advantage disadvantage, cause prevent,
caused prevented, internal external, direct indirect, formal informal, born buried, arrive depart,
arrived departed, import export, buy sell, bought sold, victim culprit, urban rural, domestic foreign,
permanent temporary, natural artificial, simple complex, wide narrow, fast slow, fastest slowest
"""


def _opposites() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for pair in _OPPOSITES.replace("\n", " ").split(","):
        one, other = pair.split()
        found[one].append(other)
        found[other].append(one)
    return found


OPPOSITES = _opposites()


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names, years and other numbers that the questions of one article mention."""

    names: tuple[str, ...]
    years: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, questions: Sequence[Question]) -> "Mentions":
        names = {found for one in questions for found in _NAME.findall(one.text)}
        figures = {found for one in questions for found in _NUMBER.findall(one.text)}
        figures |= {found for one in questions for answer in one.answers for found in _NUMBER.findall(answer)}
        years = {figure for figure in figures if _YEAR.fullmatch(figure)}
        return cls(*(tuple(sorted(kind)) for kind in (names, years, figures - years)))


def lacks_answer(answer: str, passage: str) -> bool:
    """Whether a passage can be taken not to hold the answer: not as it stands, and too few of its words."""
    wanted, held = normalise(answer), normalise(passage)
    if not wanted or f" {wanted} " in f" {held} ":
        return False
    words = content_words(wanted) or set(wanted.split())
    shared = len(words & set(held.split()))
    return shared == 0 if len(words) <= _SHORT_ANSWER_WORDS else shared / len(words) <= MOST_ANSWER_WORDS


def read_retrieved(file: Path) -> dict[str, list[int]]:
    """Return for each question's id the numbers of the paragraphs that were found; see ``retrieved.py``."""
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row["found"] for row in rows}


class Negatives:
    """Makes questions without an answer in their passage from some that have one."""

    def __init__(
        self, squad: Squad, questions: Sequence[Question], retrieved: Mapping[str, Sequence[int]]
    ) -> None:
        """Names, numbers and neighbours are taken from ``questions`` and their paragraphs."""
        by_article: dict[int, list[Question]] = defaultdict(list)
        for question in questions:
            by_article[question.paragraph.article].append(question)
        self._squad = squad
        self._retrieved = retrieved
        self._mentions = {article: Mentions.of(group) for article, group in by_article.items()}
        self._paragraphs = {
            article: list({one.paragraph.number: one.paragraph for one in group}.values())
            for article, group in by_article.items()
        }

    def of(self, questions: Sequence[Question], count: int, rng: random.Random) -> list[Question]:
        """Return ``count`` negatives of the four kinds in their shares, or as many as can be made."""

        def high_ranked(question: Question) -> Question | None:
            found = self._retrieved.get(question.id, ())[:RANKS]
            return _elsewhere(question, self._squad.paragraphs[rng.choice(found)]) if found else None

        def changed(question: Question) -> Question | None:
            return change(question, self._mentions[question.paragraph.article], rng)

        def neighbour(question: Question) -> Question | None:
            return _elsewhere(question, rng.choice(self._paragraphs[question.paragraph.article]))

        kinds = (
            (high_ranked, RETRIEVED_SHARE, _TRIES),
            (changed, CHANGED_SHARE, 1),
            (emptied, EMPTIED_SHARE, 1),
            (neighbour, NEIGHBOUR_SHARE, _TRIES),
        )
        made: list[Question] = []
        for make, share, tries in kinds:
            made += _draw(make, tries, questions, round(count * share / NEGATIVES_SHARE), rng)
        return made[:count]


def change(question: Question, mentions: Mentions, rng: random.Random) -> Question | None:
    """Return the question with one thing changed that its paragraph does not bear out; None without one.

    >>> paragraph = Paragraph(0, 0, "Rome", "Rome fell in 476 and was sacked in 410.")
    >>> question = Question("q", "What happened to Rome in 476?", paragraph, ("fell",), 5)
    >>> change(question, Mentions((), (), ("455", "410")), random.Random(1)).text
    'What happened to Rome in 455?'
    """
    kinds: list[Callable[[], str | None]] = [
        lambda: _other_mention(question, _NAME, mentions.names, rng),
        lambda: _other_figure(question, mentions, rng),
        lambda: _opposite(question, rng),
        lambda: _negated(question.text),
    ]
    for kind in _weighted_order(kinds, (4.0, 4.0, 5.0, 0.7), rng):
        if text := kind():
            return replace(question, text=text, answers=(), start=-1)
    return None


def emptied(question: Question) -> Question | None:
    """Return the question on its paragraph without the sentences that answer it; None where nothing else, or
    the answer, is left.

    >>> paragraph = Paragraph(0, 0, "Rome", "Rome was rich. It fell in 476. Then it was poor.")
    >>> emptied(Question("q", "When did Rome fall?", paragraph, ("476",), 26)).paragraph.text
    'Rome was rich. Then it was poor.'
    """
    text = question.paragraph.text
    sentences = [text[one.start : one.end] for one in sentence_spans(text)]
    kept = [one for one in sentences if all(lacks_answer(answer, one) for answer in question.answers)]
    rest = " ".join(kept)
    if not 0 < len(kept) < len(sentences) or not all(lacks_answer(one, rest) for one in question.answers):
        return None
    return replace(question, paragraph=replace(question.paragraph, text=rest), answers=(), start=-1)


def _draw(
    make: Callable[[Question], Question | None],
    tries: int,
    pool: Sequence[Question],
    count: int,
    rng: random.Random,
) -> list[Question]:
    """Make ``count`` negatives, or as many as the pool gives, from questions in random order."""
    made: list[Question] = []
    for question in rng.sample(pool, len(pool)):
        if len(made) == count:
            break
        tried = (make(question) for _ in range(tries))
        if negative := next((one for one in tried if one is not None), None):
            made.append(negative)
    return made


def _elsewhere(question: Question, paragraph: Paragraph) -> Question | None:
    is_own = paragraph.number == question.paragraph.number
    if is_own or not all(lacks_answer(answer, paragraph.text) for answer in question.answers):
        return None
    return replace(question, paragraph=paragraph, answers=(), start=-1)


def _weighted_order(
    kinds: Sequence[Callable[[], str | None]], weights: Sequence[float], rng: random.Random
) -> list[Callable[[], str | None]]:
    keys = [rng.random() ** (1 / weight) for weight in weights]
    return [kinds[place] for place in sorted(range(len(kinds)), key=lambda place: -keys[place])]


def _other_figure(question: Question, mentions: Mentions, rng: random.Random) -> str | None:
    return _other_mention(question, _YEAR, mentions.years, rng) or _other_mention(
        question, _NUMBER, mentions.numbers, rng
    )


def _other_mention(
    question: Question, pattern: re.Pattern[str], others: Sequence[str], rng: random.Random
) -> str | None:
    """Exchange one mention for another of its article that neither question nor paragraph holds."""
    context = f"{question.text} {question.paragraph.title} {question.paragraph.text}".lower()
    spans = [found.span() for found in pattern.finditer(question.text)]
    strange = [other for other in others if not _is_known(other, context)]
    if not spans or not strange:
        return None
    start, end = rng.choice(spans)
    length = len(question.text[start:end].split())
    alike = [other for other in strange if len(other.split()) == length] or strange
    return question.text[:start] + rng.choice(alike) + question.text[end:]


def _is_known(mention: str, context: str) -> bool:
    """Whether any word of a mention occurs in the context, so that it may be meant there."""
    return any(word in context for word in _WORD.findall(mention.lower()) if len(word) > 1)


def _opposite(question: Question, rng: random.Random) -> str | None:
    held = content_words(question.paragraph.text)
    found = [
        (match.span(), other)
        for match in _WORD.finditer(question.text)
        for other in OPPOSITES.get(match.group(), ())
        if other not in held
    ]
    if not found:
        return None
    (start, end), other = rng.choice(found)
    return question.text[:start] + other + question.text[end:]


def _negated(text: str) -> str | None:
    """Insert a negation, if the sentence has an auxiliary verb and none yet."""
    found = _AUXILIARY.search(text)
    if found is None or _NEGATED.search(text):
        return None
    return text[: found.end()] + "n't" + text[found.end() :]
