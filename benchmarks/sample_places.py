"""Places in the sample documents whose words a scripted LLM quotes.

Sentences, parts of them, and two sentences in a row, each in one passage and each with words that stand
nowhere else, so that it is known where a quote of them must lead.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar
from unicodedata import normalize

import pincite
from pincite.index.language import HAN
from pincite.index.passages import REFERENCE, Passage, quotable_spans, without_references

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (ROOT / "seeds", ROOT / "tests" / "data" / "printers-notes.txt")
Shape = Literal["sentence", "part", "two sentences"]
T = TypeVar("T")

_MANY = 1000
_FEWEST_LETTERS = {True: 6, False: 18}  # of a quote, in Chinese and in English
_CLAUSE = re.compile(rf"[^,，;；:：。！？\s]*[{HAN}][^,，;；:：。！？\s]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a document inside one passage of it."""

    passage: Passage
    start: int
    end: int
    shape: Shape

    @property
    def words(self) -> str:
        """The words as they stand in the document."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]

    @property
    def shown(self) -> str:
        """The words as an LLM sees them: in one line, without references."""
        return without_references(self.words)

    @property
    def passage_shown(self) -> str:
        """The whole passage as an LLM sees it."""
        return without_references(self.passage.text)

    @property
    def is_chinese(self) -> bool:
        """Whether most of the words are Chinese."""
        return len(re.findall(f"[{HAN}]", self.words)) * 2 > len(letters(self.words))


@dataclass(frozen=True, slots=True)
class Samples:
    """The documents' texts by their ids, the places in them, and how many are quoted in each kind of way."""

    texts: Mapping[str, str]
    places: Sequence[Place]
    per_kind: int

    @classmethod
    def of(cls, corpus: pincite.Corpus, per_kind: int) -> "Samples":
        """Return what the documents in ``corpus`` have to be quoted."""
        documents = corpus.documents()
        texts = {one.document_id: corpus.text(one.document_id) for one in documents}
        everything = "\n".join(letters(text) for text in texts.values())
        passages = sorted(_passages(corpus), key=lambda one: (one.source, one.start))
        places = [
            place
            for passage in passages
            for place in _places(passage)
            if everything.count(letters(place.words)) == 1
        ]
        return cls(texts, places, per_kind)

    def stand(self, quote: str) -> bool:
        """Whether the letters and digits of ``quote`` stand in a document in this order: a way of finding it
        that is coarser than pincite's, and owes it nothing.
        """
        return any(letters(quote) in letters(text) for text in self.texts.values())


@cache
def letters(text: str) -> str:
    """Return the letters and digits of ``text`` outside references, composed and of one width."""
    return "".join(one for one in normalize("NFKC", REFERENCE.sub("", text)) if one.isalnum())


def spread(items: Iterable[T], count: int) -> list[T]:
    """Return ``count`` of ``items``, evenly from first to last; all of them if there are fewer."""
    found = list(items)
    return [found[at * len(found) // count] for at in range(count)] if len(found) > count else found


def fill(corpus: pincite.Corpus) -> None:
    """Index the sample documents."""
    for receipt in corpus.add(*DOCUMENTS):
        if receipt.status != "added":
            raise RuntimeError(f"{receipt.source}: {receipt.reason or receipt.status}")


def _passages(corpus: pincite.Corpus) -> set[Passage]:
    """Return every passage: each is found by words of its own document."""
    found: dict[tuple[str, int], Passage] = {}
    for document in corpus.documents():
        text = corpus.text(document.document_id)
        for start in range(0, len(text), 200):
            query = text[start : start + 200]
            if not query.strip():
                continue
            for hit in corpus.search(query, top_k=_MANY, where={"source": document.source}):
                found[hit.passage.document_id, hit.passage.start] = hit.passage
    if len(found) != corpus.stats().passages:
        raise RuntimeError(f"found {len(found)} passages of {corpus.stats().passages}")
    return set(found.values())


def _places(passage: Passage) -> Iterator[Place]:
    sentences = [Place(passage, span.start, span.end, "sentence") for span, _ in quotable_spans(passage)]
    sentences = [one for one in sentences if _is_long_enough(one) and "|" not in one.words]
    for sentence in sentences:
        yield sentence
        yield from (part for part in _parts(sentence) if _is_long_enough(part))
    for one, following in pairwise(sentences):
        yield Place(passage, one.start, following.end, "two sentences")


def _is_long_enough(place: Place) -> bool:
    return len(letters(place.words)) >= _FEWEST_LETTERS[place.is_chinese]


def _parts(sentence: Place) -> Iterator[Place]:
    """Yield the middle words of a sentence; in Chinese, its middle clause."""
    pattern = _CLAUSE if sentence.is_chinese else re.compile(r"\S+")
    words = list(pattern.finditer(sentence.words))
    if len(words) < (3 if sentence.is_chinese else 9):
        return
    first, last = (len(words) // 2, len(words) // 2) if sentence.is_chinese else (2, len(words) - 3)
    yield Place(
        sentence.passage, sentence.start + words[first].start(), sentence.start + words[last].end(), "part"
    )
