"""Asks: retrieves, has an answerer answer, and settles the citations. The one way through, for every door.

The extractive reader is in ``reading``, the LLM in ``generating``; what either says passes ``citing``.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pincite.answers import Answer, Draft, Turn, separator_after
from pincite.citing import settle
from pincite.index.corpus import Corpus
from pincite.index.errors import AnswererUnavailable, DocumentNotFound
from pincite.index.filters import Where
from pincite.index.retrieval import Hit
from pincite.reading import DEFAULT_MIN_CONFIDENCE, Reader

_RETRIES = 9
_RETRIES_OF_AN_LLM = 2  # each of its answers takes long, and may cost
_COPIES = 4


def ask(
    question: str,
    corpus: Corpus | str | Path = ".pincite",
    *,
    top_k: int = 8,
    where: Where | None = None,
    llm: Any = None,
    history: Sequence[Turn] = (),  # noqa: ARG001 - follow-up questions are not made standalone yet
    min_confidence: float | None = None,
    fallback: bool = True,
) -> Answer:
    """Answer ``question`` from ``corpus``, a ``Corpus`` or the location of an existing one.

    ``top_k`` passages are read, of the documents that meet ``where`` (see ``Corpus.search``); where some say
    the same word for word, as copies of a file do, only the first of them. ``llm`` names an LLM
    ("ollama/qwen3:4b", "http://host:port/v1#model", or a llama-index LLM object); None is the reader, which
    needs none. Below ``min_confidence`` (0..1, None for the default) the result is "not answered", an
    ordinary result. When the LLM fails the reader answers, with a note; with ``fallback=False`` that raises
    ``AnswererUnavailable`` instead. ``history`` is for follow-up questions; as yet they are searched for as
    they stand.

    Raises ValueError for an empty question or an ``llm`` of no known form, ``CorpusNotFound`` where there is
    no corpus: asking never makes one.
    """
    started = time.perf_counter()
    if not question.strip():
        raise ValueError("the question is empty")
    if top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise ValueError(f"min_confidence must be between 0 and 1, got {min_confidence}")
    threshold = DEFAULT_MIN_CONFIDENCE if min_confidence is None else min_confidence
    opened = nullcontext(corpus) if isinstance(corpus, Corpus) else Corpus.open(corpus, create=False)
    with opened as source:

        def attempt() -> Answer:
            hits = distinct(source.search(question, top_k=_COPIES * top_k, where=where))[:top_k]
            draft = _draft(question, hits, llm, fallback)
            seconds = time.perf_counter() - started
            return settle(question, draft, hits, source.text, min_confidence=threshold, seconds=seconds)

        for _ in range(_RETRIES if llm is None else _RETRIES_OF_AN_LLM):
            with suppress(DocumentNotFound):  # replaced since the search; what is cited must still be there
                return attempt()
        return attempt()


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
    """Answer as ``ask`` does, in pieces: the text a claim at a time, each verified, then the ``Answer``.

    The pieces joined are the answer's text. Errors are raised when the first piece is asked for.
    """
    answer = ask(
        question,
        corpus,
        top_k=top_k,
        where=where,
        llm=llm,
        history=history,
        min_confidence=min_confidence,
        fallback=fallback,
    )
    said = [claim.text for claim in answer.claims if claim.citations]
    yield from (separator_after(before) + text for before, text in zip(["", *said], said, strict=False))
    yield answer


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Return the first hit of each text."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(" ".join(hit.passage.text.split()), hit)
    return list(first.values())


def _draft(question: str, hits: Sequence[Hit], llm: Any, fallback: bool) -> Draft:
    """Have the LLM answer, or the reader where there is none or, with ``fallback``, where it fails."""
    note = ""
    if llm is not None:
        from pincite.generating import Generator

        try:
            return Generator.from_llm(llm).answer(question, hits)
        except AnswererUnavailable as error:
            if not fallback:
                raise
            note = f"The LLM did not answer ({error}): this is the reader's answer."
    draft = Reader().answer(question, hits)
    return replace(draft, notes=(*draft.notes, note)) if note else draft
