"""The shortest phrase in a sentence that answers: every plausible run of words is scored, and the best is
taken.

A linear model over features that can be read aloud ("starts after *in*", "is a run of capitals", "repeats the
question"), weighted per kind of question. The weights are learned from SQuAD by ``training/train_reader.py``
and lie in ``reader.json``. English only: other languages are answered by the sentence.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from pincite.index.document import Span
from pincite.index.tokens import STOP_WORDS, fold, terms_of
from pincite.questions import Question

LONGEST_PHRASE = 10
_LONGEST_APPOSITION = 4
_TOKEN = re.compile(
    r"(?:[A-Za-z]\.){2,}|[$€£¥]?\d+(?:[.,:/]\d+)*(?:%|(?:st|nd|rd|th|s)\b)?|\w+(?:[-'’.&/]\w+)*|[^\w\s]"
)
_YEAR = re.compile(r"(?:1\d|20)\d\ds?$")
_MONTHS = frozenset(
    "january february march april may june july august september october november december monday tuesday"
    " wednesday thursday friday saturday sunday century spring summer autumn winter".split()
)
_NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty"
    " fifty sixty seventy eighty ninety hundred thousand million billion dozen half quarter third few".split()
)
_UNITS = frozenset(
    "percent years year days hours minutes miles km kilometers metres meters people dollars million".split()
)
_EDGE_WORDS = STOP_WORDS - {"all", "no", "our"}
_BREAKS = frozenset(';:()[]{}—–"“”!?|')
_KEPT_NEIGHBOURS = frozenset(
    "in on at by of to from for with as is was are were the a an and or , ( ) . that which his her its their"
    " into called named known than about between during after before since until because".split()
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A span of the text and its probability among the sentence's candidates, 0..1.

    ``fits`` says whether it is of the kind that is asked for: a number, a date, a name.
    """

    span: Span
    probability: float
    fits: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A token of a sentence with what the features need to know of it."""

    start: int
    end: int
    folded: str
    is_stop: bool
    is_capital: bool
    is_number: bool
    is_date: bool
    is_asked: bool
    is_name: bool
    is_head: bool


def best_phrase(question: Question, text: str, sentence: Span, weights: Mapping[str, float]) -> Phrase | None:
    """Return the likeliest answer to ``question`` within ``text[sentence.start:sentence.end]``, if there is
    any.
    """
    words = read_words(question, text, sentence)
    candidates = [one for one in candidate_spans(words) if _says_something_new(words, *one)]
    if not candidates:
        return None
    scores = [sum(weights.get(name, 0.0) for name in features(question, words, *one)) for one in candidates]
    best = max(range(len(scores)), key=scores.__getitem__)
    total = sum(math.exp(score - scores[best]) for score in scores)
    first, last = candidates[best]
    last = _with_apposition(words, first, last)
    span = Span(words[first].start, words[last].end)
    return Phrase(span, 1 / total, _is_of_kind(question, words[first : last + 1]))


def read_words(question: Question, text: str, sentence: Span) -> list[Word]:
    """Return the sentence's tokens in order."""
    asked = set(question.terms)
    matches = _TOKEN.finditer(text, sentence.start, sentence.end)
    return [_word(match, asked, question, match.start() == sentence.start) for match in matches]


