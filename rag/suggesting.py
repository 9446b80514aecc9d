"""Suggests questions that a corpus answers, for a page that has nothing else to show yet. It needs no LLM.

Sentences from all over the corpus are turned into questions by rules (``english_suggestions``,
``chinese_suggestions``), and each question has to prove itself: the reader must answer it with confidence,
from the very sentence that it was made of, with the very words that were asked away. So the corpus answers
what is shown, and rightly. The work is bounded, however large the corpus, and the same corpus gives the same
questions.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pincite.answering import ask
from pincite.answers import Answer
from pincite.chinese_suggestions import suggestions as chinese_suggestions
from pincite.composing import CONFLICT
from pincite.english_suggestions import suggestions as english_suggestions
from pincite.index.corpus import Corpus
from pincite.index.document import Span
from pincite.index.errors import DocumentNotFound
from pincite.index.formats import text_document
from pincite.index.language import language_of
from pincite.index.passages import without_references
from pincite.index.records import DocumentInfo
from pincite.index.sentences import sentence_spans
from pincite.index.splitter import split
from pincite.index.tokens import fold, query_terms
from pincite.suggestions import Suggestion, is_showable, steers

MOST_DOCUMENTS = 60
MOST_CHARACTERS = 240_000
MOST_CHARACTERS_OF_ONE = 24_000
MOST_CHARACTERS_LOADED = 12_000_000
MOST_ASKED = 12
MIN_CONFIDENCE = 0.75
"""What is looked at, of a large corpus a sample: documents, characters of all and of one, characters that the
database reads to get at them; questions asked; and how sure the reader must be.
"""
_WINDOW = 4_000
_LEAST_CHARACTERS = 2_000
_LONGEST_SENTENCE = 320
_SAME = 0.6
_FEW_DOCUMENTS = 5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A question with the sentence that it was made of, ``start`` and ``end`` in the document's text."""

    suggestion: Suggestion
    document_id: str
    group: int
    start: int
    end: int


def example_questions(
    corpus: Corpus, count: int = 4, *, give_way: Callable[[], None] | None = None
) -> tuple[str, ...]:
    """Return up to ``count`` questions that ``corpus`` answers, each of another document where there are as
    many; fewer, or none, where too few are beyond doubt.

    It takes seconds. ``give_way`` is called between steps, each of some tenths of a second at most, and may
    wait there for what is more urgent.
    """
    give_way = give_way or _go_on
    candidates = _unambiguous(list(_candidates(corpus, give_way)))
    shown: list[_Candidate] = []
    asked: list[_Candidate] = []
    while candidates and len(shown) < count and len(asked) < MOST_ASKED:
        best = min(candidates, key=lambda one: _order(one, shown, asked))
        candidates.remove(best)
        if best.suggestion.question in {one.suggestion.question for one in asked}:
            continue
        if any(_is_alike(best, other) for other in shown):
            continue
        asked.append(best)
        give_way()
        if _is_proven(best, ask(best.suggestion.question, corpus, min_confidence=MIN_CONFIDENCE)):
            shown.append(best)
    return tuple(one.suggestion.question for one in shown)


