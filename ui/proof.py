"""The HTML of the proof: a passage in the context of its document, with the quoted words marked in it.

What is opened is named by a key, ``0-citation-2``, ``1-passage-3`` or ``passage:DOCUMENT:START-END``; a
number after ``+`` says how much more of the document is shown around it. A PDF's page is drawn besides.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pincite.answers import Answer, Citation
from pincite.index.document import Metadata, Span
from pincite.index.errors import PinciteError
from pincite.index.records import DocumentInfo
from pincite.ui.conversation import Exchange, references
from pincite.ui.markup import escape, plain_name, shown_name
from pincite.ui.words import ENGLISH, Words

CONTEXT_CHARACTERS = 700
_WIDENED = 4
_MOST_WIDENINGS = 6
_KEY = re.compile(r"(\d{1,6})-(citation|passage)-(\d{1,6})")
_PLACE = re.compile(r"passage:([0-9a-f]{8,128}):(\d{1,12})-(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Opened:
    """What the proof panel shows: a passage of a document, and the words quoted from it, if any are.

    ``address`` is empty where only the place in the document is known; ``widenings`` is how often more of the
    document was asked for.
    """

    key: str
    document_id: str
    passage: Span
    quote: Span | None
    address: str
    references: tuple[str, ...]
    widenings: int = 0


class Documents(Protocol):
    """Where the proof is looked up: a ``Corpus``."""

    def text(self, document_id: str) -> str:
        """Return the document's text. Raises ``DocumentNotFound``."""

    def document(self, document_id: str) -> DocumentInfo:
        """Return what is known of the document. Raises ``DocumentNotFound``."""

    def page_image(self, document_id: str, start: int = 0, end: int = 0) -> bytes:
        """Return the page on which ``start`` lies, as a PNG. Raises ``PinciteError`` where there is none."""


def nothing_open(words: Words = ENGLISH) -> str:
    """Return what stands in the panel as long as nothing was opened."""
    return f'<div class="pc-empty"><h2>{words.proof}</h2><p>{words.proof_more}</p></div>'


def opened(exchanges: Sequence[Exchange], key: str) -> Opened | None:
    """Return what the ``data-open`` key stands for; None when it stands for nothing here."""
    plain, _, more = key.partition("+")
    widenings = min(int(more), _MOST_WIDENINGS) if re.fullmatch("[0-9]", more) else 0
    if place := _PLACE.fullmatch(plain):
        span = Span(int(place[2]), int(place[3]))
        return Opened(plain, place[1], span, None, "", (), widenings) if span.start <= span.end else None
    match = _KEY.fullmatch(plain)
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
        return Opened(plain, passage.document_id, span, None, passage.address, passage.references, widenings)
    found = (_cited(plain, one, answer, widenings) for one in answer.citations if one.number == number)
    return next(found, None)


def in_context(corpus: Documents, shown: Opened, words: Words = ENGLISH) -> str:
    """Return a passage with what stands before and after it, the quoted words marked.

    Raises ``DocumentNotFound`` when the document has changed or gone since it was cited.
    """
    text, passage = corpus.text(shown.document_id), shown.passage
    about = corpus.document(shown.document_id)
    quote = shown.quote or Span(passage.start, passage.start)
    before, after, is_all = _surroundings(text, passage, CONTEXT_CHARACTERS * _WIDENED**shown.widenings)
    marked = f"<mark>{escape(text[quote.start : quote.end])}</mark>" if shown.quote else ""
    inside = escape(text[passage.start : quote.start]) + marked + escape(text[quote.end : passage.end])
    return (
        f'<article class="pc-proof" data-of="{escape(shown.key)}" lang="{words.code}">'
        f'<header><h2 aria-live="polite">{shown_name(shown.address or about.source)}</h2>'
        f"{_byline(about.metadata)}{references(shown.references, words)}{_about(about, words)}"
        f"{_views(words) if about.pages else ''}"
        f'<button type="button" class="pc-back">{words.back}</button></header>'
        f'<div class="pc-context" tabindex="0" role="group" aria-label="{words.in_document}">'
        f'<div class="pc-text" dir="auto">'
        f'<div class="pc-around">{escape(before)}</div>'
        f'<div class="pc-passage">{inside}</div>'
        f'<div class="pc-around">{escape(after)}</div>'
        f"{'' if is_all else _more(shown, words)}</div></div></article>"
    )