def candidate_spans(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield first and last index of every run of words that could be an answer."""
    for first, opening in enumerate(words):
        if _is_edge(opening):
            continue
        for last in range(first, min(first + LONGEST_PHRASE, len(words))):
            word = words[last]
            if word.folded in _BREAKS:
                break
            if not _is_edge(word):
                yield first, last


def features(question: Question, words: Sequence[Word], first: int, last: int) -> Iterator[str]:
    """Yield the names of the features of ``words[first:last + 1]``, alone and with the question's kind."""
    for name in _features(words, first, last):
        yield name
        yield f"{question.kind}|{name}"
        if question.form:
            yield f"{question.kind} {question.form}|{name}"


def _features(words: Sequence[Word], first: int, last: int) -> Iterator[str]:
    inside = words[first : last + 1]
    size = last - first + 1
    left = words[first - 1] if first else None
    right = words[last + 1] if last + 1 < len(words) else None
    yield f"size={min(size, 8)}"
    yield f"left={_neighbour(left)}"
    yield f"right={_neighbour(right)}"
    content = [word for word in inside if not word.is_stop and word.folded.isalnum()] or inside
    yield f"asked={_share(sum(word.is_asked and not word.is_head for word in content), len(content))}"
    if any(word.is_head for word in inside):
        yield f"head={'last' if inside[-1].is_head else 'inside'}"
    capitals = sum(word.is_capital for word in content)
    yield f"capital={_share(capitals, len(content))}"
    if capitals == len(content):
        grows = (left and left.is_capital) or (right and right.is_capital)
        yield f"capitals={'part' if grows else 'whole'}"
    yield f"number={_share(sum(word.is_number for word in inside), size)}"
    yield f"date={_share(sum(word.is_date for word in inside), size)}"
    if left and (left.is_number or left.is_date):
        yield "after number"
    if right and (right.is_number or right.is_date):
        yield "before number"
    if right and right.folded in _UNITS:
        yield "before unit"
    bounded = (left is None or _is_edge(left)) + (right is None or _is_edge(right))
    yield f"bounded={bounded}"
    yield f"commas={min(2, sum(word.folded == ',' for word in inside))}"
    yield f"small words={min(3, sum(word.is_stop for word in inside))}"
    yield f"opens={'first' if first == 0 else 'later'}"
    before = [word for word in words[:first][::-1] if not word.is_stop]
    after = [word for word in words[last + 1 :] if not word.is_stop]
    yield f"before={_distance(before, named=False)}"
    yield f"after={_distance(after, named=False)}"
    yield f"name before={_distance(before, named=True)}"
    yield f"name after={_distance(after, named=True)}"


def _says_something_new(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether the phrase has a word that the question does not have: an echo is no answer."""
    new = (word for word in words[first : last + 1] if not (word.is_asked or word.is_stop))
    return any(character.isalnum() for word in new for character in word.folded)


def _is_of_kind(question: Question, phrase: Sequence[Word]) -> bool:
    if question.kind in ("number", "when"):
        return any(word.is_number or word.is_date for word in phrase)
    return question.kind != "who" or any(word.is_capital for word in phrase)


def _with_apposition(words: Sequence[Word], first: int, last: int) -> int:
    """Return the last word of the phrase together with the name in apposition to it: "its first model,
    *GPT-oss*,".
    """
    following = words[last + 1 : last + 2 + _LONGEST_APPOSITION + 1]
    is_plain = not any(word.is_capital or word.is_number for word in words[first : last + 1])
    if not is_plain or not following or following[0].folded != ",":
        return last
    name = list(takewhile(lambda word: word.is_capital, following[1:]))
    after = words[last + 2 + len(name)] if last + 2 + len(name) < len(words) else None
    is_closed = after is None or after.folded in (",", ".")
    return last + 1 + len(name) if 0 < len(name) <= _LONGEST_APPOSITION and is_closed else last


def _word(match: re.Match[str], asked: set[str], question: Question, is_first: bool) -> Word:
    raw = match.group()
    folded = fold(raw) or raw
    terms = set(terms_of(raw))
    is_stop = folded in STOP_WORDS
    is_date = bool(_YEAR.match(folded)) or folded in _MONTHS
    return Word(
        match.start(),
        match.end(),
        folded,
        is_stop,
        is_capital=raw[0].isupper() and not (is_stop and is_first),
        is_number=any(map(str.isdigit, raw)) or folded in _NUMBER_WORDS,
        is_date=is_date,
        is_asked=bool(terms & asked) and not is_stop,
        is_name=bool(terms & question.names),
        is_head=bool(terms & question.head),
    )


def _is_edge(word: Word) -> bool:
    return word.folded in _EDGE_WORDS or not (word.folded[0].isalnum() or word.folded[0] in "$€£¥")


def _neighbour(word: Word | None) -> str:
    if word is None:
        return "none"
    if word.folded in _KEPT_NEIGHBOURS:
        return word.folded
    if word.is_asked:
        return "asked"
    if word.is_stop:
        return "small"
    return "word" if word.folded[0].isalnum() else "mark"


def _share(part: int, whole: int) -> str:
    return "none" if not part else "all" if part == whole else "some"


def _distance(words: Sequence[Word], *, named: bool) -> str:
    """Return how far the nearest word of the question is: a name or number of it, or any other word."""
    for distance, word in enumerate(words, start=1):
        if word.is_asked and word.is_name == named:
            return str(distance) if distance < 4 else "near" if distance < 8 else "far"
    return "never"
