"""The HTML of the chat page: answers, their citations, and passages in the context of their document.

Everything that comes from a document or a person is escaped here, and shown as it stands: no Markdown, no
LaTeX, no markup. What can be opened carries a ``data-open`` key, ``0-citation-2`` or ``1-passage-3``, that
the page's script sends back and ``opened`` looks up. Layout and events are in ``chat``.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pincite.answers import Answer, Citation, Claim, joined
from pincite.index.document import Metadata, Span
from pincite.index.language import HAN, KANA
from pincite.index.records import DocumentInfo

CONTEXT_CHARACTERS = 700
NEAREST_SHOWN = 4
_BEGINNING_CHARACTERS = 180
_CONFIDENCE_WORDS = ((0.75, "high"), (0.5, "medium"), (0.0, "low"))
_STATUS_WORDS = {
    "check": "says more than its quote",
    "unsupported": "not found in the documents",
    "misattributed": "found in another passage",
    "quoted": "",
}
_EAST_ASIAN = rf"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]"
_BREAK_BETWEEN_CHARACTERS = re.compile(rf"(?<={_EAST_ASIAN})[ \t]*\n\s*(?={_EAST_ASIAN})")
_KEY = re.compile(r"(\d{1,6})-(citation|passage)-(\d{1,6})")

_WELCOME = (
    '<div class="pc-welcome"><h2>Ask about your documents</h2>'
    "<p>Every answer shows the exact words it rests on."
    " When the documents do not say, you are told.</p></div>"
)
NOTHING_OPEN = (
    '<div class="pc-empty"><h2>Proof</h2>'
    "<p>The passage behind an answer appears here, in its document.</p></div>"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it: an answer, or the problem that kept it from being answered."""

    question: str
    answer: Answer | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the proof panel shows: a passage of a document, and the words quoted from it, if any are."""

    key: str
    document_id: str
    passage: Span
    quote: Span | None
    address: str
    references: tuple[str, ...]


class Documents(Protocol):
    """Where the proof is looked up: a ``Corpus``."""

    def text(self, document_id: str) -> str:
        """Return the document's text. Raises ``DocumentNotFound``."""

    def document(self, document_id: str) -> DocumentInfo:
        """Return what is known of the document. Raises ``DocumentNotFound``."""


def escape(text: str) -> str:
    """Return ``text`` for use between tags and in attributes."""
    return html.escape(text, quote=True)


def folded(text: str) -> str:
    """Return ``text`` on one line. A line break between Chinese or Japanese characters leaves no space.

    >>> folded("hard\\n  breaks")
    'hard breaks'
    """
    return " ".join(_BREAK_BETWEEN_CHARACTERS.sub("", text).split())


def conversation(exchanges: Sequence[Exchange], pending: str | None = None, so_far: str = "") -> str:
    """Return all exchanges, oldest first; ``pending`` is a question that is being answered, ``so_far`` what
    is verified of its answer.
    """
    if not exchanges and pending is None:
        return _log(_WELCOME)
    parts = [_exchange(index, exchange) for index, exchange in enumerate(exchanges)]
    if pending is not None:
        said = f'<p class="pc-answer" dir="auto">{escape(so_far)}</p>' if so_far else ""
        doing = "More may follow…" if so_far else "Looking in the documents…"
        parts.append(
            _turn(
                pending, f'<div class="pc-card">{said}<div class="pc-busy"><span></span>{doing}</div></div>'
            )
        )
    return _log("".join(parts))


def opened(exchanges: Sequence[Exchange], key: str) -> Opened | None:
    """Return what the ``data-open`` key stands for; None when it stands for nothing here."""
    match = _KEY.fullmatch(key)
    if match is None or int(match[1]) >= len(exchanges):
        return None
    answer, number = exchanges[int(match[1])].answer, int(match[3])
    if answer is None:
        return None
    if match[2] == "passage":
        if number >= len(answer.passages):
            return None
        passage = answer.passages[number].passage
        span = Span(passage.start, passage.end)
        return Opened(key, passage.document_id, span, None, passage.address, passage.references)
    return next((_cited(key, one, answer) for one in answer.citations if one.number == number), None)


