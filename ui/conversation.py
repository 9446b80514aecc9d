"""The HTML of a conversation: questions and what came of them.

Everything that comes from a document or a person is escaped (``markup``). What can be done with an answer is
in attributes that the page's script acts on: ``data-open`` opens a proof, under a key as ``0-citation-2`` or
``1-passage-3`` that ``proof.opened`` looks up; ``data-copy`` holds what is copied, ``data-save`` names what
is saved, ``data-again`` asks again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pincite.answers import Answer, Citation, Claim, joined
from pincite.ui.markup import beginning, escape, folded, plain_name, shown_name
from pincite.ui.scope import Scope
from pincite.ui.words import ENGLISH, Words

NEAREST_SHOWN = 4
SAVED_AS = ("markdown", "page", "bundle")
"""What an answer or a conversation can be saved as; ``data-save`` has one of these and what is saved."""
_BEGINNING_CHARACTERS = 180
_CONFIDENCE = ((0.75, "high"), (0.5, "medium"), (0.0, "low"))
_DOUBTS = {"check": "says_more", "unsupported": "not_found", "misattributed": "in_another", "quoted": ""}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it: an answer, or the problem that kept it from being answered.

    Under way, or stopped: neither, with what is verified until then in ``said``.
    """

    question: str
    answer: Answer | None
    problem: str = ""
    said: str = ""
    scope: Scope = field(default_factory=Scope)


def conversation(exchanges: Sequence[Exchange], words: Words = ENGLISH) -> str:
    """Return all exchanges, oldest first, or a welcome."""
    if not exchanges:
        content = f'<div class="pc-welcome"><h2>{words.welcome}</h2><p>{words.welcome_more}</p></div>'
    else:
        last = len(exchanges) - 1
        content = "".join(
            _exchange(index, exchange, words, is_last=index == last)
            for index, exchange in enumerate(exchanges)
        )
    return (
        f'<div role="log" aria-label="{words.conversation}" lang="{words.code}" data-copied="{words.copied}">'
        f"{content}</div>"
    )


def pending(exchange: Exchange, words: Words = ENGLISH) -> str:
    """Return a question that is being answered, with what is verified of its answer until now."""
    doing = words.more_may_follow if exchange.said else words.looking
    busy = f'<div class="pc-busy" role="status"><span></span>{doing}</div>'
    card = f'<div class="pc-card">{_said(exchange)}{busy}</div>'
    return _turn(exchange.question, exchange.scope.described(words), card, words)


def examples(questions: Iterable[str], words: Words = ENGLISH) -> str:
    """Return questions to begin with, each to be asked by a click; empty where there are none."""
    buttons = "".join(
        f'<li><button type="button" class="pc-example" dir="auto" data-ask="{escape(question)}">'
        f"{escape(question)}</button></li>"
        for question in questions
    )
    return (
        f'<h3 class="pc-for">{words.examples}</h3><ul class="pc-examples">{buttons}</ul>' if buttons else ""
    )


def problem_card(message: str) -> str:
    """Return an error as one clear line."""
    return f'<div class="pc-card pc-problem" role="alert">{escape(folded(message))}</div>'


def save_menu(what: str, words: Words) -> str:
    """Return the menu that saves ``what``: the number of an exchange, or "all"."""
    labels = zip(SAVED_AS, (words.as_markdown, words.as_page, words.as_bundle), strict=True)
    items = "".join(
        f'<button type="button" data-save="{kind}:{what}">{label}</button>' for kind, label in labels
    )
    return f'<details class="pc-menu"><summary>{words.save}</summary><div>{items}</div></details>'


def _exchange(index: int, exchange: Exchange, words: Words, *, is_last: bool) -> str:
    answer = exchange.answer
    again = _again(words) if is_last else ""
    scope = exchange.scope.described(words)
    if answer is not None:
        tools = _tools(index, exchange, answer, words) + again
        if answer.answered:
            card = _answered(index, answer, tools, words)
        else:
            card = _not_answered(
                index, answer, tools, words, words.nothing_chosen if scope else words.nothing_near
            )
        return _turn(exchange.question, scope, card, words)
    if exchange.problem:
        card = problem_card(exchange.problem)
        return _turn(exchange.question, scope, card + _footer("", again) if again else card, words)
    note = f'<p class="pc-note">{words.stopped}</p>'
    card = f'<div class="pc-card">{_said(exchange)}{note}{_footer("", again)}</div>'
    return _turn(exchange.question, scope, card, words)


def _said(exchange: Exchange) -> str:
    return f'<p class="pc-answer" dir="auto">{escape(exchange.said)}</p>' if exchange.said else ""


def _turn(question: str, scope: str, card: str, words: Words) -> str:
    asked_of = f'<p class="pc-scope">{escape(words.asked_of.format(scope=scope))}</p>' if scope else ""
    return (
        f'<section class="pc-turn"><h3 class="pc-question" dir="auto">{escape(question)}</h3>'
        f"{asked_of}{card}</section>"
    )


