"""The page with axe-core, in each of its states: nothing that keeps people from using it."""

from typing import TYPE_CHECKING, Literal

import pytest

from pincite.ui.words import CHINESE, ENGLISH, Words
from tests.samples import BANK, UNANSWERABLE
from tests.ui.browsing import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GRAVE = {"serious", "critical"}
Look = tuple[Literal["light", "dark"], int, str]


def empty(page: "Page", words: Words) -> None:
    page.get_by_role("heading", name=words.welcome).wait_for()


def answered(page: "Page", words: Words) -> None:
    for question in ("Who founded the observatory?", UNANSWERABLE, BANK):
        box = page.get_by_role("textbox", name=words.question)
        box.fill(question)
        box.press("Enter")
        page.locator("#pc-conversation .pc-question", has_text=question).wait_for()
        page.locator("#pc-pending .pc-busy").wait_for(state="detached")
    page.locator("#pc-conversation .pc-address").first.click()
    page.get_by_role("button", name=words.as_drawn, exact=True).click()
    page.locator("#pc-conversation summary").first.click()
    page.get_by_text(words.about).click()


def choosing(page: "Page", words: Words) -> None:
    page.get_by_role("button", name=words.all_documents).click()
    page.get_by_label(words.since).wait_for()


def documents(page: "Page", words: Words) -> None:
    page.get_by_role("tab", name=words.documents).click()
    page.locator("#pc-list table").wait_for()


def scores(page: "Page", words: Words) -> None:
    page.get_by_role("tab", name=words.scores_tab).click()
    page.locator("#pc-scores table").wait_for()


def corpus(page: "Page", words: Words) -> None:
    page.get_by_role("tab", name=words.corpus_tab).click()
    page.locator(".pc-map-hit").first.wait_for()
    page.locator("#pc-figures dl").first.wait_for()


@pytest.mark.parametrize(
    "look", [("light", 1280, "en"), ("dark", 1280, "en"), ("light", 360, "zh-CN")], ids=str
)
def test_nothing_keeps_people_from_using_the_page(site: Site, browser: "Browser", look: Look) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    scheme, width, locale = look
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, locale=locale, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(site.url)
    grave = []
    for state in (empty, choosing, documents, answered, scores, corpus):
        state(page, CHINESE if locale == "zh-CN" else ENGLISH)
        grave += [
            (state.__name__, one["id"], [node["html"][:150] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
            if one["impact"] in GRAVE
        ]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state.__name__
    context.close()
    assert grave == []
