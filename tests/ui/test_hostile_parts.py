"""Hostile strings in each part of the page that is made of texts, put into a browser as gradio does it.

What a whole page shows of them ``test_hostile_page`` tests; here is also what only seldom happens on one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pincite.index.corpus import Stats
from pincite.index.corpus_map import CorpusMap, MapPoint, Place
from pincite.index.document import Span
from pincite.index.encoder import EncoderIdentity
from pincite.index.errors import CorpusDamaged
from pincite.index.ingestion import Progress
from pincite.index.records import Receipt
from pincite.ui import charts, conversation, corpus_map, proof, uploads
from pincite.ui.conversation import Exchange
from pincite.ui.markup import folded, plain_name
from pincite.ui.words import CHINESE, ENGLISH
from tests.ui.hostile import STRINGS
from tests.ui.looking import document, hit
from tests.ui.rendered import Shelf
from tests.ui.watching import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EMPTY = '<!doctype html><title>pincite</title><div id="pc-desk"></div>'
PUT = """texts => texts.map(text => {
  const part = document.getElementById("pc-desk").appendChild(document.createElement("div"));
  part.className = "html-container";
  part.innerHTML = `<div>${text}</div>`;
  return part.textContent;
})"""


class TornShelf(Shelf):
    """Documents whose pages cannot be drawn, for a reason."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def page_image(self, document_id: str, start: int = 0, end: int = 0) -> bytes:
        raise CorpusDamaged(self._reason)


def receipts(text: str) -> str:
    failed = Receipt(text, "failed", text, notes=(text,))
    return uploads.receipts_table(uploads.Taking((failed,), text, Progress(text, 0, 1, 1, 2), (text,)))


def talk(text: str) -> str:
    stopped, failed = Exchange(text, None, said=text), Exchange(text, None, problem=text)
    return conversation.conversation((stopped, failed), CHINESE)


def legend(text: str) -> str:
    found = CorpusMap(1, 1, (MapPoint("d1", 0, 9, text, text, Place(0.5, 0.5)),), Place(0, 0), (None,))
    return corpus_map.corpus_map(found, [document(1, text)], (hit(1, text, text),), ENGLISH)


def figures(text: str) -> str:
    stats = Stats("/c", 1, 1, 1, 1, 1, 1, 1, EncoderIdentity(text, "0" * 64, 384, "float32"))
    return charts.statistics(stats, [document(1, text, language=text, date=text)], ENGLISH)


def page_reason(text: str) -> str:
    span = Span(0, 1)
    return proof.page_picture(TornShelf(text), proof.Opened("0-citation-1", "d", span, span, text, ()))


PARTS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "receipts": (receipts, folded),
    "documents": (lambda text: uploads.documents_table([document(1, text, title=text)]), plain_name),
    "examples": (lambda text: conversation.examples([text]), str),
    "problem": (conversation.problem_card, folded),
    "pending": (lambda text: conversation.pending(Exchange(text, None, said=text)), str),
    "conversation": (talk, str),
    "map": (legend, plain_name),
    "figures": (figures, plain_name),
    "page": (page_reason, plain_name),
}
"""Each with what makes it, and how a text is to stand in it."""


@pytest.mark.parametrize("name", PARTS)
def test_a_part_shows_every_string_as_text(browser: "Browser", name: str) -> None:
    made, stands = PARTS[name]
    context = browser.new_context()
    watched = Watched(context.new_page(), "http://127.0.0.1/")
    watched.page.set_content(EMPTY)
    shown = watched.page.evaluate(PUT, [made(text) for text in STRINGS.values()])
    for text, content in zip(STRINGS.values(), shown, strict=True):
        last = text.rsplit("/", 1)[-1] if name in ("documents", "map", "figures") else text
        assert stands(last).replace("\0", "").replace("\r", "\n") in content
    watched.check()
    context.close()