def _answered(index: int, answer: Answer, tools: str, words: Words) -> str:
    shown = [_claim(index, claim, answer.citations, words) for claim in answer.claims]
    claims = joined(shown, [claim.text for claim in answer.claims])
    citations = "".join(_citation(index, citation, words) for citation in answer.citations)
    facts = _confidence(answer.confidence, words) + _method(answer, words)
    return (
        f'<div class="pc-card"><p class="pc-answer" dir="auto">{claims}</p>'
        f'<ol class="pc-citations" aria-label="{words.citations}">{citations}</ol>'
        f"{_notes(answer, words)}{_footer(facts, tools)}</div>"
    )


def _claim(index: int, claim: Claim, citations: Iterable[Citation], words: Words) -> str:
    addresses = {citation.number: plain_name(citation.address) for citation in citations}
    marks = "".join(
        f'<button type="button" class="pc-mark" data-open="{index}-citation-{number}"'
        f' aria-label="{escape(words.citation.format(number=number, address=addresses.get(number, "")))}">'
        f"[{number}]</button>"
        for number in claim.citations
    )
    doubt = _DOUBTS[claim.status]
    return (
        f"<span>{escape(folded(claim.text))}</span>"
        + (f" {marks}" if marks else "")
        + (f' <span class="pc-doubt">{getattr(words, doubt)}</span>' if doubt else "")
    )


def _citation(index: int, citation: Citation, words: Words) -> str:
    key = f"{index}-citation-{citation.number}"
    return (
        f'<li class="pc-citation" data-open="{key}">'
        f'<button type="button" class="pc-address" data-open="{key}">'
        f'<span class="pc-number">{citation.number}</span>{shown_name(citation.address)}</button>'
        f'<blockquote dir="auto">{escape(folded(citation.quote))}</blockquote>'
        f"{references(citation.references, words)}</li>"
    )


def _not_answered(index: int, answer: Answer, tools: str, words: Words, nothing: str) -> str:
    nearest = "".join(
        f'<li class="pc-citation" data-open="{index}-passage-{rank}">'
        f'<button type="button" class="pc-address" data-open="{index}-passage-{rank}">'
        f"{shown_name(hit.passage.address)}</button>"
        f'<blockquote dir="auto">{escape(beginning(hit.passage.text, _BEGINNING_CHARACTERS))}'
        "</blockquote></li>"
        for rank, hit in enumerate(answer.passages[:NEAREST_SHOWN])
    )
    body = (
        f'<p>{words.nearest}</p><ol class="pc-citations">{nearest}</ol>' if nearest else f"<p>{nothing}</p>"
    )
    return (
        f'<div class="pc-card pc-not-answered"><h4>{words.not_answered}</h4>'
        f"{body}{_notes(answer, words)}{_footer(_method(answer, words), tools)}</div>"
    )


def references(labels: tuple[str, ...], words: Words) -> str:
    """Return the source's own markers as a line; empty where there are none."""
    if not labels:
        return ""
    line = words.source_reference.format(references=", ".join(labels))
    return f'<p class="pc-reference">{escape(line)}</p>'


def _notes(answer: Answer, words: Words) -> str:
    notes = list(answer.notes)
    if answer.standalone_question != answer.question:
        notes.append(words.searched_for.format(question=answer.standalone_question))
    return "".join(f'<p class="pc-note">{escape(note)}</p>' for note in notes)


def _confidence(confidence: float, words: Words) -> str:
    word = getattr(words, next(word for least, word in _CONFIDENCE if confidence >= least))
    percent = round(confidence * 100)
    return (
        f'<span class="pc-confidence" title="{words.of_100.format(percent=percent)}">'
        f"{words.confidence.format(word=word)}"
        f'<span class="pc-bar" aria-hidden="true"><span style="width: {percent}%"></span></span></span>'
    )


def _method(answer: Answer, words: Words) -> str:
    who = words.without_llm if answer.method == "reader" else answer.method.removeprefix("llm:")
    return f'<span class="pc-method">{escape(who)} · {_duration(answer.seconds)}</span>'


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _footer(facts: str, tools: str) -> str:
    return f'<footer>{facts}<span class="pc-tools">{tools}</span></footer>'


def _tools(index: int, exchange: Exchange, answer: Answer, words: Words) -> str:
    return (
        f'<button type="button" data-copy="{escape(answer.to_markdown())}">{words.copy}</button>'
        f'<a href="{escape(exchange.scope.link(exchange.question))}" target="_blank" rel="noopener">'
        f"{words.link}</a>{save_menu(str(index), words)}"
    )


def _again(words: Words) -> str:
    return f'<button type="button" data-again="yes">{words.again}</button>'