def in_context(corpus: Documents, shown: Opened) -> str:
    """Return a passage with what stands before and after it, the quoted words marked.

    Raises ``DocumentNotFound`` when the document has changed or gone since it was cited.
    """
    text, passage = corpus.text(shown.document_id), shown.passage
    quote = shown.quote or Span(passage.start, passage.start)
    before, after = _surroundings(text, passage)
    marked = f"<mark>{escape(text[quote.start : quote.end])}</mark>" if shown.quote else ""
    inside = escape(text[passage.start : quote.start]) + marked + escape(text[quote.end : passage.end])
    metadata = corpus.document(shown.document_id).metadata
    return (
        f'<article class="pc-proof" data-of="{escape(shown.key)}">'
        f'<header><h2 aria-live="polite"><bdi>{escape(shown.address)}</bdi></h2>'
        f"{_about(metadata, shown.references)}"
        '<button type="button" class="pc-back">Back to the answer</button></header>'
        '<div class="pc-context" dir="auto" tabindex="0" role="group" aria-label="Passage in its document">'
        f'<div class="pc-around">{escape(before)}</div>'
        f'<div class="pc-passage">{inside}</div>'
        f'<div class="pc-around">{escape(after)}</div>'
        "</div></article>"
    )


def problem_card(message: str) -> str:
    """Return an error as one clear line."""
    return f'<div class="pc-card pc-problem" role="alert">{escape(folded(message))}</div>'


def _log(content: str) -> str:
    return f'<div role="log" aria-label="Conversation">{content}</div>'


def _exchange(index: int, exchange: Exchange) -> str:
    answer = exchange.answer
    if answer is None:
        return _turn(exchange.question, problem_card(exchange.problem))
    card = _answered(index, answer) if answer.answered else _not_answered(index, answer)
    return _turn(exchange.question, card)


def _turn(question: str, card: str) -> str:
    return (
        f'<section class="pc-turn"><h3 class="pc-question" dir="auto">{escape(question)}</h3>{card}</section>'
    )


def _answered(index: int, answer: Answer) -> str:
    shown = [_claim(index, claim, answer.citations) for claim in answer.claims]
    claims = joined(shown, [claim.text for claim in answer.claims])
    citations = "".join(_citation(index, citation) for citation in answer.citations)
    return (
        f'<div class="pc-card"><p class="pc-answer" dir="auto">{claims}</p>'
        f'<ol class="pc-citations" aria-label="Citations">{citations}</ol>'
        f"{_notes(answer)}<footer>{_confidence(answer.confidence)}{_method(answer)}</footer></div>"
    )


def _claim(index: int, claim: Claim, citations: Iterable[Citation]) -> str:
    addresses = {citation.number: citation.address for citation in citations}
    marks = "".join(
        f'<button type="button" class="pc-mark" data-open="{index}-citation-{number}"'
        f' aria-label="[{number}] citation: {escape(addresses.get(number, ""))}">[{number}]</button>'
        for number in claim.citations
    )
    doubt = _STATUS_WORDS[claim.status]
    return (
        f"<span>{escape(folded(claim.text))}</span>"
        + (f" {marks}" if marks else "")
        + (f' <span class="pc-doubt">{doubt}</span>' if doubt else "")
    )


def _citation(index: int, citation: Citation) -> str:
    key = f"{index}-citation-{citation.number}"
    return (
        f'<li class="pc-citation" data-open="{key}">'
        f'<button type="button" class="pc-address" data-open="{key}">'
        f'<span class="pc-number">{citation.number}</span><bdi>{escape(citation.address)}</bdi></button>'
        f'<blockquote dir="auto">{escape(folded(citation.quote))}</blockquote>'
        f"{_references(citation.references)}</li>"
    )


