"""Has an LLM answer, and believes none of it until each quote is found in the passages.

The LLM is asked in ``llm``, what for is in ``prompting``, its reply is taken apart in ``replies`` and proved
in ``verifying``. Here drafts grow, claim by claim; a reply that cannot be used is asked for once more. How
sure one may be of an answer the reader tells: it is how well it finds the cited passages to answer.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from pincite.answers import Draft, DraftClaim, Drafts, Turn
from pincite.index.errors import AnswererUnavailable
from pincite.index.retrieval import Hit
from pincite.llm import BrokenOff, Llm, Overlong, PromptTooLong
from pincite.prompting import Form, Prompt, Request
from pincite.reading import Reader
from pincite.replies import QuotedClaim, ReplyReader
from pincite.rewriting import prompt_for_rewriting, rewritten
from pincite.standalone import standalone
from pincite.verifying import verified
from pincite.windows import Window, was_cut

MOST_CLAIMS = 40
_MOST_TRIES = 2
_MOST_FITTINGS = 4
_NOTHING_FOUND = "The LLM gave an answer, but what it quoted could not be found in the documents."
_ENDS = {"length": "it reached its limit of tokens", "content_filter": "its server's filter stopped it"}

_WINDOWS: dict[str, Window] = {}  # what was learned of each LLM since the process began


class Generator:
    """Answers from passages with an LLM. An ``Answerer``."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self._method = f"llm:{llm.model}"
        self._key = f"{llm.name}, {llm.window_tokens}"
        self._was_cut = False  # the last prompt, by the server

    @classmethod
    def from_llm(cls, llm: str | Any) -> Self:
        """Make a generator from "PROVIDER/MODEL", "URL#MODEL" or a llama-index LLM object, as ``Llm.of``
        does. Raises ValueError for anything else.
        """
        return cls(Llm.of(llm))

    def answer(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Return the LLM's claims, each with the place of its quote in ``hits`` or marked as unsupported.

        Without hits nothing is asked. Where the server turns out to have cut the prompt short, it is asked
        once more with as many passages as it takes. Raises ``AnswererUnavailable`` when the LLM fails or
        replies in another form than asked.
        """
        *_, draft = self.drafts(question, hits)
        if self._was_cut and len(hits) > 1:
            with suppress(AnswererUnavailable):  # then the first answer stands, with its note
                *_, draft = self.drafts(question, hits)
        return draft

    def drafts(self, question: str, hits: Sequence[Hit]) -> Drafts:
        """Yield the answer as it grows, a draft for each claim, and once more when it is whole: no claim with
        a citation is ever taken back. Raises ``AnswererUnavailable`` as long as there is none.
        """
        if not hits:
            yield Draft((), 0.0, self._method)
            return
        request = Request.of(question, [hit.passage for hit in hits])
        for fittings in range(1, _MOST_FITTINGS + 1):
            fitted = request.first(self._fitting(request))
            try:
                yield from self._drafts(fitted, hits, self._left_out(request, fitted))
            except PromptTooLong as error:
                if fittings == _MOST_FITTINGS or len(fitted.passages) == 1:
                    raise
                sent = _text_of(fitted.prompt("json_schema"))
                _WINDOWS[self._key] = self._window.refused(sent, str(error))
            else:
                return

    def _drafts(self, request: Request, hits: Sequence[Hit], notes: tuple[str, ...]) -> Drafts:
        """Ask, and once more where nothing came of it: for a simpler form where the reply had none."""
        in_tags = False
        for tries in range(1, _MOST_TRIES + 1):
            growing = _Growing(self._method, request.question, hits[: len(request.passages)], notes)
            try:
                yield from self._replied(request, growing, in_tags)
            except (BrokenOff, _Unusable) as error:
                if growing.is_answer:
                    yield growing.draft(f"This answer is incomplete: {error}.")
                    return
                if tries == _MOST_TRIES or isinstance(error, Overlong):
                    raise
                in_tags = isinstance(error, _Unusable)
            else:
                return

    def _replied(self, request: Request, growing: "_Growing", in_tags: bool) -> Drafts:
        sent: list[Prompt] = []
        reading, finish, prompt_tokens = ReplyReader(), "", None

        def prompt(form: Form) -> Prompt:
            sent[:] = [request.prompt(form)]
            return sent[0]

        with closing(self._llm.pieces(prompt, in_tags=in_tags)) as pieces:
            for piece in pieces:
                yield from growing.taking(reading.feed(piece.text))
                if growing.is_full:
                    return
                finish, prompt_tokens = piece.finish or finish, piece.prompt_tokens or prompt_tokens
        yield from growing.taking(self._rest(reading))
        if growing.is_full:
            return
        if finish in _ENDS and (reading.may_go_on or not reading.is_whole):
            raise Overlong(f"{self._llm.name} did not finish its answer: {_ENDS[finish]}")
        if not reading.is_whole:
            if finish:
                raise _Unusable(f"{self._llm.name} wrote JSON that is broken")
            raise BrokenOff(f"{self._llm.name} broke off in the middle of its answer")
        yield growing.draft(*self._learned(sent[0], prompt_tokens))

    def _rest(self, reading: ReplyReader) -> list[QuotedClaim]:
        try:
            return reading.finish()
        except ValueError as error:
            if not reading.text.strip():
                raise _Unusable(f"{self._llm.name} answered nothing") from None
            raise _Unusable(
                f"{self._llm.name} answered something that is not in the asked form: {error}"
            ) from None

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it can be understood without the turns before it, in the LLM's words, or by
        rules where it has none. Raises ``AnswererUnavailable`` when it cannot be asked.
        """
        said = ""
        with suppress(PromptTooLong, BrokenOff):
            said = rewritten(self._llm.say(prompt_for_rewriting(question, history)))
        return said or standalone(question, history)

    @property
    def _window(self) -> Window:
        return _WINDOWS.get(self._key) or Window(self._llm.window_tokens)

    def _fitting(self, request: Request) -> int:
        """Return how many of the passages fit what is known of the model's window."""
        rest = _text_of(request.first(0).prompt("json_schema"))
        return self._window.fitting(request.blocks, rest)

    def _left_out(self, request: Request, fitted: Request) -> tuple[str, ...]:
        total, shown = len(request.passages), len(fitted.passages)
        if shown == total:
            return ()
        return (
            f"{total - shown} of {total} passages, the least relevant, were left out:"
            f" the window of {self._llm.model} has {self._window.tokens:,} tokens.",
        )

    def _learned(self, prompt: Prompt, tokens: int | None) -> tuple[str, ...]:
        """Keep what a server's count tells of its window; return a note where it has cut the prompt short."""
        if tokens is None:
            return ()
        text = _text_of(prompt)
        _WINDOWS[self._key] = self._window.counted(text, tokens)
        self._was_cut = was_cut(text, tokens)
        if not self._was_cut:
            return ()
        return (
            f"{self._llm.name} cut the prompt short, and read {tokens:,} tokens of it: this answer knows only"
            " a part of the passages. Give the model a larger window (for Ollama, OLLAMA_CONTEXT_LENGTH).",
        )


class _Unusable(AnswererUnavailable):
    """A reply in which no claims can be found."""


@dataclass
class _Growing:
    """An answer in the making: claims so far, and how sure one may be of the passages that they cite."""

    method: str
    question: str
    hits: Sequence[Hit]
    notes: tuple[str, ...]
    claims: list[DraftClaim] = field(default_factory=list)
    confidence: float = 0.0
    _read: set[int] = field(default_factory=set)

    def taking(self, claims: Sequence[QuotedClaim]) -> Drafts:
        """Add claims one by one, as many as anybody would read, and yield a draft after each."""
        for claim in claims:
            self.take(claim)
            if self.is_full:
                yield self.draft(f"This answer is cut short after {MOST_CLAIMS} claims.")
                return
            yield self.draft()

    @property
    def is_full(self) -> bool:
        return len(self.claims) >= MOST_CLAIMS

    def take(self, claim: QuotedClaim) -> None:
        """Add a claim, unless it was made before, once its quote was looked for."""
        one = verified(claim, self.question, self.hits)
        if any(one.text == other.text and one.supports == other.supports for other in self.claims):
            return
        self.claims.append(one)
        cited = {support.passage for support in one.supports}
        for place, hit in enumerate(self.hits):
            if hit.passage in cited and place not in self._read:
                self._read.add(place)
                self.confidence = max(self.confidence, Reader().answer(self.question, [hit]).confidence)

    @property
    def is_answer(self) -> bool:
        return any(claim.supports for claim in self.claims)

    def draft(self, *notes: str) -> Draft:
        if self.is_answer:
            return Draft(tuple(self.claims), self.confidence, self.method, (*self.notes, *notes))
        nothing = (_NOTHING_FOUND,) if self.claims else ()
        return Draft((), 0.0, self.method, (*self.notes, *nothing, *notes))


def _text_of(prompt: Prompt) -> str:
    return f"{prompt.system}\n{prompt.user}"