def _unambiguous(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Leave out what different sentences answer differently."""
    told: dict[str, set[str]] = {}
    for one in candidates:
        told.setdefault(one.suggestion.question, set()).add(_bare(one.suggestion.told))
    return [one for one in candidates if len(told[one.suggestion.question]) == 1]


def _go_on() -> None:
    """Give way to nothing."""


def _candidates(corpus: Corpus, give_way: Callable[[], None]) -> Iterator[_Candidate]:
    """Yield what may be asked of each of the sampled documents."""
    documents = _sample(corpus.documents())
    most = min(MOST_CHARACTERS_OF_ONE, max(_LEAST_CHARACTERS, MOST_CHARACTERS // max(len(documents), 1)))
    for document in documents:
        give_way()
        with suppress(DocumentNotFound):  # removed meanwhile
            yield from _asked_of(document, corpus.text(document.document_id), most, len(documents))


def _sample(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return documents from all over the corpus, as many as may be read."""
    step = max(1.0, len(documents) / MOST_DOCUMENTS)
    spread = [documents[int(place * step)] for place in range(min(len(documents), MOST_DOCUMENTS))]
    sample: list[DocumentInfo] = []
    left = MOST_CHARACTERS_LOADED
    for document in spread:
        if document.characters <= left or not sample:
            sample.append(document)
            left -= document.characters
    return sample


def _asked_of(document: DocumentInfo, text: str, most: int, documents: int) -> Iterator[_Candidate]:
    is_markdown = document.source.lower().endswith((".md", ".markdown"))
    for part, window in enumerate(_windows(text, most)):
        read = text[window.start : window.end]
        language = language_of(read)
        rules = {"en": english_suggestions, "zh": chinese_suggestions}.get(language)
        if rules is None:
            continue
        context = f"a {document.title} .\n{read}"
        for group, span in _sentences(read, is_markdown):
            sentence = read[span.start : span.end]
            if _is_cut(text, window, span) or len(sentence) > _LONGEST_SENTENCE or steers(sentence):
                continue
            for made in rules(sentence, context):
                if is_showable(made.question) and (documents <= _FEW_DOCUMENTS or made.is_named):
                    start, end = window.start + span.start, window.start + span.end
                    yield _Candidate(made, document.document_id, part * 1_000 + group, start, end)


def _windows(text: str, most: int) -> list[Span]:
    """Return parts of a text, spread over it, of ``most`` characters together; all of a short one. A part
    begins at a paragraph.
    """
    if len(text) <= most:
        return [Span(0, len(text))]
    count = max(1, most // _WINDOW)
    length, step = most // count, len(text) // count
    starts = [place * step for place in range(count)]
    begins = [text.find("\n\n", start, start + length) if start else 0 for start in starts]
    return [Span(max(begin, start), start + length) for begin, start in zip(begins, starts, strict=True)]


def _is_cut(text: str, window: Span, sentence: Span) -> bool:
    """Whether a sentence of a part of a text may have begun before that part, or gone on after it."""
    before = text[window.start : window.start + sentence.start]
    after = text[window.start + sentence.end : window.end]
    begins_early = window.start > 0 and text[window.start] != "\n" and not before.strip()
    return begins_early or (window.end < len(text) and not after.strip())


def _sentences(text: str, is_markdown: bool) -> Iterator[tuple[int, Span]]:
    """Yield the sentences of a text, each with the number of the group that it is in."""
    document = text_document(text, is_markdown=is_markdown)
    if document.text != text:
        yield from ((0, span) for span in sentence_spans(text))
        return
    for number, group in enumerate(split(document)[1]):
        parts = [Span(point.start, point.end) for point in group.points] or [
            Span(group.body_start, group.end)
        ]
        for part in parts:
            yield from ((number, span) for span in sentence_spans(text, part.start, part.end))


def _order(
    one: _Candidate, shown: Sequence[_Candidate], asked: Sequence[_Candidate]
) -> tuple[int, int, int, int, int, int]:
    """Return what is least for the candidate to ask next: documents, groups and kinds of question take turns,
    and the surer rule goes first.
    """
    return (
        sum(other.document_id == one.document_id for other in shown),
        sum((other.document_id, other.group) == (one.document_id, one.group) for other in shown),
        sum(other.document_id == one.document_id for other in asked),
        not one.suggestion.is_named,
        sum(other.suggestion.kind == one.suggestion.kind for other in shown),
        one.suggestion.rank,
    )


def _is_alike(one: _Candidate, other: _Candidate) -> bool:
    """Whether two questions are about the same thing, or made of the same sentence."""
    subjects = fold(one.suggestion.subject), fold(other.suggestion.subject)
    if subjects[0] in subjects[1] or subjects[1] in subjects[0]:
        return one.document_id != other.document_id or one.suggestion.kind == other.suggestion.kind
    if (one.document_id, one.start) == (other.document_id, other.start):
        return True
    terms, others = (set(query_terms(each.suggestion.question)) for each in (one, other))
    return len(terms & others) >= _SAME * len(terms | others)


def _is_proven(one: _Candidate, answer: Answer) -> bool:
    """Whether the answer is the words that were asked away, cited from the sentence they were taken from."""
    if not answer.answered or len(answer.claims) != 1 or CONFLICT in answer.notes:
        return False
    is_cited = any(
        citation.document_id == one.document_id and one.start <= citation.start and citation.end <= one.end
        for citation in answer.citations
    )
    said, told = _bare(answer.text), _bare(one.suggestion.told)
    is_part = not one.suggestion.is_exact and len(said) > len(told) // 4 and said in told
    return is_cited and (told in said or is_part)


def _bare(text: str) -> str:
    """Return a text's letters and digits, folded, without references."""
    return "".join(filter(str.isalnum, fold(without_references(text))))
