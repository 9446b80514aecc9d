"""Asks: retrieves, has an answerer answer, and settles the citations. The one way through, for every door.

The extractive reader is in ``reading``, the LLM in ``generating``; what either says passes ``citing``. A
question that leans on those before it is made to stand alone first, in ``standalone``.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pincite.answers import Answer, Draft, Turn, separator_after
from pincite.citing import settle
from pincite.index.corpus import Corpus
from pincite.index.errors import AnswererUnavailable, DocumentNotFound
from pincite.index.filters import Where
from pincite.index.retrieval import Hit
from pincite.reading import DEFAULT_MIN_CONFIDENCE, Reader
from pincite.span_reader import SpanReader

if TYPE_CHECKING:
    from pincite.generating import Generator as LlmGenerator

_TRIES = 10
_COPIES = 4
_T = TypeVar("_T")


def ask(
    question: str,
    corpus: Corpus | str | Path = ".pincite",
    *,
    top_k: int = 8,
    where: Where | None = None,
    llm: Any = None,
    history: Sequence[Turn] = (),
    min_confidence: float | None = None,
    fallback: bool = True,
) -> Answer:
    """Answer ``question`` from ``corpus``, a ``Corpus`` or the location of an existing one.

    ``top_k`` passages are read, of the documents that meet ``where`` (see ``Corpus.search``); where some say
    the same word for word, as copies of a file do, only the first of them. ``llm`` names an LLM
    ("ollama/qwen3:4b", "http://host:port/v1#model", or a llama-index LLM object); None is the reader, which
    needs none. ``history`` holds the turns of the conversation before, the oldest first: a question that
    leans on them, as "and when?", is made to stand alone (``Answer.standalone_question``), and that is what
    is searched for and answered.

    Below ``min_confidence`` (0..1) the result is "not answered", an ordinary result. None is the default:
    0.5 for the reader; an LLM may say itself that the passages do not answer, and anything that it says with
    a quote is shown. When the LLM fails the reader answers, with a note; with ``fallback=False`` that raises
    ``AnswererUnavailable`` instead.

    Raises ValueError for an empty question or an ``llm`` of no known form, ``CorpusNotFound`` where there is
    no corpus: asking never makes one.
    """
    asking = _Asking.of(question, top_k, where, llm, history, min_confidence, fallback)
    with _opened(corpus) as source:
        pieces = asking.pieces(source, at_once=True)
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                return cast(Answer, end.value)


def stream(
    question: str,
    corpus: Corpus | str | Path = ".pincite",
    *,
    top_k: int = 8,
    where: Where | None = None,
    llm: Any = None,
    history: Sequence[Turn] = (),
    min_confidence: float | None = None,
    fallback: bool = True,
) -> Iterator[str | Answer]:
    """Answer as ``ask`` does, in pieces: the text a claim at a time, each as soon as it is verified and the
    answer confident enough, then the ``Answer``.

    The pieces joined are the answer's text. Closing the iterator stops the LLM. An answer that breaks off
    after its first claim is shown as far as it came, with a note. Errors are raised when the first piece is
    asked for.
    """
    asking = _Asking.of(question, top_k, where, llm, history, min_confidence, fallback)
    with _opened(corpus) as source:
        yield (yield from asking.pieces(source, at_once=False))


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Return the first hit of each text."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(" ".join(hit.passage.text.split()), hit)
    return list(first.values())


@dataclass(frozen=True, slots=True)
class _Asking:
    """A question with all that was said about how to answer it."""

    question: str
    top_k: int
    where: Where | None
    generator: "LlmGenerator | None"
    history: Sequence[Turn]
    min_confidence: float | None
    fallback: bool
    started: float

    @classmethod
    def of(
        cls,
        question: str,
        top_k: int,
        where: Where | None,
        llm: Any,
        history: Sequence[Turn],
        min_confidence: float | None,
        fallback: bool,
    ) -> "_Asking":
        """Check the arguments of ``ask``. Raises ValueError."""
        started = time.perf_counter()
        if not question.strip():
            raise ValueError("the question is empty")
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        if min_confidence is not None and not 0 <= min_confidence <= 1:
            raise ValueError(f"min_confidence must be between 0 and 1, got {min_confidence}")
        generator = None
        if llm is not None:
            from pincite.generating import Generator as LlmGenerator

            generator = LlmGenerator.from_llm(llm)
        return cls(question, top_k, where, generator, history, min_confidence, fallback, started)

    def pieces(self, source: Corpus, *, at_once: bool) -> Generator[str, None, Answer]:
        """Yield the answer's text in pieces, nothing of an LLM's if ``at_once``, and return the answer."""
        note = ""
        if self.generator is not None:
            try:
                return (yield from self._generated(self.generator, source, at_once))
            except AnswererUnavailable as error:
                if not self.fallback:
                    raise
                note = f"The LLM did not answer ({error}): this is the reader's answer."
        answer = self._read(source, note)
        yield from _pieces([claim.text for claim in answer.claims if claim.citations], said=0)
        return answer

    def _generated(
        self, generator: "LlmGenerator", source: Corpus, at_once: bool
    ) -> Generator[str, None, Answer]:
        """Yield and return what an LLM answers. Raises ``AnswererUnavailable`` before anything is yielded."""
        question = generator.standalone(self.question, self.history) if self.history else self.question
        hits, texts = self._found_whole(question, source)
        least = self.min_confidence or 0.0
        if at_once:
            draft = generator.answer(question, hits)
        else:
            said = 0
            with closing(generator.drafts(question, hits)) as drafts:
                for draft in drafts:
                    if draft.confidence >= least:
                        supported = [claim.text for claim in draft.claims if claim.supports]
                        yield from _pieces(supported, said)
                        said = len(supported)
        return self._settled(question, draft, hits, texts.__getitem__, least)

    def _read(self, source: Corpus, note: str) -> Answer:
        """Return the reader's answer, from documents that are there throughout."""
        question = self.question
        if self.history:
            from pincite.standalone import standalone

            question = standalone(question, self.history)
        SpanReader.load_ahead(question)
        least = DEFAULT_MIN_CONFIDENCE if self.min_confidence is None else self.min_confidence

        def attempt() -> Answer:
            hits = self._found(question, source)
            draft = Reader().answer(question, hits)
            noted = replace(draft, notes=(*draft.notes, note)) if note else draft
            return self._settled(question, noted, hits, source.text, least)

        return _patiently(attempt)

    def _found(self, question: str, source: Corpus) -> list[Hit]:
        return distinct(source.search(question, top_k=_COPIES * self.top_k, where=self.where))[: self.top_k]

    def _found_whole(self, question: str, source: Corpus) -> tuple[list[Hit], dict[str, str]]:
        """Return what was found and its documents' texts, which may be replaced while an LLM writes."""

        def attempt() -> tuple[list[Hit], dict[str, str]]:
            hits = self._found(question, source)
            ids = {hit.passage.document_id for hit in hits}
            return hits, {document_id: source.text(document_id) for document_id in ids}

        return _patiently(attempt)

    def _settled(
        self, question: str, draft: Draft, hits: Sequence[Hit], text_of: Callable[[str], str], least: float
    ) -> Answer:
        seconds = time.perf_counter() - self.started
        return settle(
            self.question, draft, hits, text_of, min_confidence=least, seconds=seconds, standalone=question
        )


def _patiently(attempt: Callable[[], _T]) -> _T:
    """Return what ``attempt`` does, once no document is replaced between its search and its reading."""
    for _ in range(_TRIES - 1):
        with suppress(DocumentNotFound):
            return attempt()
    return attempt()


def _pieces(texts: Sequence[str], said: int) -> Iterator[str]:
    """Yield the texts that were not said yet, each with what parts it from the one before."""
    before = ["", *texts]
    yield from (separator_after(before[at]) + texts[at] for at in range(said, len(texts)))


def _opened(corpus: Corpus | str | Path) -> AbstractContextManager[Corpus]:
    return nullcontext(corpus) if isinstance(corpus, Corpus) else Corpus.open(corpus, create=False)