def page_picture(corpus: Documents, shown: Opened, words: Words = ENGLISH) -> str:
    """Return the page that is cited, drawn, the quoted words marked; or why it cannot be shown."""
    span = shown.quote or shown.passage
    try:
        image = corpus.page_image(shown.document_id, span.start, span.end)
    except PinciteError as error:
        reason = words.no_page_image.format(reason=plain_name(str(error)))
        return f'<p class="pc-note" data-of="{escape(shown.key)}">{escape(reason)}</p>'
    encoded = base64.b64encode(image).decode("ascii")
    return (
        f'<figure class="pc-page" data-of="{escape(shown.key)}">'
        f'<img alt="{words.page_image}" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{words.page_image}</figcaption></figure>"
    )


def _cited(key: str, citation: Citation, answer: Answer, widenings: int) -> Opened:
    """Return a citation in the passage it was taken from, or by itself when that is not at hand."""
    quote = Span(citation.start, citation.end)
    passages = (
        Span(hit.passage.start, hit.passage.end)
        for hit in answer.passages
        if hit.passage.document_id == citation.document_id
    )
    around = (span for span in passages if span.start <= quote.start and quote.end <= span.end)
    passage = next(around, quote)
    return Opened(key, citation.document_id, passage, quote, citation.address, citation.references, widenings)


def _surroundings(text: str, passage: Span, characters: int) -> tuple[str, str, bool]:
    """Return what stands before and after a passage, cut at white space, with "…" where the text goes on, and
    whether that is all of it.
    """
    first = max(0, passage.start - characters)
    last = min(len(text), passage.end + characters)
    before, after = text[first : passage.start], text[passage.end : last]
    if first > 0:
        before = "… " + re.sub(r"\A\S{0,40}\s+", "", before)
    if last < len(text):
        after = re.sub(r"\s+\S{0,40}\Z", "", after) + " …"
    return before.strip(), after.strip(), first == 0 and last == len(text)


def _more(shown: Opened, words: Words) -> str:
    if shown.widenings == _MOST_WIDENINGS:
        return ""
    key = escape(f"{shown.key}+{shown.widenings + 1}")
    return f'<button type="button" class="pc-more" data-open="{key}">{words.show_more}</button>'


def _views(words: Words) -> str:
    """Return the choice between the document's text and its page."""
    return (
        f'<div class="pc-views" role="group" aria-label="{words.view}">'
        f'<button type="button" data-view="text" aria-pressed="true">{words.as_text}</button>'
        f'<button type="button" data-view="page" aria-pressed="false">{words.as_drawn}</button></div>'
    )


def _byline(metadata: Metadata) -> str:
    known = [str(metadata[field]) for field in ("title", "publisher") if metadata.get(field)]
    if metadata.get("date"):
        known.append(_shown_value(metadata["date"]))
    line = " · ".join(map(shown_name, known))
    return f'<p class="pc-about">{line}</p>' if line else ""


def _about(document: DocumentInfo, words: Words) -> str:
    rows = [(words.source, document.source), (words.characters, f"{document.characters:,}")]
    rows += [(words.pages, f"{document.pages:,}")] if document.pages else []
    rows += [(field, _shown_value(value)) for field, value in document.metadata.items()]
    listed = "".join(f"<dt>{shown_name(field)}</dt><dd>{shown_name(value)}</dd>" for field, value in rows)
    return f'<details class="pc-metadata"><summary>{words.about}</summary><dl>{listed}</dl></details>'


def _shown_value(value: object) -> str:
    return re.sub(r"(?<=^\d{4}-\d\d-\d\d)T(?=\d)", " ", str(value))
