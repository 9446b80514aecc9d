"""What a person does with a conversation, in a real browser: stops, asks again, copies, links, restricts,
begins anew, in either language.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

import pincite
from pincite.ui.words import CHINESE, ENGLISH
from tests.samples import BANK, UNANSWERABLE
from tests.ui.browsing import Site, ask, open_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

LINKED = {"q": "When was the mill built?", "source": "seeds/tidal-mill.md", "from": "1900"}


@pytest.fixture
def chinese(site: Site, browser: "Browser") -> "Iterator[Page]":
    """The page in the browser of someone who reads Chinese, in the dark."""
    context = browser.new_context(locale="zh-CN", color_scheme="dark")
    page = context.new_page()
    page.goto(site.url)
    page.get_by_role("textbox", name=CHINESE.question).wait_for()
    yield page
    context.close()


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_a_question_can_be_stopped_and_asked_again(site: Site, page: "Page", way: str) -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    asked = len(site.entries("asked"))
    box = page.get_by_role("textbox", name="Question")
    box.fill("!wait")
    box.press("Enter")
    page.locator("#pc-pending .pc-busy").wait_for()
    site.wait_for("asked", asked + 1)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_hidden()
    if way == "button":
        page.get_by_role("button", name="Stop", exact=True).click()
    else:
        page.keyboard.press("Escape")
    last = page.locator("#pc-conversation .pc-turn").last
    expect(last).to_contain_text(ENGLISH.stopped)
    site.let_go()
    expect(page.locator(".pc-busy")).to_have_count(0)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Ask again")).to_have_count(1)
    last.get_by_role("button", name="Ask again").click()
    page.locator("#pc-pending .pc-busy").wait_for()
    site.let_go()
    expect(page.locator(".pc-busy")).to_have_count(0)
    expect(page.locator("#pc-conversation .pc-turn")).to_have_count(2)
    expect(page.get_by_text(ENGLISH.stopped)).to_have_count(0)
    assert site.entries("asked")[asked:] == ["!wait", "!wait"]


def test_an_answer_is_copied_with_its_citations(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = ask(page, BANK)
    button = card.get_by_role("button", name="Copy", exact=True)
    page.clock.install()
    button.click()
    copied_once = card.get_by_role("button", name="Copied")
    expect(copied_once).to_be_visible()
    copied_once.click()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == pincite.ask(BANK, site.corpus).to_markdown()
    page.clock.run_for(5000)
    expect(button).to_be_visible()


def test_the_link_of_an_answer_asks_its_question_of_the_same_documents(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    [name] = [one.source for one in site.corpus.documents() if one.source.endswith("tidal-mill.md")]
    linked = page.context.new_page()  # a page that is left for another complains of what it breaks off
    linked.goto(f"{site.url}?{urlencode({**LINKED, 'source': name, 'from': ''})}")
    card = linked.locator("#pc-conversation .pc-card")
    expect(card.locator(".pc-address").first).to_contain_text("tidal-mill.md")
    expect(linked.locator(".pc-scope")).to_have_text("Asked of: tidal-mill.md")
    with page.context.expect_page() as opened:
        card.get_by_role("link", name="Link").click()
    again = opened.value
    expect(again.locator("#pc-conversation .pc-scope")).to_have_text("Asked of: tidal-mill.md")
    expect(again.locator("#pc-conversation .pc-question")).to_have_text(LINKED["q"])
    expect(again.locator("#pc-conversation .pc-turn")).to_have_count(1)


def test_a_question_is_asked_of_the_documents_that_are_chosen(page: "Page") -> None:
    from playwright.sync_api import expect

    page.get_by_role("button", name=ENGLISH.all_documents).click()
    box = page.get_by_role("textbox", name=ENGLISH.only_documents).or_(
        page.get_by_label(ENGLISH.only_documents)
    )
    box.first.click()
    page.get_by_role("option", name="tea-cooperative").click()
    page.keyboard.press("Escape")
    card = ask(page, BANK)
    expect(card.get_by_role("heading", name=ENGLISH.not_answered)).to_be_visible()
    expect(page.locator(".pc-scope")).to_have_text("Asked of: tea-cooperative.txt")
    page.get_by_label(ENGLISH.since).fill("last week")
    expect(ask(page, BANK)).to_contain_text("'last week' is no date")


def test_what_was_chosen_and_is_gone_is_asked_and_nothing_else(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    site.corpus.add_text("The airship is moored in Shed 6.", source="airship.txt")
    choosing = page.get_by_role("button", name=ENGLISH.all_documents)
    choosing.click()
    page.get_by_label(ENGLISH.only_documents).click()
    page.get_by_role("option", name="airship.txt", exact=True).click()
    page.keyboard.press("Escape")
    expect(ask(page, "Where is the airship moored?")).to_contain_text("Shed 6")
    site.corpus.remove("airship.txt")
    choosing.click()
    choosing.click()
    expect(ask(page, "Where is the airship moored?")).to_contain_text(ENGLISH.nothing_chosen)
    linked = page.context.new_page()
    linked.goto(f"{site.url}?{urlencode({'q': BANK, 'source': 'airship.txt'})}")
    expect(linked.locator("#pc-conversation .pc-card")).to_contain_text(ENGLISH.nothing_chosen)
    expect(linked.locator(".pc-scope")).to_have_text("Asked of: airship.txt")


def test_only_what_has_an_answer_can_be_saved(page: "Page") -> None:
    from playwright.sync_api import expect

    saving = page.locator("#pc-name").get_by_text(ENGLISH.save, exact=True)
    ask(page, "!wrong")
    expect(page.get_by_role("button", name=ENGLISH.new)).to_be_visible()
    expect(saving).to_be_hidden()
    ask(page, BANK)
    expect(saving).to_be_visible()


def test_a_new_conversation_is_empty_and_forgets_the_old(page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, "When was the tidal mill built?")
    page.get_by_role("button", name=ENGLISH.new).click()
    expect(page.locator(".pc-turn")).to_have_count(0)
    expect(page.get_by_role("textbox", name=ENGLISH.question)).to_be_focused()
    expect(page.locator("#pc-proof .pc-empty")).to_be_visible()
    card = ask(page, "and how many wheels does it have?")
    expect(card.get_by_text("Searched for:")).to_have_count(0)


def test_the_page_of_a_pdf_is_shown_with_the_quote_marked(page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, "Who founded the observatory?")
    panel = page.locator("#pc-proof")
    panel.get_by_role("button", name=ENGLISH.as_drawn).click()
    picture = page.get_by_role("img", name=ENGLISH.page_image)
    expect(picture).to_be_visible()
    expect(panel.locator("mark")).to_be_hidden()
    marked: int = picture.evaluate(YELLOW_PIXELS)
    assert marked > 1000
    ask(page, BANK)
    expect(panel.locator("mark")).to_be_in_viewport()
    ask(page, "Who founded the observatory?")
    expect(picture).to_be_visible()
    panel.get_by_role("button", name=ENGLISH.as_text).click()
    expect(panel.locator("mark")).to_be_in_viewport()


YELLOW_PIXELS = """image => {
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) count += data[at] > 200 && data[at + 2] < 140;
  return count;
}"""


def test_more_of_the_document_and_its_metadata_can_be_shown(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    ask(page, BANK)
    panel = page.locator("#pc-proof")
    before = panel.locator(".pc-text").inner_text()
    panel.get_by_role("button", name=ENGLISH.show_more).click()
    expect(panel.get_by_role("button", name=ENGLISH.show_more)).to_have_count(0)
    text = site.corpus.text(site.corpus.find("open-source-ai-race.txt"))
    assert len(before) < len(text)
    expect(panel.locator(".pc-text")).to_contain_text(text[-100:].strip())
    expect(panel.locator("mark")).to_be_in_viewport()
    panel.get_by_text(ENGLISH.about).click()
    expect(panel.locator("dl")).to_contain_text("open-source-ai-race.txt")
    expect(panel.locator("dl")).to_contain_text("publisher3 6 Ke")


def test_a_document_is_removed_with_a_second_click(site: Site, page: "Page") -> None:
    from playwright.sync_api import expect

    site.corpus.add_text("Nobody needs this.", source="needless.txt")
    open_documents(page)
    row = page.locator("#pc-list tr", has_text="needless.txt")
    button = row.get_by_role("button", name="Remove needless.txt")
    button.click()
    expect(button).to_have_text(ENGLISH.sure)
    expect(button).to_have_accessible_name(f"Remove needless.txt: {ENGLISH.sure}")
    page.get_by_role("tab", name="Documents").focus()
    expect(button).to_have_text(ENGLISH.remove)
    expect(button).to_have_accessible_name("Remove needless.txt")
    button.click()
    button.click()
    expect(page.locator("#pc-receipts tr", has_text="needless.txt")).to_contain_text("removed")
    expect(row).to_have_count(0)
    assert "needless.txt" not in [one.source for one in site.corpus.documents()]


def test_the_page_speaks_chinese_to_those_who_read_it(chinese: "Page") -> None:
    from playwright.sync_api import expect

    expect(chinese.locator("html")).to_have_attribute("lang", "zh")
    expect(chinese.get_by_role("heading", name=CHINESE.welcome)).to_be_visible()
    box = chinese.get_by_role("textbox", name=CHINESE.question)
    expect(box).to_have_attribute("placeholder", CHINESE.placeholder)
    for question in (BANK, UNANSWERABLE):
        box.fill(question)
        chinese.get_by_role("button", name=CHINESE.ask, exact=True).click()
        expect(chinese.locator("#pc-conversation .pc-question", has_text=question)).to_be_visible()
    answered, not_answered = chinese.locator("#pc-conversation .pc-card").all()
    expect(answered).to_contain_text("可信度：高")
    expect(not_answered).to_contain_text(CHINESE.not_answered)
    chinese.get_by_role("tab", name=CHINESE.documents).click()
    expect(chinese.locator("#pc-list")).to_contain_text("个文档")
    assert english_words(chinese) == []


def english_words(page: "Page") -> list[str]:
    """Return the page's own texts in English that are to be seen on it."""
    shown: Any = page.locator("body").inner_text()
    labels = {getattr(ENGLISH, field) for field in ENGLISH.__slots__ if field not in ("code", "statuses")}
    return sorted(label for label in labels if len(label) > 8 and "{" not in label and label in shown)