def _not_answered(index: int, answer: Answer) -> str:
    nearest = "".join(
        f'<li class="pc-citation" data-open="{index}-passage-{rank}">'
        f'<button type="button" class="pc-address" data-open="{index}-passage-{rank}">'
        f"<bdi>{escape(hit.passage.address)}</bdi></button>"
        f'<blockquote dir="auto">{escape(_beginning(hit.passage.text))}</blockquote></li>'
        for rank, hit in enumerate(answer.passages[:NEAREST_SHOWN])
    )
    body = (
        f'<p>The nearest passages, for you to judge:</p><ol class="pc-citations">{nearest}</ol>'
        if nearest
        else "<p>There is no passage to show: the corpus holds no document yet.</p>"
    )
    return (
        '<div class="pc-card pc-not-answered"><h4>Not answered by these documents</h4>'
        f"{body}{_notes(answer)}<footer>{_method(answer)}</footer></div>"
    )


def _cited(key: str, citation: Citation, answer: Answer) -> Opened:
    """Return a citation in the passage it was taken from, or by itself when that is not at hand."""
    quote = Span(citation.start, citation.end)
    passages = (
        Span(hit.passage.start, hit.passage.end)
        for hit in answer.passages
        if hit.passage.document_id == citation.document_id
    )
    around = (span for span in passages if span.start <= quote.start and quote.end <= span.end)
    return Opened(
        key, citation.document_id, next(around, quote), quote, citation.address, citation.references
    )


def _surroundings(text: str, passage: Span) -> tuple[str, str]:
    """Return what stands before and after a passage, cut at white space, with "…" where the text goes on."""
    first = max(0, passage.start - CONTEXT_CHARACTERS)
    last = min(len(text), passage.end + CONTEXT_CHARACTERS)
    before, after = text[first : passage.start], text[passage.end : last]
    if first > 0:
        before = "… " + re.sub(r"\A\S{0,40}\s+", "", before)
    if last < len(text):
        after = re.sub(r"\s+\S{0,40}\Z", "", after) + " …"
    return before.strip(), after.strip()


def _about(metadata: Metadata, references: tuple[str, ...]) -> str:
    known = [str(metadata[name]) for name in ("title", "publisher") if metadata.get(name)]
    if metadata.get("date"):
        known.append(str(metadata["date"]).replace("T", " "))
    line = " · ".join(f"<bdi>{escape(value)}</bdi>" for value in known)
    about = f'<p class="pc-about">{line}</p>' if line else ""
    return about + _references(references)


def _references(references: tuple[str, ...]) -> str:
    if not references:
        return ""
    return f'<p class="pc-reference">source ref. {escape(", ".join(references))}</p>'


def _notes(answer: Answer) -> str:
    notes = list(answer.notes)
    if answer.standalone_question != answer.question:
        notes.append(f"Searched for: {answer.standalone_question}")
    return "".join(f'<p class="pc-note">{escape(note)}</p>' for note in notes)


def _confidence(confidence: float) -> str:
    word = next(word for least, word in _CONFIDENCE_WORDS if confidence >= least)
    percent = round(confidence * 100)
    return (
        f'<span class="pc-confidence" title="{percent} of 100">Confidence: {word}'
        f'<span class="pc-bar" aria-hidden="true"><span style="width: {percent}%"></span></span></span>'
    )


def _method(answer: Answer) -> str:
    who = "the reader, without an LLM" if answer.method == "reader" else answer.method.removeprefix("llm:")
    return f'<span class="pc-method">{escape(who)} · {_duration(answer.seconds)}</span>'


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _beginning(text: str) -> str:
    line = folded(text)
    if len(line) <= _BEGINNING_CHARACTERS:
        return line
    return re.sub(r"\s+\S{0,40}\Z", "", line[:_BEGINNING_CHARACTERS]) + " …"
